"""GHY Theorem 12 (Theorem 5 in its short form): Borda, RLHF and DPO lose nearly β, not β/2."""

from __future__ import annotations

from fractions import Fraction

from adversary.errors import InputError
from adversary.exact import parse_rational, to_decimal
from adversary.problem.instance import Independent, Instance, UserType
from adversary.theory.constants import borda_rate
from adversary.theory.formulas import best_gamma
from adversary.theory.parameters import (
    ball,
    below,
    beta_of,
    count,
    half_margin,
    number,
    working_precision,
)
from adversary.theory.sources import GHY
from adversary.theory.theorem import INDEPENDENT, SOCIAL, WIDER, Claim, Theorem


def instance(
    beta: object, epsilon: object, g: object = None, gamma: object = None, m: object = 3
) -> Instance:
    """Return the instance of GHY Theorem 12: a is best, Borda picks c, the last alternative.

    Types: (1−γ, 1, 0) of mass α, (1, 0, ε) of mass α(σ(βγ)−½)/(σ(β)−½), (0, 0, ε+ε²) the rest.
    α makes p(a≻b) = ½ and p(c≻b) = ½ + g (roundings: the first a little less, the second a little
    more). μ = (g/4, 1−g/2, g/4); for m > 3 copies of b share its mass. The ratio tends to the
    bound for ε → 0 and g/ε → 0 at the best γ. Defaults: the best γ, g = (σ(βε)−½)/10⁶.
    Raises InputError.
    """
    b, size = beta_of(beta), count("m", m, 3)
    best = to_decimal(best_gamma(float(b)))
    tilt = best if gamma is None else number("gamma", gamma, 0, 1)
    small = number("epsilon", epsilon, 0, Fraction(3, 5))
    low = small + small**2
    with working_precision(b):
        one, top = half_margin(b, Fraction(1)), half_margin(b, low)
        if g is None:
            margin = below(half_margin(b, small) / 10**6)
        else:
            margin = parse_rational("g", g)
            if not (margin > 0 and ball(margin) < top):
                limit = f"a number above 0 and below σ(β(ε+ε²))−½ = {float(top.mid()):.6g}"
                raise InputError("g", str(g), limit)
        share = below(half_margin(b, tilt) / one)
        own = one + (1 + ball(share)) * top - ball(share) * half_margin(b, small)
        first = (top - ball(margin)) / own
        if not first > 0:
            raise InputError("g", str(g), "a number further below σ(β(ε+ε²))−½")
        alpha = below(first)
    copies = size - 2
    rows = [
        (alpha, 1 - tilt, Fraction(1), Fraction(0)),
        (alpha * share, Fraction(1), Fraction(0), small),
        (1 - alpha - alpha * share, Fraction(0), Fraction(0), low),
    ]
    users = tuple(UserType(w, (ua, *(ub,) * copies, uc)) for w, ua, ub, uc in rows)
    names = ("a", "b", *(f"b{i}" for i in range(2, copies + 1)), "c")
    law = Independent((margin / 4, *((1 - margin / 2) / copies,) * copies, margin / 4))
    return Instance(b, names, users, law)


_TREATED = ("borda", "rlhf", "dpo")
_METHODS = (*_TREATED, "ipo")
_SAME = "a law on pairs in proportion to μ(x)μ(y), for every type, leads to the same choice"

THEOREM = Theorem(
    key="ghy-thm12",
    title="Borda, RLHF and DPO have distortion at least K(1+M) = (1−o(1))β",
    source=GHY,
    place="Theorem 12",
    formula="sup over 0<γ<1 of K·(1 − γ + (σ(βγ)−½)/(σ(β)−½)), K = (β/2)·coth(β/2)",
    assumptions="the law tends to have all its mass on the alternatives that are neither the best "
    "nor chosen",
    claims=(
        Claim(
            *("lower", _TREATED, SOCIAL, INDEPENDENT, borda_rate),
            law="free",
            least=3,
            types=3,
        ),
        Claim(
            *("lower", ("ipo",), SOCIAL, INDEPENDENT, borda_rate),
            law="free",
            least=3,
            types=3,
            derived="in social choice IPO plays what Borda plays",
        ),
        Claim(
            *("lower", _METHODS, SOCIAL, WIDER, borda_rate),
            law="free",
            least=3,
            types=3,
            derived=_SAME,
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
