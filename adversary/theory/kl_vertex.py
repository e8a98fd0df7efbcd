"""In a KL ball RLHF, DPO, IPO and Borda have distortion at least cosh²(β/2).

Against an alternative c outside the reference's support, which nearly everybody likes best, users
tell a from b by the slope σ'(β) of the win probability; a few others, nearly indifferent, tell
them apart by the slope σ'(0) = ¼. The ratio of the slopes is cosh²(β/2) = (e^β + 2 + e^(−β))/4.

It is also an upper bound for every method that maximises a Borda score over any set of policies
(Borda, IPO at every budget, RLHF and DPO where the budget does not bind), for all m, μ, π_ref, τ.
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
import sys
from fractions import Fraction

from adversary.problem.instance import Independent, Instance, Reference, UserType
from adversary.theory.parameters import (
    above,
    ball,
    beta_of,
    half_margin,
    number,
    working_precision,
)
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import EVERY_LAW, Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return cosh²(β/2) for m ≥ 3 and τ ≥ log 2; the largest float where it overflows."""
    if (m is not None and m < 3) or (tau is not None and tau < math.log(2)):
        return None
    return math.cosh(beta / 2) ** 2 if beta < 700 else sys.float_info.max


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


THEOREM = Theorem(
    key="kl-vertex",
    title="RLHF, DPO, IPO and Borda in a KL ball have distortion at least cosh²(β/2)",
    source=PROJECT,
    place="ratio of slopes",
    methods=("rlhf", "dpo", "ipo", "borda"),
    setting="alignment",
    laws=EVERY_LAW,
    status="lower",
    formula="cosh²(β/2) = (e^β + 2 + e^(−β))/4",
    assumptions="τ ≥ log 2, m ≥ 3; exact for IPO and Borda (independent law), and for RLHF and DPO "
    "where the budget does not bind",
    bound=bound,
    construction=instance,
)
