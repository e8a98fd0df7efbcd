"""Maximal lotteries as a method: known lotteries, the support, the reference ignored."""

from __future__ import annotations

import math

import numpy as np
import pytest

from adversary.interface.method import Status
from adversary.methods.maximal_lotteries import MaximalLotteries
from tests import reference
from tests.generators import LAWS, NEVER, populations, preferences

CYCLE = np.array([[0, 0.2, -0.1], [-0.2, 0, 0.4], [0.1, -0.4, 0]])


@pytest.mark.parametrize("law", LAWS)
def test_against_the_linear_program(law: str) -> None:
    """The same lottery as cvxpy, 100 instances of each law, no alternative beats it."""
    p = populations(50, 100, 5, law=law, beta=8.0).preferences()
    outcome = MaximalLotteries().solve(p)
    assert (outcome.status == Status.SOLVED).all()
    assert outcome.score is not None
    assert outcome.score.max() <= 1e-12
    for i in range(100):
        _, policy = reference.solved(reference.lottery(5), margin=p.margin[i])
        assert np.abs(outcome.log_policy[i].exp().numpy() - policy).max() <= 1e-4


def test_reference_and_budget_are_ignored() -> None:
    """Only the reference's support matters."""
    for log_ref, budget in ((np.log([0.98, 0.01, 0.01]), 0.0), (np.log([0.1, 0.1, 0.8]), 0.3)):
        outcome = MaximalLotteries().solve(preferences(CYCLE, log_reference=log_ref, budget=budget))
        expected = (np.array([0.4, 0.1, 0.2]) / 0.7).tolist()
        assert outcome.log_policy.exp().tolist() == pytest.approx(expected, abs=1e-12)


def test_support() -> None:
    """Without one alternative of a cycle the winner of the other two remains."""
    p = preferences(CYCLE, log_reference=[math.log(0.5), math.log(0.5), NEVER])
    outcome = MaximalLotteries().solve(p)
    assert outcome.log_policy.tolist() == [0.0, NEVER, NEVER]
    assert outcome.status == Status.SOLVED


def test_ties_are_nearest_to_uniform() -> None:
    """Two winners that tie share equally, whatever the reference says."""
    margin = np.zeros((3, 3))
    margin[0, 2], margin[1, 2] = 0.1, 0.3
    p = preferences(margin - margin.T, log_reference=np.log([0.1, 0.2, 0.7]))
    outcome = MaximalLotteries().solve(p)
    assert outcome.status == Status.TIED
    assert outcome.log_policy.exp().tolist() == pytest.approx([0.5, 0.5, 0], abs=1e-11)
