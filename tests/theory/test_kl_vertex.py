"""The constant at the vertices of a KL ball: cosh²(β/2)."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adversary.certifying.certify import certify
from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.problem.instance import Reference
from adversary.theory import Law, Question
from adversary.theory.ghy_thm6 import bound as published
from adversary.theory.kl_vertex import THEOREM, bound, instance, kernel, small_budget


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", [1, 2, 5, 10, 20])
def test_instance_reaches_the_constant_in_the_limit(solve, method, beta):
    """Every method plays b, the ratio tends to cosh²(β/2) from below."""
    if beta == 20 and method in ("borda", "ipo"):
        pytest.skip("floats take the scores of a and b for a tie; the next test decides it")
    gaps = []
    for epsilon in ("1e-3", "1e-5"):
        small = f"1e-{5 + beta // 2 + int(epsilon[3:])}"
        solved = solve(instance(beta, epsilon, small), method)
        assert solved.status == Status.SOLVED
        assert solved.policy["b"] == 1
        gaps.append(1 - solved.every / bound(beta))
    assert 0 < gaps[1] < gaps[0] / 20
    assert gaps[1] < 1e-3


@pytest.mark.parametrize("method", THEOREM.methods)
def test_certified(method):
    """A certificate needs no floats: β = 20, where the scores differ by 1e-17."""
    made = certify(instance(20, "1e-5", "1e-20"), by_name(method))
    exact = math.cosh(10) ** 2
    assert 0.999 * exact < made.lower_bound < exact


@given(*[st.floats(0, 1)] * 3, st.floats(0.01, 30))
def test_kernel_is_never_positive(a, b, z, beta):
    """The proof's inequality, up to rounding in its largest term."""
    assert kernel(a, b, z, beta) <= 1e-12 * math.cosh(beta / 2) ** 2


@pytest.mark.parametrize("beta", [0.1, 1.0, 4.0, 12.0])
def test_steps_of_the_proof(beta):
    """λ bounds the steepness from below by the slope at ±1, from above by the slope at 0."""
    t, grid = math.cosh(beta / 2) ** 2, [i / 40 for i in range(41)]
    scale = 4 * t / beta  # λ = 1/(βσ'(β))

    def h(d: float) -> float:
        return math.tanh(beta * d / 2) / 2

    for a, b, z in product(grid, grid, grid):
        f, rise = kernel(a, b, z, beta), scale * (h(a - z) - h(b - z))
        assert f == pytest.approx(a - t * b - rise, abs=1e-11 * t)
        if a >= b:
            assert rise >= (a - b) - 1e-11 * t
            assert f <= b - t * b + 1e-11 * t
        else:
            assert -rise <= (b - a) * t + 1e-11 * t
            assert f <= a - t * a + 1e-11 * t


@given(st.floats(1e-3, 30))
def test_kernel_is_tight(beta):
    """A smaller constant t fails: the two kinds of users of the instance make f nearly 0."""
    small = 1e-6 / beta
    t = math.cosh(beta / 2) ** 2
    assert kernel(small, 0, 1, beta) >= -1e-4 * small
    assert kernel(0, small, 0, beta) >= -1e-4 * small * t


@pytest.mark.parametrize("beta", [10, 15, 30])
def test_exceeds_the_published_bound(beta):
    """By a factor of about 2.5β: the paper's own instance gives e^β/(10β)."""
    assert bound(beta) == pytest.approx(2.5 * beta * published(beta), rel=1e-3)


@pytest.mark.parametrize("method", ["rlhf", "dpo", "ipo"])
@pytest.mark.parametrize(("beta", "tau"), [(2, "1/20"), (4, "1/2")])
def test_small_budgets_with_four_alternatives(solve, method, beta, tau):
    """The ratio tends to that of three alternatives as the references of a and b vanish."""
    whole = solve(instance(beta, "1/20", "1e-6"), method).every
    ratios = []
    for delta in ("1e-3", "1e-20", "1e-300"):
        solved = solve(small_budget(beta, "1/20", "1e-6", tau, delta), method)
        assert solved.status == Status.SOLVED
        ratios.append(solved.every)
    assert ratios[0] < ratios[1] < ratios[2] <= whole * (1 + 1e-9)
    assert ratios[2] > 0.99 * whole
    assert bound(beta, 4, Fraction(tau)) == bound(beta)


@pytest.mark.parametrize("tau", ["0", "1/20"])
def test_small_budgets_of_borda(solve, tau):
    """It ignores them: nearly all of the reference on a, three alternatives."""
    near = Reference((1 - Fraction(1, 10**9), Fraction(1, 10**9), Fraction(0)), Fraction(tau))
    solved = solve(replace(instance(4, "1e-3", "1e-9"), reference=near), "borda")
    assert solved.policy["b"] == 1
    assert solved.every > 0.99 * math.cosh(2) ** 2
    asked = Question("borda", "alignment", Law("independent"), Fraction(4), 3, Fraction(tau))
    assert THEOREM.said(asked, "lower") is not None


def test_where_it_applies():
    """Two vertices must lie in the ball, and c must lie outside the support."""
    two = Question("rlhf", "alignment", Law("independent"), Fraction(4), 2, Fraction(1))
    assert THEOREM.said(two, "lower") is None
    asked = Question("rlhf", "alignment", Law("independent"), Fraction(4), 3, Fraction("0.6"))
    assert THEOREM.said(asked, "lower") is None
    assert THEOREM.said(asked, "upper") is None  # the budget may bind
    assert THEOREM.said(replace(asked, loose=True), "upper") is not None
    with pytest.raises(InputError, match="epsilon"):
        instance(4, 0, "1e-9")
    with pytest.raises(InputError, match="g"):
        instance(4, "1e-3", "1/2")
