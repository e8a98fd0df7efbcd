"""What scripts see: results as JSON objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from adversary.certifying.certify import Certificate
from adversary.exact import to_text
from adversary.interface.method import Method, Status
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Instance
from adversary.problem.population import Population
from adversary.searching.strategy import Ceiling
from adversary.theory.verdicts import Comparison, compare
from adversary.verbs import SearchResult


def comparisons(result: SearchResult) -> dict[str, Comparison]:
    """Return the certified bound beside each theorem on its instance, by the theorem's key."""
    found = result.certificate
    if found is None:
        return {}
    compared = compare(found.instance, result.finding.method, found.lower_bound, found.policies)
    return {c.theorem.key: c for c in compared}


def of_search(result: SearchResult, out: Path | None) -> dict[str, Any]:
    """Return a search's result; the certified bound is None where there is no certificate.

    So is the verdict on a theorem that says nothing of the certified instance.
    """
    finding, certificate, compared = result.finding, result.certificate, comparisons(result)
    return {
        "method": finding.method,
        "beta": to_text(result.instance.beta),
        "certified_lower_bound": certificate and to_text(certificate.lower_bound, decimal=True),
        "uncertified": result.uncertified,
        "numeric_distortion": finite(result.distortion),
        "theory": [
            {
                "key": t.key,
                "status": t.status,
                "bound": finite(value),
                "source": t.citation,
                "verdict": str(compared[t.key].verdict) if t.key in compared else None,
            }
            for t, value in finding.theory
        ],
        "file": None if out is None else str(out),
        "seconds": round(finding.seconds, 3),
        "strategy": finding.strategy,
        "seed": finding.seed,
        "evaluations": finding.evaluations,
        "stopped": finding.stopped,
        "supremum": None if finding.ceiling is None else _of_ceiling(finding.ceiling),
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


def of_outcome(instance: Instance, method: Method) -> dict[str, Any]:
    """Return a method's policy and numeric distortion on one instance."""
    with torch.no_grad():
        result, outcome = evaluate(Population.of(instance), method)
    status = Status(int(outcome.status[0]))
    policy = [finite(p) for p in outcome.log_policy[0].exp().tolist()]
    return {
        "method": method.name,
        "policy": dict(zip(instance.alternatives, policy, strict=True)),
        "utility": finite(float(result.achieved[0])),
        "best_utility": float(result.best[0]),
        "distortion_every": finite(float(result.every[0])),
        "distortion_some": finite(float(result.some[0])),
        "status": status.name.lower(),
        "advice": status.advice,
        "residual": finite(float(outcome.residual[0])),
        "certified": False,
    }


def of_certificate(certificate: Certificate, method: str, out: Path) -> dict[str, Any]:
    """Return what a certificate in a file proves."""
    return {
        "method": method,
        "beta": to_text(certificate.instance.beta),
        "certified_lower_bound": to_text(certificate.lower_bound, decimal=True),
        "policies": certificate.policies,
        "file": str(out),
    }


def finite(value: float) -> float | str | None:
    """JSON has no infinity and no NaN: 'inf' where the utility is 0, None where undetermined."""
    if value != value:
        return None
    return "inf" if value == float("inf") else value
