"""The benchmarks' own strategies: annealing climbs, the afternoon script solves what it says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from adversary import NLHF, RLHF, Borda, Method
from adversary.columns.generation import solve
from adversary.columns.program import Program
from adversary.searching.simplify import values
from adversary.searching.space import FREE, SearchSpace
from adversary.searching.strategy import Strategy
from tests.benchmarks.afternoon import Afternoon, Numbers, to_instance
from tests.benchmarks.annealing import Annealing
from tests.benchmarks.strategies import TASKS, Run, Task, borda, path, search


@pytest.mark.parametrize(
    ("first", "later"),
    [(Annealing(16, 1, 1), Annealing(16, 200, 1)), (Afternoon(0), Afternoon(6))],
)
def test_they_improve_on_their_start(first: Strategy, later: Strategy) -> None:
    """Some work raises the ratio well above the first draw's, never above the supremum."""
    start, run, again = (search(s, TASKS["borda"], 60) for s in (first, later, later))
    assert 1.1 * start.ratio < run.ratio <= 1 + 1e-9
    assert run.finished
    assert [ratio for _, ratio in again.values] == [ratio for _, ratio in run.values]


def test_the_temperature_decides_what_is_taken() -> None:
    """A chain that is too hot takes every move and ends lower than one that only climbs."""
    hot, cold = (Annealing(16, 300, 1, hot=heat, cold=heat) for heat in (1e6, 1e-6))
    task = Task(Borda(), SearchSpace(Fraction(4), 3, 2), 1.0)
    assert search(hot, task, 60).ratio < 0.9 * search(cold, task, 60).ratio


@pytest.mark.parametrize(
    ("method", "ball", "sampling"),
    [
        (Borda(), False, "independent"),
        (RLHF(), False, "pairs"),
        (RLHF(), True, "independent"),
        (NLHF(), False, "independent"),
        (NLHF(), True, "pairs"),
    ],
)
def test_the_script_solves_the_inner_problem(method: Method, ball: bool, sampling: str) -> None:
    """Its own value is the package's, where its numbers are of ordinary size."""
    rng = np.random.default_rng(3)
    space = SearchSpace(
        Fraction(4), 3, 4, sampling, reference=FREE if ball else None, budget=FREE if ball else None
    )
    for _ in range(4):
        weights, law, base = (rng.dirichlet(np.ones(n)) for n in (4, 3, 3))
        utilities, independent = rng.random((4, 3)), sampling == "independent"
        base = base if ball else None
        numbers = Numbers(4.0, utilities, weights, law, independent, base, 0.1)
        expected = values([to_instance(numbers, space)], method)[0]
        assert numbers.distortion(method.name) == pytest.approx(expected, rel=1e-4)


def test_no_time_means_no_value() -> None:
    """The cap ends each strategy, and what came after it does not count."""
    for strategy in (Annealing(), Afternoon()):
        run = search(strategy, TASKS["borda"], 0.2)
        assert not run.finished
        assert all(second <= 0.2 for second, _ in run.values)


def test_times_to_reach_a_share() -> None:
    """The first improvement that reaches it, or nothing."""
    run = Run(((1.0, 0.5), (2.0, 0.95), (4.0, 0.98)), 3, 5.0, True)
    assert [run.reached(share) for share in (0.9, 0.97, 0.99)] == [2.0, 4.0, None]
    assert run.ratio == 0.98
    assert Run((), 0, 5.0, True).ratio == 0


@pytest.mark.parametrize(("program", "conditions"), [(borda(5, 3), 2), (path(5), 4)])
def test_programs_of_the_growth_table_are_solved(program: Program, conditions: int) -> None:
    """They have the conditions that the table says, and the two sides meet."""
    assert len(program.equalities) == conditions
    solution = solve(program, np.random.default_rng(0))
    assert solution is not None
    assert solution.solved
    assert solution.value > 1
