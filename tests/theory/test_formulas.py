"""The shared formulas against high precision and against numerical maximisation."""

from __future__ import annotations

import mpmath
import pytest
from scipy.optimize import minimize_scalar

from adversary.theory import formulas

BETAS = (1e-9, 1e-6, 9.9e-4, 1.1e-3, 0.01, 0.3, 1.0, 2.0, 4.0, 8.0, 20.0, 50.0, 700.0, 1e4)


@pytest.mark.parametrize("beta", BETAS)
def test_rate_is_accurate(beta):
    with mpmath.workdps(60):
        t = mpmath.mpf(beta) / 2
        theory = float(t * mpmath.coth(t))
    assert formulas.rate(beta) == pytest.approx(theory, rel=5e-16)


@pytest.mark.parametrize("beta", BETAS)
def test_slopes_give_the_rate(beta):
    small, large = formulas.slopes(beta)
    assert large / small == pytest.approx(formulas.rate(beta), rel=1e-15)


@pytest.mark.parametrize("beta", [b for b in BETAS if 0.01 <= b <= 50])
def test_borda_rate_is_the_supremum_of_theorem_12(beta):
    def loss(gamma: float) -> float:
        return -formulas.rate(beta) * (1 - gamma + formulas.curve(gamma, beta))

    found = minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-12})
    assert formulas.borda_rate(beta) == pytest.approx(-found.fun, rel=1e-13)
    assert formulas.best_gamma(beta) == pytest.approx(found.x, abs=1e-6)


@pytest.mark.parametrize("beta", [1e-6, 9.9e-4, 1.1e-3, 0.1, 3.0, 50.0])
def test_gain_in_high_precision(beta):
    with mpmath.workdps(60):
        t = mpmath.mpf(beta) / 2
        gamma = mpmath.acosh(mpmath.sqrt(t * mpmath.coth(t))) / t
        theory = mpmath.tanh(t * gamma) / mpmath.tanh(t) - gamma
    assert formulas.gain(beta) == pytest.approx(float(theory), abs=2e-16, rel=1e-14)


def test_borda_rate_tends_to_beta():
    ratios = [formulas.borda_rate(beta) / beta for beta in (10, 100, 1e3, 1e4)]
    assert ratios == sorted(ratios)
    assert 0.998 < ratios[-1] < 1


@pytest.mark.parametrize("beta", BETAS)
def test_borda_rate_is_sharper_than_both_published_upper_bounds(beta):
    k = formulas.rate(beta)
    assert k <= formulas.borda_rate(beta) <= min(k**2, 2 * k) * (1 + 1e-15)
    if beta >= 0.01:
        assert formulas.borda_rate(beta) < min(k**2, 2 * k)
