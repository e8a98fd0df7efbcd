"""The float64 view: win probabilities, margins and laws against 60-digit arithmetic."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch

from adversary.errors import InputError
from adversary.problem.instance import (
    Independent,
    Instance,
    PairLaw,
    Pairs,
    Reference,
    UserDependent,
    UserType,
    uniform,
)
from adversary.problem.population import Population
from tests.generators import LAWS, populations, tensor

BETAS = [1e-3, 1.0, 10.0, 50.0]


def exact_margins(population: Population) -> list[list[Any]]:
    """Return p(x≻y) − ½ of a single element (batch of one), by the definition, in 60 digits."""
    with mp.workdps(60):
        beta = mp.mpf(population.beta.item())
        weights = [mp.exp(mp.mpf(v)) for v in population.log_weights[0].tolist()]
        utilities = [[mp.mpf(v) for v in row] for row in population.utilities[0].tolist()]
        m = len(utilities[0])
        laws = None
        if population.log_nu_by_user is not None:
            laws = [[[mp.exp(mp.mpf(v)) for v in row] for row in table]
                    for table in population.log_nu_by_user[0].tolist()]  # fmt: skip
        table = [[mp.mpf(0)] * m for _ in range(m)]
        for x in range(m):
            for y in range(m):
                if x == y:
                    continue
                share = [w * (laws[k][x][y] if laws else 1) for k, w in enumerate(weights)]
                h = [mp.tanh(beta * (u[x] - u[y]) / 2) / 2 for u in utilities]
                table[x][y] = mp.fdot(share, h) / mp.fsum(share)
        return table


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("beta", BETAS)
def test_probabilities(law: str, beta: float) -> None:
    """p(x≻y) + p(y≻x) = 1, the margin is skew, and p = ½ + margin, to a few roundings.

    Also where a pair is shown with probability 1e-300 only.
    """
    population = populations(1, 50, 6, law=law, beta=beta)
    if population.log_nu_by_user is not None:
        population.log_nu_by_user[..., 1, 2] -= 690
        population.log_nu_by_user[..., 2, 1] -= 690
    p = population.preferences()
    assert (p.win + p.win.mT - 1).abs().max() <= 1e-15
    assert (p.margin + p.margin.mT).abs().max() == 0
    assert (p.win - 0.5 - p.margin).abs().max() <= 1e-15
    assert (p.win > 0).all()
    assert (p.win.diagonal(dim1=-2, dim2=-1) == 0.5).all()


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("size", [1.0, 1e-12])
def test_margins_and_their_noise(law: str, beta: float, size: float) -> None:
    """Margins agree with 60 digits up to `noise`, and `noise` is near what rounding can do.

    With one user type nothing cancels between types, and utilities of 1e-12 lose nothing.
    """
    for seed in range(4):
        population = populations(seed, 1, 4, users=3, law=law, beta=beta)
        population = dataclasses.replace(population, utilities=population.utilities * size)
        p, exact = population.preferences(), exact_margins(population)
        for x in range(4):
            for y in range(4):
                error = abs(mp.mpf(p.margin[0, x, y].item()) - exact[x][y])
                assert error <= p.noise[0, x, y].item()
        bound = 60 * 2.3e-16 * min(0.5, beta * size)  # (types + 3 + logs of laws) · ε
        assert p.noise.max() <= bound


@pytest.mark.parametrize("beta", BETAS)
def test_tiny_utilities_keep_relative_accuracy(beta: float) -> None:
    """With a utility of 0 opposite, a margin of utilities 1e-12 has full relative accuracy."""
    population = populations(3, 1, 3, users=2, beta=beta)
    utilities = tensor([[[1e-12, 0, 3e-13], [2e-12, 0, 7e-13]]])
    population = dataclasses.replace(population, utilities=utilities)
    p, exact = population.preferences(), exact_margins(population)
    for x in (0, 2):
        relative = abs(p.margin[0, x, 1].item() / exact[x][1] - 1)
        assert relative <= 1e-14
        assert p.margin[0, x, 1] > 0


def test_small_probabilities_keep_relative_accuracy() -> None:
    """At β = 50 a win probability of e^(−50) is accurate to its own size."""
    population = populations(0, 1, 2, users=1, beta=50.0)
    population = dataclasses.replace(population, utilities=tensor([[[0.0, 1.0]]]))
    win = population.preferences().win[0, 0, 1].item()
    assert win == pytest.approx(1 / (1 + math.exp(50)), rel=1e-15, abs=0)


def instance(law: PairLaw, reference: Reference | None = None) -> Instance:
    """Return three alternatives and two user types under a law."""
    users = (UserType("1/4", ("0", "1/2", "1")), UserType("3/4", ("1", "0", "1/3")))  # pyright: ignore
    return Instance("2", ("a", "b", "c"), users, law, reference)  # pyright: ignore


def test_of_instances() -> None:
    """Weights are normalised exactly, in the log domain: 1e-300 and 1e-400 are there, 0 is −inf."""
    reference = Reference(("1e-400", "2e-300", 0), "1e400")  # pyright: ignore
    law = Independent(("1e-400", 0, 2))  # pyright: ignore
    view = Population.of(instance(law, reference))
    assert view.log_reference is not None
    assert view.budget is not None
    assert view.log_mu is not None
    log_sum = math.log(2) - 300 * math.log(10)
    expected = [-400 * math.log(10) - log_sum, 0.0, -math.inf]
    assert view.log_reference[0].tolist() == pytest.approx(expected, rel=1e-15, abs=1e-100)
    assert view.budget.tolist() == [math.inf]
    assert view.log_mu[0, 0].item() == pytest.approx(-400 * math.log(10) - math.log(2), rel=1e-15)
    assert view.log_weights[0].exp().tolist() == pytest.approx([0.25, 0.75], rel=1e-15)
    assert view.average_utility[0].tolist() == pytest.approx([0.75, 0.125, 0.5], rel=1e-15)
    p = view.preferences()
    assert p.support.tolist() == [[True, True, False]]


def test_pair_law_is_on_ordered_pairs() -> None:
    """An unordered pair's weight is halved; an independent law gives 2μ(x)μ(y) to {x, y}."""
    pairs = instance(Pairs(((0, 1, Fraction(3)), (1, 2, Fraction(1)))))
    p = Population.of(pairs).preferences()
    expected = [[0, 0.375, 0], [0.375, 0, 0.125], [0, 0.125, 0]]
    assert np.allclose(p.log_pairs[0].exp(), expected, rtol=1e-15, atol=0)
    assert np.allclose(p.log_opponents[0].exp(), [[0, 1, 0], [0.75, 0, 0.25], [0, 1, 0]])
    p = Population.of(instance(Independent((Fraction(1), Fraction(3), Fraction(0))))).preferences()
    assert np.allclose(p.log_pairs[0].exp(), np.outer([0.25, 0.75, 0], [0.25, 0.75, 0]))
    assert np.allclose(p.log_opponents[0].exp(), [[0.25, 0.75, 0]] * 3)


