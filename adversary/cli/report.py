"""What scripts see: results as JSON objects."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from adversary.errors import InputError
from adversary.exact import to_text

if TYPE_CHECKING:
    from adversary.certificate import Verdict
    from adversary.certifying.certify import Certificate
    from adversary.interface.method import Method
    from adversary.problem.instance import Instance
    from adversary.searching.ceiling import Ceiling
    from adversary.theory.verdicts import Comparison
    from adversary.verbs import SearchResult


def comparisons(result: SearchResult) -> list[Comparison] | list[None]:
    """Return the certified bound beside each row of the search's theory; None if there is none."""
    from adversary.theory.verdicts import judge

    found, theory = result.certificate, result.finding.theory
    if found is None:
        return [None] * len(theory)
    return judge(theory, found.lower_bound, found.infinite)


def alarms(result: SearchResult) -> list[Comparison]:
    """Return the theorems on the certified instance that its bound contradicts."""
    from adversary.theory.verdicts import compare

    found = result.certificate
    if found is None:
        return []
    claim = found.lower_bound, found.policies, found.infinite
    compared = compare(found.instance, result.finding.method, *claim)
    return [comparison for comparison in compared if comparison.verdict.alarm]


def supremum(result: SearchResult) -> Ceiling | None:
    """Return the exact search's upper bound, unless what is certified lies above it."""
    ceiling, found = result.ceiling, result.certificate
    if ceiling is None or found is None:
        return ceiling
    certified = math.inf if found.infinite else found.lower_bound
    return ceiling if ceiling.value >= certified else None


def of_search(result: SearchResult, file: str | None) -> dict[str, Any]:
    """Return a search's result; the certified bound is None where there is no certificate.

    So are the verdicts on the theorems.
    """
    finding, certificate = result.finding, result.certificate
    ceiling = supremum(result)
    return {
        "method": finding.method,
        "beta": to_text(result.instance.beta),
        "certified_lower_bound": certificate
        and bound_text(certificate.lower_bound, certificate.infinite),
        "uncertified": result.uncertified,
        "numeric_distortion": finite(result.distortion),
        "theory": [
            {
                "key": known.theorem.key,
                "status": known.theorem.status,
                "bound": finite(known.directed),
                "source": known.theorem.citation,
                "verdict": None if compared is None else str(compared.verdict),
            }
            for known, compared in zip(finding.theory, comparisons(result), strict=True)
        ],
        "file": file,
        "seconds": round(finding.seconds, 3),
        "strategy": finding.strategy,
        "seed": finding.seed,
        "evaluations": finding.evaluations,
        "stopped": finding.stopped,
        "remark": result.remark,
        "supremum": None if ceiling is None else _of_ceiling(ceiling),
    }


def _of_ceiling(ceiling: Ceiling) -> dict[str, Any]:
    """Return the exact search's numeric upper bound for one outcome and law."""
    return {
        "outcome": ceiling.outcome,
        "upper_bound": finite(ceiling.value),
        "gap": finite(ceiling.gap),
        "multipliers": list(ceiling.multipliers),
        "vanishing": list(ceiling.limits),
        "certified": False,
    }


def of_outcomes(instance: Instance) -> tuple[list[dict[str, Any]], list[InputError]]:
    """Return every method's policy on one instance, and what was wrong with methods that fail."""
    from adversary.interface.method import available, by_name

    rows, failures = [], []
    for name in available():
        try:
            rows.append(of_outcome(instance, by_name(name)))
        except InputError as error:
            failures.append(error)
    return rows, failures


def of_outcome(instance: Instance, method: Method) -> dict[str, Any]:
    """Return a method's policy and numeric distortion on one instance."""
    from adversary.interface.method import Status
    from adversary.problem.distortion import measure

    result, outcome = measure([instance], method)
    status = Status(int(outcome.status[0]))
    policy = [finite(p) for p in outcome.log_policy[0].exp().tolist()]
    return {
        "method": method.name,
        "policy": dict(zip(instance.alternatives, policy, strict=True)),
        "utility": finite(float(result.achieved[0])),
        "best_utility": finite(float(result.best[0])),
        "distortion_every": finite(float(result.every[0])),
        "distortion_some": finite(float(result.some[0])),
        "status": status.name.lower(),
        "advice": status.advice,
        "residual": finite(float(outcome.residual[0])),
        "certified": False,
    }


def of_certificate(certificate: Certificate, method: str, file: str | None) -> dict[str, Any]:
    """Return what a certificate in a file proves."""
    return {
        "method": method,
        "beta": to_text(certificate.instance.beta),
        "certified_lower_bound": bound_text(certificate.lower_bound, certificate.infinite),
        "policies": certificate.policies,
        "file": file,
    }


def of_verdict(file: str, verdict: Verdict) -> dict[str, Any]:
    """Return the trusted checker's verdict on a file: what it claims, and if more is proved."""

    def decimal(value: Fraction | None) -> str | None:
        return None if value is None else to_text(value, decimal=True)

    scope = verdict.scope
    return {
        "file": file,
        "accepted": verdict.accepted,
        "message": verdict.message,
        "method": verdict.method,
        "distortion_at_least": decimal(verdict.bound),
        "distortion_at_most": decimal(verdict.at_most),
        "policies": verdict.policies,
        "infinite": verdict.infinite,
        "scope": scope
        and {
            "kind": scope.kind,
            "beta": to_text(scope.beta),
            "setting": scope.setting,
            "sampling": scope.sampling,
            "alternatives": scope.alternatives,
            "outcome": scope.outcome,
            "winner": scope.winner,
            "best": scope.best,
        },
    }


def finite(value: float) -> float | str | None:
    """JSON has no infinity and no NaN: 'inf' where the utility is 0, None where undetermined."""
    if value != value:
        return None
    return "inf" if value == math.inf else value


def bound_text(bound: Fraction, infinite: bool) -> str:
    """Return a certified lower bound as a decimal string, 'inf' where it is infinite."""
    return "inf" if infinite else to_text(bound, decimal=True)
