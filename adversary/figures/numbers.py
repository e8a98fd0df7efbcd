"""Numbers and names as people and LaTeX read them."""

from __future__ import annotations

import math
import re
import sys
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context
from fractions import Fraction

from adversary.errors import printable
from adversary.exact import rounded, to_float, to_text

_LONGEST = 7  # characters of a number that is shown exactly
_LATEX = {
    "…": r"\ldots{}",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    **{c: f"\\{c}" for c in "{}$&#%_"},
}
_ACCENTS = dict(zip("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327",
                    "`'^~=u.\"rHvc", strict=True))  # fmt: skip
"""By combining accent: the letter of its command."""


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


def plain(value: Fraction, digits: int = 4, rounding: str = ROUND_HALF_EVEN) -> str:
    """Return a decimal of so many digits as `float` spells it, whatever its size."""
    decimal = rounded(value, digits, rounding).normalize(Context(Emin=-(10**6), Emax=10**6))
    return f"{decimal:f}" if -5 < decimal.adjusted() < 6 else f"{decimal:e}"


def float_below(value: Fraction) -> float:
    """Return the largest double that is at most a positive rational."""
    found = to_float(value)
    if math.isinf(found) or Fraction(found) > value:
        found = math.nextafter(found, 0)
    return found


def short(value: Fraction) -> str:
    """Return the nearest double as Python spells it, or 15 digits where no double comes near."""
    return repr(to_float(value)) if is_double(value) else plain(value, 15)


def is_double(value: Fraction) -> bool:
    """Return whether a double comes near to a number: it neither over- nor underflows."""
    found = to_float(value)
    return found == value or sys.float_info.min <= abs(found) <= sys.float_info.max


def shortened(names: Sequence[str], longest: int = 16) -> list[str]:
    """Return names for an axis: in one line, long ones cut in the middle, all distinct."""
    spelled = [printable(name) for name in names]
    head, tail = (longest - 1) // 2, longest // 2
    short = [n if len(n) <= longest else f"{n[:head]}…{n[-tail:]}" for n in spelled]
    return [f"{n} ({x})" if short.count(n) > 1 else n for x, n in enumerate(short, 1)]


def latex_text(name: str) -> str:
    r"""Return text for LaTeX, in ASCII: special characters escaped, accents as commands.

    Letters that need more than LaTeX's own fonts (Greek, Chinese, emoji) are spelled as escapes:
    β as \u03b2.
    """
    composed = unicodedata.normalize("NFC", printable(name))
    return re.sub("-(?=-)", "-{}", "".join(map(_latex_letter, composed)))  # no dashes


def _latex_letter(letter: str) -> str:
    if letter in _LATEX:
        return _LATEX[letter]
    base, *accents = unicodedata.normalize("NFD", letter)
    if len(accents) == 1 and accents[0] in _ACCENTS and base.isascii():
        return f"{{\\{_ACCENTS[accents[0]]}{{{base}}}}}"
    return (
        letter if letter.isascii() else rf"\textbackslash{{}}{ascii(letter)[2:-1]}\allowbreak{{}}"
    )
