"""GHY Theorem 3: with one comparison for each user no rule does better than K."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from adversary.problem.instance import Instance, UserType, uniform
from adversary.theory.constants import rate
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
from adversary.theory.theorem import COMMON, SOCIAL, Claim, Theorem, widened


def limited(beta: Fraction, m: int | None) -> arb | None:
    """Return 1/(1/m + 1/K), the limit of α/(α/m + ε(1−α)) for ε → 0, where above 1."""
    if m is None:
        return rate(beta)
    least = 1 / (1 / ball(m) + 1 / rate(beta))
    return least if least > 1 else None


def instance(beta: object, epsilon: object, xi: object = 1, m: object = 2) -> Instance:
    """Return the instance of GHY Theorem 3; the special alternative s comes first.

    Type S, mass α = (σ(βε)−½)/(σ(β)+σ(βε)−1), has u(s) = 1 and 0 elsewhere; the rest have
    u(s) = 0 and ξε elsewhere. ξ = 1: every comparison is 50/50 (α is rounded down by less than
    1e-39 of itself). ξ > 1: s is a Condorcet loser. Raises InputError.
    """
    b, size = beta_of(beta), count("m", m, 2)
    factor = number("xi", xi, 1, Fraction(10) ** 9, closed=True)
    small = number("epsilon", epsilon, 0, 1 / factor)
    with working_precision(b):
        others = half_margin(b, small)
        alpha = below(others / (half_margin(b, Fraction(1)) + others))
    special = UserType(alpha, (Fraction(1),) + (Fraction(0),) * (size - 1))
    rest = UserType(1 - alpha, (Fraction(0),) + (factor * small,) * (size - 1))
    names = ("s", *(f"x{i}" for i in range(1, size)))
    return Instance(b, names, (special, rest), uniform(size))


METHODS = ("borda", "copeland", "rlhf", "dpo", "ipo", "nlhf", "maximal-lotteries")

THEOREM = Theorem(
    key="ghy-thm3",
    title="One comparison for each user: no rule is better than K",
    source=GHY,
    place="Theorem 3, first half",
    formula="K = (β/2)·coth(β/2) for m → ∞; its instances give 1/(1/m + 1/K), where above 1",
    assumptions="any rule that sees one comparison of each user (d = 1)",
    claims=(
        *widened(
            Claim("lower", METHODS, SOCIAL, COMMON, limited, law="shown", types=2, limit="m → ∞")
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
