"""The game on a KL ball against cvxpy, linear programs, and a duality gap computed elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from torch import Tensor

from adversary.solvers import game, kl_ball
from tests import reference
from tests.generators import LAWS, NEVER, log_weights, populations, skew, tensor


def solved(margin: object, log_ref: object = None, budget: float = math.inf) -> game.GameSolution:
    """Solve one game without noise; by default social choice."""
    table = tensor(margin)
    m = len(table)
    uniform = torch.full((m,), -math.log(m), dtype=torch.float64)
    log_reference = uniform if log_ref is None else tensor(log_ref)
    return game.solve(table, torch.zeros_like(table), log_reference, tensor(budget))


CYCLE = [[0, 0.2, -0.1], [-0.2, 0, 0.4], [0.1, -0.4, 0]]


def test_nash_against_cvxpy() -> None:
    """The same policy as the convex program, and its value ½, on 300 random games in balls."""
    checked = 0
    for m in (2, 3, 4):
        p = populations(m, 100, m, beta=4.0).preferences()
        found = game.solve(p.margin, p.noise, p.log_reference, p.budget)
        for i in range(100):
            ref = p.log_reference[i].exp().numpy()
            value, policy = reference.solved(
                reference.nash(m),
                margin=p.margin[i],
                inverse=1 / ref,
                reference=ref,
                budget=p.budget[i],
            )
            assert value == pytest.approx(0, abs=1e-6)
            if found.unique[i]:
                checked += 1
                assert np.abs(found.log_policy[i].exp().numpy() - policy).max() <= 1e-3
    assert checked >= 290


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("beta", [1e-3, 5.0, 50.0])
def test_duality_gap(law: str, beta: float) -> None:
    """Gap ≤ 1e-10 of max |A| by an independent bound, KL within the budget to 1e-12."""
    for m, spread in ((3, 1.5), (6, 1.5), (6, 20.0)):
        p = populations(m + 7, 12, m, law=law, beta=beta, spread=spread).preferences()
        found = game.solve(p.margin, p.noise, p.log_reference, p.budget)
        assert found.gap.max() <= 1e-10
        assert found.residual.max() <= 1e-12
        for i in range(12):
            tables = (p.margin[i].numpy(), found.log_policy[i].exp().numpy())
            ball = (p.log_reference[i].numpy(), p.budget[i].item())
            assert reference.duality_gap(*tables, *ball) <= 1e-10
            divergence = kl_ball.divergence(found.log_policy[i], p.log_reference[i])
            assert divergence <= p.budget[i] * (1 + 1e-12)


def test_lotteries_against_linear_programs() -> None:
    """The same maximal lottery as the linear program, on 300 random tournaments."""
    for m in (3, 5, 7):
        rng = np.random.default_rng(m)
        tables = [skew(rng, m) for _ in range(100)]
        free = tensor([math.inf] * 100)
        found = game.solve(
            tensor(tables), torch.zeros(100, m, m).double(), log_weights(rng, 100, m), free
        )
        assert found.unique.all()
        assert found.gap.max() <= 1e-12
        for i in range(100):
            _, policy = reference.solved(reference.lottery(m), margin=tables[i])
            assert np.abs(found.log_policy[i].exp().numpy() - policy).max() <= 1e-5


def test_many_hard_games_converge() -> None:
    """9216 games of each kind of law, up to 20 alternatives, margins near 0: none is left open.

    A solver that never shortens its steps leaves one in 250 of these unsolved.
    """
    for seed, (m, law, beta) in enumerate(
        [(8, "user-dependent", 8.0), (8, "user-dependent", 1e-3), (20, "user-dependent", 8.0),
         (8, "pairs", 50.0), (3, "user-dependent", 50.0), (5, "independent", 20.0)]
    ):  # fmt: skip
        for social in (True, False):
            p = populations(
                seed, 768, m, users=5, law=law, beta=beta, social=social, spread=3.0
            ).preferences()
            found = game.solve(p.margin, p.noise, p.log_reference, p.budget)
            assert found.gap.max() <= 1e-10
            assert found.residual.max() <= 1e-12
            assert found.unique.all()


def test_cycle() -> None:
    """A cycle of three has one lottery, each mass the opposite margin, whatever the reference."""
    found = solved(CYCLE, np.log([0.1, 0.2, 0.7]))
    assert found.unique
    assert np.allclose(found.log_policy.exp(), np.array([0.4, 0.1, 0.2]) / 0.7, atol=1e-12)


def test_cycle_of_very_different_margins() -> None:
    """A lottery with masses from 1 to 1e-9 is found to an absolute 1e-12."""
    table = np.zeros((3, 3))
    table[0, 1], table[1, 2], table[2, 0] = 0.3, 1e-9, 1e-3
    found = solved(table - table.T)
    weights = np.array([1e-9, 1e-3, 0.3])
    assert found.unique
    assert np.allclose(found.log_policy.exp(), weights / weights.sum(), atol=1e-12)


@pytest.mark.parametrize("tau", [math.log(5) + 1e-9, 1e300, math.inf])
def test_condorcet_winner(tau: float) -> None:
    """A budget that allows the Condorcet winner returns it exactly, and alone."""
    table = [[0, 0.1, 1e-9], [-0.1, 0, 0.4], [-1e-9, -0.4, 0]]
    found = solved(table, np.log([0.2, 0.2, 0.6]), tau)
    assert found.unique
    assert found.log_policy.tolist() == [0.0, NEVER, NEVER]


def test_zero_budget() -> None:
    """A budget of 0 leaves the reference, zeros included."""
    log_ref = [math.log(0.3), NEVER, math.log(0.7)]
    found = solved(CYCLE, log_ref, 0.0)
    assert found.unique
    assert found.log_policy.tolist() == log_ref


@pytest.mark.parametrize("tau", [1e-10, 1e-4, 3.0, 200.0, 680.0])
@pytest.mark.parametrize("mass", [-300, -400])
def test_tiny_and_zero_reference_masses(tau: float, mass: int) -> None:
    """Masses of 1e-300 and 1e-400 are climbed from; where the mass is 0 nothing ever is."""
    log_ref = tensor([mass * math.log(10), 0.0, math.log(0.5), NEVER]).log_softmax(-1)
    table = np.zeros((4, 4))
    table[0, 1], table[0, 2], table[1, 2], table[3] = 0.3, 0.2, 0.1, [0.5, 0.5, 0.5, 0]
    table = np.triu(table) - np.triu(table).T
    table[3], table[:, 3] = 0.5, -0.5
    table[3, 3] = 0
    found = solved(table, log_ref, tau)
    assert found.log_policy[3] == NEVER
    assert found.residual <= 1e-12
    gap = reference.duality_gap(table, found.log_policy.exp().numpy(), log_ref.numpy(), tau)
    assert gap <= 1e-10
    assert found.unique


def test_everything_tied() -> None:
    """Margins within their noise are ties: the reference is returned and is not alone."""
    noise = torch.full((3, 3), 1e-15).double()
    log_ref = log_weights(np.random.default_rng(0), 3)
    for tau in (0.2, math.inf):
        found = game.solve(tensor(np.array(CYCLE) * 1e-15), noise, log_ref, tensor(tau))
        assert torch.equal(found.log_policy, log_ref)
        assert not found.unique
    single = game.solve(tensor(CYCLE), noise, tensor([0.0, NEVER, NEVER]), tensor(1.0))
    assert single.unique


def clones(table: np.ndarray, copies: list[int]) -> np.ndarray:
    """Return the margins after alternative x is replaced by copies[x] equal ones."""
    index = np.repeat(np.arange(len(table)), copies)
    return table[np.ix_(index, index)]


def test_several_lotteries_are_nearest_to_the_reference() -> None:
    """Among clones the lottery's mass is shared as the reference shares it."""
    ref = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    found = solved(clones(np.array(CYCLE), [2, 1, 2]), np.log(ref))
    assert not found.unique
    own = np.array([0.4, 0.1, 0.2]) / 0.7
    shared = [own[0] / 3, own[0] * 2 / 3, own[1], own[2] * 0.625, own[2] * 0.375]
    assert np.allclose(found.log_policy.exp(), shared, atol=1e-11)


