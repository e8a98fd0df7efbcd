"""Finds witnesses and writes certificates. Untrusted: the checker judges every file.

The claim is what the checker's arithmetic proves from the witness, rounded down.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR
from fractions import Fraction
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

from flint import arb, ctx, fmpq
from mpmath import mp

from adversary import certificate, files
from adversary.certificate.lower import certain, evidence
from adversary.certificate.lower import document as parsed
from adversary.certificate.reader import load
from adversary.certifying import precise, ties, witnesses
from adversary.certifying.comparisons import comparisons
from adversary.certifying.infinity import proves_infinite
from adversary.certifying.proved import CAP, proved_bound
from adversary.certifying.witnesses import Case, Witness
from adversary.errors import CertificateError, InputError
from adversary.exact import rounded, to_text
from adversary.interface.method import Method, Status
from adversary.problem.distortion import measure
from adversary.problem.document import Document, to_json
from adversary.problem.instance import Instance

RULES = tuple(witnesses.RULES)
"""The methods for which the checker has a rule."""
_PRECISIONS = (50, 100, 300)  # decimal digits
_GOOD = 1e-9  # relative loss at which a lower precision is good enough
_BITS = 128  # at which a number that is not rounded is told from one that is
_DIGITS = 12  # significant digits of a claim
_PLACES = (_DIGITS + 3, 50, 400)  # decimal places; more of them where a bound is below 1/1000
_UNIT = Fraction(1, 10 ** (_DIGITS + 2))  # below this, relatively, a bound counts as exact


@dataclass(frozen=True)
class Certificate:
    """A document that the checker accepts."""

    document: Document
    lower_bound: Fraction
    policies: str

    @property
    def instance(self) -> Instance:
        """The instance of the certificate."""
        return self.document.instance

    @cached_property
    def infinite(self) -> bool:
        """Whether it proves that the policies it is about have utility 0."""
        return self.lower_bound >= CAP and proves_infinite(to_json(self.document))

    def save(self, path: str | Path) -> None:
        """Write the file atomically, once the checker has accepted its content on disk."""
        files.write_text(to_json(self.document), path, verify=must_be_accepted)


def must_be_accepted(path: str) -> None:
    """Raise CertificateError where the checker refuses a file."""
    verdict = certificate.check(path)
    if not verdict.accepted:
        raise CertificateError(f"the checker refuses the file: {verdict.message}")


def certify(
    instance: Instance,
    method: Method,
    policies: str = "every",
    provenance: dict[str, Any] | None = None,
) -> Certificate:
    """Complete an instance into a certificate for a method.

    `policies`: 'every' or 'some' of the policies that the method allows. Raises CertificateError
    with the reason where the checker has no rule for the method or nothing can be proved.
    """
    if method.name not in RULES:
        reason = f"the checker has no rule for {method.name!r} (it has: {', '.join(RULES)})"
        raise CertificateError(reason)
    if policies not in ("every", "some"):
        raise InputError("policies", policies, "'every' or 'some'")
    support = [w > 0 for w in instance.reference.weights] if instance.reference else repeat(True)
    if not any(
        u > 0 for u, inside in zip(instance.average_utility, support, strict=False) if inside
    ):
        raise CertificateError("every policy has utility 0: no distortion is defined")
    result, outcome = measure([instance], method)
    status, numeric = Status(int(outcome.status[0])), float(result.every[0])
    if status is Status.DISCONNECTED:
        raise CertificateError(status.advice)
    about = {"name": method.name, "parameters": {}}
    claim = {"distortion_at_least": "1", "policies": policies}
    best = _Best(Document(instance, about, claim, {}, provenance or {}))
    rule, exact = witnesses.RULES[method.name], comparisons(instance)
    # What floats call a tie may be none, and their value no guide: rewards need more digits then.
    settled = status is Status.SOLVED or rule.score != "reward"
    for digits in _PRECISIONS:
        with mp.workdps(digits):
            case = Case(instance, precise.model(instance, exact), rule)
            for witness in _proposed(case):
                best.offer(witness)
                if _agree(best.bound, numeric):
                    break
            if policies == "some" and digits == _PRECISIONS[0]:
                for witness in ties.chosen(case):
                    best.offer(witness)
        if settled and _agree(best.bound, numeric):
            break
    if not best.bound:
        reason = "the checker's digits do not suffice" if best.offers else "no witness was found"
        raise CertificateError(f"{reason} for {method.name} on this instance")
    return best.certificate()


def _agree(bound: Fraction, numeric: float) -> bool:
    """Whether nothing more can be expected. What exceeds the floats shows them to be wrong."""
    return numeric * (1 - _GOOD) <= bound <= numeric * (1 + _GOOD)


def _proposed(case: Case) -> Iterator[Witness]:
    """Yield the witnesses that this precision finds."""
    with suppress(ArithmeticError, ValueError):
        optimum = witnesses.optimum(case.instance, case.model)
        for way in witnesses.proposals(case):
            with suppress(ArithmeticError, ValueError):
                yield optimum | way()


@dataclass
class _Best:
    """The document whose witness proves most, and what it proves."""

    document: Document
    bound: Fraction = Fraction(0)
    offers: int = 0

    def offer(self, witness: Witness) -> None:
        """Keep a witness if it proves more.

        Raises CertificateError where the checker refuses the instance itself.
        """
        document = replace(self.document, witness=witness)
        bound, self.offers = _proved(document), self.offers + 1
        if bound > self.bound:
            self.document, self.bound = document, bound

    def certificate(self) -> Certificate:
        """Return the document with a claim of at most twelve digits.

        Where it seems to be such a number itself, that is claimed if the checker rounds nothing.
        """
        if self.bound >= CAP:
            document = replace(self.document, claim=self._claim(self.bound))
            return Certificate(document, self.bound, self.policies)
        near = Fraction(rounded(self.bound, _DIGITS))
        if self.bound <= near <= self.bound * (1 + _UNIT):
            for witness in self._exact(near):
                document = replace(self.document, witness=witness, claim=self._claim(near))
                if _exactly(document) == near:
                    return Certificate(document, near, self.policies)
        least = Fraction(rounded(self.bound * (1 - _UNIT), _DIGITS, ROUND_FLOOR))
        document = replace(self.document, claim=self._claim(least))
        return Certificate(document, least, self.policies)

    def _exact(self, bound: Fraction) -> Iterator[Witness]:
        """Yield witnesses that may prove exactly this bound."""
        yield dict(self.document.witness or {})
        if bound == 1 and (simple := witnesses.at_most_best(self.document)):
            yield simple

    @property
    def policies(self) -> str:
        """'every' or 'some'."""
        return (self.document.claim or {})["policies"]

    def _claim(self, bound: Fraction) -> dict[str, str]:
        text = to_text(bound, decimal=True)
        return {"distortion_at_least": text, "policies": self.policies}


def _proved(document: Document) -> Fraction:
    """Return what the witness proves, rounded down; 0 where it proves nothing.

    Raises CertificateError where the checker refuses what the user wrote.
    """
    content = to_json(document).encode("utf-8", "backslashreplace")
    for places in _PLACES:
        try:
            proved = proved_bound(content, places)
        except certificate.Rejected as reason:
            if str(reason).startswith("witness"):
                return Fraction(0)  # ours: beyond some limit
            raise CertificateError(str(reason)) from None
        if proved is None or proved > Fraction(1, 10**3):
            break
    return proved or Fraction(0)


def _exactly(document: Document) -> Fraction | None:
    """Return what the witness proves, where the checker rounds nothing in proving it."""
    content = to_json(document).encode("utf-8", "backslashreplace")
    with suppress(certificate.Rejected), ctx.workprec(_BITS):
        found = evidence(parsed(load(content)))
        if found is not None and all(certain(need) for _, need in found.needs):
            best, worst = _rational(found.best), _rational(found.worst)
            return best / worst if best and worst else None
    return None


def _rational(value: fmpq | arb) -> Fraction | None:
    if isinstance(value, arb):
        if not value.is_exact():
            return None
        value = value.fmpq()
    return Fraction(int(value.p), int(value.q))
