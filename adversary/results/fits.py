"""Least-squares lines through a few points, and the choice between two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

_FEWEST = 3  # points of a line
_ENOUGH = 4  # points for a choice between two models
_CLEAR = 4.0  # difference of AIC (Burnham and Anderson 2002: considerably less support)
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Line:
    """A least-squares line y = intercept + slope·x, and the half-width of the slope's interval."""

    intercept: float
    slope: float
    margin: float
    """95 %, Student's t; for bounds without noise it measures the curvature, no chance."""
    squares: float
    """Sum of squared residuals."""


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


def support(one: Line | None, other: Line | None, count: int) -> float | None:
    """Return AIC of the first line minus that of the second, both of the same numbers.

    As AICc, as both have as many parameters. None where there are too few points for a choice.
    """
    if one is None or other is None or count < _ENOUGH:
        return None
    return count * math.log(one.squares / other.squares)


def preferred(one: str, other: str, difference: float | None) -> str:
    """Return which of two models describes the points clearly better, or 'undecided'.

    `difference` is AIC of the first minus that of the second.
    """
    if difference is None or abs(difference) < _CLEAR:
        return "undecided"
    return one if difference < 0 else other
