"""The rational intervals of the standalone proof contain what they stand for, and are narrow."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from adversary.export import proof

SMALL = st.fractions(-50, 50, max_denominator=10**30)


@pytest.fixture(autouse=True)
def _first_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof.Interval, "bits", 128)
    monkeypatch.setattr(proof.Interval, "work", -math.inf)  # no limit


def ball(value: Fraction | int) -> arb:
    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))


def check_encloses(found: Any, true: arb, width: float = 1e-35) -> None:
    """`true` is far narrower than the interval; widths are relative to 1 or to the value."""
    low, high = ball(found.low), ball(found.high)
    assert (low <= true) is True or low == true
    assert (true <= high) is True or high == true
    assert ((high - low) <= width * abs(true).max(arb(1))) is True


FUNCTIONS: list[tuple[Callable, Callable]] = [
    (lambda x: proof.exp(-abs(x)), lambda x: (-abs(x)).exp()),
    (lambda x: proof.log(abs(x) + 1), lambda x: (abs(x) + 1).log()),
    (lambda x: proof.log(1 / (abs(x) + Fraction(1, 3))), lambda x: -(abs(x) + arb(1) / 3).log()),
    (proof.h, lambda x: (x / 2).tanh() / 2),
]


@pytest.mark.parametrize(("ours", "arbs"), FUNCTIONS)
@given(x=SMALL)
def test_functions(ours: Callable, arbs: Callable, x: Fraction) -> None:
    with ctx.workprec(600):
        check_encloses(ours(x), arbs(ball(x)))


@pytest.mark.parametrize("x", ["1e-400", "-1e-300", "9999", "-9999", "0", "1e-5", "2", "1/2"])
def test_extreme_arguments(x: str) -> None:
    value = Fraction(x)
    with ctx.workprec(20_000):
        check_encloses(proof.exp(-abs(value)), (-abs(ball(value))).exp())
        check_encloses(proof.h(value), (ball(value) / 2).tanh() / 2)
        if value > 0:
            check_encloses(proof.log(value), ball(value).log())


def test_series_counts_what_it_leaves_out() -> None:
    """Geometric series of both signs; terms are integers relative to the first, however small."""
    for first in (Fraction(1, 2**126), Fraction(-3, 10**400), Fraction(7)):
        for ratio in (Fraction(1, 2), Fraction(-1, 2), Fraction(1, 3)):
            found, true = proof.series(first, ratio, lambda k: (1, 1)), first / (1 - ratio)
            assert found.low < true < found.high
            assert found.high - found.low < abs(true) / 2**120


def test_small_margins_are_sharp() -> None:
    """1 − e^(−t) of a tiny t keeps all its digits."""
    for t in (Fraction(1, 10**300), Fraction(-1, 10**4999)):
        found = proof.h(t)
        assert found.high - found.low < abs(t) / 2**120
        assert found.low < t / 4 < found.high
    assert (proof.h(Fraction(0)).low, proof.h(Fraction(0)).high) == (0, 0)


def test_work_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the square of the length; beyond the limit nothing goes on."""
    monkeypatch.setattr(proof.Interval, "work", 0)
    proof.exact([Fraction(1), Fraction(1, 2)])
    assert proof.Interval.work == 2
    proof.spend(Fraction(2) ** 4096)
    assert proof.Interval.work == 2 + 1 + 4
    monkeypatch.setattr(proof.Interval, "work", proof.WORK)
    with pytest.raises(ValueError, match="refused"):
        proof.down(Fraction(1))


def test_exp_of_what_would_underflow() -> None:
    """Below all numbers that matter the lower end is 0, never more."""
    found = proof.exp(Fraction(-(10**9)))
    assert found.low == 0
    assert 0 < found.high < Fraction(1, 10**8000)


@given(a=SMALL, b=SMALL, c=SMALL, d=SMALL)
def test_arithmetic(a: Fraction, b: Fraction, c: Fraction, d: Fraction) -> None:
    """The ends and the middles of two intervals give results inside."""
    first = proof.Interval(min(a, b), max(a, b))
    second = proof.Interval(min(c, d), max(c, d))
    for x in (a, b, (a + b) / 2):
        for y in (c, d, (c + d) / 2):
            for result, value in (
                (first + second, x + y),
                (first - second, x - y),
                (first * second, x * y),
                (first * y, x * y),
            ):
                assert result.low <= value <= result.high


@given(x=SMALL)
def test_rounding(x: Fraction) -> None:
    """Down, by less than a part in 2^127; signs and zeros are kept."""
    low = proof.down(x)
    assert low <= x
    assert x - low <= abs(x) / 2**127
    assert (low > 0, low == 0) == (x > 0, x == 0)


def test_log_of_what_may_be_zero_is_refused() -> None:
    with pytest.raises(ArithmeticError):
        proof.log(proof.Interval(0, 1))
