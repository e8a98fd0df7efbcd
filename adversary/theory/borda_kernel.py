"""Borda has distortion at most K(1+M), which GHY Theorem 12 shows to be reached.

Proof sketch. h(d) = σ(βd) − ½, S(x) = h(x)/h(1), c = LM, L = 1/h(1), t = K(1+M), M = max S(γ) − γ.
Multiply the conditions B_w ≥ B_x by c·μ_x, and B_w ≥ B_* once more by L. As Σ μ_x B_x = 0, the
bound U(*) ≤ t·U(w) follows, for every m and μ, from f ≤ 0 on [0,1]³ where
    f(a, w, z) = a − t·w + (1+M)·S(w−z) − S(a−z).
S' ≤ K, so f falls in w: take w = 0, f = a − (1+M)·S(z) − S(a−z).
 a ≥ z: S(z) + S(a−z) ≥ S(a) ≥ a, as S is concave on [0,1] from 0 to 1.
 a < z: f = z + (S(d) − d) − (1+M)·S(z) with d = z − a ≤ z. Up to the maximiser γ* of S(γ) − γ this
   is at most S(z) − (1+M)·S(z). Beyond, z + M ≤ (1+M)·S(z), as it holds at γ* and at 1 and
   S is concave.
"""

from __future__ import annotations

from adversary.theory.formulas import borda_rate, curve, gain, rate
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return K(1+M)."""
    return borda_rate(beta) if m is None or m >= 2 else None


def kernel(a: float, w: float, z: float, beta: float) -> float:
    """Return f(a, w, z) of the proof, which is never positive on [0,1]³."""
    big = gain(beta)
    positive = a + (1 + big) * curve(w - z, beta)
    return positive - rate(beta) * (1 + big) * w - curve(a - z, beta)


THEOREM = Theorem(
    key="borda-kernel",
    title="Borda has distortion at most K(1+M)",
    source=PROJECT,
    place="kernel argument, proof sketched",
    methods=("borda", "rlhf", "dpo", "ipo"),
    setting="social-choice",
    laws=("independent",),
    status="upper",
    formula="K·(1+M), M = max over γ of (σ(βγ)−½)/(σ(β)−½) − γ",
    assumptions="independent pair law with full support; with GHY Theorem 12 exact for m ≥ 3",
    bound=bound,
)
