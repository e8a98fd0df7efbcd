"""The other side of an instance: above its distortion, true of its own law, or not there."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import adversary
from adversary import NLHF, RLHF, Borda, Copeland, Method
from adversary.interface.method import available, by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Independent, Instance, UserType, uniform
from adversary.problem.population import Population
from adversary.searching.ceiling import ceiling
from adversary.searching.exact import Columns
from adversary.searching.space import FREE
from adversary.theory import kl_vertex
from adversary.theory.formulas import rate
from adversary.verbs import SearchResult, search

TINY = Columns(starts=1, steps=3)
BUDGETS = [None, "0", "1e-30", "0.1", "0.5", "1", "50", FREE]
LAWS = ["independent", "pairs", "user-dependent", "uniform"]
BETAS = ["1e-6", "0.5", "2", "8", "24", "36", "60", "200"]
METHODS = [name for name, m in available().items() if m.__module__.startswith("adversary.")]


def found(method: str, beta: str, law: str, budget: object) -> SearchResult:
    """Return a short search."""
    sampling = uniform(3) if law == "uniform" else law
    options = {"sampling": sampling, "kl_budget": budget, "strategy": TINY, "time_limit": 20}
    return search(by_name(method), beta, **options)


def contradiction(result: SearchResult) -> str | None:
    """Return what two sentences about one result say against each other."""
    if result.certificate is None or result.ceiling is None:
        return None
    bound, top = result.certificate.lower_bound, result.ceiling.value
    if not math.isfinite(top):
        return f"a ceiling of {top}"
    return None if bound <= top else f"{float(bound)} above {top}"


QUICK = [
    ("rlhf", "2", "user-dependent", None),
    ("rlhf", "2.5", "independent", "0.1"),
    ("nlhf", "4", "independent", "0.5"),
    ("rlhf", "36", "independent", FREE),
    ("borda", "60", "independent", FREE),
    ("ipo", "1e-6", "pairs", "1"),
    ("dpo", "200", "independent", "1"),
    ("copeland", "8", "uniform", None),
    ("maximal-lotteries", "24", "independent", "1e-30"),
]
GRID = [(m, b, law, tau) for m in METHODS for b in BETAS for law in LAWS for tau in BUDGETS]


@pytest.mark.parametrize(
    ("method", "beta", "law", "budget"),
    [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in GRID)],
)
def test_no_bound_stands_above_its_ceiling(
    method: str, beta: str, law: str, budget: object
) -> None:
    """What is certified is at most the supremum printed under it, wherever both are there."""
    assert contradiction(found(method, beta, law, budget)) is None


@pytest.mark.parametrize(
    ("method", "beta", "options"),
    [
        (NLHF(), 4, {"kl_budget": "1/2"}),
        (RLHF(), 4, {"kl_budget": "1/10"}),
        (RLHF(), "5/2", {"kl_budget": "1/10"}),
        (RLHF(), 2, {"sampling": "user-dependent"}),
    ],
    ids=["nlhf", "rlhf-4", "rlhf-2.5", "rlhf-user-dependent"],
)
def test_the_ceiling_belongs_to_the_instance_shown(
    method: Method, beta: object, options: dict
) -> None:
    """Rounding moves law and reference, and with them the outcome: the final ones count."""
    result = search(method, beta, strategy=Columns(starts=1, steps=6), **options)
    assert result.certificate is not None
    assert contradiction(result) is None
    assert result.ceiling == ceiling(result.instance, method, result.certificate.lower_bound)


@pytest.mark.parametrize("beta", [2, 8, 24, 36, 60, 100, 200])
@pytest.mark.parametrize("method", ["rlhf", "dpo", "ipo", "borda"])
def test_steep_constructions_meet_their_ceiling(method: str, beta: int) -> None:
    """The instances of the theorem are as bad as their law allows, at every β."""
    size, share = Fraction(1, 10**5) / beta, Fraction(1, 10 ** (8 + beta // 2))
    instance = kl_vertex.instance(beta, size, share)
    ratio = evaluate(Population.of(instance), by_name(method))[0].every
    top = ceiling(instance, by_name(method), float(ratio[0]))
    assert top is not None
    assert top.outcome == "one winner, support of 2"
    assert float(ratio[0]) <= top.value <= math.cosh(beta / 2) ** 2 * (1 + 2e-7)
    assert float(ratio[0]) == pytest.approx(top.value, rel=2e-3)


def test_other_populations_stay_below() -> None:
    """Random users under the instance's law, with the same winner, against the same best."""
    rng, law = np.random.default_rng(3), Independent((Fraction(1), Fraction(2), Fraction(3)))
    first = search(Borda(), 4, sampling=law, strategy=TINY)
    assert first.ceiling is not None
    best, met = first.instance.average_utility, 0
    place = max(range(3), key=lambda x: best[x])
    winner = int(evaluate(Population.of(first.instance), Borda())[1].log_policy[0].argmax())
    for _ in range(200):
        users = tuple(
            UserType(Fraction(float(w)), tuple(Fraction(float(u)) for u in row))
            for w, row in zip(rng.dirichlet(np.ones(4)), rng.random((4, 3)) ** 4, strict=True)
        )
        other = Instance(Fraction(4), ("a", "b", "c"), users, law)
        chosen = int(evaluate(Population.of(other), Borda())[1].log_policy[0].argmax())
        if chosen == winner:
            met += 1
            utility = other.average_utility
            assert float(utility[place] / utility[winner]) <= first.ceiling.value
    assert met > 20


def test_what_is_known_is_never_exceeded() -> None:
    """A ceiling below the bound that is proved is dropped, not printed."""
    result = search(NLHF(), 4, strategy=TINY)
    assert result.ceiling is not None
    assert ceiling(result.instance, NLHF(), result.ceiling.value * 1.01) is None


class Silent(adversary.Method):
    """A method without outcome conditions."""

    name = "silent"

    def solve(self, preferences):
        return Borda().solve(preferences)


def test_where_there_is_none() -> None:
    """No conditions; several allowed policies."""
    result = search(Borda(), 4, strategy=TINY)
    assert ceiling(result.instance, Silent()) is None
    same = (UserType(Fraction(1), (Fraction(1),) * 3),)
    tied = Instance(Fraction(4), ("a", "b", "c"), same, uniform(3))
    assert ceiling(tied, Borda()) is None


def test_the_tournament_is_the_instances_own() -> None:
    """Copeland has many outcomes with one winner: the ceiling is that of the one at hand."""
    result = search(Copeland(), 4, strategy=TINY)
    assert result.ceiling is not None
    assert result.ceiling.value == pytest.approx(rate(4), rel=1e-6)


def test_beyond_the_floats_the_search_says_so() -> None:
    """One line, with a theorem's construction as what it is; below, nothing."""
    assert search(RLHF(), 8, kl_budget=FREE, strategy=TINY).remark is None
    remark = search(RLHF(), 300, kl_budget=FREE, strategy=TINY).remark
    assert remark is not None
    assert remark.startswith("the floats of the search end near β = 230")
    assert "the construction of kl-vertex, not found here, gives cosh²(β/2)" in remark
