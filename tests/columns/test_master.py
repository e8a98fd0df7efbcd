"""The master program: against other solvers, on many orders of magnitude, and without an end."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from numpy import ndarray
from scipy.optimize import linprog

from adversary.columns.master import Master, Weights

CAP = 1e6


def columns(
    seed: int, n: int = 40, conditions: int = 3
) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Return gain, cost, conditions and their kinds: feasible and bounded."""
    rng = np.random.default_rng(seed)
    gain, cost = rng.random(n), 0.05 + rng.random(n)
    phi = rng.normal(size=(n, conditions))
    phi[0] = 0.0
    equality = np.arange(conditions) % 2 == 1
    return gain, cost, phi, equality


def by_linprog(gain: ndarray, cost: ndarray, phi: ndarray, equality: ndarray) -> float:
    """Return the optimal value by scipy."""
    upper = -phi[:, ~equality].T if (~equality).any() else None
    found = linprog(
        -gain,
        A_ub=upper,
        b_ub=None if upper is None else np.zeros(len(upper)),
        A_eq=np.vstack([cost, phi[:, equality].T]),
        b_eq=np.append(1.0, np.zeros(equality.sum())),
    )
    assert found.success
    return -float(found.fun)


def by_cvxpy(gain: ndarray, cost: ndarray, phi: ndarray, equality: ndarray) -> float:
    """Return the optimal value by an interior-point method."""
    weights = cp.Variable(len(gain), nonneg=True)
    held = [cost @ weights == 1]
    held += [
        phi[:, j] @ weights == 0 if equality[j] else phi[:, j] @ weights >= 0
        for j in range(len(equality))
    ]
    problem = cp.Problem(cp.Maximize(gain @ weights), held)
    problem.solve(solver=cp.CLARABEL)
    return float(problem.value)  # type: ignore[arg-type]


def check(found: Weights, *program: ndarray, accuracy: float = 1e-9) -> None:
    """Judge weights and prices from the program alone: feasible, and of one value."""
    gain, cost, phi, equality = program
    size = np.abs(phi).T @ found.weights
    assert (found.weights >= 0).all()
    assert gain @ found.weights == pytest.approx(found.value, rel=accuracy)
    assert cost @ found.weights == pytest.approx(1.0, rel=accuracy)
    met = phi.T @ found.weights / np.where(size > 0, size, 1.0)
    assert (met >= -accuracy).all()
    assert (np.abs(met[equality]) <= accuracy).all()
    assert found.price == pytest.approx(found.value, rel=accuracy)
    assert (found.multipliers[~equality] >= -accuracy * np.abs(found.multipliers).max()).all()
    terms = np.column_stack([gain, -found.price * cost, phi * found.multipliers])
    assert (terms.sum(1) <= accuracy * np.abs(terms).sum(1)).all()


@pytest.mark.parametrize("seed", range(8))
def test_against_other_solvers(seed: int) -> None:
    """The value of scipy and of cvxpy; prices that no column violates."""
    program = columns(seed, conditions=1 + seed % 4)
    found = Master.of(*program).solve(CAP)
    assert found is not None
    assert found.feasible
    assert not found.unbounded
    check(found, *program)
    assert found.value == pytest.approx(by_linprog(*program), rel=1e-8)
    assert found.value == pytest.approx(by_cvxpy(*program), rel=1e-5)
    assert (found.weights > 0).sum() <= 1 + len(program[3])


@pytest.mark.parametrize("seed", range(6))
def test_scales_do_not_matter(seed: int) -> None:
    """Rows of 1e-12, columns from 1e-9 to 1e9, a value of 1e12: the same answer, rescaled."""
    gain, cost, phi, equality = columns(seed)
    plain = Master.of(gain, cost, phi, equality).solve(CAP)
    rng = np.random.default_rng(seed)
    rows = 10.0 ** rng.uniform(-12, 3, size=phi.shape[1])
    sizes = 10.0 ** rng.uniform(-9, 9, size=len(gain))
    moved = gain * sizes, 1e-12 * cost * sizes, phi * rows * sizes[:, None], equality
    found = Master.of(*moved).solve(1e15)
    assert plain is not None
    assert found is not None
    assert found.value == pytest.approx(1e12 * plain.value, rel=1e-8)
    assert found.weights * sizes * 1e-12 == pytest.approx(plain.weights, rel=1e-6, abs=1e-9)
    assert found.multipliers * rows == pytest.approx(plain.multipliers, rel=1e-6, abs=1e-9)
    check(found, *moved, accuracy=1e-8)


def test_a_ratio_that_hangs_on_a_tiny_weight() -> None:
    """One type in 1e12 decides: the columns (1, 0, −1e-12) and (0, 1, 1)."""
    gain, cost = np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0])
    phi = np.array([[-1e-12], [1.0], [0.0]])
    program = gain, cost, phi, np.array([False])
    found = Master.of(*program).solve(1e15)
    assert found is not None
    assert found.value == pytest.approx(1e12, rel=1e-9)
    assert found.price == pytest.approx(1e12, rel=1e-9)
    assert found.multipliers[0] == pytest.approx(1e12, rel=1e-9)


