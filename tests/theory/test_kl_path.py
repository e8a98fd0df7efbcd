"""Infinite distortion in a KL ball under a pair law on four alternatives."""

from __future__ import annotations

import math

import pytest

from adversary.certifying.certify import certify
from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.theory.kl_path import THEOREM, bound, instance, lead


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", ["1/10", 1, 4, 12])
def test_the_policy_has_no_utility(solve, method, beta):
    """The reward of a is the higher one, for every β, and nobody likes a."""
    share = "1e-9" if beta == 12 else "1/1000"
    solved = solve(instance(beta, "1/1000", share), method)
    assert solved.status == Status.SOLVED
    assert solved.policy["a"] == 1
    assert solved.every == math.inf


@pytest.mark.parametrize("method", THEOREM.methods)
def test_certified(method):
    """The checker proves more than any number it names."""
    assert certify(instance(2), by_name(method)).lower_bound == 10**100


@pytest.mark.parametrize("beta", [0.1, 1.0, 4.0, 12.0])
def test_the_derivative(beta):
    """(r_a − r_b)/w → 2·sinh(β/2)·(cosh(β/2) − 1) for ε, w → 0; the ε-term has the other sign."""
    limit = 2 * math.sinh(beta / 2) * (math.cosh(beta / 2) - 1)
    share = 1e-4 * min(1.0, math.exp(-beta))
    assert lead(beta, 1e-9, share) / share == pytest.approx(limit, rel=2e-3, abs=1e-7)
    assert lead(beta, 1.0, share) < lead(beta, 1e-9, share)


def test_where_it_says_nothing():
    """Fewer alternatives, or a budget below log 2."""
    assert bound(4.0, 4, 1.0) == math.inf
    assert bound(4.0, 3, 1.0) is None
    assert bound(4.0, 4, 0.5) is None
    with pytest.raises(InputError, match="share"):
        instance(4, "1/10", 2)
