"""NLHF as a method: statuses, ties, and its relation to maximal lotteries."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from adversary.interface.method import Status
from adversary.methods.maximal_lotteries import MaximalLotteries
from adversary.methods.nlhf import NLHF
from adversary.solvers import kl_ball
from tests import reference
from tests.generators import LAWS, bradley_terry, populations, preferences, skew, tensor


@pytest.mark.parametrize("law", LAWS)
def test_nobody_in_the_ball_beats_it(law: str) -> None:
    """p(π≻π') ≥ ½ for every π' of the ball, by an independent bound; residuals ≤ 1e-10."""
    p = populations(40, 30, 5, law=law, beta=8.0).preferences()
    outcome = NLHF().solve(p)
    assert (outcome.status == Status.SOLVED).all()
    assert outcome.residual.max() <= 1e-10
    for i in range(30):
        tables = (p.margin[i].numpy(), outcome.log_policy[i].exp().numpy())
        ball = (p.log_reference[i].numpy(), p.budget[i].item())
        assert reference.duality_gap(*tables, *ball) <= 1e-10


def test_without_a_ball_it_is_the_maximal_lottery() -> None:
    """In social choice the two methods are one; a huge budget is no budget."""
    p = populations(41, 50, 5, beta=8.0, law="user-dependent", social=True).preferences()
    first, second = NLHF().solve(p), MaximalLotteries().solve(p)
    assert torch.equal(first.log_policy, second.log_policy)


def test_with_one_bradley_terry_user_a_small_ball_moves_towards_the_best() -> None:
    """The policy's score is Aπ, and π ∝ π_ref·e^(s·Aπ) where the budget binds."""
    p = preferences(bradley_terry([0.0, 1.0, 3.0]), log_reference=np.log([0.5, 0.3, 0.2]),
                    budget=0.2)  # fmt: skip
    outcome = NLHF().solve(p)
    assert outcome.score is not None
    log_ratio = outcome.log_policy - p.log_reference
    steps = (log_ratio.diff() / outcome.score.diff()).tolist()
    assert steps[0] == pytest.approx(steps[1], rel=1e-10)
    assert kl_ball.divergence(outcome.log_policy, p.log_reference).item() == pytest.approx(
        0.2, rel=1e-12
    )


def test_ties_in_the_ball() -> None:
    """Two winners that tie: any mixture within the budget is allowed, in the ball's part."""
    margin = np.zeros((3, 3))
    margin[0, 2], margin[1, 2] = 0.1, 0.3
    log_ref, tau = np.log([0.2, 0.3, 0.5]), 0.75
    p = preferences(margin - margin.T, log_reference=log_ref, budget=tau)
    outcome = NLHF().solve(p)
    assert outcome.status == Status.TIED
    assert outcome.log_policy.exp().tolist() == pytest.approx([0.4, 0.6, 0], abs=1e-12)
    assert outcome.highest is not None
    for values in ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.2, 5.0]):
        expected, _ = reference.solved(
            reference.best_lottery(3), margin=margin - margin.T, values=values,
            reference=np.exp(log_ref), budget=tau,
        )  # fmt: skip
        assert outcome.highest(tensor(values)).item() == pytest.approx(expected, abs=1e-5)


def test_almost_tied_is_not_tied() -> None:
    """Margins of 1e-12 with noise far below are a game like any other."""
    rng = np.random.default_rng(0)
    table = skew(rng, 4)
    large = NLHF().solve(preferences(table, budget=0.3))
    small = NLHF().solve(preferences(table * 1e-12, budget=0.3, noise=1e-28))
    assert small.status == Status.SOLVED
    assert (large.log_policy.exp() - small.log_policy.exp()).abs().max() <= 1e-12
    lost = NLHF().solve(preferences(table * 1e-12, budget=0.3, noise=1e-11))
    assert lost.status == Status.UNDETERMINED


def test_several_lotteries_that_only_exact_arithmetic_sees() -> None:
    """Clones tie for sure; a kernel of two dimensions, as far as rounding shows, may have one."""
    cycle = np.array([[0, 0.25, -0.125], [-0.25, 0, 0.5], [0.125, -0.5, 0]])
    index = [0, 1, 2, 2]
    assert NLHF().solve(preferences(cycle[np.ix_(index, index)])).status == Status.TIED
    margin = np.zeros((4, 4))
    margin[0, 1], margin[1, 2], margin[2, 3], margin[3, 0] = 0.1, 0.2, 0.3, 0.15
    margin = margin - margin.T  # of rank 2 iff 0.1·0.3 = 0.2·0.15
    assert NLHF().solve(preferences(margin)).status == Status.UNDETERMINED
    margin[0, 2], margin[2, 0], margin[1, 3], margin[3, 1] = 0.3, -0.3, 0.1, -0.1
    assert NLHF().solve(preferences(margin)).status == Status.SOLVED


@pytest.mark.parametrize("m", [3, 5])
def test_a_budget_that_reaches_the_lottery(m: int) -> None:
    """From the lottery's divergence on, a larger budget changes nothing; below, it binds."""
    rng = np.random.default_rng(m)
    cycle = np.zeros((m, m))
    for x in range(m):
        for step in range(1, (m + 1) // 2):
            cycle[x, (x + step) % m] = rng.uniform(0.2, 0.25)
    cycle = cycle - cycle.T
    log_ref = tensor(rng.normal(size=m)).log_softmax(-1)
    _, policy = reference.solved(reference.lottery(m), margin=cycle)
    assert policy.min() > 0.01
    free = preferences(cycle, log_reference=log_ref)
    lottery = MaximalLotteries().solve(free).log_policy
    assert np.abs(lottery.exp().numpy() - policy).max() <= 1e-6
    cost = kl_ball.divergence(lottery, log_ref).item()
    for factor in (
        1 - 1e-3,
        1 - 1e-9,
        1 - 1e-10,
        1 - 1e-12,
        1.0,
        1 + 1e-12,
        1 + 1e-9,
        2.0,
        math.inf,
    ):
        p = preferences(cycle, log_reference=log_ref, budget=cost * factor)
        outcome = NLHF().solve(p)
        assert outcome.status == Status.SOLVED
        distance = (outcome.log_policy.exp() - lottery.exp()).abs().max()
        missing = max(0.0, 1 - factor)  # the path ends like KL = cost − c/s²
        assert distance <= math.sqrt(missing) + 1e-8
        if missing > 1e-11:  # budgets are met to 1e-12
            assert distance >= 0.05 * math.sqrt(missing)
