"""The constants of the theorems as balls (midpoint and radius), at the present precision.

`formulas` has the same in float64, with the facts that the proofs use. None depends on m, which is
an argument because bounds have it.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from adversary.theory.parameters import ball


def rate(beta: Fraction, m: int | None = None) -> arb:
    """Return K(β) = (β/2)·coth(β/2)."""
    half = ball(beta) / 2
    return half * half.coth()


def borda_rate(beta: Fraction, m: int | None = None) -> arb:
    """Return K(1+M), M the value of S(γ) − γ at cosh²(βγ/2) = K, where it is largest."""
    half, k = ball(beta) / 2, rate(beta)
    angle = (k - 1).sqrt().asinh()  # βγ/2
    return k * (1 + angle.tanh() / half.tanh() - angle / half)


def slope_ratio(beta: Fraction, m: int | None = None) -> arb:
    """Return cosh²(β/2), the ratio of the slopes σ'(0) and σ'(β)."""
    return (ball(beta) / 2).cosh() ** 2