def test_ties_within_noise_are_exact_ties() -> None:
    """Rounding between clones does not decide between them."""
    table = clones(np.array(CYCLE), [2, 1, 1])
    noisy = table.copy()
    noisy[0, 1], noisy[1, 0] = 3e-10, -3e-10
    noise = torch.full((4, 4), 1e-9).double()
    uniform = torch.full((4,), -math.log(4)).double()
    found = game.solve(tensor(noisy), noise, uniform, tensor(math.inf))
    assert not found.unique
    assert found.log_policy[0].item() == pytest.approx(found.log_policy[1].item(), abs=1e-12)


def best(table: np.ndarray, values: np.ndarray, log_ref: Tensor, tau: float) -> float:
    """Return the highest value over the solutions, as the game's module computes it."""
    margin = tensor(table)[None]
    return game.highest(
        tensor(values)[None], margin, torch.zeros_like(margin), log_ref[None], tensor([tau])
    ).item()


def test_highest_over_lotteries() -> None:
    """The best of several maximal lotteries agrees with a linear program, in 100 random games."""
    rng = np.random.default_rng(1)
    several = 0
    for _ in range(100):
        n = int(rng.integers(1, 5))
        table = clones(skew(rng, n), rng.integers(1, 4, size=n).tolist())
        m = len(table)
        values, log_ref = rng.random(m), log_weights(rng, m)
        if solved(table, log_ref).unique:
            continue
        several += 1
        program = linprog(-values, A_ub=table, b_ub=np.zeros(m), A_eq=np.ones((1, m)), b_eq=[1])
        assert best(table, values, log_ref, math.inf) == pytest.approx(-program.fun, abs=1e-7)
    assert several >= 60


