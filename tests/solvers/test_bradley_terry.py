"""Bradley–Terry maximum likelihood against cvxpy and against 3000-bit balls."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from mpmath import mp
from torch import Tensor

from adversary.certifying import precise, rewards
from adversary.interface.preferences import Preferences
from adversary.problem.instance import Independent, Instance, Pairs, UserType, uniform
from adversary.problem.population import Population
from adversary.solvers import bradley_terry as bt
from tests import reference
from tests.generators import (
    LAWS,
    NEVER,
    bradley_terry,
    chain,
    populations,
    preferences,
    skew,
    tensor,
)

BETAS = [1e-3, 1.0, 10.0, 50.0]


def test_against_cvxpy() -> None:
    """Never a worse likelihood than cvxpy's and the same reward, on 300 random instances."""
    for m, law in ((3, "independent"), (4, "pairs"), (5, "user-dependent")):
        p = populations(m, 100, m, law=law, beta=4.0, spread=0.7).preferences()
        fit = bt.fit(p)
        assert fit.residual.max() <= 1e-12
        for i in range(100):
            first, second = reference.counts(p.win[i].numpy(), p.log_pairs[i].numpy())
            value, reward = reference.solved(reference.likelihood(m), first=first, second=second)
            own = fit.reward[i].numpy()
            assert -1e-6 <= reference.loss(own, first, second) - value <= 1e-14
            assert np.abs(own - reward).max() <= 1e-3


def relative_error(p: Preferences) -> float:
    """Check the reported residual; return the true error of the fitted reward, by 3000 bits."""
    fit = bt.fit(p)
    assert fit.residual <= 1e-12
    assert fit.determined
    own = fit.reward.numpy()
    tables = (p.win.numpy(), p.margin.numpy(), p.log_pairs.numpy())
    exact = reference.exact_reward(own.tolist(), *tables)
    return float(np.abs(own - exact).max() / np.ptp(exact))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("m", [2, 3, 8])
def test_accuracy(m: int, beta: float, law: str) -> None:
    """Rewards are right to 1e-12 of their range for all temperatures and laws."""
    p = populations(11, 1, m, law=law, beta=beta, spread=4.0).preferences()[0]
    assert relative_error(p) <= 1e-12


@pytest.mark.parametrize("mass", [-12, -300, -400])
@pytest.mark.parametrize("m", [3, 6])
def test_accuracy_with_tiny_masses(m: int, mass: int) -> None:
    """Also where the law gives two alternatives masses of 1e-12, 1e-300 or 1e-400."""
    log_mu = torch.zeros(1, m, dtype=torch.float64)
    log_mu[0, 1:3] = mass * math.log(10)
    population = populations(12, 1, m, beta=8.0)
    population = dataclasses.replace(population, log_mu=log_mu.log_softmax(-1))
    assert relative_error(population.preferences()[0]) <= 1e-12


@pytest.mark.parametrize("bridge", [1e-20, 1e-300])
@pytest.mark.parametrize("shape", ["chain", "triangles", "ring"])
def test_accuracy_across_weak_bridges(bridge: float, shape: str) -> None:
    """Two groups that are compared once in 1e20, or 1e300, keep their full relative accuracy."""
    table = chain(6, {2: bridge})
    if shape != "chain":
        table[0, 2] = table[2, 0] = table[3, 5] = table[5, 3] = table[0, 1]
    if shape == "ring":
        table[0, 5] = table[5, 0] = table[2, 3] - 1
    p = preferences(skew(np.random.default_rng(4), 6), table)
    assert relative_error(p) <= 1e-12


def test_accuracy_of_a_long_chain() -> None:
    """Chain of 30 with weights from 1 down to 1e-290: each link is its own log-odds."""
    table = chain(30, {i: 10.0 ** (-10 * i) for i in range(29)})
    margin = skew(np.random.default_rng(4), 30, 0.45)
    fit = bt.fit(preferences(margin, table))
    odds = 2 * np.arctanh(2 * margin.diagonal(1))
    assert np.abs(-fit.reward.diff().numpy() - odds).max() <= 1e-13


@pytest.mark.parametrize("m", [64, 200])
def test_accuracy_of_many_alternatives(m: int) -> None:
    """64 and 200 alternatives: the exact model is recovered; for 64, any data to 1e-12."""
    rng = np.random.default_rng(m)
    truth = rng.normal(size=m)
    table = populations(m, 1, m, users=1, law="pairs", spread=3.0).preferences().log_pairs[0]
    fit = bt.fit(preferences(bradley_terry(truth), table))
    assert np.abs(fit.reward.numpy() - (truth - truth.mean())).max() <= 1e-12
    if m == 64:
        assert relative_error(preferences(skew(rng, m), table)) <= 1e-12