def test_user_dependent_law_weights_the_users() -> None:
    """p(x≻y) averages over the users who are asked; a pair that nobody is asked counts as ½."""
    first, second = Pairs(((0, 1, Fraction(1)),)), uniform(3)
    p = Population.of(instance(UserDependent((first, second)))).preferences()
    w = np.array([0.25 * 0.5, 0.75 / 9])
    sigma = 1 / (1 + np.exp(-2 * np.array([0 - 0.5, 1 - 0.0])))
    assert p.win[0, 0, 1].item() == pytest.approx(w @ sigma / w.sum(), rel=1e-14)
    assert p.log_pairs[0, 0, 1].exp().item() == pytest.approx(w.sum(), rel=1e-14)
    alone = UserDependent((first, Pairs(((0, 1, Fraction(1)),))))
    p = Population.of(instance(alone)).preferences()
    assert p.win[0, 0, 2] == 0.5
    assert p.margin[0, 0, 2] == 0
    assert p.log_opponents[0, 2].tolist() == [-math.inf] * 3


@pytest.mark.parametrize("law", ["independent", "pairs"])
def test_common_law_is_a_user_dependent_law(law: str) -> None:
    """The same law for every user, written user by user, gives the same preferences."""
    one = populations(5, 20, 4, law=law)
    p = one.preferences()
    log_nu = p.log_pairs[:, None].expand(-1, one.utilities.shape[1], -1, -1)
    other = dataclasses.replace(one, log_mu=None, log_nu=None, log_nu_by_user=log_nu).preferences()
    assert (p.win - other.win).abs().max() <= 1e-15
    assert (p.margin - other.margin).abs().max() <= 1e-15


@pytest.mark.parametrize("law", LAWS)
def test_gradients(law: str) -> None:
    """Autograd agrees with finite differences in every field, also with an excluded pair."""
    population = populations(7, 1, 3, users=2, law=law)
    names = [f.name for f in dataclasses.fields(population) if f.name not in ("beta", "budget")]
    names = [name for name in names if getattr(population, name) is not None]
    values = [getattr(population, name).clone().requires_grad_() for name in names]

    def margins(*parts: torch.Tensor) -> torch.Tensor:
        changed = dataclasses.replace(population, **dict(zip(names, parts, strict=True)))
        p = changed.preferences()
        off = ~torch.eye(3, dtype=torch.bool)
        return torch.cat([p.margin[:, off], p.win[:, off], p.log_pairs[:, off]])

    off_diagonal = [v.masked_fill(v == -math.inf, -50.0).detach().requires_grad_() for v in values]
    assert torch.autograd.gradcheck(margins, off_diagonal)


def test_social_choice_is_a_uniform_reference_without_budget() -> None:
    """Without a reference methods see the uniform one and an infinite budget."""
    p = populations(0, 3, 4, social=True).preferences()
    assert np.allclose(p.log_reference.exp(), 0.25)
    assert (p.budget == math.inf).all()


def test_indexing() -> None:
    """A part of the batch is the same numbers."""
    whole = populations(0, 6, 3)
    part, one = whole[1:4].preferences(), whole.preferences()[2]
    assert torch.equal(part.margin[1], one.margin)
    assert torch.equal(part.budget[1], one.budget)


def test_mixed_shapes_are_refused() -> None:
    """A batch has one shape and one kind of law."""
    with pytest.raises(InputError, match="a single shape and law"):
        Population.of(instance(uniform(3)), instance(Pairs(((0, 1, Fraction(1)),))))
    with pytest.raises(InputError, match="a single shape"):
        Population.of()
