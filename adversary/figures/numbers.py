"""Numbers and names as people and LaTeX read them."""

from __future__ import annotations

import math
import re
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context
from fractions import Fraction

from adversary.errors import printable
from adversary.exact import rounded, to_float, to_text

_LONGEST = 7  # characters of a number that is shown exactly
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    **{c: f"\\{c}" for c in "{}$&#%_"},
}


def latex_number(value: Fraction, digits: int = 4, rounding: str = ROUND_HALF_EVEN) -> str:
    """Return a rational in mathematics mode: exact where that is short, otherwise rounded."""
    exact = to_text(value)
    if len(exact) <= _LONGEST and "e" not in exact:
        return f"${exact}$"
    decimal = rounded(value, digits, rounding).normalize(Context(Emin=-(10**6), Emax=10**6))
    power = decimal.adjusted()
    if -4 < power < 6:
        return f"${decimal:f}$"
    figures = "".join(map(str, decimal.as_tuple().digits))
    mantissa = figures[0] + ("." + figures[1:] if figures[1:] else "")
    return f"$10^{{{power}}}$" if mantissa == "1" else f"${mantissa}\\times 10^{{{power}}}$"


def latex_bound(bound: Fraction) -> str:
    """Return a lower bound in mathematics mode, rounded down."""
    return latex_number(bound, 6, ROUND_FLOOR)


def float_below(value: Fraction) -> float:
    """Return the largest double that is at most a positive rational."""
    found = to_float(value)
    if math.isinf(found) or Fraction(found) > value:
        found = math.nextafter(found, 0)
    return found


def latex_text(name: str) -> str:
    """Return text with LaTeX's special characters escaped."""
    escaped = "".join(_LATEX.get(c, c) for c in printable(name))
    return re.sub("-(?=-)", "-{}", escaped)  # no dashes