def test_highest_over_lotteries_in_a_ball() -> None:
    """Where the ball cuts the set of lotteries, the best agrees with a convex program."""
    rng = np.random.default_rng(2)
    several = 0
    for _ in range(14):
        n = int(rng.integers(1, 4))
        table = clones(skew(rng, n), rng.integers(1, 4, size=n).tolist())
        m = len(table)
        values, log_ref, tau = rng.random(m), log_weights(rng, m), float(rng.exponential(0.7))
        if solved(table, log_ref, tau).unique:
            continue
        several += 1
        value, _ = reference.solved(
            reference.best_lottery(m),
            margin=table,
            values=values,
            reference=log_ref.exp(),
            budget=tau,
        )
        assert best(table, values, log_ref, tau) == pytest.approx(value, abs=1e-5)
    assert several >= 5


@pytest.mark.parametrize("tau", [1e-4, 0.05, 0.5, math.inf])
@pytest.mark.parametrize("m", [3, 5])
def test_gradients(m: int, tau: float) -> None:
    """Implicit derivatives agree with finite differences, on the budget and at the lottery."""
    rng = np.random.default_rng(m)
    for _ in range(3):
        table, ref = tensor(skew(rng, m)), log_weights(rng, m)
        if tau == math.inf and m == 3:
            table = tensor(CYCLE)
        zero = torch.zeros(m, m, dtype=torch.float64)
        log_tau = tensor(math.log(tau))

        def policy(a: Tensor, log_ref: Tensor, log_tau: Tensor, zero: Tensor = zero) -> Tensor:
            skewed, log_ref = (a - a.mT) / 2, log_ref.log_softmax(-1)
            return game.solve(skewed, zero, log_ref, log_tau.exp()).log_policy.exp()

        leaves = [table.requires_grad_(), ref.requires_grad_(), log_tau]
        if tau < math.inf:
            log_tau.requires_grad_()
        assert torch.autograd.gradcheck(policy, leaves, eps=1e-6, atol=1e-6)


def test_gradients_of_a_mixed_batch() -> None:
    """Vertices, ties and zero budgets in a batch leave no NaN in any derivative."""
    tables = tensor([CYCLE, CYCLE, [[0, 0.1, 0.1], [-0.1, 0, 0.2], [-0.1, -0.2, 0]],
                     np.zeros((3, 3)), CYCLE]).requires_grad_()  # fmt: skip
    log_ref = log_weights(np.random.default_rng(0), 5, 3)
    log_ref[4] = tensor([math.log(0.5), NEVER, math.log(0.5)])
    log_ref = log_ref.requires_grad_()
    tau = tensor([0.05, 0.0, 50.0, 0.3, 0.1]).requires_grad_()
    found = game.solve(tables, torch.zeros(5, 3, 3).double(), log_ref, tau)
    found.log_policy.exp()[:, 0].sum().backward()
    for leaf in (tables, log_ref, tau):
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()
    assert tables.grad is not None
    assert tables.grad[0].abs().max() > 0


def test_batched_is_one_at_a_time() -> None:
    """A batch gives what its elements give alone, to 1e-13."""
    p = populations(2, 40, 5).preferences()
    whole = game.solve(p.margin, p.noise, p.log_reference, p.budget)
    for i in range(40):
        alone = game.solve(p.margin[i], p.noise[i], p.log_reference[i], p.budget[i])
        assert (alone.log_policy.exp() - whole.log_policy[i].exp()).abs().max() <= 1e-13
        assert alone.unique == whole.unique[i]


def test_a_tie_that_fades_is_not_taken_for_unique() -> None:
    """With a ≻ b ≻ c and a tied with c the lotteries are a segment, the nearest its far end.

    There b loses to nothing it meets and its mass fades along the path like 1/s only.
    """
    margin = torch.tensor(
        [[0.0, 0.4656, 0.0], [-0.4656, 0.0, 0.4184], [0.0, -0.4184, 0.0]]
    ).double()
    noise = torch.where(margin != 0, 1e-15, 0.0)
    log_reference = torch.tensor([1.0, 2.0, 5.0]).double().log().log_softmax(-1)
    budget = torch.tensor(torch.inf).double()
    solution = game.solve(margin[None], noise[None], log_reference[None], budget[None])
    assert not bool(solution.unique)
    values = torch.tensor([[1.0, 0.0, 0.0]]).double()
    args = (margin[None], noise[None], log_reference[None], budget[None])
    assert float(game.highest(values, *args)) == pytest.approx(1.0, abs=1e-9)
    assert -float(game.highest(-values, *args)) == pytest.approx(0.4184 / 0.884, rel=1e-6)
