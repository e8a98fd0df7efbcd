"""In a KL ball RLHF, DPO, IPO and Borda have distortion at least C = cosh²(β/2).

Against an alternative c outside the reference's support, which nearly everybody likes best, users
tell a from b by the slope σ'(β) of the win probability; a few others, nearly indifferent, tell
them apart by the slope σ'(0) = ¼. The ratio of the slopes is cosh²(β/2) = (e^β + 2 + e^(−β))/4.

Budgets. With τ ≥ log 2 the reference ½ on a and on b lets a method play either. For a smaller τ > 0
a fourth alternative that is worth 0 to all takes the reference mass 1 − 2δ, and a and b δ each
(`small_budget`). As δ → 0 the budget binds, but allows more mass on a or b than any multiple of δ:
the temperature tends to 0, and with it the share of a beside b. Borda ignores the budget: a
reference with nearly all mass on a gives the same for every τ, with three alternatives.

C is also an upper bound for every method that maximises a Borda score over any set of policies
(Borda, IPO at every budget, RLHF and DPO where the budget does not bind), for all m, μ, π_ref, τ.
So it is the supremum for Borda and IPO, over users, laws and references. It is not the answer for
RLHF and DPO with a budget that binds: then the reward is no Borda score on a mixture, the argument
does not carry over, and for large β they lose more than C.
Proof. With h(d) = σ(βd) − ½, t = cosh²(β/2) and λ = 1/(βσ'(β)), for all a, b, z in [0,1]
    f(a, b, z) = a − t·b + λ·[h(b−z) − h(a−z)] ≤ 0:
 a ≥ b: h(a−z) − h(b−z) ≥ (a−b)/λ, as h' ≥ βσ'(β) on [−1,1]; so f ≤ b − t·b ≤ 0.
 a < b: h(b−z) − h(a−z) ≤ (b−a)·β/4 = (b−a)·t/λ; so f ≤ a − t·a ≤ 0.
Take a = u(x) with x ~ π*, b = u(y) with y ~ π, z = u(z) with z ~ μ, independent, and the mean over
users: U(π*) − t·U(π) + λ·[BC(π) − BC(π*)] ≤ 0. As BC(π) ≥ BC(π*), U(π*) ≤ t·U(π). (RLHF and DPO,
where the budget does not bind, play alternatives of highest reward, which BC orders: SLH.)
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from adversary.problem.instance import Independent, Instance, Reference, UserType
from adversary.theory.constants import slope_ratio
from adversary.theory.parameters import (
    above,
    ball,
    beta_of,
    half_margin,
    number,
    working_precision,
)
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import BALL, EVERY, INDEPENDENT, Claim, Theorem


def kernel(a: float, b: float, z: float, beta: float) -> float:
    """Return f(a, b, z) of the proof, which is never positive on [0,1]³."""
    t, half = math.cosh(beta / 2) ** 2, beta / 2
    # h(b−z) − h(a−z) by the addition theorem: no cancellation for β of 30.
    difference = math.sinh(half * (b - a)) / math.cosh(half * (b - z)) / math.cosh(half * (a - z))
    return a - t * b + 2 * t / beta * difference


def instance(beta: object, epsilon: object, g: object) -> Instance:
    """Return the instance: alternatives a, b, c, with c outside the reference's support.

    Nearly all users have (ε, 0, 1), the others, mass δ, (0, ε, 0); δ makes b's Borda score the
    higher. μ = (g, g, 1−2g), π_ref = (½, ½, 0), τ = 1. All four methods play b, the
    optimum is a, and the ratio tends to cosh²(β/2) for ε → 0 and g·e^β → 0. Raises InputError.
    """
    b = beta_of(beta)
    size = number("epsilon", epsilon, 0, 1)
    share = number("g", g, 0, Fraction(1, 2))
    with working_precision(b):
        near, far = half_margin(b, size), half_margin(b, Fraction(1)) - half_margin(b, 1 - size)
        odds = (ball(1 - 2 * share) * far + ball(2 * share) * near) / near
        odds *= ball(1 + size)  # strictly higher, also for floats
        delta = above(odds / (1 + odds))
    zero, one = Fraction(0), Fraction(1)
    users = (UserType(1 - delta, (size, zero, one)), UserType(delta, (zero, size, zero)))
    law = Independent((share, share, 1 - 2 * share))
    return Instance(b, ("a", "b", "c"), users, law, Reference((one, one, zero), one))


def small_budget(beta: object, epsilon: object, g: object, tau: object, delta: object) -> Instance:
    """Return the instance for any τ > 0 with a fourth alternative z that is worth nothing to all.

    π_ref = (δ, δ, 0, 1−2δ), and z has the mass g of a and of b in μ. The ratio tends to that of
    `instance` for δ → 0, as 1/log(1/δ): it takes δ far below e^(−1/ε). Raises InputError.
    """
    share, mass = number("delta", delta, 0, Fraction(1, 2)), number("g", g, 0, Fraction(1, 3))
    budget, three = number("tau", tau, 0, 10**9), instance(beta, epsilon, g)
    users = tuple(replace(user, utilities=(*user.utilities, Fraction(0))) for user in three.users)
    law = Independent((mass, mass, 1 - 3 * mass, mass))
    reference = Reference((share, share, Fraction(0), 1 - 2 * share), budget)
    return Instance(three.beta, (*three.alternatives, "z"), users, law, reference)


_REWARDED = ("rlhf", "dpo")

THEOREM = Theorem(
    key="kl-vertex",
    title="RLHF, DPO, IPO and Borda in a KL ball have distortion at least cosh²(β/2)",
    source=PROJECT,
    place="ratio of slopes",
    formula="cosh²(β/2) = (e^β + 2 + e^(−β))/4",
    assumptions="for RLHF and DPO at most that where the budget does not bind; where it binds they "
    "may lose more, and do for large β",
    claims=(
        Claim(
            *("lower", (*_REWARDED, "ipo"), BALL, EVERY, slope_ratio),
            law="free",
            reference="free",
            least=3,
            budget="log 2",
            loose=True,
            types=2,
        ),
        Claim(
            *("lower", (*_REWARDED, "ipo"), BALL, EVERY, slope_ratio),
            law="free",
            reference="free",
            least=4,
            budget="positive",
            types=2,
        ),
        Claim(
            *("lower", ("borda",), BALL, EVERY, slope_ratio),
            law="free",
            reference="free",
            least=3,
            types=2,
        ),
        Claim("upper", _REWARDED, BALL, INDEPENDENT, slope_ratio, law="shown", loose=True),
    ),
    construction=instance,
)
bound = THEOREM.bound
