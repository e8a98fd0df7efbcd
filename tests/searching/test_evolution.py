"""CMA-ES islands: improve on any black box, repeatable, silent, apart from all global state."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import torch

from adversary import Borda
from adversary.problem.instance import UserType
from adversary.searching.evolution import Evolution
from adversary.searching.run import find
from adversary.searching.space import FREE
from tests.searching.methods import ConvexProgram, Majority

SMALL = Evolution(islands=4, population=12, generations=40)


def test_it_improves_on_its_start() -> None:
    """Generations raise a black box's ratio far above the first one's."""
    first = find(Majority(), 4, strategy=Evolution(islands=4, population=12, generations=1))
    result = find(Majority(), 4, strategy=Evolution(islands=4, population=12, generations=150))
    assert result.distortion > 1.2 * first.distortion
    assert result.strategy == "evolution"
    assert result.evaluations == 150 * 48


def test_it_reaches_most_of_a_known_bound() -> None:
    """Borda, seen as a black box: most of the tight bound, never above it."""
    result = find(Borda(), 4, strategy=Evolution(islands=8, generations=200), seed=2)
    tight = min(value for t, value in result.theory if t.status == "upper")
    assert 0.75 * tight <= result.distortion <= tight * (1 + 1e-9)


def test_a_convex_program_is_searched() -> None:
    """One cvxpy program for each candidate: slow, but a method like any other."""
    result = find(ConvexProgram(), 3, strategy=Evolution(islands=2, population=8, generations=12))
    assert 1.03 < result.distortion <= 1.5 / np.tanh(1.5) * (1 + 1e-6)


def test_supports_of_the_reference_are_tried() -> None:
    """With a free reference the islands live on different supports and still compare."""
    result = find(Majority(), 4, kl_budget=FREE, strategy=SMALL)
    assert result.instance.reference is not None
    assert result.distortion > 1.4


@pytest.mark.parametrize("disturbance", [0, 1])
def test_global_random_state_neither_matters_nor_moves(disturbance: int) -> None:
    """The seed alone decides; numpy's, torch's and Python's own generators stay as they were."""
    expected = find(Majority(), 4, strategy=SMALL, seed=3)
    np.random.seed(disturbance)  # noqa: NPY002
    torch.manual_seed(disturbance)
    random.seed(disturbance)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state(), random.getstate()  # noqa: NPY002  # pyright: ignore
    again = find(Majority(), 4, strategy=SMALL, seed=3)
    after = np.random.get_state()[1].tolist(), torch.get_rng_state(), random.getstate()  # noqa: NPY002  # pyright: ignore
    assert again.instance == expected.instance
    assert again.distortion == expected.distortion
    assert [v for _, v in again.history] == [v for _, v in expected.history]
    assert before[0] == after[0]
    assert torch.equal(before[1], after[1])
    assert before[2] == after[2]


def test_islands_restart_without_end() -> None:
    """Where every island is flat, each restarts at each generation, however many there are."""
    users = (UserType(Fraction(1), (Fraction(1, 2),) * 3),)
    result = find(Borda(), 2, users=users, strategy=Evolution(islands=3, generations=30))
    assert result.stopped == "finished"
    assert result.distortion == 1


def test_it_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """The optimiser's own messages do not reach the terminal."""
    find(Majority(), 4, strategy=Evolution(islands=1, population=6, generations=5))
    assert capfd.readouterr() == ("", "")
