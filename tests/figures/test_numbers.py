"""Numbers and names for people: readable, and bounds never rounded up."""

from __future__ import annotations

from decimal import ROUND_FLOOR
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adversary.figures.numbers import float_below, latex_bound, latex_number, latex_text, rounded

POSITIVE = st.fractions(Fraction(1, 10**40), 10**40).filter(bool)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "$0$"),
        ("3/7", "$3/7$"),
        ("0.125", "$1/8$"),
        ("37.4", "$37.4$"),
        ("1e-40", "$10^{-40}$"),
        ("1/1234567", "$8.1\\times 10^{-7}$"),
        ("123456/1234567", "$0.1$"),
        ("12345/1234567", "$0.009999$"),
        ("7e-400", "$7\\times 10^{-400}$"),
        ("4.7619047619e32", "$4.762\\times 10^{32}$"),
    ],
)
def test_latex_number(value: str, text: str) -> None:
    assert latex_number(Fraction(value)) == text


def test_latex_bound_is_rounded_down() -> None:
    assert latex_bound(Fraction("13.8333379999")) == "$13.8333$"
    assert latex_bound(Fraction("2201545.9")) == "$2.20154\\times 10^{6}$"


@given(value=POSITIVE)
def test_rounded_down(value: Fraction) -> None:
    for digits in (1, 6, 15):
        found = Fraction(rounded(value, digits, ROUND_FLOOR))
        assert value * (1 - Fraction(10) ** (1 - digits)) <= found <= value


@given(value=POSITIVE)
def test_float_below(value: Fraction) -> None:
    found = float_below(value)
    assert value * (1 - Fraction(1, 2**52)) <= Fraction(found) <= value


def test_float_below_of_what_no_float_holds() -> None:
    assert float_below(Fraction(10) ** 400) == 1.7976931348623157e308


def test_latex_text() -> None:
    assert latex_text("a_b & 50% {x}") == r"a\_b \& 50\% \{x\}"
    assert latex_text("\\^~") == r"\textbackslash{}\textasciicircum{}\textasciitilde{}"
    assert latex_text("a---b") == "a-{}-{}-b"
    assert latex_text("one\ntwo") == r"one\textbackslash{}ntwo"
