"""IPO: the Borda score over the ball, by the definition; what is never shown."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from adversary.interface.method import Status
from adversary.methods.borda import Borda
from adversary.methods.ipo import IPO
from tests import reference
from tests.generators import LAWS, NEVER, bradley_terry, populations, preferences


@pytest.mark.parametrize("law", LAWS)
def test_against_cvxpy(law: str) -> None:
    """Value and policy by a convex program on the averages of p, 100 instances of each law."""
    p = populations(40, 100, 4, law=law, beta=4.0, spread=0.7).preferences()
    outcome = IPO().solve(p)
    assert (outcome.status == Status.SOLVED).all()
    for i in range(100):
        pairs = p.log_pairs[i].exp().numpy()
        average = (pairs * p.win[i].numpy()).sum(1) / pairs.sum(1)
        value, policy = reference.solved(
            reference.ball(4), score=average, reference=p.log_reference[i].exp(), budget=p.budget[i]
        )
        own = outcome.log_policy[i].exp().numpy()
        assert own @ average == pytest.approx(value, abs=1e-4)
        assert np.abs(own - policy).max() <= 5e-3


@pytest.mark.parametrize("law", LAWS)
def test_social_choice_is_borda(law: str) -> None:
    """Without a budget the two are one method where everything is shown."""
    p = populations(41, 100, 4, law=law, social=True).preferences()
    first, second = IPO().solve(p), Borda().solve(p)
    assert torch.equal(first.log_policy, second.log_policy)
    assert torch.equal(first.status, second.status)


def test_binding_is_tilted() -> None:
    """An increasing affine function of the score is log π/π_ref, and KL = τ."""
    p = populations(42, 50, 4, budget=0.05).preferences()
    outcome = IPO().solve(p)
    assert outcome.score is not None
    binding = outcome.log_policy.isfinite().all(-1)
    assert binding.sum() >= 45
    ratio = (outcome.log_policy - p.log_reference)[binding]
    x, y = (v - v.mean(-1, keepdim=True) for v in (outcome.score[binding], ratio))
    slope = (x * y).sum(-1, keepdim=True) / (x * x).sum(-1, keepdim=True)
    assert (slope > 0).all()
    assert (y - slope * x).abs().max() <= 1e-11
    assert ((outcome.log_policy[binding].exp() * ratio).sum(-1) - 0.05).abs().max() <= 1e-12


def test_ties_share_as_the_reference_does() -> None:
    """Tied winners below the budget: the policy nearest to the reference is shown."""
    p = preferences(bradley_terry([1.0, 1.0, 0.0]), log_reference=np.log([0.1, 0.2, 0.7]), budget=2)
    outcome = IPO().solve(p)
    assert outcome.status == Status.TIED
    assert outcome.log_policy.exp().tolist() == pytest.approx([1 / 3, 2 / 3, 0], abs=1e-15)
    assert outcome.highest is not None
    assert outcome.highest(torch.tensor([1.0, 0.0, 0.0]).double()) < 1  # −log 0.1 exceeds 2


def test_never_shown_in_the_support_is_disconnected() -> None:
    """The average over π is then not defined; outside the support it does not matter."""
    table = np.full((3, 3), NEVER)
    table[1, 2] = table[2, 1] = math.log(0.5)
    margin = bradley_terry([9.0, 1.0, 0.0])
    for budget in (0.0, 0.1, math.inf):
        outcome = IPO().solve(preferences(margin, table, budget=budget))
        assert outcome.status == Status.DISCONNECTED
        assert outcome.log_policy.isfinite().any()
    part = preferences(margin, table, [NEVER, math.log(0.5), math.log(0.5)], budget=0.1)
    outcome = IPO().solve(part)
    assert outcome.status == Status.SOLVED
    assert outcome.log_policy[0] == NEVER
    assert outcome.log_policy[1] > outcome.log_policy[2]
