"""What a certified bound says of the theorems: the one place where they are compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from adversary.exact import to_float
from adversary.problem.instance import Instance
from adversary.theory import Known, Question, Theorem, known
from adversary.theory.sources import PROJECT

_NEAR = Fraction(99, 100)  # of a bound that is a supremum, and seldom attained
_DIGITS = Fraction(1, 10**9)  # relative; what a lower bound's rounding is far below


class Verdict(StrEnum):
    """What one certified bound says of one side of a theorem."""

    REACHED = "reached"
    """At least 99 % of it; of an infinite bound: an infinite ratio is certified."""
    NOT_REACHED = "not reached"
    ABOVE = "above this bound"
    """More than a lower bound that nothing published is exceeded by: another one is larger, or its
    source states it as a limit or for other methods or laws, or it is of this project."""
    EXCEEDED = "exceeded the published lower bound"
    """More than the largest lower bound that a paper states for this method, law, β and m."""
    FINITE = "finite beside an infinite bound"
    CONTRADICTED = "contradicts an upper bound"

    @property
    def alarm(self) -> bool:
        """Return whether the theorem, the checker or this program is wrong."""
        return self is Verdict.CONTRADICTED


@dataclass(frozen=True)
class Comparison:
    """One side of a theorem beside a certified bound."""

    theorem: Theorem
    """With the one claim that applies."""
    published: Fraction | float
    """The theorem's bound at the instance's β, m and τ, rounded in its safe direction."""
    certified: Fraction
    verdict: Verdict
    infinite: bool = False
    """Whether the certified bound is infinite."""

    @property
    def text(self) -> str:
        """Return the theorem's bound in six digits."""
        return Known(self.theorem, self.published).text

    @property
    def in_words(self) -> str:
        """Return the verdict with its theorem."""
        return f"{self.verdict}: {self.theorem.source.short} {self.theorem.place}"

    @property
    def share(self) -> float:
        """Return certified / published; 1 for infinity beside infinity."""
        if isinstance(self.published, float):
            return float(self.infinite)
        return math.inf if self.infinite else to_float(self.certified / self.published)


def compare(
    instance: Instance,
    method: str,
    bound: Fraction,
    policies: str = "every",
    infinite: bool = False,
) -> list[Comparison]:
    """Compare a certified lower bound with every theorem on the class of its instance.

    A bound for `some` allowed policy can contradict an upper bound, and is compared with lower
    bounds for some policy alone.
    """
    return judge(known(Question.of(instance, method, policies)), bound, infinite)


def judge(found: Sequence[Known], bound: Fraction, infinite: bool = False) -> list[Comparison]:
    """Compare a certified lower bound with what the theorems say of a class of instances."""
    papers = (v for t, v in found if t.status == "lower" and t.source is not PROJECT)
    largest = max(papers, default=math.inf)
    certified = math.inf if infinite else bound
    verdicts = (_verdict(one, certified, largest) for one in found)
    return [Comparison(*one, bound, verdict, infinite)
            for one, verdict in zip(found, verdicts, strict=True)]  # fmt: skip


def _verdict(one: Known, bound: Fraction | float, largest: Fraction | float) -> Verdict:
    """`largest`: the largest lower bound that a paper gives here, in whatever form."""
    theorem, value = one
    if theorem.status == "upper":
        if bound > value:
            return Verdict.CONTRADICTED
    elif bound > value * (1 + _DIGITS if isinstance(value, Fraction) else 1):
        claim, published = one.claim, theorem.source is not PROJECT and value == largest
        stated = published and not claim.derived and not claim.limit
        return Verdict.EXCEEDED if stated else Verdict.ABOVE
    if value == math.inf:
        return Verdict.REACHED if bound == value else Verdict.FINITE
    return Verdict.REACHED if bound >= value * _NEAR else Verdict.NOT_REACHED
