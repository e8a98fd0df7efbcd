"""Parameters of the constructions: checked, and irrational ones rounded in a safe direction."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction

from flint import arb, ctx, fmpq

from adversary.errors import InputError
from adversary.exact import parse_rational, rounded
from adversary.problem.instance import MAX_BETA

DIGITS = 40


def beta_of(value: object) -> Fraction:
    """Return β exactly. Raises InputError."""
    beta = parse_rational("beta", value)
    if not 0 < beta <= MAX_BETA:
        raise InputError("beta", str(value), f"a number above 0, at most {MAX_BETA}")
    return beta


def count(field: str, value: object, least: int) -> int:
    """Return a whole number of at least `least`. Raises InputError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(field, value, f"a whole number of at least {least}")
    return value


def number(
    field: str, value: object, low: object, high: object, *, closed: bool = False
) -> Fraction:
    """Return a rational with low < value < high (`closed`: ends included). Raises InputError."""
    found = parse_rational(field, value)
    inside = low <= found <= high if closed else low < found < high  # type: ignore[operator]
    if not inside:
        ends = f"[{low}, {high}]" if closed else f"({low}, {high})"
        raise InputError(field, str(value), f"a number in {ends}")
    return found


def working_precision(beta: Fraction):
    """Return a context in which ball arithmetic is ample also for differences of e^(−β) or β²."""
    tiny = max(0, beta.denominator.bit_length() - beta.numerator.bit_length())
    return ctx.workprec(512 + 4 * (math.ceil(beta) + tiny))


def ball(value: Fraction | int) -> arb:
    """Return the ball of a rational at the present precision."""
    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))


def half_margin(beta: Fraction, difference: arb | Fraction) -> arb:
    """Return h(d) = σ(βd) − ½ = ½·tanh(βd/2)."""
    d = ball(difference) if isinstance(difference, Fraction) else difference
    return (ball(beta) * d / 2).tanh() / 2


def below(value: arb) -> Fraction:
    """Return a decimal with DIGITS significant digits, certainly at most a positive value."""
    return Fraction(rounded(exact(value.lower()), DIGITS, ROUND_FLOOR))


def above(value: arb) -> Fraction:
    """Return a decimal with DIGITS significant digits, certainly at least a positive value."""
    return Fraction(rounded(exact(value.upper()), DIGITS, ROUND_CEILING))


def exact(point: arb) -> Fraction:
    """Return the rational that a ball of radius 0 is."""
    mantissa, exponent = point.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
