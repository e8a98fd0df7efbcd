"""GHY Theorem 7: NLHF has distortion K in every KL ball and under every pair law."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from adversary.problem.instance import Instance, Reference, uniform
from adversary.theory import ghy_thm3
from adversary.theory.constants import rate
from adversary.theory.parameters import ball, number
from adversary.theory.sources import GHY
from adversary.theory.theorem import BALL, BOTH, COMMON, EVERY, SOCIAL, Claim, Theorem, widened


def instance(beta: object, epsilon: object, xi: object = "1.001", tau: object = 1) -> Instance:
    """Return the instance of Theorem 3 with ξ > 1 and m = 2 in the ball about (½, ½).

    With τ ≥ log 2 the ball is the whole simplex: NLHF plays the Condorcet winner, s is best.
    """
    budget = number("tau", tau, 0, 10**9, closed=True)
    half = Reference((Fraction(1, 2), Fraction(1, 2)), budget)
    return replace(ghy_thm3.instance(beta, epsilon, xi, 2), reference=half)


def small_budget(beta: object, epsilon: object, xi: object, tau: object, delta: object) -> Instance:
    """Return an instance for any τ > 0: s and o have the reference mass δ, a third has the rest.

    The third is worth nothing, s and o are those of `instance`. The budget lets the same mass q ≫ δ
    go to s (the optimum) as to o (NLHF): the ratio tends to K for δ → 0, then ξ → 1, as 1/log(1/δ).
    """
    share = number("delta", delta, 0, Fraction(1, 2))
    pair = instance(beta, epsilon, xi, tau)
    users = tuple(replace(u, utilities=(*u.utilities, Fraction(0))) for u in pair.users)
    budget = number("tau", tau, 0, 10**9)
    reference = Reference((share, share, 1 - 2 * share), budget)
    names = (*pair.alternatives, "z")
    return Instance(pair.beta, names, users, uniform(3), reference)


_NLHF = ("nlhf",)

THEOREM = Theorem(
    key="ghy-thm7",
    title="NLHF has distortion K in every KL ball",
    source=GHY,
    place="Theorem 7",
    formula="K = (β/2)·coth(β/2); 1 at τ = 0",
    assumptions="for τ below log 2 the lower bound is a limit of small reference masses; with two "
    "alternatives it is not reached there",
    claims=(
        Claim("upper", _NLHF, BOTH, COMMON, rate),
        Claim("upper", _NLHF, BALL, EVERY, lambda b, m: ball(1), budget="zero"),
        *widened(Claim("lower", _NLHF, SOCIAL, COMMON, rate, types=2)),
        *widened(
            Claim(
                *("lower", _NLHF, BALL, COMMON, rate),
                reference="free",
                budget="log 2",
                types=2,
            )
        ),
        *widened(
            Claim(
                *("lower", _NLHF, BALL, COMMON, rate),
                reference="free",
                least=3,
                budget="positive",
                types=2,
            )
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
