"""Pair laws that depend on the user: no bound, from two types and two alternatives on."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from adversary.certifying.certify import certify
from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import (
    Independent,
    Instance,
    Pairs,
    Reference,
    UserDependent,
    UserType,
)
from adversary.theory import ghy_thm3
from adversary.theory.formulas import rate
from adversary.theory.user_dependent import THEOREM, bound, instance, on_pairs


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize(("beta", "ratio"), [("0.01", 10), (2, 10**3), (8, 10**6), (30, 10**3)])
def test_every_method_loses_the_ratio(solve, method, beta, ratio):
    solved = solve(instance(beta, ratio), method)
    assert solved.policy["b"] == pytest.approx(1, abs=1e-9)
    assert solved.every == pytest.approx(ratio, rel=1e-9)


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize(("beta", "ratio"), [("1/10", 10), (2, 10), (2, 10**6), (8, 10**3)])
def test_on_pairs(solve, method, beta, ratio):
    """Every method, as a search over laws on pairs is shown the same bound as any other."""
    solved = solve(on_pairs(beta, ratio), method)
    assert solved.status == Status.SOLVED
    assert solved.policy["b"] == pytest.approx(1, abs=1e-9)
    assert solved.every == pytest.approx(ratio, rel=1e-9)


@pytest.mark.parametrize("method", THEOREM.methods)
def test_certified(method):
    """As far as the checker names bounds, whatever β."""
    ratio = 10**12
    made = certify(instance("1/2", ratio), by_name(method))
    assert made.lower_bound == pytest.approx(ratio, rel=1e-10)


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("tau", ["1/10", "2"])
def test_in_a_ball(solve, method, tau):
    """A reference on a and b with e^(−τ) on b: b is played alone, and a share of a is missed."""
    mass = max(Fraction(1, 2), 1 / (1 + Fraction(tau)))
    for found, rest in ((instance(2, 10**4), ()), (on_pairs(2, 10**4), (Fraction(0),))):
        ball = replace(found, reference=Reference((1 - mass, mass, *rest), Fraction(tau)))
        solved = solve(ball, method)
        assert solved.policy["b"] == pytest.approx(1, abs=1e-9)
        assert solved.every > 10**4 * (1 - mass)


@pytest.mark.parametrize("method", THEOREM.methods)
def test_one_type_is_not_enough(solve, method):
    """Its own order is found, under any law of its own that shows every alternative."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        utilities = [Fraction(x, 100) for x in torch.randperm(100, generator=generator).tolist()]
        mass = torch.randint(1, 9, (4,), generator=generator).tolist()
        law = UserDependent((Independent(tuple(map(Fraction, mass))),))
        users = (UserType(Fraction(1), tuple(utilities[:4])),)
        solved = solve(Instance(Fraction(2), ("a", "b", "c", "d"), users, law), method)
        assert solved.every == pytest.approx(1, rel=1e-12)


def test_one_type_is_enough_where_alternatives_are_not_shown(solve):
    """An independent law with a zero scores a if it is common, and hides a from a type."""
    user = (UserType(Fraction(1), (Fraction(1), Fraction(1, 1000), Fraction(0))),)
    hidden = Independent((Fraction(0), Fraction(1), Fraction(1)))
    common = Instance(Fraction(2), ("a", "b", "c"), user, hidden)
    assert solve(common, "borda").every == pytest.approx(1)
    own = replace(common, sampling=UserDependent((hidden,)))
    assert solve(own, "borda").every == pytest.approx(1000)


def test_two_alternatives_are_not_enough_for_laws_on_pairs(jitter):
    """There is one pair, so all users have one law: at most K, which is nearly reached."""
    near = ghy_thm3.instance("2", "1e-2", "1.001")
    found, _ = evaluate(jitter(near, 2000, 3), by_name("rlhf"))
    assert 0.95 * rate(2) < found.some.max().item() <= rate(2) * (1 + 1e-9)


def test_smallest_sizes():
    assert len(instance(2, 10).users) == len(instance(2, 10).alternatives) == 2
    assert isinstance(instance(2, 10).sampling, UserDependent)
    law = on_pairs(2, 10).sampling
    assert isinstance(law, UserDependent)
    assert all(isinstance(own, Pairs) for own in law.laws)
    assert bound(2) == bound(2, 2) == math.inf
    assert bound(2, 1) is None


@pytest.mark.parametrize("build", [instance, on_pairs])
@pytest.mark.parametrize("ratio", [1, "1/2", 10**101])
def test_out_of_range(build, ratio):
    with pytest.raises(InputError, match=r"^ratio:"):
        build(2, ratio)
