"""The verdict on a file (SPEC section 4): raise the precision until balls decide, or refuse."""

import os
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from .bound import FORMAT as BOUND_FORMAT
from .bound import conclude, parse_bound
from .document import Document, Rejected, load, of_json, parse, read
from .model import Number
from .rules import Evidence, evidence

PRECISIONS = (128, 256, 512, 1024, 2048, 4096)  # bits
PRECISION_WORK = 2**30  # alternatives^2 * users * bits; the first precision is always tried
BOUND_CAP = 10**100  # no larger proved bound is named


@dataclass(frozen=True)
class Verdict:
    """What the checker says of one file; the other fields are None if it is malformed.

    A certificate claims at least `bound`, for `policies`; an upper bound claims `at_most`.
    `infinite`: it is also proved that these policies have utility 0, so that the ratio is infinite.
    """

    accepted: bool
    message: str
    method: str | None = None
    bound: Fraction | None = None
    policies: str | None = None
    at_most: Fraction | None = None
    infinite: bool = False


def check(path: str | os.PathLike[str]) -> Verdict:
    """Whether the file proves its claim. Raises nothing, whatever the path and the content."""
    document, upper, accepted, infinite = None, None, False, False
    try:
        raw = load(read(path))
        if isinstance(raw, dict) and raw.get("format") == BOUND_FORMAT:
            upper = parse_bound(raw)
            conclude(upper)
            message = upper.text
        else:
            document = of_json(raw)
            infinite = _prove(document)
            plural = "every policy" if document.policies == "every" else "some policy"
            message = f"{document.method} distortion >= {document.bound_text} ({plural})"
        accepted = True
    except Rejected as reason:
        message = str(reason)
    except Exception as error:  # a fault of the checker proves nothing
        message = f"internal error: {type(error).__name__}: {error}"
    message = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    if upper is not None:
        at_most = Fraction(int(upper.at_most.p), int(upper.at_most.q))
        return Verdict(accepted, message, upper.method, at_most=at_most)
    if document is None:
        return Verdict(False, message)
    at_least = Fraction(int(document.bound.p), int(document.bound.q))
    return Verdict(
        accepted, message, document.method, at_least, document.policies, infinite=infinite
    )


def proved_bound(content: bytes, digits: int = 15) -> Fraction | None:
    """The largest bound that the witness proves, rounded down; None if it proves nothing.

    For writers of certificates: the claimed number is ignored, and nothing is accepted on the
    strength of this function. Raises `Rejected` if the content is malformed.
    """
    document, result = parse(content), None
    for bits in _precisions(document):
        with ctx.workprec(bits):
            found = evidence(document)
            if found is None or not all(_proved(need) for _, need in found.needs):
                continue
            bound, sharp = _quotient(found, digits)
            result = bound if result is None else max(result, bound)
            if sharp:
                break
    return result


def _precisions(document: Document) -> list[int]:
    work = len(document.alternatives) ** 2 * len(document.shares)
    affordable = [bits for bits in PRECISIONS if work * bits <= PRECISION_WORK]
    return affordable or [PRECISIONS[0]]


def _proved(value: Number) -> bool:
    """Whether the number is certainly finite and >= 0 (no comparison with NaN is True)."""
    return (not isinstance(value, arb) or value.is_finite()) and (value >= 0) is True


def _prove(document: Document) -> bool:
    """Whether the ratio is infinite, if the claim is proved; raises `Rejected` if not."""
    reason, bits = "witness.reward: not close enough to the reward", 0
    for bits in _precisions(document):
        with ctx.workprec(bits):
            found = evidence(document)
            if found is None:
                continue
            for name, need in found.needs:
                if (need < 0) is True:
                    raise Rejected(f"{name}: false")
            unproved = [name for name, need in found.needs if not _proved(need)]
            if unproved:
                reason = unproved[0]
                continue
            if (found.best <= 0) is True:
                raise Rejected("users: the largest utility is 0; no distortion is defined")
            slack = found.best - document.bound * found.worst
            if (found.best > 0) is True and _proved(slack):
                return (found.worst <= 0) is True
            whole, rest = divmod(int(_quotient(found, 12)[0] * 10**12), 10**12)
            reason = f"claim.distortion_at_least: the witness proves only >= {whole}.{rest:012d}"
            if (slack < 0) is True:
                raise Rejected(reason)
    raise Rejected(f"{reason}: not proved at {bits} bits")


def _quotient(found: Evidence, digits: int) -> tuple[Fraction, bool]:
    """Best / worst rounded down to some digits, and whether a higher precision is of no use."""
    best, worst = arb(0) + found.best, arb(0) + found.worst
    if (worst <= 0) is True:
        return Fraction(BOUND_CAP), True
    ratio = (best.lower() / worst.upper()).lower()
    if (ratio >= BOUND_CAP) is True:
        return Fraction(BOUND_CAP), True
    if not (ratio.is_finite() and (ratio * 10**digits >= 1) is True):
        return Fraction(0), False
    exact = Fraction(int(ratio.fmpq().p), int(ratio.fmpq().q))
    scale = 10 ** max(0, digits - len(str(int(exact))))
    return Fraction(int(exact * scale), scale), (best / worst).rel_accuracy_bits() > 4 * digits
