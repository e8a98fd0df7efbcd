"""GHY Theorem 9: under a law on pairs the distortion of RLHF and DPO is unbounded in m."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from flint import arb

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
from adversary.theory.theorem import BALL, SOCIAL, WIDER, Claim, Theorem

_LONGEST = 100_000  # alternatives; a longer path is at least as bad


def _rise(beta: arb, highest: arb) -> arb:
    """Return Δ'/β for Δ = β·highest."""
    y = (-beta * highest / 2).exp()
    return ((1 + y) ** 3 / (2 * y * (1 + 3 * y * y))).log() / beta


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
            step = below(_rise(ball(beta), ball(last[highest])))
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


def _bound(beta: Fraction, m: int | None) -> arb | float:
    """Return U(a_1)/U(a_m) of the construction; infinity for m → ∞.

    As in `utilities` the rises are rounded down, which leaves a_t ahead of a_{t−1}: the levels are
    those of an instance, without a radius that would grow from step to step.
    """
    if m is None:
        return math.inf
    levels = [ball(Fraction(1, 3))] * 3
    for _ in range(min(m, _LONGEST) - 1):
        highest = max(range(3), key=lambda k: levels[k].mid())
        step = _rise(ball(beta), levels[highest])
        levels = [ball(0) if k == highest else (u + step).lower() for k, u in enumerate(levels)]
    return 1 / (levels[0] + levels[1] + levels[2])


def _unbounded(beta: Fraction, m: int | None) -> float | None:
    return math.inf if m is None else None


_METHODS = ("rlhf", "dpo")

THEOREM = Theorem(
    key="ghy-thm9",
    title="RLHF and DPO are unbounded under a law on pairs",
    source=GHY,
    place="Theorem 9",
    formula="∞ for m → ∞; its instances give about β·√(m/54) = 0.136·β·√m",
    assumptions="in a KL ball the reference has mass on a_1 and a_m alone",
    claims=(
        Claim("lower", _METHODS, SOCIAL, WIDER, _bound, law="tree", types=3, limit="m → ∞"),
        Claim(
            *("lower", _METHODS, BALL, WIDER, _bound),
            law="tree",
            reference="free",
            budget="log 2",
            loose=True,
            types=3,
            limit="m → ∞",
        ),
        Claim(
            *("lower", _METHODS, BALL, WIDER, _unbounded),
            law="tree",
            reference="free",
            budget="positive",
            loose=True,
            types=3,
            limit="m → ∞",
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