def test_tiny_utilities() -> None:
    """With one user type and utilities of 1e-12 the reward is β·u to full relative accuracy."""
    population = populations(0, 1, 4, users=1, beta=3.0)
    utilities = tensor([[[1e-12, 0.0, 4e-12, 2.5e-12]]])
    p = dataclasses.replace(population, utilities=utilities).preferences()[0]
    truth = 3 * (utilities[0, 0] - utilities.mean())
    assert (bt.fit(p).reward / truth - 1).abs().max() <= 1e-14


def test_a_bridge_too_weak_for_doubles() -> None:
    """On a chain every pair is explained by itself, however seldom it is asked."""
    margin, table = skew(np.random.default_rng(0), 4), chain(4, {}) + 0.0
    table[1, 2] = table[2, 1] = -2000.0
    fit = bt.fit(preferences(margin, table))
    assert fit.residual <= 1e-14
    steps = [2 * math.atanh(2 * margin[x, x + 1]) for x in range(3)]
    assert (fit.reward[:-1] - fit.reward[1:]).tolist() == pytest.approx(steps, rel=1e-13)


def steep(beta: float, seed: int) -> Instance:
    """Types that mostly agree, about alternatives that are shown more or less often."""
    rng = np.random.default_rng(seed)
    users = tuple(
        UserType(Fraction(int(w)), tuple(Fraction(int(u), 20) for u in row))
        for w, row in zip(rng.integers(1, 6, 3), np.sort(rng.integers(0, 21, (3, 4))), strict=True)
    )
    law = Independent(tuple(map(Fraction, ("1", "1e-300", "2", "1e-12"))))
    return Instance(Fraction(beta), tuple("abcd"), users, law)


@pytest.mark.parametrize("beta", [650, 800, 3000, 10_000])
@pytest.mark.parametrize("seed", range(4))
def test_win_probabilities_that_no_float_holds(beta: float, seed: int) -> None:
    """As in high precision, where e^(−10000) is a number like any other."""
    instance = steep(beta, seed)
    fit = bt.fit(Population.of(instance).preferences()[0])
    with mp.workdps(60):
        truth = rewards.reward(precise.model(instance))
        truth = [float(r - mp.fsum(truth) / 4) for r in truth]
    assert fit.residual <= 1e-12
    gaps = (fit.reward - tensor(truth)).abs()
    assert (gaps <= fit.noise + 1e-14 * max(map(abs, truth))).all()


@pytest.mark.parametrize("beta", [800, 10_000])
def test_unanimous_users(beta: int) -> None:
    """One type of user: the reward is β·u, also by way of pairs that are never asked."""
    user = (UserType(Fraction(1), tuple(map(Fraction, ("1", "1/2", "0")))),)
    path = Pairs(((0, 1, Fraction(1)), (1, 2, Fraction(1))))
    for law in (path, uniform(3)):
        fit = bt.fit(Population.of(Instance(Fraction(beta), tuple("abc"), user, law)).preferences())
        assert fit.reward[0].tolist() == pytest.approx([beta / 2, 0, -beta / 2], rel=1e-14)
        assert fit.residual[0] <= 1e-14


def test_gradients_of_what_no_float_holds() -> None:
    """Implicit derivatives in utilities, weights and a law that leaves out a pair."""
    population = populations(9, 1, 4, users=2, law="pairs", beta=900.0)
    shown = population.log_nu > NEVER  # type: ignore[operator]

    def reward(utilities: Tensor, weights: Tensor, law: Tensor) -> Tensor:
        changed = dataclasses.replace(
            population,
            utilities=utilities,
            log_weights=weights.log_softmax(-1),
            log_nu=torch.where(shown, (law + law.mT) / 2, NEVER),
        )
        return bt.fit(changed.preferences()).reward / 900

    leaves = [
        leaf.detach().clone().requires_grad_()
        for leaf in (
            population.utilities,
            population.log_weights,
            population.log_nu.masked_fill(~shown, -3.0),  # type: ignore[union-attr]
        )
    ]
    assert torch.autograd.gradcheck(reward, leaves, eps=1e-7, atol=1e-5)


