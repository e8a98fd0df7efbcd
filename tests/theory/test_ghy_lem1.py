"""GHY Lemma 1: β(ℓ·U(x) − L·U(y)) ≤ p(x≻y) − ½ ≤ β(L·U(x) − ℓ·U(y)), L/ℓ = K."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adversary.theory.formulas import rate, slopes

UTILITY = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 1e-12, 1e-3])
USERS = st.lists(st.tuples(st.floats(1e-6, 1), UTILITY, UTILITY), min_size=1, max_size=4)


def sides(users: list[tuple[float, float, float]], beta: float) -> tuple[float, float, float]:
    total = sum(w for w, _, _ in users)
    ux = sum(w * x for w, x, _ in users) / total
    uy = sum(w * y for w, _, y in users) / total
    margin = sum(w * math.tanh(beta * (x - y) / 2) / 2 for w, x, y in users) / total
    small, large = slopes(beta)
    return beta * (small * ux - large * uy), margin, beta * (large * ux - small * uy)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(USERS, st.floats(1e-3, 50))
def test_lemma(users, beta):
    low, margin, high = sides(users, beta)
    slack = 1e-15 * max(1.0, beta)
    assert low - slack <= margin <= high + slack


@pytest.mark.parametrize("beta", [0.5, 4.0, 20.0])
def test_both_constants_are_reached(beta):
    """ℓ by utilities 1 against 0, L in the limit of small utilities: neither can be improved."""
    low, margin, high = sides([(1.0, 1.0, 0.0)], beta)
    assert margin == pytest.approx(low, rel=1e-15)
    _, margin, high = sides([(1.0, 1e-6, 0.0)], beta)
    assert margin == pytest.approx(high, rel=1e-9)
    assert high / low * 1e6 == pytest.approx(rate(beta), rel=1e-9)
