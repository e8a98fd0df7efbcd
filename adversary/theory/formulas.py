"""Formulas that several theorems share, in float64, stable for β from 1e-9 to 1e4.

Facts that the proofs use of S(x) = h(x)/h(1), h(x) = σ(βx) − ½, an odd function:
(S1) S is concave on [0,1] from S(0) = 0 to S(1) = 1. So there S(x) ≥ x, S(θx) ≥ θ·S(x),
     S(x+y) ≤ S(x) + S(y), and S(x) − x is concave, at least 0, and 0 at both ends.
(S2) S' ≤ S'(0) = K everywhere, as tanh' is even and falls; so S(x) ≤ Kx for x ≥ 0.
(S3) S(xy) ≤ S(x)·S(y) on [0,1]². Proof: tanh(by)/tanh(b) rises in b, as the derivative of its
     logarithm is (g(2by) − g(2b))/b ≥ 0, g(t) = t/sinh(t) falling. Compare bx with b = β/2.
"""

from __future__ import annotations

import math


def rate(beta: float) -> float:
    """Return K(β) = (β/2)·coth(β/2), the ratio L/ℓ of GHY Lemma 1."""
    return 0.5 * beta / math.tanh(0.5 * beta)


def slopes(beta: float) -> tuple[float, float]:
    """Return (ℓ, L) of GHY Lemma 1: L = 1/4, ℓ = (σ(β)−½)/β."""
    return 0.5 * math.tanh(0.5 * beta) / beta, 0.25


def curve(gamma: float, beta: float) -> float:
    """Return S(γ) = (σ(βγ)−½)/(σ(β)−½) = tanh(βγ/2)/tanh(β/2)."""
    return math.tanh(0.5 * beta * gamma) / math.tanh(0.5 * beta)


def best_gamma(beta: float) -> float:
    """Return the γ in (0, 1) that maximises S(γ) − γ: S'(γ) = 1 reads cosh²(βγ/2) = K(β)."""
    excess = rate(beta) - 1
    if beta < 1e-3:  # 1/√3 is the limit, and the error of K − 1 would show
        return 1 / math.sqrt(3)
    return 2 / beta * math.asinh(math.sqrt(excess))


def gain(beta: float) -> float:
    """Return M(β) = max over γ of S(γ) − γ."""
    gamma = best_gamma(beta)
    return curve(gamma, beta) - gamma


def borda_rate(beta: float) -> float:
    """Return K(1+M) = sup over γ of K·(1 − γ + S(γ)), the coefficient of GHY Theorem 12."""
    return rate(beta) * (1 + gain(beta))
