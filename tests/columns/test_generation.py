"""Column generation: known suprema, a discretised reference, duals that hold, useless changes."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from numpy import ndarray

from adversary.columns.generation import CAP, Dual, Solution, _Stage, solve
from adversary.columns.master import Basis, Master, Weights
from adversary.columns.program import Program, Types
from adversary.theory.formulas import borda_rate, rate
from tests.columns.programs import borda, inequalities, path, random_program

PATHS = {3: 2.68258764, 4: 3.76952195, 5: 5.30228183}  # at β = 4; the longest is a slow test


def solved(program: Program, seed: int = 0, pool: Types | None = None) -> Solution:
    """Return the solution, which must be one."""
    found = solve(program, np.random.default_rng(seed), pool)
    assert found is not None
    assert found.solved
    assert not found.unbounded
    assert 0 <= found.gap <= 1e-6
    return found


def check(program: Program, found: Solution) -> None:
    """Judge types and weights from the program alone."""
    gain, cost, phi = program.features(found.types)
    assert (found.weights > 0).all()
    assert found.weights @ gain == pytest.approx(found.value, rel=1e-9)
    assert found.weights @ cost == pytest.approx(1.0, rel=1e-9)
    met = found.weights @ phi / np.maximum(found.weights @ np.abs(phi), 1e-300)
    assert (met >= -1e-7).all()
    assert (np.abs(met[program.equalities]) <= 1e-7).all()
    assert len(found.types) <= 1 + len(program.equalities)


def worst(program: Program, dual: Dual, types: Types) -> float:
    """Return the largest F over the sum of the sizes of its terms."""
    value, size = dual.values(program, types)
    return float((value / np.where(size > 0, size, 1.0)).max())


def dense(m: int, count: int) -> Types:
    """Return all types of a grid."""
    axis = np.linspace(0, 1, count)
    return Types.plain(np.stack(np.meshgrid(*[axis] * m, indexing="ij"), -1).reshape(-1, m))


@pytest.mark.parametrize("beta", [1, 2, 4, 8, 16, 50])
def test_borda_reaches_its_coefficient(beta: float) -> None:
    """Nearly all of μ on the third alternative: K(1+M), the worst case of every law."""
    program = borda([1e-8, 1e-8, 1.0], beta)
    found = solved(program)
    check(program, found)
    assert found.value == pytest.approx(borda_rate(beta), rel=1e-6)
    assert found.dual.price <= borda_rate(beta) * (1 + 1e-6)


@pytest.mark.parametrize("beta", [0.1, 1, 4, 16])
def test_a_majority_of_two(beta: float) -> None:
    """With two alternatives the supremum is K(β)."""
    found = solved(borda([0.5, 0.5], beta))
    assert found.value == pytest.approx(rate(beta), rel=1e-6)


@pytest.mark.parametrize("m", PATHS)
def test_paths(m: int) -> None:
    """Each alternative beats the one before: the worst last one, at β = 4."""
    program = path(m, 4.0)
    found = solved(program)
    check(program, found)
    assert found.value == pytest.approx(PATHS[m], rel=1e-6)


@pytest.mark.slow
def test_a_long_path() -> None:
    """Eight alternatives."""
    assert solved(path(8, 4.0)).value == pytest.approx(14.3687268, rel=1e-6)


def discretised(program: Program, types: Types) -> float:
    """Return the supremum over these types alone, by cvxpy."""
    gain, cost, phi = program.features(types)
    weights = cp.Variable(len(types), nonneg=True)
    held: list = [cost @ weights == 1]
    if program.equality.any():
        held.append(phi[:, program.equality].T @ weights == 0)
    if (~program.equality).any():
        held.append(phi[:, ~program.equality].T @ weights >= 0)
    problem = cp.Problem(cp.Maximize(gain @ weights), held)
    problem.solve(solver=cp.CLARABEL)
    assert problem.status == cp.OPTIMAL
    return float(problem.value)  # type: ignore[arg-type]


def tangents(m: int) -> Types:
    """Return the tangent columns around the type 0."""
    return Types(np.zeros((m, m)), np.eye(m), np.full(m, -1))


@pytest.mark.parametrize("seed", range(5))
def test_all_types_of_a_grid_are_nearly_as_bad(seed: int) -> None:
    """A linear program over [0,1]³ in steps of 1/16 gives a little less."""
    rng = np.random.default_rng(seed)
    program = random_program(rng, 3, beta=rng.choice([1.0, 2.0, 4.0]))
    found = solved(program)
    check(program, found)
    coarse = discretised(program, dense(3, 17) + tangents(3))
    assert (1 - 1e-3) * found.value <= coarse <= found.dual.price * (1 + 1e-7)


def test_a_grid_where_the_supremum_is_a_limit() -> None:
    """Borda: without the tangent columns the grid falls short, with them it does not."""
    program = borda([0.1, 0.2, 0.7], 4.0)
    found = solved(program)
    assert found.types.tangent.any()
    assert discretised(program, dense(3, 9)) < 0.98 * found.value
    with_limits = discretised(program, dense(3, 9) + tangents(3))
    assert (1 - 1e-3) * found.value <= with_limits <= found.dual.price * (1 + 1e-7)


@pytest.mark.parametrize(
    "program",
    [borda([1e-8, 1e-8, 1.0], 8.0), borda([0.2, 0.3, 0.5], 30.0), path(3, 4.0)],
    ids=["steep", "mixed", "path"],
)
def test_no_type_of_a_dense_grid_violates_the_dual(program: Program) -> None:
    """F ≤ 0 on a grid of [0,1]³, up to the tolerance of pricing."""
    found = solved(program)
    assert worst(program, found.dual, dense(3, 61)) <= 1e-9


@pytest.mark.parametrize("m", [5, 8])
def test_no_random_type_violates_the_dual(m: int) -> None:
    """F ≤ 0 at 1e5 types, plain ones and corners, and near the types found."""
    rng = np.random.default_rng(m)
    for program in (random_program(rng, m, 5.0), borda(rng.dirichlet(np.ones(m)).tolist(), 6.0)):
        found = solved(program)
        points = rng.random((100_000, m))
        points[::4] = points[::4].round()
        points[1::4] = points[1::4] ** 6
        near = found.types.concrete(1e-2).utilities
        picked = near[rng.integers(len(near), size=20_000)]
        points[:20_000] = (picked + 0.05 * rng.normal(size=picked.shape)).clip(0, 1)
        assert worst(program, found.dual, Types.plain(points)) <= 1e-9


def test_the_dual_bounds_every_population() -> None:
    """Random populations that meet the conditions stay below t."""
    program, rng = borda([0.2, 0.3, 0.5], 4.0), np.random.default_rng(50)
    found = solved(program)
    met = 0
    for _ in range(300):
        gain, cost, phi = program.features(Types.plain(rng.random((4, 3)) ** 3))
        weights = rng.dirichlet(0.3 * np.ones(4))
        if (weights @ phi >= 0).all():
            met += 1
            assert weights @ gain <= found.dual.price * (weights @ cost)
    assert met > 50


def permuted(program: Program, order: ndarray) -> Program:
    """Return the program with alternatives in another order."""
    return replace(
        program,
        best=program.best[order],
        policy=program.policy[order],
        pairs=program.pairs[:, order][:, :, order],
    )


@pytest.mark.parametrize("m", [3, 4, 5])
def test_permuting_alternatives(m: int) -> None:
    """Names do not matter."""
    rng = np.random.default_rng(m)
    for program in (random_program(rng, m, 4.0), path(m, 4.0)):
        moved = permuted(program, rng.permutation(m))
        assert solved(moved, 1).value == pytest.approx(solved(program).value, rel=1e-6)


def test_cloning_an_alternative() -> None:
    """Borda with μ split between two copies of the third alternative: the same supremum."""
    plain = solved(borda([0.2, 0.1, 0.7], 4.0)).value
    for share in (0.5, 0.01):
        cloned = borda([0.2, 0.1, 0.7 * share, 0.7 * (1 - share)], 4.0)
        assert solved(cloned).value == pytest.approx(plain, rel=1e-6)


def test_a_redundant_condition() -> None:
    """A condition twice, or the sum of two, changes nothing; nor does a trivial one."""
    program = borda([0.2, 0.3, 0.5], 4.0)
    plain = solved(program).value
    first, second = program.pairs
    for extra in (first, first + 2 * second, np.zeros_like(first)):
        more = replace(
            program,
            pairs=np.concatenate([program.pairs, extra[None]]),
            constants=np.zeros(3),
            equality=np.zeros(3, dtype=bool),
        )
        assert solved(more).value == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("size", [1e-9, 1e-3, 1e6])
def test_scaling_a_condition(size: float) -> None:
    """A condition in other units: the same value."""
    program = borda([0.2, 0.3, 0.5], 4.0)
    scaled = replace(program, pairs=program.pairs * np.array([1.0, size])[:, None, None])
    found = solved(scaled)
    assert found.value == pytest.approx(solved(program).value, rel=1e-6)


def test_a_tighter_condition_costs() -> None:
    """Another condition lowers the supremum; the policy itself as the best has ratio 1."""
    program = borda([0.2, 0.3, 0.5], 4.0)
    more = np.zeros((1, 3, 3))
    more[0, 1, 0], more[0, 0, 1] = 1.0, -1.0  # the winner beats the best
    tight = replace(
        program,
        pairs=np.concatenate([program.pairs, more]),
        constants=np.zeros(3),
        equality=np.zeros(3, dtype=bool),
    )
    assert solved(tight).value < 0.99 * solved(program).value
    assert solved(replace(program, best=program.policy)).value == pytest.approx(1, rel=1e-6)


def test_constants_and_equalities() -> None:
    """p(x≻y) = ¾ of two alternatives: the winner is x, and y cannot be the better one by much."""
    table = np.zeros((1, 2, 2))
    table[0, 0, 1], table[0, 1, 0] = 1.0, -1.0
    program = Program(
        beta=4.0,
        best=np.array([0.0, 1.0]),
        policy=np.array([1.0, 0.0]),
        pairs=table,
        constants=np.array([-0.25]),
        equality=np.array([True]),
    )
    found = solved(program)
    check(program, found)
    reference = discretised(program, dense(2, 129))
    assert (1 - 1e-3) * found.value <= reference <= found.dual.price * (1 + 1e-7)


def test_impossible() -> None:
    """p(x≻y) above σ(β): no population, so no solution."""
    program = replace(path(2, 1.0), constants=np.array([-0.3]))
    assert solve(program, np.random.default_rng(0)) is None
    assert solve(replace(program, constants=np.array([-0.2])), np.random.default_rng(0)) is not None


def test_unbounded() -> None:
    """Nothing links the policy to the best: the cap."""
    program = inequalities(4.0, [1, 0, 0], [0, 1, 0], np.zeros((1, 3, 3)))
    found = solve(program, np.random.default_rng(0))
    assert found is not None
    assert found.unbounded
    assert not found.solved
    assert found.gap == np.inf
    assert found.value == pytest.approx(CAP, rel=1e-6)


def test_a_law_for_each_user_is_unbounded() -> None:
    """Each type is asked about one pair: those who like the best are asked about others."""
    program = borda([1 / 3, 1 / 3, 1 / 3], 4.0)
    program = replace(program, law=np.full(3, 1 / 3))
    found = solve(program, np.random.default_rng(0))
    assert found is not None
    assert found.unbounded


def test_a_warm_start_changes_nothing() -> None:
    """From the columns of a neighbour the value is the same."""
    program, neighbour = borda([0.2, 0.3, 0.5], 4.0), borda([0.25, 0.25, 0.5], 4.0)
    cold = solved(program)
    warm = solved(program, 3, solved(neighbour).pool)
    check(program, warm)
    assert warm.value == pytest.approx(cold.value, rel=1e-6)


def test_limits_are_found_from_plain_types() -> None:
    """A pool without tangent columns: pricing finds those that the supremum needs."""
    program = borda([0.2, 0.3, 0.5], 4.0)
    found = solved(program, 0, dense(3, 3))
    assert found.types.tangent.any()
    assert found.value == pytest.approx(solved(program).value, rel=1e-6)


def test_a_looser_accuracy_is_kept() -> None:
    """Rough solutions are lower and upper bounds of the same number."""
    program = borda([0.2, 0.3, 0.5], 4.0)
    exact = solved(program)
    rough = solve(program, np.random.default_rng(0), accuracy=1e-2)
    assert rough is not None
    assert rough.solved
    assert 0 < rough.gap <= 1.0001e-2
    assert rough.value <= exact.dual.price
    assert rough.dual.price >= exact.value


def test_few_rounds_give_a_lower_bound_only() -> None:
    """Cut short there is no claim from above."""
    program = borda([1e-8, 1e-8, 1.0], 4.0)
    found = solve(program, np.random.default_rng(0), rounds=2)
    assert found is not None
    assert not found.solved
    assert found.gap == np.inf
    assert found.value <= borda_rate(4.0) * (1 + 1e-6)


def spoilt(found: Weights | None) -> Weights | None:
    """Return weights that miss a condition: those of the cheapest column alone."""
    if found is None or not found.feasible:
        return found
    weights = found.weights * (found.weights == found.weights.max())
    return replace(found, weights=weights)


@pytest.mark.parametrize("always", [False, True])
def test_weights_that_miss_a_condition_are_not_believed(
    monkeypatch: pytest.MonkeyPatch, always: bool
) -> None:
    """The program is solved again without the units; where that fails it counts as unsolved."""
    program, solve_master = path(3, 4.0), Master.solve

    def wrong(self: Master, cap: float, start: Basis | None = None) -> Weights | None:
        found = solve_master(self, cap, start)
        return spoilt(found) if always or start is not None else found

    monkeypatch.setattr(Master, "solve", wrong)
    found = solve(program, np.random.default_rng(0))
    assert found is not None
    assert found.solved is not always
    if not always:
        check(program, found)
        assert found.value == pytest.approx(PATHS[3], rel=1e-6)


def test_larger_units_are_believed_where_the_conditions_are_met() -> None:
    """A bound for what looked unbounded needs weights and prices that hold for every column."""
    program = path(3, 4.0)
    columns = dense(3, 5)[1:-1] + tangents(3)  # without those that contribute nothing
    stage = _Stage(program, columns[(program.features(columns)[2] != 0).any(-1)], CAP)
    step = stage.master()
    assert step is not None
    master, found = step
    assert stage._optimal(master, found)
    missed = spoilt(found)
    assert missed is not None
    assert not stage._optimal(master, missed)
    assert not stage._optimal(master, replace(found, price=0.9 * found.price))


@pytest.mark.parametrize("beta", [24.0, 36.0, 60.0, 100.0, 200.0])
@pytest.mark.parametrize("mass", [1.0, 1e-6])
def test_ratios_of_the_size_of_e_to_the_beta(beta: float, mass: float) -> None:
    """A third alternative outside the support: 1/((1−2g)/cosh²(β/2) + 2g), from a cold start."""
    g = mass * float(np.exp(-beta))
    table = np.zeros((1, 3, 3))
    table[0, 1] = g, g, 1 - 2 * g
    table[0, 0] = -table[0, 1]
    found = solved(inequalities(beta, [1, 0, 0], [0, 1, 0], table))
    truth = 1 / ((1 - 2 * g) / np.cosh(beta / 2) ** 2 + 2 * g)
    assert found.value == pytest.approx(truth, rel=1e-9)


def test_same_seed_same_bits() -> None:
    """Two runs agree in every bit."""
    first, second = (solved(random_program(np.random.default_rng(1), 4, 6.0), 9) for _ in range(2))
    assert first.value.hex() == second.value.hex()
    assert first.dual.multipliers.tobytes() == second.dual.multipliers.tobytes()
    assert first.types.utilities.tobytes() == second.types.utilities.tobytes()
    assert first.weights.tobytes() == second.weights.tobytes()
