"""The table of exact distortions: certified bounds from both sides, by method, setting and law."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from adversary.certificate import check
from adversary.certifying.infinity import infinite
from adversary.errors import CertificateError, InputError
from adversary.exact import parse_rational, to_float
from adversary.problem.document import read
from adversary.theory import applicable
from adversary.theory.sources import PROJECT

_NEAR = 1e-9  # relative; theorems give their bounds as floats


@dataclass(frozen=True)
class Side:
    """A certified bound: its value, its file, whether no paper states one as sharp, or it is ∞."""

    value: Fraction
    file: str
    new: bool
    infinite: bool = False


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
    """Where the upper bound holds only for some outcomes: which."""

    @property
    def gap(self) -> float | None:
        """Upper over lower bound, less 1."""
        if self.lower is None or self.upper is None or self.lower.infinite:
            return None
        return to_float(self.upper.value / self.lower.value) - 1


@dataclass(frozen=True)
class _Claim:
    method: str
    setting: str
    laws: tuple[str, ...]
    scope: str
    beta: Fraction
    side: Side


def rows(paths: Sequence[Path]) -> list[Row]:
    """Return a row for each method, setting, law and β with a certified bound in the folders.

    Every `*.json` in and below the folders is checked; claims about some policies only are left
    out. Raises CertificateError where the checker
    refuses one, InputError where there is none.
    """
    files = [
        f for path in paths for f in (sorted(path.rglob("*.json")) if path.is_dir() else [path])
    ]
    lower, upper = [], []
    for file in files:
        verdict = check(file)
        if not verdict.accepted or verdict.method is None:
            raise CertificateError(f"{file}: {verdict.message}")
        if verdict.bound is not None and verdict.policies == "every":  # `some` claims less
            lower.append(_lower(file, verdict.method, verdict.bound, infinite(verdict)))
        elif verdict.at_most is not None:
            upper += _upper(file, verdict.method, verdict.at_most)
    if not files:
        raise InputError("directory", ", ".join(map(str, paths)), "certificates (*.json)")
    keys = {(c.method, c.setting, law, c.beta) for c in lower + upper for law in c.laws}
    return [_row(key, lower, upper) for key in sorted(keys, key=_order)]


def _order(key: tuple[str, str, str, Fraction]) -> tuple[str, str, str, int, Fraction]:
    """Sort laws of one kind by their number of alternatives."""
    method, setting, law, beta = key
    kind, _, m = law.partition(", m = ")
    return method, setting, kind, int(m or 0), beta


def _row(key: tuple[str, str, str, Fraction], lower: list[_Claim], upper: list[_Claim]) -> Row:
    method, setting, law, beta = key

    def matching(claims: list[_Claim]) -> Iterator[_Claim]:
        yield from (c for c in claims if (c.method, c.setting, c.beta) == (method, setting, beta)
                    and law in c.laws)  # fmt: skip

    least = max(matching(lower), key=lambda c: (c.side.infinite, c.side.value), default=None)
    most = min(matching(upper), key=lambda c: (c.scope != "", c.side.value), default=None)
    return Row(method, setting, law, beta, least and least.side, most and most.side,
               most.scope if most else "")  # fmt: skip


def _lower(file: Path, method: str, bound: Fraction, infinite: bool) -> _Claim:
    instance = read(file).instance
    setting = "social-choice" if instance.reference is None else "alignment"
    kind, m = instance.sampling.kind, len(instance.alternatives)
    published = [
        float(t.bound(float(instance.beta), m, None) or 0)
        for t in applicable(method, setting, kind, float(instance.beta), m)
        if t.status != "upper" and t.source is not PROJECT
    ]
    value = math.inf if infinite else to_float(bound)
    new = value > max(published, default=1.0) * (1 + _NEAR)
    laws = (f"{kind}, m = {m}",) if kind == "pairs" and method in ("rlhf", "dpo") else (kind,)
    side = Side(bound, str(file), new, infinite)
    return _Claim(method, setting, laws, "", instance.beta, side)


def _upper(file: Path, method: str, bound: Fraction) -> Iterator[_Claim]:
    """Yield the claims of a bound file that has been accepted."""
    raw: dict[str, Any] = json.loads(file.read_text("utf-8"))
    beta, setting = parse_rational("beta", raw["beta"]), raw["setting"]
    sampling, outcome = raw["sampling"], raw["outcome"]
    if isinstance(sampling, dict) and not isinstance(outcome, dict):
        return  # one fixed law: not a worst case over laws
    scope, laws = "", ("independent", "pairs") if sampling == "every" else ("independent",)
    if outcome == "vertex":
        scope = "budget not binding"
    elif isinstance(outcome, dict):
        if "beats" not in outcome or method not in ("rlhf", "dpo"):
            return
        scope, laws = "pairs along a path", (f"pairs, m = {len(raw['alternatives'])}",)
    published = [
        float(t.bound(float(beta)) or math.inf)
        for t in applicable(method, setting, laws[0].split(",")[0], float(beta))
        if t.status != "lower" and t.source is not PROJECT
    ]
    new = to_float(bound) < min(published, default=math.inf) * (1 - _NEAR)
    yield _Claim(method, setting, laws, scope, beta, Side(bound, str(file), new))
