"""How certified bounds grow: in β (as β/2, as β, exponentially?) and, for pair laws, in m.

In β two models are fitted: bound = a + s·β, which reads as β/2 or β where s is near, and
log bound = a + s·β, which reads as e^(sβ). In m: log bound = a + s·log m, the power m^s, and
log bound = a + s·m, which is exponential with e^s for each alternative. All are least squares over
few points without noise: a slope describes the range that was searched, and is no asymptotic claim.
An infinite bound is a point, and in no fit.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from adversary.exact import INFINITE, to_float, to_text
from adversary.results.fits import Line, fit, preferred, support
from adversary.sweeping.directory import Entry
from adversary.theory import Law, Question, Theorem, strongest

LARGE = 4.0
"""Fits use β ≥ 4 where there are enough such points: the published rates are for large β."""
_ENOUGH = 4  # such points
_NEAR = 0.1  # relative distance at which a slope reads as ½ or 1

_ALIKE = 0.02  # relative distance at which two methods have the same bounds


def in_words(kl: Fraction | str) -> str:
    """Return a Cell's KL budget in words."""
    named = {"none": "social choice", "free": "KL free"}
    return named[kl] if isinstance(kl, str) else f"KL ≤ {to_text(kl)}"


class Published(NamedTuple):
    """What is published beside a rate: the best lower bound at its last point, and a fit."""

    theorem: Theorem
    bound: float
    line: Line | None
    """Of such bounds where the rate has its points, as the rate is fitted."""


@dataclass(frozen=True)
class Setting:
    """What a rate is of: a method, and what a study holds fixed."""

    method: str
    kl: Fraction | str
    """'none' (social choice), 'free', or the budget τ."""
    sampling: str
    alternatives: int

    @property
    def where(self) -> str:
        """Return the setting in words."""
        return in_words(self.kl)

    def question(self, beta: float) -> Question:
        """Return the class of instances that the setting stands for at β."""
        setting = "social-choice" if self.kl == "none" else "alignment"
        tau = None if isinstance(self.kl, str) else self.kl
        law = Law.named(self.sampling)
        return Question(self.method, setting, law, Fraction(beta), self.alternatives, tau)

    def lower(self, beta: float) -> tuple[Theorem, float] | None:
        """Return the largest lower bound of the theorems at β."""
        found, _ = strongest(self.question(beta))
        return found and (found.theorem, found.directed)

    def upper(self, beta: float) -> tuple[Theorem, float] | None:
        """Return the smallest upper bound of the theorems at β."""
        _, found = strongest(self.question(beta))
        return found and (found.theorem, found.directed)


@dataclass(frozen=True)
class Point:
    """The best bound at one β."""

    beta: Fraction
    bound: float
    """+inf where the method's utility is 0."""
    certified: bool


@dataclass(frozen=True)
class Rate:
    """The points of a setting, and how they grow in β."""

    setting: Setting
    points: tuple[Point, ...]
    """Ordered by β: certified bounds, and numeric values only where nothing is certified."""
    fitted: tuple[Point, ...]
    """The certified and finite points that the fits use."""
    linear: Line | None
    """Of the bound against β."""
    exponential: Line | None
    """Of the bound's logarithm against β."""
    support: float | None
    """AIC of the linear model minus that of the exponential one; negative for linear."""

    @property
    def model(self) -> str:
        """Return which model describes the points clearly better."""
        return preferred("linear", "exponential", self.support)

    @property
    def reading(self) -> str:
        """Return the growth in one word."""
        if all(p.bound == math.inf for p in self.points):
            return INFINITE
        if self.linear is None or self.exponential is None or self.model == "undecided":
            return "undecided"
        if self.model == "exponential":
            return f"e^({self.exponential.slope:.2f}β)"
        for slope, name in ((0.5, "β/2"), (1.0, "β")):
            if abs(self.linear.slope - slope) <= _NEAR * slope:
                return name
        return f"{self.linear.slope:.2f}β"

    @property
    def theory(self) -> Published | None:
        """Return the best lower bound at the largest β, and the same fit of such bounds."""
        best = self.setting.lower(float(self.points[-1].beta))
        if best is None:
            return None
        betas = [float(p.beta) for p in self.fitted]
        known = _finite((beta, self.setting.lower(beta)) for beta in betas)
        logs = self.model == "exponential"
        bounds = [math.log(value) if logs else value for _, value in known]
        return Published(*best, fit([beta for beta, _ in known], bounds))


