"""GHY Theorem 7: NLHF has distortion K in every KL ball, under every pair law."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Reference
from adversary.theory import Law, Question, ghy_thm6, ghy_thm9, ghy_thm12
from adversary.theory.formulas import rate
from adversary.theory.ghy_thm7 import THEOREM, bound, instance, small_budget


@pytest.mark.parametrize("beta", ["0.01", 3, 10, 50])
@pytest.mark.parametrize("tau", ["0.7", 1, 40])
def test_k_is_reached_in_the_ball(solve, beta, tau):
    theory = rate(float(Fraction(beta)))
    solved = solve(instance(beta, "1e-8", "1.0000001", tau), "nlhf")
    assert solved.policy["s"] == 0
    assert solved.every == pytest.approx(theory, rel=1e-6)
    assert solved.every <= theory * (1 + 1e-9)
    assert THEOREM.bound(Fraction(beta), 2, Fraction(tau)) == pytest.approx(theory, rel=1e-14)


def test_a_small_ball_does_not_reach_k(solve):
    """Below log 2 the ball about (½, ½) holds no vertex; at 0 it holds the reference only."""
    assert 1.5 < solve(instance(10, "1e-8", tau="0.1"), "nlhf").every < 0.5 * rate(10)
    assert solve(instance(10, "1e-8", tau=0), "nlhf").every == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("beta", [2, 8, 20])
@pytest.mark.parametrize("xi", ["1", "1.001"])
def test_k_is_not_exceeded_near_the_worst_instances(jitter, beta, xi):
    """Random users, reference and budget about those that reach K."""
    population = jitter(instance(beta, "1e-3", xi, "0.8"), 1000, 11)
    found, outcome = evaluate(population, by_name("nlhf"))
    usable = outcome.status < Status.DISCONNECTED
    assert usable.all()
    computed, theory = found.some.max().item(), rate(beta)
    assert 0.97 * theory < computed <= theory * (1 + 1e-9)


@pytest.mark.parametrize("method", ["nlhf", "maximal-lotteries"])
def test_instances_that_are_bad_for_rlhf_are_not_for_nlhf(solve, method):
    for beta in (4, 8):
        for found in (ghy_thm12.instance(beta, "1e-3"), ghy_thm9.instance(beta, 64)):
            theory = rate(beta)
            assert solve(found, method).some <= theory * (1 + 1e-9)
            assert solve(found, "rlhf").every > 1.2 * theory


@pytest.mark.parametrize("share", [0, "1e-3", "1e-12", Fraction(1, 2**1000), Fraction(1, 2**30000)])
@pytest.mark.parametrize("beta", [4, 10, 14])
def test_theorem_6_is_not_bad_for_nlhf(solve, share, beta):
    found = ghy_thm6.instance(beta, share, round(math.exp(beta)) + 2)
    solved = solve(found, "nlhf")
    assert solved.status == Status.SOLVED
    assert solved.some <= rate(beta)
    free = replace(found, reference=Reference((Fraction(1),) * 3, Fraction(2)))
    assert solve(free, "nlhf").some <= rate(beta)


def test_out_of_range():
    with pytest.raises(InputError, match=r"^tau:"):
        instance(4, "1e-3", tau=-1)


@pytest.mark.parametrize("tau", ["0.05", "0.2"])
def test_small_budgets_reach_k_in_the_limit(solve, tau):
    """Also below τ = log 2: the smaller the reference masses of s and o, the nearer to K."""
    shares = [
        max(
            solve(small_budget(8, "1e-6", xi, tau, delta), "nlhf").every
            for xi in ("1.001", "1.01", "1.02", "1.05", "1.1")
        )
        / bound(8)
        for delta in ("1e-12", "1e-100", "1e-300")
    ]
    assert shares[0] < shares[1] < shares[2] < 1
    assert shares[2] > (0.98 if tau == "0.2" else 0.9)


def test_no_budget_no_distortion(solve):
    assert solve(instance(8, "1e-6", "1.001", 0), "nlhf").every == pytest.approx(1, rel=1e-12)
    zero = Question("nlhf", "alignment", Law("independent"), Fraction(8), tau=Fraction(0))
    known = THEOREM.said(zero, "upper")
    assert known is not None
    assert known.value == 1
    assert THEOREM.said(zero, "lower") is None


def test_two_alternatives_reach_k_from_log_2_on_only():
    """In smaller balls the bound is an upper one alone; with three it is a limit there."""
    for m, tau, lower in ((2, "1/2", False), (2, 1, True), (3, "1/2", True), (3, 0, False)):
        asked = Question("nlhf", "alignment", Law("pairs"), Fraction(8), m, Fraction(tau))
        assert (THEOREM.said(asked, "lower") is not None) == lower
        assert THEOREM.said(asked, "upper") is not None
