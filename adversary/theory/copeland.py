"""Copeland has distortion exactly K(1+M), between the (1−ε)β and the 2K of AG.

At most. Let w have a highest Copeland score, b be the best alternative, A(x,y) = p(x≻y) − ½.
Lemma (uncovered set, with ties): some z has A(w,z) ≥ 0 and A(z,b) ≥ 0.
 If not, A(b,z) > 0 for every z with A(w,z) ≥ 0. With z = w: b beats w. Any other z that gives w
 half a point or one gives b one point, the rest give w none: b has no less from them. The contest
 of the two gives b one point and w none. So b has a higher score than w: a contradiction.
With that z the mean over users of f(u(b), u(w), u(z)) ≤ 0, f as in `borda_kernel`, is
 U(b) − K(1+M)·U(w) + [(1+M)·A(w,z) + A(z,b)]/h(1) ≤ 0, so U(b) ≤ K(1+M)·U(w).
A is the same under every common law, so the law does not matter.

At least. In the instance of GHY Theorem 12 c beats b, b beats a, a beats c. With copies of b, which
tie or beat each other in a cycle, c beats m − 2 alternatives, a beats one, a copy scores at most
1 + (m−2)/2. So c wins alone for m ≥ 5 even if no contest is tied, and for m = 4 if the copies tie.
For m = 3 each wins once: `some` policy that Copeland allows loses as much. Not every one: of three
a bad winner is not alone, or does not lose to the best; then U(b) ≤ K·U(w) by GHY Lemma 1.
As Copeland ignores the budget, a reference with nearly all mass on a gives the same for every τ.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from adversary.problem.instance import Instance
from adversary.theory import ghy_thm12
from adversary.theory.constants import borda_rate
from adversary.theory.parameters import count
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import BALL, BOTH, COMMON, EVERY, SOCIAL, Claim, Theorem


def instance(beta: object, epsilon: object, m: object = 4) -> Instance:
    """Return the instance of GHY Theorem 12 with m − 2 copies of b. Raises InputError.

    There a and b tie but for a rounding; here b beats a, as the first type weighs 1e-9 more.
    """
    near = ghy_thm12.instance(beta, epsilon, m=count("m", m, 4))
    first, *rest = near.users
    heavier = replace(first, weight=first.weight * (1 + Fraction(1, 10**9)))
    return replace(near, users=(heavier, *rest))


_COPELAND = ("copeland",)

THEOREM = Theorem(
    key="copeland",
    title="Copeland has distortion K(1+M) = (1−o(1))β",
    source=PROJECT,
    place="kernel argument",
    formula="K·(1+M), M = max over γ of (σ(βγ)−½)/(σ(β)−½) − γ",
    assumptions="Copeland sees the margins alone, so no law has to be free; in a KL ball, whose "
    "budget it ignores, the lower bounds have nearly all of the reference's mass on the best",
    claims=(
        Claim("upper", _COPELAND, BOTH, COMMON, borda_rate),
        Claim("lower", _COPELAND, SOCIAL, EVERY, borda_rate, least=4, types=3),
        Claim("lower", _COPELAND, BALL, EVERY, borda_rate, reference="free", least=4, types=3),
        Claim("lower", _COPELAND, SOCIAL, EVERY, borda_rate, least=3, types=3, policies="some"),
        Claim(
            *("lower", _COPELAND, BALL, EVERY, borda_rate),
            reference="free",
            least=3,
            types=3,
            policies="some",
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
