"""Exact rationals: strict parsing, printing, rounding, logarithms; nothing under- or overflows."""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from adversary.errors import InputError

MAX_DIGITS = 4_000
MAX_EXPONENT = 5_000
INFINITE = "infinite"
"""How people read the distortion of a policy of utility 0."""
_RATIONAL = re.compile(r"-?[0-9]+(?:/[0-9]+|(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_EXPECTED = "an exact number as a string: '3/7', '0.125' or '1e-40'"


def parse_rational(field: str, value: object) -> Fraction:
    """Return the rational that `value` (an int, a Fraction or a string) states exactly.

    Floats are refused because 0.1 is not one tenth. Raises InputError.
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    if not isinstance(value, str) or not _RATIONAL.fullmatch(value):
        raise InputError(field, value, _EXPECTED)
    mantissa, _, exponent = value.lower().partition("e")
    if len(mantissa) > MAX_DIGITS:
        raise InputError(field, value, f"at most {MAX_DIGITS} characters before any exponent")
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > MAX_EXPONENT):
        raise InputError(field, value, f"a decimal exponent of at most {MAX_EXPONENT} in size")
    try:
        return Fraction(value)
    except ZeroDivisionError:
        raise InputError(field, value, "a denominator other than 0") from None


def log(value: Fraction) -> float:
    """Return the natural logarithm of a rational ≥ 0 to double precision; −inf for 0."""
    if value == 0:
        return -math.inf
    if Fraction(1, 2) < value < 2:
        return math.log1p(float(value - 1))  # exact subtraction: full relative accuracy near 1
    twos = value.numerator.bit_length() - value.denominator.bit_length()
    return math.log(value / Fraction(2) ** twos) + twos * math.log(2)


def to_float(value: Fraction | float) -> float:
    """Return the nearest double; ±inf beyond the largest, 0 below the smallest."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_decimal(value: float, digits: int = 17) -> Fraction:
    """Return the shortest-looking exact decimal with `digits` significant digits near `value`."""
    return Fraction(f"{value:.{digits - 1}e}")


def rounded(value: Fraction, digits: int, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Return the decimal of so many significant digits, rounded as the module `decimal` says."""
    return _context(digits, rounding).divide(Decimal(value.numerator), Decimal(value.denominator))


def rounded_down(value: Fraction, digits: int = 6) -> str:
    """Return the largest decimal of so many significant digits that is at most the value."""
    return _general(_stripped(rounded(value, digits, ROUND_FLOOR)), digits)


def rounded_up(value: Fraction, digits: int = 6) -> str:
    """Return the smallest decimal of so many significant digits that is at least the value."""
    return _general(_stripped(rounded(value, digits, ROUND_CEILING)), digits)


def nearest(value: Fraction, digits: int = 4) -> str:
    """Return a decimal that tells a rounded number from an exact one, and 1 from what is near it.

    1/8 is 0.125, 1/3 is 0.3333; 0.50001 is 0.5000, and 0.99999999 is 1-1e-08.
    """
    found = rounded(value, digits)
    if found == value:
        return _general(_stripped(found), digits)
    if found == 1:
        return f"1{'-' if value < 1 else '+'}{nearest(abs(1 - value), 2)}"
    return _general(found, digits)


def _context(digits: int, rounding: str) -> Context:
    return Context(prec=digits, rounding=rounding, Emin=-(10**6), Emax=10**6)


def _stripped(value: Decimal) -> Decimal:
    """Return the same number without zeros at the end of its digits."""
    return value.normalize(_context(len(value.as_tuple().digits), ROUND_HALF_EVEN))


def _general(value: Decimal, digits: int) -> str:
    """Return a decimal as the format code g writes floats: 0.000125, 745.74, 1.5e+06."""
    if not value or -5 < value.adjusted() < digits:
        return f"{value:f}"
    mantissa, _, power = f"{value:e}".partition("e")
    return f"{mantissa}e{int(power):+03d}"


def to_text(value: Fraction, decimal: bool = False) -> str:
    """Return the shortest of the exact spellings of a rational: '3/7', '0.125' or '1e-40'.

    `decimal`: no fraction, where the value has finitely many decimals.
    """
    fraction = _digits(value.numerator)
    if value.denominator != 1:
        fraction += "/" + _digits(value.denominator)
    twos, fives, rest = _factor(value.denominator)
    if rest != 1 or value == 0:
        return fraction
    places = max(twos, fives)
    digits = _digits(abs(value.numerator) * 10**places // value.denominator)
    point = len(digits) - places  # where the decimal point stands in the digits
    power = min(max(point - 1, -MAX_EXPONENT), MAX_EXPONENT)
    sign = "-" if value < 0 else ""
    scientific = f"{_pointed(digits, point - power)}e{power}"
    spellings = [sign + _pointed(digits, point), sign + scientific]
    return min(spellings if decimal else [fraction, *spellings], key=len)


def _pointed(digits: str, point: int) -> str:
    """Return the digits with a decimal point after the first `point` of them."""
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    whole, rest = digits[: max(point, 0)], "0" * -point + digits[max(point, 0) :]
    return f"{whole or '0'}.{rest}".rstrip("0").rstrip(".")


def _digits(value: int) -> str:
    """Return the decimal digits; unlike `str`, without a limit on their number."""
    return str(Decimal(value))


def spelled(field: str, value: Fraction) -> str:
    """Return `to_text`. Raises InputError where no reader would take the number back."""
    text = to_text(value)
    parse_rational(field, text)
    return text


def _factor(denominator: int) -> tuple[int, int, int]:
    """Return (a, b, c) with denominator = 2^a · 5^b · c."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    return twos, fives, rest
