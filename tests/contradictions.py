"""Whether anything that a folder proves contradicts anything else: files, and the theorems.

`python -m tests.contradictions [FOLDER]` compares, in and below the folder (instances):
- every accepted lower bound with every accepted upper bound that covers its instance;
- every accepted lower bound with every theorem on the class of its instance;
- every accepted upper bound with every theorem's lower bound on the class that it covers;
- on each of these classes the strongest lower theorem with the strongest upper one.
Exit status 1 if there is a contradiction, or a file is refused.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from adversary.certificate import Verdict, check
from adversary.certifying.infinity import infinite
from adversary.exact import INFINITE, rounded_down, rounded_up
from adversary.problem.document import read
from adversary.problem.instance import Instance
from adversary.results.scopes import Scope
from adversary.theory import Question, known, strongest

Checker = Callable[[Path], Verdict]
Number = Fraction | float


@dataclass(frozen=True)
class Lower:
    """An accepted lower bound."""

    file: Path
    instance: Instance
    method: str
    policies: str
    value: Number

    @property
    def question(self) -> Question:
        """Return the class of the instance."""
        return Question.of(self.instance, self.method, self.policies)


@dataclass(frozen=True)
class Upper:
    """An accepted upper bound."""

    file: Path
    scope: Scope
    value: Number


@dataclass
class Report:
    """What was compared, and what contradicts what."""

    compared: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def compare(self, kind: str, low: Number, high: Number, first: str, second: str) -> None:
        """Count a pair, and note it if the first number is larger."""
        self.compared[kind] += 1
        if isinstance(high, Fraction) and low > high:
            above = rounded_down(low, 12) if isinstance(low, Fraction) else INFINITE
            self.contradictions.append(f"{first} >= {above}, {second} <= {rounded_up(high, 12)}")


def examine(folder: Path, checker: Checker = check) -> Report:
    """Compare everything in and below a folder."""
    report, lower, upper = Report(), list[Lower](), list[Upper]()
    for file in sorted(folder.rglob("*.json")):
        verdict = checker(file)
        if not verdict.accepted or verdict.method is None:
            report.refused.append(f"{file}: {verdict.message}")
        elif verdict.at_most is not None:
            upper.append(Upper(file, Scope.read(file), verdict.at_most))
        elif verdict.bound is not None and verdict.policies is not None:
            value = math.inf if infinite(verdict) else verdict.bound
            claim = read(file).instance, verdict.method, verdict.policies, value
            lower.append(Lower(file, *claim))
    _files(report, lower, upper)
    for one in lower:
        for theorem, value in known(one.question):
            if theorem.status == "upper":
                report.compare("lower bounds beside theorems", one.value, value,
                               one.file.name, theorem.key)  # fmt: skip
    for one in upper:
        for question in one.scope.questions():
            for theorem, value in known(question):
                if theorem.status == "lower":
                    report.compare("upper bounds beside theorems", value, one.value,
                                   theorem.key, one.file.name)  # fmt: skip
    _theorems(report, [*(one.question for one in lower), *_classes(upper)])
    return report


def _files(report: Report, lower: Iterable[Lower], upper: Iterable[Upper]) -> None:
    for one in lower:
        for other in upper:
            if other.scope.covers(one.instance, one.method, one.policies):
                report.compare("lower beside upper bounds", one.value, other.value,
                               one.file.name, other.file.name)  # fmt: skip


def _classes(upper: Iterable[Upper]) -> Iterator[Question]:
    for one in upper:
        yield from one.scope.questions()


def _theorems(report: Report, questions: Iterable[Question]) -> None:
    for question in dict.fromkeys(questions):
        low, high = strongest(question)
        if low is not None and high is not None:
            report.compare("theorems beside theorems", low.value, high.value,
                           low.theorem.key, high.theorem.key)  # fmt: skip


def main(folder: Path) -> int:
    """Print a report and return the exit status."""
    report = examine(folder)
    lines = [
        *(f"refused: {line}" for line in report.refused),
        *(f"contradiction: {line}" for line in report.contradictions),
        *(f"{kind}: {count} pairs" for kind, count in report.compared.items()),
        f"{len(report.contradictions)} contradictions",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if report.contradictions or report.refused else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "instances")))
