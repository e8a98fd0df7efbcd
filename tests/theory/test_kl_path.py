"""Infinite distortion in a KL ball under a pair law on four alternatives."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest

from adversary.certifying.certify import certify
from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.problem.instance import Instance, Pairs, Reference, all_pairs
from adversary.theory.kl_path import THEOREM, bound, instance, lead


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", ["1/10", 1, 4, 12])
@pytest.mark.parametrize("tau", ["1/100", "1/2", 1, 5])
def test_the_policy_has_no_utility(solve, method, beta, tau):
    """The reward of a is the higher one, for every β and τ > 0, and nobody likes a."""
    share = "1e-9" if beta == 12 else "1/1000"
    solved = solve(instance(beta, "1/1000", share, tau), method)
    assert solved.status == Status.SOLVED
    assert solved.policy["a"] == 1
    assert solved.every == math.inf


@pytest.mark.parametrize("method", THEOREM.methods)
def test_certified(method):
    """The checker proves more than any number it names."""
    assert certify(instance(2), by_name(method)).lower_bound == 10**100


@pytest.mark.parametrize("beta", ["1e-6", "1/100", "1/10", 1, 8, 30, 300])
def test_the_defaults_are_small_enough(beta):
    """ε = 0.01 and w = 0.001, whatever β, fail at β ≤ 0.1: there ε must be below β²/8."""
    assert lead_exactly(instance(beta)) > 0
    if Fraction(beta) <= Fraction(1, 10):
        assert lead_exactly(instance(beta, "1/100", "1/1000")) < 0


def lead_exactly(found: Instance) -> float:
    """Return the sign of r_a − r_b, from many digits."""
    most, few = found.users
    with mpmath.workdps(1000):
        b, w = mpmath.mpf(str(float(found.beta))), few.weight / (few.weight + most.weight)
        w, size = (mpmath.mpf(x.numerator) / x.denominator for x in (w, few.utilities[0]))

        def odds(much, little):
            half = (1 - w) * mpmath.tanh(b * much / 2) + w * mpmath.tanh(b * little / 2)
            return 2 * mpmath.atanh(half)

        return float(mpmath.sign(odds(0.5, 0) + odds(0.5, -size) - odds(1, 0)))


def test_a_law_of_full_support_and_a_reference_of_full_support(solve):
    """A little mass on the other pairs changes nothing; on c and d it makes the ratio finite."""
    found = instance(2)
    assert isinstance(found.sampling, Pairs)
    asked = {(x, y): weight for x, y, weight in found.sampling.weights}
    every = Pairs(tuple((*xy, asked.get(xy, Fraction(1, 10**9))) for xy in all_pairs(4)))
    assert solve(replace(found, sampling=every), "rlhf").every == math.inf
    ratios = []
    for little in ("1e-100", "1e-200", "1e-400"):
        share = Fraction(little)
        full = Reference((1, 1, share, share), Fraction(1))  # type: ignore[arg-type]
        ratios.append(solve(replace(found, reference=full), "rlhf").every)
    assert ratios[0] < ratios[1] < ratios[2] < math.inf


@pytest.mark.parametrize("beta", [0.1, 1.0, 4.0, 12.0])
def test_the_derivative(beta):
    """(r_a − r_b)/w → 2·sinh(β/2)·(cosh(β/2) − 1) for ε, w → 0; the ε-term has the other sign."""
    limit = 2 * math.sinh(beta / 2) * (math.cosh(beta / 2) - 1)
    share = 1e-4 * min(1.0, math.exp(-beta))
    assert lead(beta, 1e-9, share) / share == pytest.approx(limit, rel=2e-3, abs=1e-7)
    assert lead(beta, 1.0, share) < lead(beta, 1e-9, share)


def test_where_it_says_nothing():
    """Fewer alternatives, or no budget at all."""
    assert bound(4, 4, 1) == bound(4, 4, 1e-9) == math.inf
    assert bound(4, 3, 1) is None
    assert bound(4, 4, 0) is None
    with pytest.raises(InputError, match="share"):
        instance(4, "1/10", 2)
