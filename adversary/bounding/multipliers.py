"""Multipliers of a bound: the dual prices of the worst users' linear program, made rational.

Column generation and the checker's branch and bound take turns: a point where the exact pricing
function is positive is the next column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING
from fractions import Fraction

import numpy as np

from adversary.certificate.boxes import Proof
from adversary.columns.generation import solve
from adversary.columns.program import Program, Types
from adversary.errors import CertificateError
from adversary.exact import rounded, to_decimal

SLACK = 5e-7
"""How far, relatively, a claim lies above the supremum: what room the proof has."""
_DIGITS = 10  # of claims and multipliers
_CAP = 1e30
_ROUNDS = 20


@dataclass(frozen=True)
class Multipliers:
    """A claim t, rounded up, and multipliers with which it was proved."""

    claim: Fraction
    factors: tuple[Fraction, ...]
    """λ_j, not negative for an inequality."""
    boxes: int


Test = Callable[[Fraction, tuple[Fraction, ...]], Proof]
"""Whether F ≤ 0 is proved for a claim and multipliers."""


def solved(program: Program, test: Test, slack: float = SLACK) -> Multipliers:
    """Return multipliers that prove a claim at most `slack` above the supremum.

    The dual of `columns` at that distance is as far below 0 as it can be at every column, which
    leaves the proof room also where types give winner and best nothing. Raises CertificateError
    with the point or the boxes where nothing is proved.
    """
    generator, pool = np.random.default_rng(0), None
    proof = Proof(False, None, 0)
    for _ in range(_ROUNDS):
        found = solve(program, generator, pool, slack, _CAP)
        if found is None or not found.solved:
            raise CertificateError("not proved: the linear program has no finite dual value")
        claim = rounded_up(found.dual.price)
        factors = tuple(
            rational(float(value) if equal else max(0.0, float(value)))
            for value, equal in zip(found.dual.multipliers, program.equalities, strict=True)
        )
        proof = test(claim, factors)
        if proof.accepted:
            return Multipliers(claim, factors, proof.boxes)
        if proof.point is None:
            break
        point = np.array([int(v.p) / int(v.q) for v in proof.point])
        pool = found.pool + Types.plain(point)
    raise refused(proof)


def refused(proof: Proof) -> CertificateError:
    """Return what to say of a proof that failed."""
    if proof.point is None:
        return CertificateError(f"not proved with {proof.boxes} boxes")
    point = ", ".join(f"{int(v.p) / int(v.q):.6g}" for v in proof.point)
    return CertificateError(f"not proved: the pricing function is positive at ({point})")


def rounded_up(value: float) -> Fraction:
    """Return a decimal of few digits, at least the value."""
    return Fraction(rounded(Fraction(value), _DIGITS, ROUND_CEILING))


def rational(value: float) -> Fraction:
    """Return a decimal of few digits near the value."""
    return to_decimal(value, _DIGITS)
