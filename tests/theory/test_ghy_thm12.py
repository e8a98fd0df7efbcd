"""GHY Theorem 12: Borda, RLHF and DPO prefer c to the best alternative a."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from adversary.errors import InputError
from adversary.interface.method import Status
from adversary.problem.document import Document, read, write
from adversary.problem.instance import Independent, uniform
from adversary.theory.formulas import best_gamma, borda_rate, curve, rate
from adversary.theory.ghy_thm12 import THEOREM, instance

BETAS = ("0.001", 2, 8, 50)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize(("epsilon", "g"), [("1e-2", "1e-9"), ("1e-12", "1e-25"), ("1e-3", None)])
def test_comparisons_are_as_stated(margin, beta, epsilon, g):
    """p(a≻b) = ½, p(c≻b) = ½ + g, and c has the highest Borda score."""
    found = instance(beta, epsilon, g)
    assert isinstance(found.sampling, Independent)
    law = found.sampling.weights
    stated = Fraction(g) if g else 4 * law[0]
    assert law == (stated / 4, 1 - stated / 2, stated / 4)
    e, gamma = Fraction(epsilon), 1 - found.users[0].utilities[0]
    assert float(gamma) == pytest.approx(best_gamma(float(Fraction(beta))), rel=1e-15)
    rows = [(1 - gamma, 1, 0), (1, 0, e), (0, 0, e + e**2)]
    assert [user.utilities for user in found.users] == rows
    assert -found.users[0].weight / 10**37 < margin(found, "a", "b") <= 0
    assert stated <= margin(found, "c", "b") < stated * (1 + Fraction(1, 10**12))
    names = found.alternatives
    score = {
        x: sum(w * margin(found, x, y) for w, y in zip(law, names, strict=True)) for x in names
    }
    assert score["c"] > 2 * abs(score["a"])
    assert score["c"] > 0 > score["b"]


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("m", [3, 5])
def test_c_is_picked_and_the_limit_is_the_coefficient(solve, method, beta, m):
    theory = borda_rate(float(Fraction(beta)))
    errors = []
    for epsilon in ("1e-3", "1e-6", "1e-9"):
        g = Fraction(epsilon) * Fraction(beta) / 10**10
        found = instance(beta, epsilon, g, m=m)
        solved = solve(found, method)
        assert solved.status == Status.SOLVED
        assert solved.policy["c"] == 1
        assert found.average_utility[0] == max(found.average_utility)
        errors.append(1 - solved.every / theory)
        assert -1e-13 < errors[-1] < 3 * float(epsilon) + 1e-9
    # 2e-9 is small against K − 1 also at β = 0.001, where K − 1 = 8e-8 and M = 3e-8.
    assert errors[-1] < 2e-9


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("gamma", ["0.1", "0.5", "0.9"])
def test_limit_at_other_gamma(solve, method, gamma):
    beta = 6
    theory = rate(beta) * (1 - float(gamma) + curve(float(gamma), beta))
    computed = solve(instance(beta, "1e-8", "1e-17", gamma), method).every
    assert computed == pytest.approx(theory, rel=1e-7)
    assert computed < borda_rate(beta)


def test_the_loss_comes_from_the_law(solve):
    """Under the uniform law the same users lead Borda elsewhere: μ must sit on b."""
    found = replace(instance(8, "1e-3"), sampling=uniform(3))
    assert solve(found, "borda").policy["c"] == 0


def test_bound():
    assert THEOREM.bound(8, 3) == THEOREM.bound(8, 100) == THEOREM.bound(8)
    assert THEOREM.bound(8) == pytest.approx(borda_rate(8), rel=1e-14)
    assert THEOREM.bound(8, 2) is None


def test_extremes_are_built_and_saved(tmp_path):
    found = instance(50, "1e-12", "1e-30", m=6)
    write(Document(found), tmp_path / "a.json")
    assert read(tmp_path / "a.json").instance == found


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"beta": -1, "epsilon": "1e-3"}, "beta"),
        ({"beta": 4, "epsilon": "0.7"}, "epsilon"),
        ({"beta": 4, "epsilon": "1e-3", "g": "0.1"}, "g"),
        ({"beta": 4, "epsilon": "1e-3", "g": 0}, "g"),
        ({"beta": 4, "epsilon": "1e-3", "gamma": 1}, "gamma"),
        ({"beta": 4, "epsilon": "1e-3", "m": 2}, "m"),
    ],
)
def test_out_of_range(arguments, field):
    with pytest.raises(InputError, match=f"^{field}:"):
        instance(**arguments)
