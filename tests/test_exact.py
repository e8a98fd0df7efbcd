"""Exact rationals: strict parsing, printing that reads back, logarithms without overflow."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath as mp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adversary.errors import InputError
from adversary.exact import (
    MAX_EXPONENT,
    log,
    nearest,
    parse_rational,
    rounded,
    rounded_down,
    rounded_up,
    to_decimal,
    to_float,
    to_text,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3/7", Fraction(3, 7)),
        ("-0.125", Fraction(-1, 8)),
        ("1e-40", Fraction(1, 10**40)),
        ("2.5E+1", Fraction(25)),
        ("007", Fraction(7)),
        (3, Fraction(3)),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_accepted_spellings(text: object, value: Fraction) -> None:
    """A rational, a decimal and a power of ten are read exactly."""
    assert parse_rational("x", text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "1_000", "+1", ".5", "5.", "1e", "0x1", "nan", "inf", "-inf", "1/-2",
        "1/2e3", "1.5/2", "१", "1\n", "1/0", 0.1, 1.0, float("nan"), True, None, [1],
    ],
)  # fmt: skip
def test_refused_spellings(text: object) -> None:
    """Whatever is not an exact number in ASCII is refused, floats and booleans included."""
    with pytest.raises(InputError, match=r"^beta: got "):
        parse_rational("beta", text)


@pytest.mark.parametrize(
    "text", ["1e5001", "1e-5001", "1e99999999999", "1" * 4001, "1/" + "3" * 4000]
)
def test_huge_numbers_are_refused_at_once(text: str) -> None:
    """A number that would take long to expand, or to print, is an error and not a hang."""
    with pytest.raises(InputError, match="at most"):
        parse_rational("x", text)


@given(st.fractions())
def test_text_reads_back(value: Fraction) -> None:
    """Every rational survives printing and parsing."""
    assert parse_rational("x", to_text(value)) == value


@given(st.integers(-(10**30), 10**30), st.integers(-MAX_EXPONENT, MAX_EXPONENT - 31))
def test_decimals_read_back(digits: int, power: int) -> None:
    """Decimals survive too, beyond the digits that Python converts (4300) and near the limits."""
    value = digits * Fraction(10) ** power
    assert parse_rational("x", to_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(3, 7), "3/7"),
        (Fraction(1, 10**40), "1e-40"),
        (Fraction(-1, 8), "-1/8"),
        (Fraction(123456, 10**6), "0.123456"),
        (Fraction(0), "0"),
        (Fraction(12 * 10**20), "1.2e21"),
        (Fraction("0." + "1" * 3990 + "e-5000"), "0." + "1" * 3990 + "e-5000"),
    ],
)
def test_shortest_spelling(value: Fraction, text: str) -> None:
    """The shortest of fraction, decimal and power of ten is chosen."""
    assert to_text(value) == text


@given(st.fractions(min_value=Fraction(1, 10**400), max_value=10**400))
def test_log(value: Fraction) -> None:
    """Logs are accurate to a few units in the last place."""
    with mp.workdps(50):
        exact = mp.log(mp.mpf(value.numerator) / value.denominator)
    assert log(value) == pytest.approx(float(exact), rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 10**400), -400 * math.log(10)),
        (1 + Fraction(1, 10**30), 1e-30),
        (1 - Fraction(1, 10**30), -1e-30),
        (Fraction(3 * 7**4000, 7**4000 + 1), math.log(3)),
        (Fraction(1), 0.0),
    ],
)
def test_log_of_extremes(value: Fraction, expected: float) -> None:
    """Far from 1, near 1, and where numerator and denominator are both enormous."""
    assert log(value) == pytest.approx(expected, rel=1e-15, abs=0)


def test_log_of_zero() -> None:
    """The log of a zero weight is −inf."""
    assert log(Fraction(0)) == -math.inf


def test_to_float_saturates() -> None:
    """A number beyond doubles becomes ±inf or 0, never an OverflowError."""
    assert to_float(Fraction(10) ** 400) == math.inf
    assert to_float(-(Fraction(10) ** 400)) == -math.inf
    assert to_float(Fraction(1, 10**400)) == 0.0
    assert to_float(Fraction(1, 3)) == 1 / 3


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_to_decimal(value: float) -> None:
    """A decimal with 17 digits is the double; with fewer digits it is near and short."""
    assert float(to_decimal(value)) == value
    assert float(to_decimal(value, 6)) == pytest.approx(value, rel=5e-6)


def test_decimals_where_a_fraction_would_be_as_short() -> None:
    """Bounds are read by scripts as decimals: never '5/2'."""
    assert to_text(Fraction(5, 2)) == "5/2"
    assert to_text(Fraction(5, 2), decimal=True) == "2.5"
    assert to_text(Fraction(1, 3), decimal=True) == "1/3"
    assert to_text(Fraction(3), decimal=True) == "3"
    assert to_text(Fraction(10) ** 40, decimal=True) == "1e40"


@pytest.mark.parametrize(
    ("value", "down", "up"),
    [
        ("2.6826999", "2.68269", "2.6827"),
        ("1/3", "0.333333", "0.333334"),
        ("-1/3", "-0.333334", "-0.333333"),
        ("745741.9", "745741", "745742"),
        ("0.999999999999", "0.999999", "1"),
        ("0", "0", "0"),
        ("1", "1", "1"),
        ("13.7833", "13.7833", "13.7833"),
        ("123456", "123456", "123456"),
        ("1e6", "1e+06", "1e+06"),
        ("0.0001", "0.0001", "0.0001"),
        ("0.00001", "1e-05", "1e-05"),
        ("1.23456789e4990", "1.23456e+4990", "1.23457e+4990"),
        ("1.23456789e-4990", "1.23456e-4990", "1.23457e-4990"),
    ],
)
def test_bounds_are_rounded_in_their_direction(value: str, down: str, up: str) -> None:
    """What fits is exact; no magnitude is too large or too small."""
    exact = parse_rational("x", value)
    assert (rounded_down(exact), rounded_up(exact)) == (down, up)


@given(st.fractions(), st.integers(1, 20))
def test_rounding_encloses(value: Fraction, digits: int) -> None:
    """At most, at least, and nearest to the value, within one unit of the last digit."""
    down, up = (Fraction(f(value, digits)) for f in (rounded_down, rounded_up))
    assert down <= value <= up
    assert up - down <= abs(value) * Fraction(10) ** (1 - digits)
    assert down == up or {down, up} >= {Fraction(rounded(value, digits))}


@given(st.fractions())
def test_nearest_tells_rounded_from_exact(value: Fraction) -> None:
    """Only 0 is printed as 0 and only 1 as 1; four digits stand for a rounded number."""
    text = nearest(value)
    assert (text == "0") == (value == 0)
    assert (text == "1") == (value == 1)
    if "1-" not in text and "1+" not in text and Fraction(text) != value:
        digits = text.lower().partition("e")[0].replace(".", "").lstrip("-0")
        assert len(digits) == 4
