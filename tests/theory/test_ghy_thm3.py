"""GHY Theorem 3: comparisons that say nothing, or that hide the best alternative."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adversary.errors import InputError
from adversary.interface.method import Status
from adversary.problem.document import Document, read, write
from adversary.theory.formulas import rate
from adversary.theory.ghy_thm3 import THEOREM, instance

BETAS = ("0.001", 4, 50)
EPSILONS = ("0.1", "1e-3", "1e-12")


def alpha(found) -> Fraction:
    return found.users[0].weight


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_xi_one_makes_every_comparison_even(margin, beta, epsilon):
    found = instance(beta, epsilon, m=4)
    for x in ("x1", "x2", "x3"):
        assert -alpha(found) / 10**38 < margin(found, "s", x) <= 0
        assert margin(found, "x1", x) == 0
    assert found.average_utility[0] > found.average_utility[1]  # by the factor K > 1


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_xi_above_one_makes_s_a_condorcet_loser(margin, beta, epsilon):
    found = instance(beta, epsilon, "1.000001", m=4)
    assert all(margin(found, "s", x) < 0 for x in ("x1", "x2", "x3"))


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("m", [2, 4, 16])
@pytest.mark.parametrize(("beta", "epsilon"), [("0.001", "1e-3"), (4, "1e-3"), (8, "1e-6")])
def test_no_information_costs_what_the_theorem_says(solve, method, m, beta, epsilon):
    """All alternatives look alike, so that floats tell no winner; the even policy has 1/m on s."""
    found = instance(beta, epsilon, m=m)
    solved = solve(found, method)
    assert solved.status == Status.UNDETERMINED
    assert solved.policy["s"] == pytest.approx(1 / m, rel=1e-12)
    a, e = alpha(found), Fraction(epsilon)
    assert solved.ratio >= float(a / (a / m + e * (1 - a))) * (1 - 1e-12)
    exact = a / (a / m + (1 - Fraction(1, m)) * e * (1 - a))
    assert solved.ratio == pytest.approx(float(exact), rel=1e-10)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.lists(st.fractions(0, 1, max_denominator=1000), min_size=3, max_size=6),
    st.sampled_from([1, 4, 20]),
)
def test_any_policy_with_little_mass_on_s(rest, beta):
    """Exact: every policy with mass at most 1/m on s has at least the ratio of the theorem."""
    m = len(rest) + 1
    total = sum(rest)
    on_s = Fraction(1, m)
    policy = [on_s, *((1 - on_s) * (w / total if total else Fraction(1, m - 1)) for w in rest)]
    found = instance(beta, "1e-3", m=m)
    u = found.average_utility
    a, e = alpha(found), Fraction("1e-3")
    achieved = sum(p * v for p, v in zip(policy, u, strict=True))
    assert u[0] / achieved >= a / (a / m + e * (1 - a))


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("m", [2, 4])
@pytest.mark.parametrize("beta", ["0.1", 2, 8, 50])
def test_a_condorcet_loser_is_never_played_and_the_limit_is_k(solve, method, m, beta):
    """For methods that avoid the loser the limit K is reached at every m, not only m → ∞."""
    theory = rate(float(Fraction(beta)))
    found = instance(beta, "1e-9", "1.0000001", m)
    solved = solve(found, method)
    assert solved.policy["s"] == 0
    assert solved.some == pytest.approx(solved.every, rel=1e-12)
    assert solved.every == pytest.approx(theory, rel=1e-6)
    assert solved.every <= theory * (1 + 1e-9)


@pytest.mark.parametrize("method", THEOREM.methods)
def test_ratio_to_full_precision(solve, method):
    """α/((1−α)ξε), with a policy that is even on three alternatives."""
    u = instance(4, "1e-3", "1.01", 4).average_utility
    computed = solve(instance(4, "1e-3", "1.01", 4), method).every
    assert computed == pytest.approx(float(u[0] / u[1]), rel=1e-12)


@pytest.mark.parametrize("method", THEOREM.methods)
def test_ties_at_small_weights(solve, method):
    """The rounding of a small weight's logarithm must count as noise, here and at every ε."""
    for beta, power in ((4, 10), (20, 11), (50, 12)):
        assert solve(instance(beta, f"1e-{power}"), method).status == Status.UNDETERMINED


@pytest.mark.parametrize("beta", [1e-3, 2.0, 8.0, 50.0])
def test_bound_is_the_limit_of_the_instances(beta):
    for m in (2, 5, 1000):
        a = alpha(instance(str(beta), "1e-12", m=2))
        finite = float(a / (a / m + Fraction("1e-12") * (1 - a)))
        found = THEOREM.bound(beta, m)
        assert found == (None if finite <= 1 else pytest.approx(finite, rel=1e-9))
    assert THEOREM.bound(beta, 10**12) == pytest.approx(rate(beta), rel=1e-9)
    assert THEOREM.bound(beta) == pytest.approx(rate(beta), rel=1e-14)
    assert THEOREM.bound(beta, 1) is None


def test_extremes_are_built_and_saved(tmp_path):
    found = instance(50, "1e-12", "1.000001", 6)
    write(Document(found), tmp_path / "s.json")
    assert read(tmp_path / "s.json").instance == found


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0, "1e-3"), "beta"),
        ((4, 0), "epsilon"),
        ((4, "0.9", "1.2"), "epsilon"),
        ((4, "1e-3", "0.5"), "xi"),
        ((4, "1e-3", 1, 1), "m"),
        ((4, 1e-3), "epsilon"),
    ],
)
def test_out_of_range(arguments, field):
    with pytest.raises(InputError, match=f"^{field}:"):
        instance(*arguments)
