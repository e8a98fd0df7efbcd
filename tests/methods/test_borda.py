"""Borda: the score by its definition, ties, and alternatives that are never shown."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from adversary.interface.method import Status
from adversary.methods.borda import Borda
from tests.generators import NEVER, bradley_terry, populations, preferences, tensor


def test_score_by_definition() -> None:
    """BC(x) = Σ_y μ(y) p(x≻y) less the highest, and the winner is its argmax, on 300 instances."""
    p = populations(0, 300, 5, beta=6.0, social=True).preferences()
    outcome = Borda().solve(p)
    mu = torch.diagonal(p.log_pairs, dim1=-2, dim2=-1).div(2).exp()
    count = torch.einsum("by,bxy->bx", mu, p.win)
    assert outcome.score is not None
    behind = count - count.max(-1, keepdim=True).values
    assert (outcome.score - behind).abs().max() <= 1e-14
    assert (outcome.status == Status.SOLVED).all()
    chosen = torch.nn.functional.one_hot(count.argmax(-1), 5)
    assert torch.equal(outcome.log_policy.exp(), chosen.double())


def test_ties_are_uniform() -> None:
    """Tied winners share equally, whatever the reference says about them."""
    p = preferences(bradley_terry([1.0, 1.0, 0.0]), log_reference=np.log([0.1, 0.2, 0.7]))
    outcome = Borda().solve(p)
    assert outcome.status == Status.TIED
    assert outcome.log_policy.exp().tolist() == pytest.approx([0.5, 0.5, 0], abs=1e-15)


def test_rounding_is_not_a_tie_and_a_real_difference_wins() -> None:
    """Scores within the margins' noise leave the winner open; utilities 1e-12 apart do not."""
    p = preferences(bradley_terry([1e-16, 0.0]), noise=1e-15)
    assert Borda().solve(p).status == Status.UNDETERMINED
    assert Borda().solve(preferences(bradley_terry([0.0, 0.0]), noise=1e-15)).status == Status.TIED
    p = preferences(bradley_terry([1e-12, 0.0]), noise=1e-28)
    assert Borda().solve(p).log_policy.tolist() == [0.0, NEVER]


def test_never_shown() -> None:
    """An alternative that no pair shows has no score and never wins, even against losers."""
    table = np.full((3, 3), NEVER)
    table[1, 2] = table[2, 1] = math.log(0.5)
    p = preferences(bradley_terry([9.0, 1.0, 0.0]), table)
    outcome = Borda().solve(p)
    assert outcome.log_policy.tolist() == [NEVER, 0.0, NEVER]
    assert outcome.status == Status.SOLVED


def test_nothing_of_the_support_is_shown() -> None:
    """Without any score the outcome is disconnected: uniform on the support, never NaN."""
    table = np.full((3, 3), NEVER)
    table[1, 2] = table[2, 1] = math.log(0.5)
    p = preferences(bradley_terry([9.0, 1.0, 0.0]), table, log_reference=[0.0, NEVER, NEVER])
    outcome = Borda().solve(p)
    assert outcome.status == Status.DISCONNECTED
    assert outcome.log_policy.tolist() == [0.0, NEVER, NEVER]


def test_zero_mass_still_has_a_score() -> None:
    """Under an independent law an alternative of mass 0 is scored against the others (μ(y))."""
    mu = tensor([0.0, 0.5, 0.5]).log()
    p = preferences(bradley_terry([9.0, 1.0, 0.0]))
    p = type(p)(**{**p.__dict__, "log_opponents": mu[None, :].expand(3, 3)})
    assert Borda().solve(p).log_policy.tolist() == [0.0, NEVER, NEVER]


def test_the_budget_is_ignored_and_the_support_is_not() -> None:
    """With a reference Borda chooses in its support, whatever the budget."""
    margin = bradley_terry([2.0, 1.0, 0.0])
    for budget in (0.0, 0.1):
        p = preferences(margin, log_reference=[NEVER, math.log(0.5), math.log(0.5)], budget=budget)
        assert Borda().solve(p).log_policy.tolist() == [NEVER, 0.0, NEVER]
