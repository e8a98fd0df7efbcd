"""RLHF: reward and ball together, by the definition; what a disconnected law leaves."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from adversary.interface.method import Method, Status
from adversary.methods.dpo import DPO
from adversary.methods.rlhf import RLHF
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Instance, Pairs, Reference, UserType, uniform
from adversary.problem.population import Population
from adversary.solvers import bradley_terry as bt
from tests import reference
from tests.generators import LAWS, NEVER, bradley_terry, chain, populations, preferences


@pytest.mark.parametrize("law", LAWS)
def test_against_cvxpy(law: str) -> None:
    """Reward and policy by two cvxpy programs, 100 instances of each law."""
    p = populations(30, 100, 4, law=law, beta=4.0, spread=0.7).preferences()
    outcome = RLHF().solve(p)
    assert (outcome.status == Status.SOLVED).all()
    for i in range(100):
        first, second = reference.counts(p.win[i].numpy(), p.log_pairs[i].numpy())
        _, reward = reference.solved(reference.likelihood(4), first=first, second=second)
        value, policy = reference.solved(
            reference.ball(4), score=reward, reference=p.log_reference[i].exp(), budget=p.budget[i]
        )
        own = outcome.log_policy[i].exp().numpy()
        assert own @ reward == pytest.approx(value, abs=1e-4)
        assert np.abs(own - policy).max() <= 5e-3


def test_recovers_a_bradley_terry_model() -> None:
    """If all users agree the reward is β·u, whatever the law."""
    truth = np.array([0.3, -1.0, 0.8, 2.0])
    for table in (None, chain(4, {1: 1e-9})):
        outcome = RLHF().solve(preferences(bradley_terry(truth), table))
        assert outcome.score is not None
        assert np.abs(outcome.score.numpy() - (truth - truth.mean())).max() <= 1e-13
        assert outcome.log_policy.tolist() == [NEVER, NEVER, NEVER, 0.0]


def test_disconnected_outside_the_support_is_solved() -> None:
    """Only the graph on the reference's support matters for the policy."""
    table = np.full((4, 4), NEVER)
    table[0, 1] = table[1, 0] = table[2, 3] = table[3, 2] = math.log(0.25)
    margin = bradley_terry([0.0, 1.0, 5.0, 2.0])
    outcome = RLHF().solve(preferences(margin, table))
    assert outcome.status == Status.DISCONNECTED
    assert outcome.log_policy.isfinite().any()
    part = preferences(margin, table, log_reference=[math.log(0.5)] * 2 + [NEVER] * 2, budget=0.1)
    outcome = RLHF().solve(part)
    assert outcome.status == Status.SOLVED
    assert outcome.log_policy[1] > outcome.log_policy[0]


def test_linked_through_an_alternative_outside_the_support() -> None:
    """Two supported alternatives compared only with a third, unsupported one are comparable."""
    table = np.full((3, 3), NEVER)
    table[0, 1] = table[1, 0] = table[1, 2] = table[2, 1] = math.log(0.25)
    p = preferences(
        bradley_terry([0.0, 3.0, 1.0]), table,
        log_reference=[math.log(0.5), NEVER, math.log(0.5)], budget=0.1,
    )  # fmt: skip
    outcome = RLHF().solve(p)
    assert outcome.status == Status.SOLVED
    assert outcome.score is not None
    assert (outcome.score[2] - outcome.score[0]).item() == pytest.approx(1, abs=1e-13)


def test_an_unreliable_reward_is_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit that has not converged is a failure, not a guess."""
    p = preferences(bradley_terry([0.0, 1.0, 5.0, 2.0]), chain(4, {}))
    assert RLHF().solve(p).status == Status.SOLVED
    fit = dataclasses.replace(bt.fit(p), residual=torch.tensor(1e-6, dtype=torch.float64))
    monkeypatch.setattr(bt, "fit", lambda _: fit)
    assert RLHF().solve(p).status == Status.FAILED


@pytest.mark.parametrize("beta", [800, 10_000])
@pytest.mark.parametrize("method", [RLHF(), DPO()])
def test_unanimous_users(beta: int, method: Method) -> None:
    """One type of user: the reward is β·u, also where no float holds the win probabilities."""
    user = (UserType(Fraction(1), tuple(map(Fraction, ("1", "1/2", "0")))),)
    path = Pairs(((0, 1, Fraction(1)), (1, 2, Fraction(1))))
    reference = Reference((Fraction(1),) * 3, Fraction(1, 10))
    for law in (path, uniform(3)):
        for ball in (None, reference):
            instance = Instance(Fraction(beta), tuple("abc"), user, law, ball)
            found, outcome = evaluate(Population.of(instance), method)
            assert outcome.status[0] == Status.SOLVED
            assert outcome.score is not None
            assert outcome.score[0].tolist() == pytest.approx([beta / 2, 0, -beta / 2], rel=1e-13)
            assert found.every[0].item() == pytest.approx(1, rel=1e-12)
