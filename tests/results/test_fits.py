"""Lines and the choice between two of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adversary.results.fits import Line, fit, preferred, support


def test_fit_is_least_squares():
    """Slope and its interval agree with scipy's, and the interval covers the truth 95 times."""
    from scipy import stats

    rng = np.random.default_rng(0)
    x = np.arange(8.0)
    covered = 0
    for _ in range(400):
        y = 1 + 0.5 * x + rng.normal(size=8)
        line = fit(x.tolist(), y.tolist())
        assert line is not None
        covered += abs(line.slope - 0.5) <= line.margin
    assert 365 <= covered <= 395
    known: Any = stats.linregress(x, y)
    assert line.slope == pytest.approx(known.slope)
    assert line.intercept == pytest.approx(known.intercept)
    assert line.margin == pytest.approx(known.stderr * stats.t.ppf(0.975, 6))
    assert fit([1, 2], [1, 2]) is None
    assert fit([1, 1, 1], [1, 2, 3]) is None


def test_the_choice_between_two_lines():
    """AIC: a tenth of the squares over ten points is clear, nine tenths are not."""
    one, other, near = (Line(0.0, 1.0, 0.1, squares) for squares in (1.0, 0.1, 0.9))
    clear, unclear = support(one, other, 10), support(one, near, 10)
    assert clear == pytest.approx(10 * np.log(10))
    assert preferred("one", "other", clear) == "other"
    assert preferred("one", "other", support(other, one, 10)) == "one"
    assert preferred("one", "other", unclear) == "undecided"
    assert support(one, None, 10) is None
    assert support(one, other, 3) is None
    assert preferred("one", "other", None) == "undecided"
