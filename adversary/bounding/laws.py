"""Bounds for one independent law (BOUNDS 3.2): rectangles that hold all pairs (best, winner)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from flint import ctx, fmpq

from adversary.bounding import programs
from adversary.bounding.multipliers import Multipliers, solved
from adversary.bounding.proving import Draft, Proved, case, prove
from adversary.certificate.bound import BOXES, score_kernel
from adversary.certificate.boxes import Proof
from adversary.certificate.boxes import prove as examine
from adversary.exact import spelled

Interval = tuple[Fraction, Fraction]
_BITS = 128


def prove_law(draft: Draft, weights: Sequence[Fraction]) -> Proved:
    """Prove the least claim, up to `SLACK`, for every best and every winner.

    The supremum falls with either mass: the smallest masses decide the claim, and their
    multipliers also prove the other corners of a rectangle.
    """
    names = [f"x{i + 1}" for i in range(len(weights))]
    law = {"kind": "independent", "weights": [spelled("weight", w) for w in weights]}
    draft = replace(draft, alternatives=names, sampling=law)
    total = sum(weights)
    masses = sorted(weight / total for weight in weights)
    parts = _rectangles(masses)
    corners = [_corner(draft.beta, best[0], winner[0]) for best, winner in parts]
    cases = [
        {"best": _texts(best), "winner": _texts(winner), **case(corner.factors)}
        for (best, winner), corner in zip(parts, corners, strict=True)
    ]
    return prove(draft, max(corner.claim for corner in corners), cases)


def _rectangles(masses: Sequence[Fraction]) -> list[tuple[Interval, Interval]]:
    """Return rectangles of masses of (best, winner) that hold all pairs of the sorted masses.

    The lower left corner of each is a pair, or no worse than one: the smallest mass stands apart,
    as nothing has it twice, unless two alternatives do.
    """
    least, others = (masses[0], masses[0]), (masses[1], masses[-1])
    if masses[0] == masses[1]:
        return [(others, others)]
    found = [(least, others), (others, least)]
    return found if len(masses) == 2 else [*found, (others, others)]


def _corner(beta: Fraction, best: Fraction, winner: Fraction) -> Multipliers:
    def test(claim: Fraction, factors: tuple[Fraction, ...]) -> Proof:
        numbers = (_exact(v) for v in (beta, claim, *factors, best, winner))
        with ctx.workprec(_BITS + 4 * math.ceil(beta)):
            return examine(score_kernel(*numbers), BOXES)

    return solved(programs.score(float(beta), best, winner), test)


def _texts(values: Interval) -> list[str]:
    return [spelled("mass", value) for value in values]


def _exact(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)