def test_known_prices_as_units() -> None:
    """With the prices of an earlier round as scales the solution is the same."""
    for seed in range(5):
        program = columns(seed)
        first = Master.of(*program).solve(CAP)
        assert first is not None
        scale = np.append(first.price, first.multipliers)
        again = Master.of(*program, scale).solve(CAP)
        assert again is not None
        check(again, *program)
        assert again.value == pytest.approx(first.value, rel=1e-10)


def test_infeasible() -> None:
    """Where every column misses a condition the prices say so: phase 1."""
    gain, cost, phi, _ = columns(30)
    phi = -0.1 - np.abs(phi)
    found = Master.of(gain, cost, phi, np.zeros(3, dtype=bool)).solve(CAP)
    assert found is not None
    assert not found.feasible
    assert not found.unbounded
    # the prices separate: with them every column, and no population, would do
    wanted = phi @ found.multipliers - found.price * cost
    assert (wanted <= 1e-9).all()
    assert found.price < 0


def test_unbounded_stops_at_the_cap() -> None:
    """A column that gains, costs nothing and meets all conditions: the value is the cap."""
    gain, cost, phi, equality = columns(31)
    cost[5], phi[5] = 0.0, np.array([1.0, 0.0, 0.5])
    for cap in (1e3, 1e6):
        found = Master.of(gain, cost, phi, equality).solve(cap)
        assert found is not None
        assert found.feasible
        assert found.unbounded
        assert found.value == pytest.approx(cap, rel=1e-6)


def test_a_bounded_value_is_not_cut_by_the_cap() -> None:
    """The cap is for programs without an end only."""
    program = columns(32)
    found = Master.of(*program).solve(1e-3)
    assert found is not None
    assert not found.unbounded
    assert found.value == pytest.approx(by_linprog(*program), rel=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_the_centre_keeps_off_every_column(seed: int) -> None:
    """At a price above the value all columns are below 0 by a margin; below the value none does."""
    gain, cost, phi, equality = program = columns(seed)
    problem = Master.of(*program)
    found = problem.solve(CAP)
    assert found is not None
    for excess, good in ((1e-3, True), (-1e-3, False)):
        price = found.value * (1 + excess)
        multipliers = problem.centre(price)
        assert multipliers is not None
        assert (multipliers[~equality] >= -1e-12).all()
        margins = (gain - price * cost + phi @ multipliers) * problem.columns
        used = (gain != 0) | (cost != 0) | (phi != 0).any(-1)
        assert bool((margins[used] < 0).all()) is good


def test_the_margin_of_the_centre_is_the_largest() -> None:
    """No other multipliers keep all columns further below 0, in their own units."""
    program = columns(40)
    gain, cost, phi, equality = program
    problem = Master.of(*program)
    found = problem.solve(CAP)
    assert found is not None
    price = 1.05 * found.value
    own = problem.centre(price)
    assert own is not None
    others, margin = cp.Variable(3), cp.Variable()
    scaled = problem.columns * problem.rows[0]
    below = cp.multiply(scaled, gain - price * cost + phi @ others) + margin <= 0
    held: list = [below, margin <= 1, *(others[j] >= 0 for j in range(3) if not equality[j])]
    cp.Problem(cp.Maximize(margin), held).solve(solver=cp.CLARABEL)
    least = -(scaled * (gain - price * cost + phi @ own)).max()
    assert min(least, 1.0) == pytest.approx(float(margin.value), rel=1e-5)  # type: ignore[arg-type]


def test_the_load_is_shared() -> None:
    """Of the multipliers with half the largest margin, those whose largest is least, by cvxpy."""
    gain, cost, _, _ = columns(41)
    phi = np.repeat((0.6 - gain / cost)[:, None], 2, axis=1)  # the best columns alone miss it
    problem = Master.of(gain, cost, phi, np.array([False, False]))
    found = problem.solve(CAP)
    assert found is not None
    price = 1.05 * found.value
    own = problem.centre(price)
    assert own is not None
    others, margin, largest = cp.Variable(2, nonneg=True), cp.Variable(), cp.Variable()
    scaled, units = problem.columns * problem.rows[0], problem.rows[0] / problem.rows[2:]
    held: list = [cp.multiply(scaled, gain - price * cost + phi @ others) + margin <= 0]
    held += [margin <= 1, cp.multiply(units, others) <= largest]
    cp.Problem(cp.Maximize(margin), held).solve(solver=cp.CLARABEL)
    assert margin.value is not None
    half = 0.5 * float(margin.value)
    least = cp.Problem(cp.Minimize(largest), [*held, margin >= half]).solve(solver=cp.CLARABEL)
    assert float((own * units).max()) == pytest.approx(float(least), rel=1e-4)  # type: ignore[arg-type]
