"""GHY Theorem 6: in a KL ball RLHF and DPO settle on b, and lose e^Ω(β)."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from adversary.errors import InputError
from adversary.interface.method import Status
from adversary.theory.ghy_thm6 import THEOREM, bound, instance, smallest_m


def copies(beta: float, multiple: float = 1.0) -> int:
    """Return m with m − 2 a multiple of e^β."""
    return round(multiple * math.exp(beta)) + 2


def share(beta: float, size: float) -> Fraction:
    """Return ε with log(1/ε) = size·e^β."""
    return Fraction(1, 2 ** math.ceil(size * math.exp(beta) / math.log(2)))


def formalised(beta: float) -> float:
    """Return e^β/(44β), which a third-party formalisation states for β ≥ 10."""
    return math.exp(beta) / (44 * beta)


@pytest.mark.parametrize("beta", ["3.6", 4, 10, 20, 50, 300])
def test_delta_and_borda_scores(margin, beta):
    """Alternative b beats a from `smallest_m` on, and not before; a is better than b."""
    m = smallest_m(beta)
    found = instance(beta, 0, m)
    power = math.exp(float(Fraction(beta)))
    assert float(found.users[0].weight) == pytest.approx(10 / (10 + power), rel=1e-13)
    direct = 2 * margin(found, "b", "a")
    against_c = margin(found, "b", "c") - margin(found, "a", "c")
    if beta != 300:
        assert direct + (m - 2) * against_c > 0
        assert direct + (m - 3) * against_c <= 0
        assert found.average_utility[0] > found.average_utility[1]
    if beta in (10, 20, 50):
        assert m / power == pytest.approx(0.1408, rel=2e-3)


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", [4, 10, 20, 30])
def test_without_c_in_the_reference_the_ratio_is_exact(solve, method, beta):
    """ε = 0, the limit: RLHF plays b, the optimum is a, the ratio is e^β/(10β)."""
    found = instance(beta, 0, copies(beta))
    solved = solve(found, method)
    assert solved.status == Status.SOLVED
    assert solved.policy["b"] == 1
    assert solved.every == pytest.approx(math.exp(beta) / (10 * beta), rel=1e-12)
    assert bound(beta) == pytest.approx(solved.every, rel=1e-12)


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", [10, 12, 14])
def test_the_formalised_bound_is_reached(solve, method, beta):
    """With log(1/ε) = 0.02·e^β the ratio is above e^β/(44β), and below the limit e^β/(10β)."""
    found = instance(beta, share(beta, 0.02), copies(beta))
    solved = solve(found, method)
    limit = bound(beta, 3, 1)
    assert limit is not None
    assert formalised(beta) <= solved.every <= limit
    assert solved.policy["b"] > 0.99
    assert solved.policy["c"] == pytest.approx((1 - math.log(2)) / (0.02 * math.exp(beta)), rel=0.1)
    utility = found.average_utility
    assert max(utility[:2]) == utility[0]


@pytest.mark.parametrize("beta", [10, 12])
def test_size_of_epsilon_that_it_needs(solve, beta):
    """log(1/ε) must be about (1−log 2)/34·e^β = 0.009·e^β: 1e-92 at β = 10, 1e-642 at 12."""
    theory = formalised(beta)
    assert solve(instance(beta, share(beta, 0.0085), copies(beta)), "rlhf").every < theory
    assert solve(instance(beta, share(beta, 0.0100), copies(beta)), "rlhf").every > theory


def test_size_of_m_that_it_needs(solve):
    """At the smallest m the rewards of a and b are so close that ε must be far smaller."""
    theory = formalised(10)
    epsilon = share(10, 0.02)
    least = smallest_m(10)
    assert solve(instance(10, epsilon, least), "rlhf").every < 0.2 * theory
    assert solve(instance(10, epsilon, 2 * least), "rlhf").every > theory
    assert solve(instance(10, epsilon, copies(10, 10)), "rlhf").every > theory


@pytest.mark.parametrize("method", ["rlhf", "dpo", "nlhf"])
def test_merging_the_copies_changes_nothing(solve, method):
    merged = solve(instance(4, "1e-6", copies(4), merge=True), method)
    whole = solve(instance(4, "1e-6", copies(4), merge=False), method)
    assert len(whole.policy) == copies(4) == 57
    assert whole.every == pytest.approx(merged.every, rel=1e-9)
    on_c = sum(mass for name, mass in whole.policy.items() if name.startswith("c"))
    assert on_c == pytest.approx(merged.policy["c"], rel=1e-8)
    assert whole.policy["b"] == pytest.approx(merged.policy["b"], rel=1e-8)


def test_beta_50_is_built():
    found = instance(50, "1e-12", copies(50))
    assert found.reference is not None
    assert found.reference.weights[2] == Fraction("1e-12")
    assert float(found.users[0].weight) == pytest.approx(10 * math.exp(-50), rel=1e-12)


@pytest.mark.parametrize("method", THEOREM.methods)
def test_beta_50_is_solved(solve, method):
    solved = solve(instance(50, 0, copies(50)), method)
    assert solved.every == pytest.approx(math.exp(50) / 500, rel=1e-9)


@pytest.mark.parametrize("beta", [Fraction(1, 100), 1, 2, 3.5])
def test_no_bound_where_there_is_no_instance(beta):
    """e^β > 10β holds for β < 0.11 too, but the utility 1/β is not in [0, 1] there."""
    assert bound(beta, 100) is None
    with pytest.raises(InputError, match=r"^beta:"):
        smallest_m(Fraction(beta))


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("3.5", 0, 100), "beta"),
        ((10, 1, 22028), "epsilon"),
        ((10, "-1e-9", 22028), "epsilon"),
        ((10, "1e-12", 3000), "m"),
        ((10, "1e-12", 2.5e4), "m"),
    ],
)
def test_out_of_range(arguments, field):
    with pytest.raises(InputError, match=f"^{field}:"):
        instance(*arguments)
