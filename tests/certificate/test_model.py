"""Balls of the model contain what the definitions give."""

from typing import Any

import pytest
from flint import arb, ctx, fmpq
from mpmath import mp

from adversary.certificate import parse
from adversary.certificate.document import Ball
from adversary.certificate.model import (
    comparisons,
    divergence,
    exact_utility,
    half_tanh,
    highest,
    largest,
    soft_maximum,
    tilt,
)

from . import reference
from .samples import encode, sample

NAMES = ["borda-social-pairs", "borda-social-user-dependent", "borda-alternative-never-shown"]


def contains(ball: Any, value: Any) -> bool:
    """Whether a ball contains an mpf up to the digits of the latter, and is narrow."""
    text = mp.nstr(value, 40)
    return bool(abs(ball - arb(text)) < arb("1e-35"))


@pytest.mark.parametrize("name", [*NAMES, "rlhf-alignment-interior"])
def test_comparisons(name: str):
    with ctx.workprec(200), mp.workdps(50):
        margins, rows = comparisons(parse(encode(sample(name))))
        data = reference.problem(sample(name))
        for x in range(data.m):
            assert all(contains(a, b) for a, b in zip(margins[x], data.margins[x], strict=True))
            row, expected = rows[x], data.rows[x]
            assert (row is None) == (expected is None)
            if row is not None and expected is not None:
                assert all(contains(a, b) for a, b in zip(row, expected, strict=True))
                assert all(a.is_zero() == (b == 0) for a, b in zip(row, expected, strict=True))


def test_utility_is_exact():
    utility = exact_utility(parse(encode(sample("borda-social-pairs"))))
    assert utility[0] == (3 + 0 + fmpq(2, 10) + fmpq(5, 20)) / 14


def test_half_tanh_keeps_relative_precision():
    value = half_tanh(arb(fmpq(1, 10**40)))
    assert value.rel_accuracy_bits() > ctx.prec - 8
    assert value.overlaps(arb(fmpq(1, 4 * 10**40)))


def test_divergence_of_equal_policies_is_exactly_zero():
    policy = (fmpq(1, 3), fmpq(0), fmpq(2, 3))
    assert divergence(policy, Ball(policy, fmpq(0))).is_zero()


def test_divergence():
    ball = Ball((fmpq(1, 2), fmpq(1, 2)), fmpq(1))
    assert divergence((fmpq(1), fmpq(0)), ball).overlaps(arb(2).log())


def test_tilt_agrees_with_divergence():
    ball = Ball((fmpq(1, 5), fmpq(0), fmpq(4, 5)), fmpq(1))
    policy, kl = tilt(ball, {0: fmpq(1), 2: fmpq(0)}, fmpq(1, 3))
    direct = sum(
        ((arb(0) + p) * (arb(0) + p / ball.reference[x]).log() for x, p in policy.items()), arb(0)
    )
    assert kl.overlaps(direct)
    assert (arb(0) + sum(policy.values(), fmpq(0))).overlaps(arb(1))


@pytest.mark.parametrize("eta", [fmpq(1, 10**3000), fmpq(1), fmpq(10) ** 3000])
def test_soft_maximum_is_above_the_maximum_in_the_ball(eta: fmpq):
    ball = Ball((fmpq(1, 10**400), 1 - fmpq(1, 10**400)), fmpq(10**4))
    bound = soft_maximum(ball, {0: arb(1), 1: arb(0)}, eta)
    assert bound.is_finite()
    assert not bound < 1


def test_highest_and_largest():
    values = [arb(1, 0.5), arb(2, 1.5), arb("1.9")]
    assert highest(values) == 1
    top = largest(values)
    assert top.contains(2)
    assert top.contains(3.5)
    assert not largest([arb("nan"), arb(1)]).is_finite()
    assert not largest([arb(1), arb("nan")]).is_finite()
