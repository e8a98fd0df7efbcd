"""Borda has distortion at most K(1+M), which GHY Theorem 12 shows to be reached.

Proof. S is the curve of `formulas`, with its facts (S1) and (S2), and A(x,y) = p(x≻y) − ½ is the
mean over users of h(1)·S(u(x) − u(y)). Let b be the best alternative, w one that is played.
1. B(x) = Σ_z μ_z·A(x,z) is highest at w: Borda and IPO maximise it, RLHF and DPO a reward that it
   orders (SLH). As A is antisymmetric, Σ_x μ_x·B(x) = 0. So B(w) ≥ B(b) and B(w) ≥ 0.
2. For all a, w, z in [0,1]: f(a,w,z) = a − K(1+M)·w + (1+M)·S(w−z) − S(a−z) ≤ 0.
   f falls in w, as (1+M)·S' ≤ (1+M)·K by (S2). So let w = 0: f = a − (1+M)·S(z) − S(a−z).
   - a ≥ z: f ≤ a − S(z) − S(a−z) ≤ a − S(a) ≤ 0.
   - a < z: f = z + [S(d) − d] − (1+M)·S(z) with d = z − a in (0, z]. S(x) − x is concave: it rises
     up to γ*, where it is M, and falls beyond. If z ≤ γ* then f ≤ S(z) − (1+M)·S(z) ≤ 0. If z > γ*
     then f ≤ z + M − (1+M)·S(z), convex in z, 0 at z = 1 and −M·S(γ*) at z = γ*: so f ≤ 0.
3. Take a = u(b), w = u(w), z = u(z) with z ~ μ. The mean of f over users and z is
   U(b) − K(1+M)·U(w) + [M·B(w) + B(w) − B(b)]/h(1) ≤ 0, so U(b) ≤ K(1+M)·U(w) by 1.
The constant is sharp: f = 0 at (1, 0, 0) and (1−γ*, 0, 1), and to first order at (0, ε, 0). Users
of these kinds, in the right shares, are the instance of Theorem 12.
"""

from __future__ import annotations

from adversary.theory.constants import borda_rate
from adversary.theory.formulas import curve, gain, rate
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import INDEPENDENT, SOCIAL, Claim, Theorem


def kernel(a: float, w: float, z: float, beta: float) -> float:
    """Return f(a, w, z) of the proof, which is never positive on [0,1]³."""
    big = gain(beta)
    positive = a + (1 + big) * curve(w - z, beta)
    return positive - rate(beta) * (1 + big) * w - curve(a - z, beta)


THEOREM = Theorem(
    key="borda-kernel",
    title="Borda has distortion at most K(1+M)",
    source=PROJECT,
    place="kernel argument",
    formula="K·(1+M), M = max over γ of (σ(βγ)−½)/(σ(β)−½) − γ",
    assumptions="with GHY Theorem 12 it is the supremum over users and laws, approached and not "
    "attained, for every m ≥ 3; under one fixed law it can be less",
    claims=(
        Claim(
            *("upper", ("borda", "rlhf", "dpo", "ipo"), SOCIAL, INDEPENDENT, borda_rate),
            law="shown",
        ),
    ),
)
bound = THEOREM.bound
