"""The verbs that end in a certificate: search and simplify."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adversary.certifying.certify import Certificate, certify
from adversary.errors import CertificateError
from adversary.exact import parse_rational
from adversary.interface.method import Method
from adversary.problem.document import Document, write
from adversary.problem.instance import Instance
from adversary.searching import run
from adversary.searching.ceiling import Ceiling, ceiling
from adversary.searching.exact import Columns
from adversary.searching.frames import STEEPEST
from adversary.searching.run import Finding
from adversary.searching.simplify import Stopped, values
from adversary.searching.simplify import simplify as reduce
from adversary.version import __version__

_MOST_LOSS = 1 - 1e-6  # of a simplification: a share of 1e-4999 is no float
_LOSS = 4e-7  # of what a search finds, for shorter numbers
_SHORT = 1.01  # times what was found: a bound that the search has not reached


@dataclass(frozen=True)
class SearchResult:
    """What a search found: an exact instance, and a certificate wherever one could be made."""

    finding: Finding
    """The search itself: strategy, seed, history, theory, how it stopped."""
    instance: Instance
    """The worst instance, simplified."""
    distortion: float
    """Its numeric distortion, for every policy that the method allows."""
    certificate: Certificate | None
    uncertified: str | None
    """Why there is no certificate."""
    ceiling: Ceiling | None
    """What no population with the instance's law and outcome exceeds, from the exact search."""

    @property
    def remark(self) -> str | None:
        """Say where β is beyond what the search resolves, and which theorem goes further."""
        if self.instance.beta <= STEEPEST:
            return None
        ends = f"the floats of the search end near β = {STEEPEST:g}: a worse instance may exist"
        further = [
            (bound, theorem)
            for theorem, bound in self.finding.theory
            if theorem.construction and theorem.status != "upper"
            if bound > _SHORT * self.distortion
        ]
        if not further:
            return ends
        _, best = max(further, key=lambda pair: pair[0])
        return f"{ends}; the construction of {best.key}, not found here, gives {best.formula}"

    def save(self, path: str) -> None:
        """Write the certificate, or without one the instance, atomically."""
        if self.certificate is not None:
            self.certificate.save(path)
        else:
            method = {"name": self.finding.method, "parameters": {}}
            write(
                Document(self.instance, method=method, provenance=_provenance(self.finding)), path
            )


def search(method: Method, beta: Any, alternatives: int = 3, **options: Any) -> SearchResult:
    """Search for a bad instance, simplify it at a loss of at most 1e-6, and certify it.

    Takes what `adversary.searching.run.find` takes: users, sampling, reference, kl_budget,
    strategy, seed, time_limit, progress. A method for which the checker has no rule gives a
    numeric result that says so. An interruption (Ctrl-C) ends what is going on, and keeps the best.
    """
    finding = run.find(method, beta, alternatives, **options)
    instance = finding.instance
    try:
        if finding.reducible:
            instance = reduce(instance, method, _LOSS, alternatives=False)
    except Stopped as stop:
        instance, finding = stop.instance, replace(finding, stopped="interrupted")
    value, certificate, reason = _value(instance, method), None, None
    try:
        certificate = certify(instance, method, provenance=_provenance(finding))
    except CertificateError as error:
        reason = str(error)
    except KeyboardInterrupt:
        finding, reason = replace(finding, stopped="interrupted"), "interrupted"
    least = value if certificate is None else certificate.lower_bound
    top = ceiling(instance, method, least) if finding.strategy == Columns.name else None
    return SearchResult(finding, instance, value, certificate, reason, top)


def simplify(
    instance: Instance,
    method: Method,
    keep: Any = "0.99",
    policies: str = "every",
    provenance: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Certificate:
    """Return a certificate of a simpler instance that keeps a share of the certified bound.

    An interruption (Ctrl-C) keeps the simplest that is certified. Raises CertificateError where
    the given or the simpler instance cannot be certified.
    """
    share = parse_rational("keep", keep)
    before = certify(instance, method, policies, dict(provenance or {}))
    about = {**(provenance or {}), "version": __version__, "simplified": str(keep)}
    loss, stopped = min(float(1 - share), _MOST_LOSS), False
    for _ in range(4):
        try:
            simpler = reduce(instance, method, loss, report)
        except Stopped as stop:
            simpler, stopped = stop.instance, True
        try:
            after = certify(simpler, method, policies, about)
        except KeyboardInterrupt:
            break
        if after.lower_bound >= share * before.lower_bound:
            return after
        if stopped:
            break
        loss /= 4
    return before


def _value(instance: Instance, method: Method) -> float:
    return values([instance], method)[0]


def _provenance(finding: Finding) -> dict[str, Any]:
    return {
        "strategy": finding.strategy,
        "seed": finding.seed,
        "version": __version__,
        "stopped": finding.stopped,
    }
