"""GHY Theorem 6: in a KL ball the distortion of RLHF and DPO grows exponentially in β."""

from __future__ import annotations

import math
from fractions import Fraction

from flint import arb

from adversary.errors import InputError
from adversary.problem.instance import Independent, Instance, Reference, UserType, uniform
from adversary.theory.parameters import (
    above,
    ball,
    beta_of,
    count,
    exact,
    half_margin,
    number,
    working_precision,
)
from adversary.theory.sources import GHY
from adversary.theory.theorem import BALL, EVERY, INDEPENDENT, Claim, Theorem


def instance(beta: object, epsilon: object, m: object, *, merge: bool = True) -> Instance:
    """Return the instance of GHY Theorem 6, of alternatives a, b and m−2 copies of c.

    Type I, mass δ = 10/(10+e^β) (rounded up), has u(b) = 1 and 0 elsewhere; type II has
    u(a) = 1/β, u(b) = 0, u(c) = 1. μ is uniform, π_ref = ((1−ε)/2, (1−ε)/2, ε on the c's), τ = 1.
    `merge` makes one alternative of the copies, with all their mass, which changes no policy.

    RLHF rewards b above a from `smallest_m` on, and tends to b for ε → 0; its mass on c is then
    (1−log 2)/log(1/ε), so that log(1/ε) must be of order e^β. ε = 0 is that limit: the ratio is
    (1−δ)/(βδ) = e^β/(10β). Raises InputError.
    """
    b, size = beta_of(beta), count("m", m, 3)
    share = number("epsilon", epsilon, 0, Fraction(999, 1000), closed=True)
    least = smallest_m(b)
    if size < least:
        raise InputError("m", size, f"at least {least}: fewer copies of c let a beat b")
    delta = _delta(b)
    copies = 1 if merge else size - 2
    rows = [
        (delta, Fraction(0), Fraction(1), Fraction(0)),
        (1 - delta, 1 / b, Fraction(0), Fraction(1)),
    ]
    users = tuple(UserType(w, (ua, ub, *(uc,) * copies)) for w, ua, ub, uc in rows)
    names = ("a", "b", "c") if merge else ("a", "b", *(f"c{i}" for i in range(1, size - 1)))
    law = Independent((Fraction(1), Fraction(1), Fraction(size - 2))) if merge else uniform(size)
    half = (1 - share) / 2
    reference = Reference((half, half, *(share / copies,) * copies), Fraction(1))
    return Instance(b, names, users, law, reference)


def smallest_m(beta: object) -> int:
    """Return the smallest m at which b has a higher Borda score than a: about 0.14·e^β.

    Raises InputError for β < 3.6: a is better than b iff e^β > 10β, and its utility is 1/β ≤ 1.
    """
    b = beta_of(beta)
    with working_precision(b):
        if not (b > 1 and ball(b).exp() > 10 * ball(b)):
            raise InputError("beta", str(b), "e^β > 10β, so at least 3.6")
        delta = ball(_delta(b))
        one, near = half_margin(b, Fraction(1)), half_margin(b, 1 / b)
        against_c = delta * one - (1 - delta) * (one - half_margin(b, 1 - 1 / b))
        direct = delta * one - (1 - delta) * near  # p(b≻a) − ½ < 0
        needed = exact((-2 * direct / against_c).upper())
        return max(3, math.floor(needed) + 3)


def _delta(beta: Fraction) -> Fraction:
    with working_precision(beta):
        return above(10 / (10 + ball(beta).exp()))


def _bound(beta: Fraction, m: int | None) -> arb | None:
    """Return e^β/(10β), the limit of the instance's ratio for ε → 0, where above 1 and 1/β ≤ 1."""
    found = ball(beta).exp() / (10 * ball(beta))
    return found if beta > 1 and found > 1 else None


def _uniform(beta: Fraction, m: int | None) -> arb | None:
    found = _bound(beta, m)
    return None if found is None or (m is not None and m < smallest_m(beta)) else found


_METHODS = ("rlhf", "dpo")

THEOREM = Theorem(
    key="ghy-thm6",
    title="RLHF and DPO in a KL ball have distortion e^Ω(β)",
    source=GHY,
    place="Theorem 6",
    formula="e^Ω(β); its instances give e^β/(10β), where above 1",
    assumptions="published for τ = 1 and m of order e^β; the instances serve every τ ≥ log 2. A "
    "third-party Lean formalisation states e^β/(44β) for β ≥ 10",
    claims=(
        Claim(
            *("lower", _METHODS, BALL, INDEPENDENT, _uniform),
            law="uniform",
            reference="free",
            least=3,
            budget="log 2",
            loose=True,
            types=2,
            limit="β → ∞ and m of order e^β",
        ),
        Claim(
            *("lower", _METHODS, BALL, EVERY, _bound),
            law="free",
            reference="free",
            least=3,
            budget="log 2",
            loose=True,
            types=2,
            derived="with the law free the copies of c merge; a law on pairs in proportion to "
            "μ(x)μ(y) leads to the same rewards",
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
