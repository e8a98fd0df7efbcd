"""GHY Theorem 9: under a law on pairs the distortion of RLHF and DPO is unbounded in m."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from adversary.errors import InputError
from adversary.exact import parse_rational
from adversary.problem.instance import Instance, Pairs, UserType, all_pairs
from adversary.theory.parameters import (
    ball,
    below,
    beta_of,
    count,
    half_margin,
    working_precision,
)
from adversary.theory.sources import GHY
from adversary.theory.theorem import Theorem

_LONGEST = 100_000


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return U(a_1)/U(a_m) of the construction, which tends to β·√(m/54); inf for m → ∞.

    In a KL ball the reference ½ on a_1 and on a_m gives the same for τ ≥ log 2. A smaller τ > 0
    still allows no finite bound, as π_ref(a_1) = 1−e^(−τ) shows.
    """
    if (tau is not None and tau <= 0) or (m is not None and m < 2):
        return None
    if m is None:
        return math.inf
    if tau is not None and tau < math.log(2):
        return None
    levels = [1 / 3] * 3
    for _ in range(min(m, _LONGEST) - 1):
        highest = max(range(3), key=lambda k: levels[k])
        y = math.exp(-0.5 * beta * levels[highest])
        rise = levels[highest] / 2 + _slack(y) / beta
        levels = [0.0 if k == highest else u + rise for k, u in enumerate(levels)]
    return 1 / sum(levels)


def _slack(y: float) -> float:
    """Return Δ' − Δ/2 for y = e^(−Δ/2), without overflow."""
    return 3 * math.log1p(y) - math.log(2) - math.log1p(3 * y * y)


def instance(beta: object, m: object, epsilon: object = None) -> Instance:
    """Return the instance of GHY Theorem 9, of alternatives a1, …, am in the order of the steps.

    Three types of equal mass, all with u(a1) = 1/3. From one alternative to the next the user with
    the highest utility, Δ/β, drops to 0 and the others gain Δ'/β,
    Δ' = ln((e^(Δ/2)+1)³ / (2(e^Δ+3))) (rounded down to 40 digits). Then each a_t beats a_{t−1}
    while U falls. The law puts (1−ϵ)/(m−1) on each such pair and ϵ evenly on the rest. Default ϵ:
    one at which the rewards certainly rise along the path (`safe_epsilon`). Raises InputError.
    """
    b, size = beta_of(beta), count("m", m, 2)
    levels = utilities(b, size)
    users = tuple(UserType(Fraction(1, 3), tuple(row[k] for row in levels)) for k in range(3))
    rest = (size - 1) * (size - 2) // 2
    if rest == 0:
        spread = Fraction(0)
    elif epsilon is None:
        spread = safe_epsilon(b, levels)
    else:
        spread = parse_rational("epsilon", epsilon)
        if not 0 <= spread < 1:
            raise InputError("epsilon", str(epsilon), "a number in [0, 1)")
    law = Pairs(
        tuple(
            (x, y, (1 - spread) / (size - 1) if y == x + 1 else spread / rest)
            for x, y in all_pairs(size)
            if y == x + 1 or spread > 0
        )
    )
    return Instance(b, tuple(f"a{t}" for t in range(1, size + 1)), users, law)


def utilities(beta: Fraction, m: int) -> list[tuple[Fraction, ...]]:
    """Return the utilities of the three types for a_1, …, a_m."""
    rows = [(Fraction(1, 3),) * 3]
    with working_precision(beta):
        while len(rows) < m:
            last = rows[-1]
            highest = max(range(3), key=lambda k: last[k])
            y = (-ball(beta * last[highest]) / 2).exp()
            rise = ((1 + y) ** 3 / (2 * y * (1 + 3 * y * y))).log() / ball(beta)
            step = below(rise)
            rows.append(tuple(Fraction(0) if k == highest else last[k] + step for k in range(3)))
    return rows


def safe_epsilon(beta: Fraction, levels: list[tuple[Fraction, ...]]) -> Fraction:
    """Return an ϵ at which RLHF's rewards rise along the path: of order m^(−5/2).

    Across the cut before a_t the stationarity equations balance the excess p − σ(r) of the pair
    (a_t, a_{t−1}), weighted (1−ϵ)/(m−1), with that of the other pairs, weighted ϵ in all, each
    above −1. So r rises where (1−ϵ)(p(a_t≻a_{t−1}) − ½) > ϵ(m−1).
    """
    with working_precision(beta):
        margins = [
            below(sum((half_margin(beta, v - u) for u, v in zip(x, y, strict=True)), ball(0)) / 3)
            for x, y in pairwise(levels)
        ]
    least = min(margins)
    return Fraction(f"{float(least / (2 * (len(levels) - 1))):.2e}")


THEOREM = Theorem(
    key="ghy-thm9",
    title="RLHF and DPO are unbounded under a law on pairs",
    source=GHY,
    place="Theorem 9",
    methods=("rlhf", "dpo"),
    setting="both",
    laws=("pairs", "user-dependent"),
    status="lower",
    formula="U(a_1)/U(a_m) of the construction, about β·√(m/54) = 0.136·β·√m",
    assumptions="pair law not fixed; in a KL ball τ ≥ log 2, or any τ > 0 for m → ∞",
    bound=bound,
    construction=instance,
)
