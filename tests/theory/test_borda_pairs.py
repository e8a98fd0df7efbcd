"""Borda and IPO under a law on pairs: no bound, with one type of user."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from adversary.certifying.certify import certify
from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.theory import Law, Question
from adversary.theory.borda_pairs import THEOREM, bound, in_ball, instance


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", ["1/100", 1, 8, 30])
def test_weak_opponents_decide(solve, method, beta):
    """c, worth ε, is played; RLHF, whose reward knows how weak they are, plays the best."""
    found = instance(beta, "1/1000")
    solved = solve(found, method)
    assert solved.policy["c"] == 1
    assert solved.every == pytest.approx(1000, rel=1e-9)
    assert len(found.users) == 1
    for other in ("rlhf", "copeland", "nlhf"):
        assert solve(found, other).some == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("tau", ["1/10", "1/2", 3])
@pytest.mark.parametrize("beta", ["1/10", 2, 12])
def test_infinite_in_a_ball(solve, method, tau, beta):
    solved = solve(in_ball(beta, tau), method)
    assert solved.status == Status.SOLVED
    assert solved.policy["a"] == 1
    assert solved.every == math.inf


@pytest.mark.parametrize("method", THEOREM.methods)
def test_certified(method):
    assert certify(instance(4, "1e-9"), by_name(method)).lower_bound > 0.999e9
    assert certify(in_ball(4), by_name(method)).lower_bound == 10**100


def test_where_it_applies():
    assert bound(4, 4) == bound(4, 3, 1) == math.inf
    assert bound(4, 2) is None
    social = Question("borda", "social-choice", Law("pairs"), Fraction(4), 3)
    assert THEOREM.said(social, "lower") is None
    assert bound(4, 3, 0) is None
    with pytest.raises(InputError, match=r"^epsilon:"):
        instance(4, 1)
    with pytest.raises(InputError, match=r"^tau:"):
        in_ball(4, 0)
