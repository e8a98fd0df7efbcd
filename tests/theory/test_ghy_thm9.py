"""GHY Theorem 9: each alternative beats the one before while utility falls."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from adversary.errors import InputError
from adversary.interface.method import Status
from adversary.problem.document import Document, read, write
from adversary.problem.instance import Pairs, Reference
from adversary.theory.formulas import rate
from adversary.theory.ghy_thm9 import THEOREM, instance


def exact_bound(beta: float, m: int, tau: float | None = None) -> float:
    value = THEOREM.bound(beta, m, tau)
    assert value is not None
    return value


@pytest.mark.parametrize("beta", ["0.001", 2, 4, 8, 50])
def test_each_alternative_beats_the_one_before_while_utility_falls(margin, beta):
    found = instance(beta, 64)
    u = found.average_utility
    assert u[0] == Fraction(1, 3)
    assert all(later < earlier for earlier, later in pairwise(u))
    names = found.alternatives
    steps = list(pairwise(names))
    assert all(margin(found, later, earlier) > 0 for earlier, later in steps)
    assert margin(found, "a1", "a64") > 0 or beta == "0.001"


@pytest.mark.parametrize("beta", ["0.01", 4, 50])
def test_law(beta):
    law = instance(beta, 6, "1/10").sampling
    assert isinstance(law, Pairs)
    on_path = {(x, y): w for x, y, w in law.weights if y == x + 1}
    rest = [w for x, y, w in law.weights if y != x + 1]
    assert set(on_path.values()) == {Fraction(9, 50)}
    assert len(on_path) == 5
    assert set(rest) == {Fraction(1, 100)}
    assert len(rest) == 10


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("m", [2, 3, 16, 64, 128])
@pytest.mark.parametrize("beta", [2, 4, 8])
def test_the_last_is_picked(solve, method, m, beta):
    found = instance(beta, m)
    solved = solve(found, method)
    assert solved.status == Status.SOLVED
    assert solved.policy[f"a{m}"] == 1
    assert max(found.average_utility) == found.average_utility[0]
    assert solved.every == pytest.approx(exact_bound(beta, m), rel=1e-9)


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", ["0.001", 50])
def test_extreme_beta(solve, method, beta):
    solved = solve(instance(beta, 16), method)
    assert solved.top == "a16"
    assert solved.every == pytest.approx(exact_bound(float(Fraction(beta)), 16), rel=1e-9)


@pytest.mark.parametrize("beta", [2, 4, 8])
def test_growth(solve, beta):
    """β·√(m/54) = 0.136·β·√m in the limit; at m = 64 within 8 % of it; no bound such as K."""
    limit = [exact_bound(beta, m) / (beta * math.sqrt(m / 54)) for m in (64, 1000, 100_000)]
    assert limit[0] == pytest.approx(1, abs=0.08)
    assert limit[1] == pytest.approx(1, abs=5e-3)
    assert limit[2] == pytest.approx(1, abs=6e-5)
    found = instance(beta, 128)
    assert solve(found, "rlhf").every > 1.5 * rate(beta)
    assert solve(found, "nlhf").some <= rate(beta)


def test_epsilon_must_be_small(solve):
    """The default ϵ is safe; 64 times as much still works, a spread-out law does not."""
    default = instance(4, 64).sampling
    assert isinstance(default, Pairs)
    rest = sum(w for x, y, w in default.weights if y != x + 1)
    assert 0.1 < rest * 64**2.5 < 0.2
    assert solve(instance(4, 64, 60 * rest), "rlhf").top == "a64"
    assert solve(instance(4, 64, 1000 * rest), "rlhf").top != "a64"
    assert solve(instance(4, 64, 0), "rlhf").top == "a64"


@pytest.mark.parametrize("method", THEOREM.methods)
def test_in_a_ball(solve, method):
    """References on a_1 and a_m: the same ratio for τ ≥ log 2, unbounded for every τ > 0."""
    found = instance(4, 64)
    inner = (Fraction(0),) * 62
    half = Reference((Fraction(1, 2), *inner, Fraction(1, 2)), Fraction("0.7"))
    computed = solve(replace(found, reference=half), method).every
    assert computed == pytest.approx(exact_bound(4, 64, 0.7), rel=1e-9)
    ratios = []
    for m in (16, 64, 144):
        q = Fraction("0.095")  # 1 − e^(−0.1) = 0.0952
        skewed = Reference((q, *(Fraction(0),) * (m - 2), 1 - q), Fraction("0.1"))
        ratios.append(solve(replace(instance(8, m), reference=skewed), method).every)
    assert 1.3 * ratios[0] < ratios[1] < ratios[2] / 1.3
    assert exact_bound(4, None, 0.1) == math.inf  # type: ignore[arg-type]


def test_saved(tmp_path):
    found = instance(4, 32)
    write(Document(found), tmp_path / "t.json")
    assert read(tmp_path / "t.json").instance == found


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((0, 8), "beta"), ((4, 1), "m"), ((4, 8, 1), "epsilon"), ((4, 8, "-0.1"), "epsilon")],
)
def test_out_of_range(arguments, field):
    with pytest.raises(InputError, match=f"^{field}:"):
        instance(*arguments)
