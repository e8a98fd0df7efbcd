"""How certified bounds grow: in β (as β/2, as β, exponentially?) and, for pair laws, in m."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from scipy import stats

from adversary.exact import to_float, to_text
from adversary.sweeping.directory import Entry
from adversary.theory import Theorem, applicable

LARGE = 4.0
"""Fits use β ≥ 4 where there are enough such points: the published rates are for large β."""
_FEWEST = 3  # points of a fit
_ENOUGH = 4  # points for a choice between two models
_CLEAR = 4.0  # difference of AIC (Burnham and Anderson 2002: considerably less support)
_CONFIDENCE = 0.95
_NEAR = 0.1  # relative distance at which a slope reads as ½ or 1

Model = Literal["linear", "exponential", "undecided"]


def in_words(kl: Fraction | str) -> str:
    """Return a Cell's KL budget in words."""
    named = {"none": "social choice", "free": "KL free"}
    return named[kl] if isinstance(kl, str) else f"KL ≤ {to_text(kl)}"


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

    def theorems(self, beta: float) -> list[tuple[Theorem, float]]:
        """Return the theorems on this setting, with their finite bounds at β."""
        tau = None if isinstance(self.kl, str) else to_float(self.kl)
        setting = "social-choice" if self.kl == "none" else "alignment"
        law = "independent" if self.sampling == "uniform" else self.sampling
        found = applicable(self.method, setting, law, beta, self.alternatives, tau)
        bounds = [(t, t.bound(beta, self.alternatives, tau)) for t in found]
        return [(t, b) for t, b in bounds if b is not None and math.isfinite(b)]

    def lower(self, beta: float) -> tuple[Theorem, float] | None:
        """Return the largest published lower bound at β."""
        found = [pair for pair in self.theorems(beta) if pair[0].status != "upper"]
        return max(found, key=lambda pair: pair[1], default=None)

    def upper(self, beta: float) -> tuple[Theorem, float] | None:
        """Return the smallest published upper bound at β."""
        found = [pair for pair in self.theorems(beta) if pair[0].status != "lower"]
        return min(found, key=lambda pair: pair[1], default=None)


@dataclass(frozen=True)
class Point:
    """The best bound at one β."""

    beta: Fraction
    bound: float
    certified: bool


@dataclass(frozen=True)
class Line:
    """A least-squares line y = intercept + slope·x, and the half-width of the slope's interval."""

    intercept: float
    slope: float
    margin: float
    """95 %, Student's t; for bounds without noise it measures the curvature, no chance."""
    squares: float
    """Sum of squared residuals."""


@dataclass(frozen=True)
class Rate:
    """The points of a setting, and how they grow in β."""

    setting: Setting
    points: tuple[Point, ...]
    """Ordered by β: certified bounds, and numeric values only where nothing is certified."""
    fitted: tuple[Point, ...]
    """The certified points that the fits use."""
    linear: Line | None
    """Of the bound against β."""
    exponential: Line | None
    """Of the bound's logarithm against β."""
    support: float | None
    """AIC of the linear model minus that of the exponential one (as AICc: both have as many
    parameters); negative for linear."""

    @property
    def model(self) -> Model:
        """Return which model describes the points clearly better."""
        if self.support is None or abs(self.support) < _CLEAR:
            return "undecided"
        return "linear" if self.support < 0 else "exponential"

    @property
    def reading(self) -> str:
        """Return the growth in one word."""
        if self.linear is None or self.exponential is None or self.model == "undecided":
            return "undecided"
        if self.model == "exponential":
            return f"e^({self.exponential.slope:.2f}β)"
        for slope, name in ((0.5, "β/2"), (1.0, "β")):
            if abs(self.linear.slope - slope) <= _NEAR * slope:
                return name
        return f"{self.linear.slope:.2f}β"

    @property
    def theory(self) -> tuple[Theorem, Line | None] | None:
        """Return the best lower bound at the largest β, and the same fit of such bounds."""
        best = self.setting.lower(float(self.points[-1].beta))
        if best is None:
            return None
        betas = [float(p.beta) for p in self.fitted]
        known = [(beta, found[1]) for beta in betas if (found := self.setting.lower(beta))]
        logs = self.model == "exponential"
        return best[0], fit([b for b, _ in known], [math.log(v) if logs else v for _, v in known])


@dataclass(frozen=True)
class Growth:
    """How bounds under a pair law grow in m at one β: bound ∝ m^slope."""

    method: str
    kl: Fraction | str
    sampling: str
    beta: Fraction
    points: tuple[tuple[int, float], ...]
    line: Line | None


def rates(entries: Iterable[Entry]) -> list[Rate]:
    """Return the growth in β of each method, setting, law and m; the best file at each β counts."""
    best: dict[Setting, dict[Fraction, Point]] = defaultdict(dict)
    for entry in entries:
        value = entry.numeric if entry.bound is None else to_float(entry.bound)
        if value is None or not 0 < value < math.inf:
            continue
        point = Point(entry.beta, value, entry.bound is not None)
        setting = Setting(entry.method, entry.kl, entry.sampling, entry.alternatives)
        old = best[setting].get(entry.beta)
        if old is None or (point.certified, value) > (old.certified, old.bound):
            best[setting][entry.beta] = point
    ordered = sorted(best, key=lambda s: (s.where, s.sampling, s.alternatives, s.method))
    return [_rate(s, sorted(best[s].values(), key=lambda p: p.beta)) for s in ordered]


def _rate(setting: Setting, points: Sequence[Point]) -> Rate:
    certified = [p for p in points if p.certified]
    large = [p for p in certified if p.beta >= LARGE]
    fitted = large if len(large) >= _ENOUGH else certified
    beta, bound = [float(p.beta) for p in fitted], [p.bound for p in fitted]
    logs = [math.log(b) for b in bound]
    linear, exponential = fit(beta, bound), fit(beta, logs)
    support = None
    if linear is not None and exponential is not None and len(fitted) >= _ENOUGH:
        # Densities of the bound itself: the exponential model's has the Jacobian 1/bound.
        support = len(fitted) * math.log(linear.squares / exponential.squares) - 2 * sum(logs)
    return Rate(setting, tuple(points), tuple(fitted), linear, exponential, support)


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
        logs = [(math.log(m), math.log(bound)) for m, bound in points]
        line = fit([x for x, _ in logs], [y for _, y in logs])
        if len(points) > 1:
            result.append(Growth(*key, tuple(points), line))
    return result


def fit(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """Return the least-squares line through at least three points with different x."""
    if len(set(x)) < _FEWEST:
        return None
    xs, ys = np.asarray(x), np.asarray(y)
    centred = xs - xs.mean()
    spread = float(centred @ centred)
    slope = float(centred @ ys) / spread
    intercept = float(ys.mean() - slope * xs.mean())
    residual = ys - intercept - slope * xs
    # No better than rounding: a perfect fit is not infinitely likely.
    squares = max(float(residual @ residual), 1e-18 * float(ys @ ys), 1e-300)
    freedom = len(xs) - 2
    error = math.sqrt(squares / freedom / spread)
    return Line(
        intercept, slope, error * float(stats.t.ppf(0.5 + _CONFIDENCE / 2, freedom)), squares
    )
