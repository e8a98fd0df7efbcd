"""The table of exact distortions: certified bounds from both sides, by method, setting and law.

A lower and an upper bound stand in one row only where the upper one covers the instance of the
lower one, so that the row's second number is never below its first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from adversary.certificate import check
from adversary.certifying.infinity import infinite
from adversary.errors import CertificateError, InputError
from adversary.exact import to_float
from adversary.problem.document import read
from adversary.problem.instance import Instance
from adversary.results.scopes import COMMON, INDEPENDENT, Scope
from adversary.theory import Law, Question, known
from adversary.theory.sources import PROJECT

_NEAR = Fraction(1, 10**9)  # relative: nearer to a theorem's bound nothing is new
_LOOSE = "budget not binding"
_PATH = "a path from the best to the winner"


@dataclass(frozen=True)
class Side:
    """A certified bound: its value, its file, whether no paper gives so much, or it is ∞."""

    value: Fraction
    file: str
    new: bool
    infinite: bool = False

    @property
    def size(self) -> Fraction | float:
        """Return the value, or infinity."""
        return math.inf if self.infinite else self.value


@dataclass(frozen=True)
class Row:
    """The worst case of a method in one setting, under one kind of law, at one β."""

    method: str
    setting: str
    law: str
    """The kind of the law; for rows about one number of alternatives, that too."""
    beta: Fraction
    lower: Side | None
    upper: Side | None
    scope: str
    """Where the row is about some outcomes only: which."""

    @property
    def gap(self) -> float | None:
        """Upper over lower bound, less 1."""
        if self.lower is None or self.upper is None or self.lower.infinite:
            return None
        return to_float(self.upper.value / self.lower.value) - 1


_Key = tuple[str, str, str, Fraction]  # method, setting, law, β


@dataclass(frozen=True)
class _Lower:
    key: _Key
    side: Side
    instance: Instance


@dataclass(frozen=True)
class _Upper:
    key: _Key
    side: Side
    about: Scope
    scope: str


def rows(paths: Sequence[Path]) -> list[Row]:
    """Return the rows of each method, setting, law and β with a certified bound in the folders.

    Every `*.json` in and below the folders is checked; claims about some policies only, and upper
    bounds for one law or one other outcome, are left out. Raises CertificateError where the checker
    refuses a file or two files contradict each other, InputError where there is none.
    """
    files = [
        f for path in paths for f in (sorted(path.rglob("*.json")) if path.is_dir() else [path])
    ]
    lower: list[_Lower] = []
    upper: list[_Upper] = []
    for file in files:
        verdict = check(file)
        if not verdict.accepted or verdict.method is None:
            raise CertificateError(f"{file}: {verdict.message}")
        if verdict.bound is not None and verdict.policies == "every":  # `some` claims less
            lower.append(_lower(file, verdict.method, verdict.bound, infinite(verdict)))
        elif verdict.at_most is not None:
            upper += _upper(file, verdict.at_most)
    if not files:
        raise InputError("directory", ", ".join(map(str, paths)), "certificates (*.json)")
    keys = {claim.key for claim in (*lower, *upper)}
    return [row for key in sorted(keys, key=_order) for row in _rows(key, lower, upper)]


def _order(key: _Key) -> tuple[str, str, str, int, Fraction]:
    """Sort laws of one kind by their number of alternatives."""
    method, setting, law, beta = key
    kind, _, m = law.partition(", m = ")
    return method, setting, kind, int(m or 0), beta


def _rows(key: _Key, lower: Sequence[_Lower], upper: Sequence[_Upper]) -> Iterator[Row]:
    """Yield the row of all instances, and one of each narrower scope in which less is possible."""
    own = sorted((c for c in lower if c.key == key), key=lambda c: c.side.size, reverse=True)
    above = sorted((c for c in upper if c.key == key), key=lambda c: c.side.value)
    best: dict[str, _Upper] = {}
    for claim in above:
        best.setdefault(claim.scope, claim)
    found: list[Row] = []
    for scope, claim in sorted(best.items()):  # the widest scope, '', comes first
        if "" in best and scope and claim.side.value >= best[""].side.value:
            continue
        covered = next((c for c in own if claim.about.covers(c.instance, key[0])), None)
        if covered is not None and covered.side.size > claim.side.value:
            raise CertificateError(f"{covered.side.file} contradicts {claim.side.file}")
        found.append(Row(*key, covered and covered.side, claim.side, scope))
    if own and own[0].side not in [row.lower for row in found]:
        yield Row(*key, own[0].side, None, "")
    yield from found


def _lower(file: Path, method: str, bound: Fraction, infinite: bool) -> _Lower:
    instance = read(file).instance
    kind, m = instance.sampling.kind, len(instance.alternatives)
    sized = kind == "pairs" and method in ("rlhf", "dpo")
    where = Question(method, instance.setting, Law.named(kind), instance.beta, m if sized else None)
    published = [v for t, v in known(where) if t.status == "lower" and t.source is not PROJECT]
    value = math.inf if infinite else bound
    new = value > max(published, default=Fraction(1)) * (1 + _NEAR)
    key = method, instance.setting, f"{kind}, m = {m}" if sized else kind, instance.beta
    return _Lower(key, Side(bound, str(file), new, infinite), instance)


def _upper(file: Path, bound: Fraction) -> Iterator[_Upper]:
    """Yield the claims of a bound file that has been accepted, one for each kind of law."""
    about = Scope.read(file)
    names = about.alternatives or ()
    if about.outcome == "majorities" and about.path:
        law = Law("pairs", fixed=True, longest=len(names))
        laws, scope = {f"pairs, m = {len(names)}": law}, _PATH
    elif about.outcome in ("every", "vertex") and about.law is None:
        kinds = ("independent", "pairs")[: {INDEPENDENT: 1, COMMON: 2}[about.sampling]]
        laws, scope = (
            {kind: Law.named(kind) for kind in kinds},
            _LOOSE if about.outcome == "vertex" else "",
        )
    else:
        return
    for name, law in laws.items():
        m, loose = len(names) or None, about.outcome == "vertex"
        where = Question(about.method, about.setting, law, about.beta, m, loose=loose)
        published = [v for t, v in known(where) if t.status == "upper" and t.source is not PROJECT]
        new = bound < min(published, default=math.inf) * (1 - _NEAR)
        key = about.method, about.setting, name, about.beta
        yield _Upper(key, Side(bound, str(file), new), about, scope)
