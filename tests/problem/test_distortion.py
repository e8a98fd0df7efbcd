"""Distortion: its two sides, ties over every and some policy, and what proves nothing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from adversary.interface.method import Outcome, Status
from adversary.methods.borda import Borda
from adversary.methods.dpo import DPO
from adversary.methods.ipo import IPO
from adversary.methods.maximal_lotteries import MaximalLotteries
from adversary.methods.nlhf import NLHF
from adversary.methods.rlhf import RLHF
from adversary.problem.distortion import distortion, evaluate
from adversary.solvers import kl_ball
from tests import reference
from tests.generators import NEVER, populations, preferences, tensor


def test_best_against_cvxpy() -> None:
    """The best utility in the ball agrees with cvxpy; achieved is E U; the ratio is theirs."""
    population = populations(0, 100, 4)
    p, utility = population.preferences(), population.average_utility
    found, outcome = evaluate(population, RLHF())
    for i in range(100):
        value, _ = reference.solved(
            reference.ball(4), score=utility[i], reference=p.log_reference[i].exp(),
            budget=p.budget[i],
        )  # fmt: skip
        assert found.best[i].item() == pytest.approx(value, abs=1e-6)
    achieved = (outcome.log_policy.exp() * utility).sum(-1)
    assert torch.equal(found.achieved, achieved)
    assert (found.every - found.best / achieved).abs().max() <= 1e-12
    assert (found.every >= 1 - 1e-12).all()


def test_social_choice_best_is_the_best_alternative() -> None:
    """Without a reference the best policy is the best alternative."""
    population = populations(1, 50, 5, social=True)
    found, _ = evaluate(population, Borda())
    assert (found.best - population.average_utility.amax(-1)).abs().max() <= 1e-15


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("method", [RLHF(), DPO()], ids=["rlhf", "dpo"])
@pytest.mark.parametrize("tau", [1.0, 1.5, math.inf])
def test_ties_of_maximisers(method: RLHF | DPO, tau: float, batched: bool) -> None:
    """Two alternatives tied for the highest reward: `every` and `some` range over their face."""
    margin = np.zeros((3, 3))
    margin[0, 2], margin[1, 2] = 0.2, 0.2
    log_ref = np.log([0.2, 0.3, 0.5])
    p = preferences(margin - margin.T, log_reference=log_ref, budget=tau)
    utility = tensor([0.5, 0.3, 1.0])
    if batched:
        p, utility = p[None], utility[None]
    outcome = method.solve(p)
    found = distortion(utility, p, outcome)
    assert outcome.status.flatten().tolist() == [Status.TIED]
    face = [0.2, 0.3]
    if tau < math.inf:
        room = tau + math.log(0.5)
        tables = {"reference": np.array(face) / 0.5, "budget": room}
        high, _ = reference.solved(reference.ball(2), score=[0.5, 0.3], **tables)
        low, _ = reference.solved(reference.ball(2), score=[-0.5, -0.3], **tables)
        best, _ = reference.solved(
            reference.ball(3), score=[0.5, 0.3, 1.0], reference=[0.2, 0.3, 0.5], budget=tau
        )
    else:
        best, high, low = 1.0, 0.5, -0.3
    assert found.best.item() == pytest.approx(best, abs=1e-6)
    assert found.every.item() == pytest.approx(best / high, abs=1e-5)
    assert found.some.item() == pytest.approx(best / -low, abs=1e-5)
    assert found.every < found.some
    assert outcome.log_policy.exp().flatten().tolist() == pytest.approx([0.4, 0.6, 0], abs=1e-15)


def test_ties_of_the_borda_score() -> None:
    """Tied Borda winners: the best and the worst of them."""
    margin = np.zeros((3, 3))
    margin[0, 2], margin[1, 2] = 0.2, 0.2
    p = preferences(margin - margin.T)
    found = distortion(tensor([0.5, 0.25, 1.0]), p, Borda().solve(p))
    assert found.every.item() == pytest.approx(2, abs=1e-12)
    assert found.some.item() == pytest.approx(4, abs=1e-12)
    assert found.achieved.item() == pytest.approx(0.375, abs=1e-12)


@pytest.mark.parametrize("method", [NLHF(), MaximalLotteries()], ids=["nlhf", "ml"])
def test_ties_of_a_game(method: NLHF | MaximalLotteries) -> None:
    """Clones in a cycle: `every` and `some` agree with linear programs over all lotteries."""
    cycle = np.array([[0, 0.2, -0.1], [-0.2, 0, 0.4], [0.1, -0.4, 0]])
    index = [0, 0, 1, 2, 2]
    margin = cycle[np.ix_(index, index)]
    utility = np.array([0.9, 0.2, 0.5, 0.1, 0.6])
    p = preferences(margin)
    outcome = method.solve(p)
    found = distortion(tensor(utility), p, outcome)
    assert outcome.status == Status.TIED
    bounds = {"A_ub": margin, "b_ub": np.zeros(5), "A_eq": np.ones((1, 5)), "b_eq": [1]}
    high, low = -linprog(-utility, **bounds).fun, linprog(utility, **bounds).fun
    assert found.every.item() == pytest.approx(0.9 / high, abs=1e-9)
    assert found.some.item() == pytest.approx(0.9 / low, abs=1e-9)
    assert found.every < 0.9 / found.achieved < found.some


def test_weak_condorcet_winners() -> None:
    """Two alternatives that tie and beat the rest: any mixture of the two is a lottery."""
    margin = np.zeros((3, 3))
    margin[0, 2], margin[1, 2] = 0.1, 0.3
    p = preferences(margin - margin.T)
    found = distortion(tensor([0.5, 0.25, 1.0]), p, MaximalLotteries().solve(p))
    assert found.every.item() == pytest.approx(2, abs=1e-9)
    assert found.some.item() == pytest.approx(4, abs=1e-9)


def test_solved_and_tied_in_one_batch() -> None:
    """Ties in some elements leave `every` = `some` in the others."""
    population = populations(2, 6, 3, social=True)
    utilities = population.utilities.clone()
    utilities[3] = 0.25
    population = dataclasses.replace(population, utilities=utilities)
    for method in (RLHF(), DPO(), IPO(), NLHF(), Borda(), MaximalLotteries()):
        found, outcome = evaluate(population, method)
        assert outcome.status.tolist() == [0, 0, 0, Status.TIED, 0, 0]
        assert (found.every == found.some).tolist().count(True) >= 5
        # Where all are tied they are also equally good.
        assert found.every[3].item() == pytest.approx(1, abs=1e-12)
        assert found.some[3].item() == pytest.approx(1, abs=1e-12)


def test_what_proves_nothing_is_nan() -> None:
    """A failed or disconnected outcome has no distortion."""
    p = preferences(np.zeros((2, 2)))[None]
    for status in (Status.DISCONNECTED, Status.FAILED):
        outcome = Outcome(tensor([[0.0, NEVER]]), torch.tensor([int(status)]), tensor([0.0]))
        found = distortion(tensor([[0.5, 1.0]]), p, outcome)
        assert found.every.isnan().all()
        assert found.some.isnan().all()


def test_zero_utility() -> None:
    """Best / 0 is +inf; where the best utility is 0 too, there is no distortion."""
    p = preferences(np.array([[0, 0.3], [-0.3, 0]]))
    outcome = Borda().solve(p)
    assert distortion(tensor([0.0, 1.0]), p, outcome).every == math.inf
    nothing = distortion(tensor([0.0, 0.0]), p, outcome)
    assert nothing.every.isnan()
    assert nothing.some.isnan()


def test_gradient_of_the_best() -> None:
    """The gradient of the best utility in the ball is the best policy (envelope theorem)."""
    p = populations(3, 5, 4, budget=0.2).preferences()
    utility = tensor(np.random.default_rng(0).random((5, 4))).requires_grad_()
    found = distortion(utility, p, RLHF().solve(p))
    (gradient,) = torch.autograd.grad(found.best.sum(), utility)
    policy = kl_ball.maximise(utility.detach(), p.log_reference, p.budget).log_policy.exp()
    assert (gradient - policy).abs().max() <= 1e-10