def test_disconnected() -> None:
    """Each component is fitted on its own with mean 0, the limit of a vanishing ridge penalty."""
    margin = bradley_terry([0.0, 1.0, 5.0, 2.0])
    table = np.full((4, 4), NEVER)
    table[0, 1] = table[1, 0] = table[2, 3] = table[3, 2] = math.log(0.25)
    p = preferences(margin, table)
    fit = bt.fit(p)
    assert np.allclose(fit.reward, [-0.5, 0.5, 1.5, -1.5], rtol=1e-14)
    assert not fit.determined
    ridge = reference.solved(reference.likelihood(2), first=[p.win[0, 1]], second=[p.win[1, 0]])
    assert fit.reward[:2].numpy() == pytest.approx(ridge[1], abs=1e-4)
    within = preferences(margin, table, log_reference=[-0.7, -0.7, NEVER, NEVER])
    assert bt.fit(within).determined  # the policy lives in one component
    alone = preferences(margin, table, log_reference=[NEVER, 0.0, NEVER, NEVER])
    assert bt.fit(alone).determined


def test_components() -> None:
    """Components carry their smallest member; an alternative never shown is alone."""
    table = np.full((5, 5), NEVER)
    table[1, 4] = table[4, 1] = table[4, 2] = table[2, 4] = 0.0
    assert bt.components(tensor(table)).tolist() == [0, 1, 1, 3, 1]


@pytest.mark.parametrize("where", ["margins", "tails"])
def test_noise_bounds_what_rounding_does(where: str) -> None:
    """Data moved within their rounding move no reward difference by more than the noises.

    Near ½ the margins' noise decides; at β = 50 the tails' own size does.
    """
    rng = np.random.default_rng(8)
    p = populations(8, 40, 5, beta=3.0 if where == "margins" else 50.0, spread=3.0).preferences()
    tail = bt.TAIL_ROUNDING * torch.minimum(p.win, p.win.mT)
    size = 1e-14 * tail / tail.amax() if where == "margins" else tail
    known = dataclasses.replace(p, noise=size if where == "margins" else torch.ones_like(p.win))
    shift = (tensor(rng.uniform(-1, 1, size=(40, 5, 5))) * size).triu(1)
    shift = shift - shift.mT
    moved = dataclasses.replace(known, win=p.win + shift, margin=p.margin + shift)
    first, second = bt.fit(known), bt.fit(moved)
    change = second.reward - first.reward
    difference = (change[..., :, None] - change[..., None, :]).abs()
    allowed = first.noise[..., :, None] + first.noise[..., None, :]
    rounding = 4e-16 * (1 + first.reward.abs().amax(-1))[:, None, None]
    assert (difference <= allowed + 20 * rounding).all()


@pytest.mark.parametrize("law", LAWS)
def test_gradients(law: str) -> None:
    """Implicit derivatives in utilities, weights and the law agree with finite differences."""
    population = populations(9, 1, 4, users=2, law=law, beta=3.0)
    name = {"independent": "log_mu", "pairs": "log_nu", "user-dependent": "log_nu_by_user"}[law]
    table = getattr(population, name)
    shown = table > NEVER

    def reward(utilities: Tensor, weights: Tensor, law: Tensor) -> Tensor:
        if name != "log_mu":
            law = (law + law.mT) / 2
        changed = dataclasses.replace(
            population,
            utilities=utilities,
            log_weights=weights.log_softmax(-1),
            **{name: torch.where(shown, law, NEVER)},
        )
        return bt.fit(changed.preferences()).reward

    leaves = [
        leaf.detach().clone().requires_grad_()
        for leaf in (population.utilities, population.log_weights, table.masked_fill(~shown, -3.0))
    ]
    assert torch.autograd.gradcheck(reward, leaves, eps=1e-6, atol=1e-7)


def test_batch_shapes() -> None:
    """Any leading dimensions; a batch gives what its elements give alone."""
    p = populations(3, 6, 4).preferences()
    whole = bt.fit(p)
    for i in range(6):
        assert (bt.fit(p[i]).reward - whole.reward[i]).abs().max() <= 1e-14
    folded = Preferences(**{
        f.name: table.unflatten(0, (2, 3))
        for f in dataclasses.fields(p)
        if (table := getattr(p, f.name)) is not None
    })  # fmt: skip
    assert torch.equal(bt.fit(folded).reward.flatten(0, 1), whole.reward)
