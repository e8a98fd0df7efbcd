"""Copeland: wins by the definition, ties, the support, and the score that a search follows."""

from __future__ import annotations

import dataclasses
import math
from itertools import permutations, product

import numpy as np
import pytest
import torch

from adversary.interface.method import Status
from adversary.methods.copeland import Copeland
from tests.generators import LAWS, NEVER, bradley_terry, populations, preferences

CYCLE = np.array([[0, 0.2, -0.1], [-0.2, 0, 0.4], [0.1, -0.4, 0]])


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("social", [True, False])
def test_score_by_definition(law: str, social: bool) -> None:
    """Uniform over those with the most wins within the support, on 200 instances of each law."""
    population = populations(60, 200, 5, law=law, social=social)
    if population.log_reference is not None:
        log_reference = population.log_reference.clone()
        log_reference[::2, 1] = NEVER
        population = dataclasses.replace(population, log_reference=log_reference.log_softmax(-1))
    p = population.preferences()
    outcome = Copeland().solve(p)
    for i in range(200):
        win, support = p.win[i].tolist(), torch.nonzero(p.support[i]).flatten().tolist()
        wins = {x: sum(win[x][y] > 0.5 for y in support if y != x) for x in support}
        best = [x for x in support if wins[x] == max(wins.values())]
        expected = [1 / len(best) if x in best else 0.0 for x in range(5)]
        assert outcome.log_policy[i].exp().tolist() == pytest.approx(expected, abs=1e-15)
        assert outcome.status[i] == (Status.SOLVED if len(best) == 1 else Status.TIED)


@pytest.mark.parametrize(
    ("edge", "best", "status"),
    [
        (0.0, [0], Status.SOLVED),
        (1e-12, [0], Status.SOLVED),
        (-1e-12, [0, 1, 2], Status.TIED),
        (1e-16, [0, 1, 2], Status.UNDETERMINED),
        (-1e-16, [0, 1, 2], Status.UNDETERMINED),
    ],
)
def test_a_tie_counts_one_half(edge: float, best: list[int], status: Status) -> None:
    """One win and a tie beat one win and a loss; a margin within rounding may be either."""
    margin = np.zeros((3, 3))
    margin[0, 1], margin[1, 2], margin[0, 2] = 0.1, 0.1, edge
    outcome = Copeland().solve(preferences(margin - margin.T, noise=1e-15))
    assert torch.nonzero(outcome.log_policy > NEVER).flatten().tolist() == best
    assert outcome.status == status


def test_open_contests_by_enumeration() -> None:
    """All who win when the open contests fall in some way may win; no other outcome is certain."""
    rng, uncertain = np.random.default_rng(71), 0
    for _ in range(150):
        drawn = rng.choice([0.0, 0.1, -0.1, 1e-16], size=(5, 5), p=[0.2, 0.3, 0.3, 0.2])
        margin = np.triu(drawn, 1)
        open_pairs = np.argwhere(margin == 1e-16).tolist()[:5]
        margin[margin == 1e-16] = 0.1
        sets = set()
        for edges in product((-0.1, 0.0, 0.1), repeat=len(open_pairs)):
            settled = margin.copy()
            settled[tuple(np.array(open_pairs, dtype=int).reshape(-1, 2).T)] = edges
            score = np.sign(settled - settled.T).sum(-1)
            sets.add(frozenset(np.flatnonzero(score == score.max()).tolist()))
        for x, y in open_pairs:
            margin[x, y] = 1e-16
        outcome = Copeland().solve(preferences(margin - margin.T, noise=1e-15))
        possible = frozenset(torch.nonzero(outcome.log_policy > NEVER).flatten().tolist())
        assert possible >= frozenset().union(*sets)
        if len(sets) > 1:
            uncertain += 1
            assert outcome.status == Status.UNDETERMINED
            assert outcome.highest is not None
            assert float(outcome.highest(torch.arange(5).double())) == max(possible)
        elif outcome.status != Status.UNDETERMINED:
            assert sets == {possible}
            assert outcome.status == (Status.SOLVED if len(possible) == 1 else Status.TIED)
    assert uncertain >= 50


def test_a_cycle_is_tied() -> None:
    """Any of its members may be chosen, whatever the reference says about them."""
    p = preferences(CYCLE, log_reference=np.log([0.1, 0.2, 0.7]), budget=0.1)
    outcome = Copeland().solve(p)
    assert outcome.status == Status.TIED
    assert outcome.log_policy.exp().tolist() == pytest.approx([1 / 3] * 3, abs=1e-15)
    assert outcome.highest is not None
    assert outcome.highest(torch.tensor([0.0, 3.0, 1.0]).double()) == 3


def test_only_contests_in_the_support_count() -> None:
    """With a reference its support chooses among itself, whatever the budget."""
    margin = bradley_terry([2.0, 1.0, 0.0])
    for budget in (0.0, 0.1):
        p = preferences(margin, log_reference=[NEVER, math.log(0.5), math.log(0.5)], budget=budget)
        assert Copeland().solve(p).log_policy.tolist() == [NEVER, 0.0, NEVER]
    part = preferences(CYCLE, log_reference=[math.log(0.5), math.log(0.5), NEVER])
    assert Copeland().solve(part).log_policy.tolist() == [0.0, NEVER, NEVER]


def test_pairs_that_nobody_is_asked_about() -> None:
    """The law does not matter: what counts is p(x≻y), which is ½ where there is no evidence."""
    table = np.full((3, 3), NEVER)
    table[1, 2] = table[2, 1] = math.log(0.5)
    p = preferences(bradley_terry([9.0, 1.0, 0.0]), table)
    assert Copeland().solve(p).log_policy.tolist() == [0.0, NEVER, NEVER]
    silent = np.zeros((3, 3))
    silent[1, 2], silent[2, 1] = 0.1, -0.1
    assert Copeland().solve(preferences(silent, table)).log_policy.tolist() == [NEVER, 0.0, NEVER]


def test_score_says_how_near_other_winners_are() -> None:
    """0 for the winners, else minus the margins that must turn; one with the winner turns twice."""
    margin = np.zeros((4, 4))
    margin[0, 1:] = 0.3, 0.2, 0.05
    margin[1, 2:], margin[2, 3] = 0.1, 0.4
    p = preferences(margin - margin.T)
    score = Copeland().solve(p).score
    assert score is not None
    assert score.tolist() == pytest.approx([0, -0.05, -0.05 - 0.1, -0.05 - 0.05 - 0.1], abs=1e-15)


def test_score_has_a_gradient() -> None:
    """It is what lets a search climb: it moves with the users."""
    population = populations(61, 20, 5, social=True)
    utilities = population.utilities.clone().requires_grad_()
    p = dataclasses.replace(population, utilities=utilities).preferences()
    score = Copeland().solve(p).score
    assert score is not None
    (slope,) = torch.autograd.grad(score.sum(), utilities)
    assert slope.isfinite().all()
    assert (slope.abs().amax((-2, -1)) > 0).sum() >= 15


def test_relabelling_a_tournament() -> None:
    """Every order of the alternatives gives the same winners."""
    margin = np.triu(np.array([[0, 0.1, -0.2, 0.3]] * 4), 1)
    margin = margin - margin.T
    own = Copeland().solve(preferences(margin)).log_policy.exp()
    for order in permutations(range(4)):
        moved = Copeland().solve(preferences(margin[np.ix_(order, order)])).log_policy.exp()
        assert torch.equal(moved, own[list(order)])