@dataclass(frozen=True)
class Growth:
    """The points of a pair law at one β, and how they grow in m."""

    method: str
    kl: Fraction | str
    sampling: str
    beta: Fraction
    points: tuple[tuple[int, float], ...]
    """(m, certified bound), ordered by m; +inf where the method's utility is 0."""
    power: Line | None
    """Of the bound's logarithm against that of m."""
    exponential: Line | None
    """Of the bound's logarithm against m."""
    support: float | None
    """AIC of the power minus that of the exponential model; negative for the power."""

    @property
    def model(self) -> str:
        """Return which model describes the points clearly better."""
        return preferred("power", "exponential", self.support)

    @property
    def reading(self) -> str:
        """Return the growth in one word."""
        if all(bound == math.inf for _, bound in self.points):
            return INFINITE
        if self.power is None or self.exponential is None or self.model == "undecided":
            return "undecided"
        if self.model == "power":
            return f"m^{self.power.slope:.2f}"
        return f"{math.exp(self.exponential.slope):.2f}^m"

    @property
    def theory(self) -> Published | None:
        """Return the best lower bound at the largest m, and the same fit of such bounds."""
        best = self.lower(self.points[-1][0])
        if best is None:
            return None
        known = _finite((float(m), self.lower(m)) for m, _ in self.points)
        power = self.model == "power"
        x = [math.log(m) if power else m for m, _ in known]
        return Published(*best, fit(x, [math.log(bound) for _, bound in known]))

    def lower(self, m: int) -> tuple[Theorem, float] | None:
        """Return the largest published lower bound for m alternatives."""
        return Setting(self.method, self.kl, self.sampling, m).lower(float(self.beta))


def _finite(
    known: Iterable[tuple[float, tuple[Theorem, float] | None]],
) -> list[tuple[float, float]]:
    """Return each place that has a finite bound, with that."""
    return [(x, found[1]) for x, found in known if found and found[1] < math.inf]


def rates(entries: Iterable[Entry]) -> list[Rate]:
    """Return the growth in β of each method, setting, law and m; the best file at each β counts."""
    best: dict[Setting, dict[Fraction, Point]] = defaultdict(dict)
    for entry in entries:
        value = entry.numeric if entry.bound is None else to_float(entry.bound)
        if entry.infinite:
            value = math.inf
        if value is None or not value > 0:
            continue
        point = Point(entry.beta, value, entry.bound is not None)
        setting = Setting(entry.method, entry.kl, entry.sampling, entry.alternatives)
        old = best[setting].get(entry.beta)
        if old is None or (point.certified, value) > (old.certified, old.bound):
            best[setting][entry.beta] = point
    ordered = sorted(best, key=lambda s: (s.where, s.sampling, s.alternatives, s.method))
    return [_rate(s, sorted(best[s].values(), key=lambda p: p.beta)) for s in ordered]


def _rate(setting: Setting, points: Sequence[Point]) -> Rate:
    certified = [p for p in points if p.certified and p.bound < math.inf]
    large = [p for p in certified if p.beta >= LARGE]
    fitted = large if len(large) >= _ENOUGH else certified
    beta, bound = [float(p.beta) for p in fitted], [p.bound for p in fitted]
    logs = [math.log(b) for b in bound]
    linear, exponential = fit(beta, bound), fit(beta, logs)
    difference = support(linear, exponential, len(fitted))
    if difference is not None:  # densities of the bound itself: the exponential model's has 1/bound
        difference -= 2 * sum(logs)
    return Rate(setting, tuple(points), tuple(fitted), linear, exponential, difference)


def alike(found: Iterable[Rate]) -> list[list[Rate]]:
    """Group rates of one setting and law whose certified bounds agree within 2 % at every β."""
    groups: list[list[Rate]] = []
    for rate in found:
        group = next((g for g in groups if _agree(g[0], rate)), None)
        if group is None:
            groups.append([rate])
        else:
            group.append(rate)
    return groups


def against_beta(found: Iterable[Rate], grown: Iterable[Growth]) -> list[Rate]:
    """Leave out what only the growth in m can say something of."""
    shown = {(g.method, g.kl, g.sampling) for g in grown if g.power is not None}
    return [
        rate
        for rate in found
        if rate.model != "undecided"
        or (rate.setting.method, rate.setting.kl, rate.setting.sampling) not in shown
    ]


def _agree(one: Rate, other: Rate) -> bool:
    places = [(r.setting.kl, r.setting.sampling, [p.beta for p in r.points]) for r in (one, other)]
    return places[0] == places[1] and all(
        p.certified and q.certified and math.isclose(p.bound, q.bound, rel_tol=_ALIKE)
        for p, q in zip(one.points, other.points, strict=True)
    )


def growth(found: Iterable[Rate]) -> list[Growth]:
    """Return the growth in m wherever pairs are not drawn independently."""
    groups: dict[tuple[str, Fraction | str, str, Fraction], list[tuple[int, float]]]
    groups = defaultdict(list)
    for rate in found:
        s = rate.setting
        if s.sampling not in ("pairs", "user-dependent"):
            continue
        for point in rate.points:
            if point.certified:
                groups[s.method, s.kl, s.sampling, point.beta].append((s.alternatives, point.bound))
    result = []
    for key, points in groups.items():
        points.sort()
        finite = [(float(m), math.log(bound)) for m, bound in points if bound < math.inf]
        sizes, logs = [m for m, _ in finite], [bound for _, bound in finite]
        power, exponential = fit([math.log(m) for m in sizes], logs), fit(sizes, logs)
        if len(points) > 1:
            difference = support(power, exponential, len(finite))
            result.append(Growth(*key, tuple(points), power, exponential, difference))
    return sorted(result, key=lambda g: (g.method, in_words(g.kl), g.sampling, g.beta))
