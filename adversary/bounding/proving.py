"""From multipliers to documents that the checker has proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from adversary.bounding.multipliers import SLACK, refused, solved
from adversary.certificate.bound import BOXES, FORMAT, Bound
from adversary.certificate.boxes import Proof
from adversary.columns.program import Program
from adversary.exact import spelled
from adversary.version import __version__


@dataclass(frozen=True)
class Proved:
    """A document of format `adversary-bound/1` whose claim the checker's search has proved."""

    document: Mapping[str, Any]
    upper_bound: Fraction
    text: str
    """The claim in words, as the checker prints it."""
    boxes: int


@dataclass(frozen=True)
class Draft:
    """What a document covers: all its fields but the claim, the cases and the boxes."""

    beta: Fraction
    method: str
    setting: str
    alternatives: str | Sequence[str] = "every"
    sampling: Any = "every"
    outcome: Any = "every"

    def document(self, claim: Fraction, cases: Sequence[dict[str, Any]], boxes: int) -> dict:
        """Return the whole document."""
        return {
            "format": FORMAT,
            "beta": spelled("beta", self.beta),
            "method": {"name": self.method, "parameters": {}},
            "setting": self.setting,
            "alternatives": self.alternatives,
            "sampling": self.sampling,
            "outcome": self.outcome,
            "claim": {"distortion_at_most": spelled("claim", claim)},
            "cases": list(cases),
            "boxes": str(boxes),
            "provenance": {"version": __version__},
        }


def case(factors: Sequence[Fraction]) -> dict[str, Any]:
    """Return a case of a document."""
    return {"multipliers": [spelled("multiplier", value) for value in factors]}


def prove(draft: Draft, claim: Fraction, cases: Sequence[dict[str, Any]]) -> Proved:
    """Prove a claim with given multipliers. Raises CertificateError where that fails."""
    proof = _read(draft, claim, cases).examine()
    if not proof.accepted:
        raise refused(proof)
    return _made(draft, claim, cases, proof.boxes)


def prove_least(
    draft: Draft, program: Program, slack: float = SLACK, others: tuple[Fraction, ...] = ()
) -> Proved:
    """Prove the least claim, up to the slack, that the program allows: a document of one case.

    `others`: multipliers that come after those of the program.
    """

    def test(claim: Fraction, factors: tuple[Fraction, ...]) -> Proof:
        return _read(draft, claim, [case(factors + others)]).examine()

    found = solved(program, test, slack)
    return _made(draft, found.claim, [case(found.factors + others)], found.boxes)


def _read(draft: Draft, claim: Fraction, cases: Sequence[dict[str, Any]]) -> Bound:
    return Bound(draft.document(claim, cases, BOXES))


def _made(draft: Draft, claim: Fraction, cases: Sequence[dict[str, Any]], boxes: int) -> Proved:
    allowed = min(BOXES, 2 * boxes)  # other versions of the arithmetic may need a few more
    text = _read(draft, claim, cases).text
    return Proved(draft.document(claim, cases, allowed), claim, text, boxes)
