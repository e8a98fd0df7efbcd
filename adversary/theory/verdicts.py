"""What a certified bound says of the published theorems: the one place where they are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from adversary.exact import to_float
from adversary.problem.instance import Independent, Instance
from adversary.theory import Theorem, known

_ROUNDING = 1e-9  # relative; theorems give their bounds as floats
_NEAR = 0.99  # of a bound that is a supremum, and seldom attained


class Verdict(StrEnum):
    """What one certified bound says of one theorem: 'reached' is at least 99 % of its bound."""

    REACHED = "reached"
    NOT_REACHED = "not reached"
    EXCEEDED = "exceeded the published lower bound"
    FINITE = "finite beside an infinite bound"
    CONTRADICTED = "contradicts an upper bound"

    @property
    def alarm(self) -> bool:
        """Return whether the theorem, the checker or this program is wrong."""
        return self is Verdict.CONTRADICTED


@dataclass(frozen=True)
class Comparison:
    """A theorem beside a certified bound."""

    theorem: Theorem
    published: float
    """The theorem's bound at the instance's β, m and τ."""
    certified: Fraction
    verdict: Verdict
    infinite: bool = False
    """Whether the certified bound is infinite."""

    @property
    def in_words(self) -> str:
        """Return the verdict with its theorem."""
        return f"{self.verdict}: {self.theorem.source.short} {self.theorem.place}"

    @property
    def share(self) -> float:
        """Return certified / published."""
        certified = math.inf if self.infinite else to_float(self.certified)
        return 1.0 if certified == self.published else certified / self.published


def compare(
    instance: Instance,
    method: str,
    bound: Fraction,
    policies: str = "every",
    infinite: bool = False,
) -> list[Comparison]:
    """Compare a certified lower bound with every theorem on its method, setting, law, β, m and τ.

    A bound for `some` allowed policy can contradict an upper bound, but is none that a published
    lower bound, which is for every allowed policy, could be compared with. A weak lower bound is
    exceeded easily, also where a stronger theorem is not.
    """
    found = []
    for theorem, published in known(instance, method):
        lower = theorem.status == "lower"
        if (lower and policies == "some") or (not lower and not _assumed(theorem, instance)):
            continue
        verdict = _verdict(theorem, published, math.inf if infinite else bound)
        found.append(Comparison(theorem, published, bound, verdict, infinite))
    return found


def _assumed(theorem: Theorem, instance: Instance) -> bool:
    """Whether the instance is one of those that an upper bound is proved for.

    The bounds for independent laws only need every alternative to be shown.
    """
    law = instance.sampling
    if theorem.laws != ("independent",) or not isinstance(law, Independent):
        return True
    return all(weight > 0 for weight in law.weights)


def _verdict(theorem: Theorem, published: float, bound: Fraction | float) -> Verdict:
    if math.isinf(published):
        return Verdict.REACHED if bound == math.inf else Verdict.FINITE
    value = Fraction(published)
    if bound > value * Fraction(1 + _ROUNDING):
        return Verdict.EXCEEDED if theorem.status == "lower" else Verdict.CONTRADICTED
    return Verdict.REACHED if bound >= value * Fraction(_NEAR) else Verdict.NOT_REACHED
