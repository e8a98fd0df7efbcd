"""What a witness proves, by the checker's arithmetic. Untrusted: acceptance never depends on it."""

from __future__ import annotations

from fractions import Fraction

from flint import arb, ctx

from adversary.certificate.lower import Evidence, certain, document, evidence, precisions
from adversary.certificate.reader import load

CAP = 10**100
"""No larger proved bound is named: an infinite ratio has this one."""


def proved_bound(content: bytes, digits: int = 15) -> Fraction | None:
    """Return the largest bound that the witness of a file proves, or None if it proves nothing.

    It is rounded down to so many significant digits; digits after the point below 1. The number
    that the file claims is ignored. Raises `certificate.Rejected` if the content is malformed or
    no witness of its kind can prove a claim.
    """
    it, result = document(load(content)), None
    for bits in precisions(it):
        with ctx.workprec(bits):
            found = evidence(it)
            if found is None or not all(certain(need) for _, need in found.needs):
                continue
            bound, sharp = _quotient(found, digits)
            result = bound if result is None else max(result, bound)
            if sharp:
                break
    return result


def _quotient(found: Evidence, digits: int) -> tuple[Fraction, bool]:
    """Return best / worst rounded down, and whether a higher precision is of no use."""
    best, worst = arb(found.best), arb(found.worst)
    if (worst <= 0) is True:
        return Fraction(CAP), True
    ratio = (best.lower() / worst.upper()).lower()
    if (ratio >= CAP) is True:
        return Fraction(CAP), True
    if not (ratio.is_finite() and (ratio * 10**digits >= 1) is True):
        return Fraction(0), False
    exact = Fraction(int(ratio.fmpq().p), int(ratio.fmpq().q))
    scale = 10 ** max(0, digits - len(str(int(exact))))
    return Fraction(int(exact * scale), scale), (best / worst).rel_accuracy_bits() > 4 * digits
