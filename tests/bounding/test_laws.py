"""Bounds for one independent law against the exact search of all its outcomes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from adversary.bounding.laws import prove_law
from adversary.bounding.proving import Draft
from adversary.columns.generation import solve
from tests.bounding.test_kernels import BETAS, assert_checked
from tests.columns import programs

SMALL = ((1, 1), (1, 3), (1, 1, 1), (1, 2, 3), (1, 5, 1), (1, 1, 2, 2, 5))


def random_weights(seed: int) -> tuple[Fraction, ...]:
    """From 3 to 32 weights of two digits, some very unequal."""
    rng = np.random.default_rng(seed)
    drawn = rng.exponential(size=int(rng.integers(3, 33))) ** (1 + seed % 3)
    return tuple(Fraction(f"{value:.1e}") for value in drawn.tolist())


def largest(mu: list[float], beta: float) -> float:
    """The supremum over all populations, winners and bests: merged alternatives are no loss."""
    m = len(mu)
    pairs = {(mu[b], mu[w]): (w, b) for w in range(m) for b in range(m) if w != b}
    rng = np.random.default_rng(0)
    found = [solve(programs.borda(mu, beta, *pair), rng, accuracy=1e-9) for pair in pairs.values()]
    return max(solution.value for solution in found if solution is not None)


@pytest.mark.parametrize("weights", SMALL, ids=str)
@pytest.mark.parametrize("beta", ["1", "8"])
def test_the_gap_to_the_exact_search(weights: tuple[int, ...], beta: str) -> None:
    proved = prove_law(
        Draft(Fraction(beta), "borda", "social-choice"), list(map(Fraction, weights))
    )
    exact = largest([weight / sum(weights) for weight in weights], float(beta))
    assert -1e-9 < float(proved.upper_bound) / exact - 1 <= 1e-6
    assert_checked(proved)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("beta", BETAS[::3])
def test_random_laws(seed: int, beta: str) -> None:
    weights = random_weights(seed)
    proved = prove_law(Draft(Fraction(beta), "rlhf", "social-choice"), weights)
    low, second = sorted(float(w / sum(weights)) for w in weights)[:2]
    rest = 1 - low - second
    exact = max(
        largest_of([low, second, rest], float(beta), 1, 0),
        largest_of([low, second, rest], float(beta), 0, 1),
    )
    assert -1e-9 < float(proved.upper_bound) / exact - 1 <= 1e-6
    assert_checked(proved)


def largest_of(mu: list[float], beta: float, winner: int, best: int) -> float:
    """The supremum for one outcome, where all others have the same utility."""
    program = programs.borda(mu, beta, winner, best)
    solution = solve(program, np.random.default_rng(0), accuracy=1e-9)
    assert solution is not None
    return solution.value


def test_a_zero() -> None:
    """Borda takes weights of 0; with two of them the kernel's constant is near."""
    draft = Draft(Fraction(4), "borda", "social-choice")
    proved = prove_law(draft, [Fraction(0), Fraction(0), Fraction(1)])
    assert float(proved.upper_bound) == pytest.approx(2.682587638, rel=1e-6)
    assert_checked(proved)
