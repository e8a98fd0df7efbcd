"""What every method must do: metamorphic relations, ties, zeros, gradients, batches."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from adversary.interface.method import Method, Status, available
from adversary.methods.borda import Borda
from adversary.methods.copeland import Copeland
from adversary.methods.dpo import DPO
from adversary.methods.ipo import IPO
from adversary.methods.maximal_lotteries import MaximalLotteries
from adversary.methods.nlhf import NLHF
from adversary.methods.rlhf import RLHF
from adversary.problem.distortion import distortion, evaluate
from adversary.problem.population import Population
from tests.generators import LAWS, NEVER, populations, preferences, skew, tensor

METHODS = [Borda(), Copeland(), DPO(), IPO(), MaximalLotteries(), NLHF(), RLHF()]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
every_law = pytest.mark.parametrize("law", LAWS)
IN_THE_BALL = [m for m in METHODS if m.name in ("dpo", "ipo", "nlhf", "rlhf")]


def solved(method: Method, status: Tensor) -> bool:
    """Whether all are solved; several Copeland winners are nothing unusual."""
    usual = (Status.SOLVED, Status.TIED) if method.name == "copeland" else (Status.SOLVED,)
    return set(status.unique().tolist()) <= set(usual)


def policy(method: Method, population: Population) -> Tensor:
    """Return the probabilities that a method gives, all solved."""
    outcome = method.solve(population.preferences())
    assert solved(method, outcome.status)
    return outcome.log_policy.exp()


def test_the_list_is_complete() -> None:
    """Every method that is installed with the package is tested here."""
    assert {m.name for m in METHODS} == set(available())


@every_method
@every_law
@pytest.mark.parametrize("social", [True, False])
def test_permuting_users(method: Method, law: str, social: bool) -> None:
    """The order of the user types does not matter."""
    population = populations(1, 30, 4, law=law, social=social)
    order = torch.tensor([2, 0, 3, 1])
    by_user = population.log_nu_by_user
    moved = dataclasses.replace(
        population,
        log_weights=population.log_weights[:, order],
        utilities=population.utilities[:, order],
        log_nu_by_user=None if by_user is None else by_user[:, order],
    )
    assert (policy(method, population) - policy(method, moved)).abs().max() <= 1e-11


@every_method
@every_law
@pytest.mark.parametrize("social", [True, False])
def test_splitting_a_user(method: Method, law: str, social: bool) -> None:
    """One type split into two halves is the same population."""
    population = populations(2, 30, 4, law=law, social=social)
    again = torch.tensor([0, 1, 1, 2, 3])
    shares = tensor([0.0, math.log(0.3), math.log(0.7), 0.0, 0.0])
    by_user = population.log_nu_by_user
    split = dataclasses.replace(
        population,
        log_weights=population.log_weights[:, again] + shares,
        utilities=population.utilities[:, again],
        log_nu_by_user=None if by_user is None else by_user[:, again],
    )
    assert (policy(method, population) - policy(method, split)).abs().max() <= 1e-11


def relabelled(population: Population, order: Tensor) -> Population:
    """Return the population with alternatives in another order."""
    parts = {}
    for field in dataclasses.fields(population):
        value = getattr(population, field.name)
        if value is not None and field.name in ("log_mu", "log_reference", "utilities"):
            parts[field.name] = value[..., order]
        if value is not None and field.name in ("log_nu", "log_nu_by_user"):
            parts[field.name] = value[..., order, :][..., order]
    return dataclasses.replace(population, **parts)


@every_method
@every_law
@pytest.mark.parametrize("social", [True, False])
def test_relabelling_alternatives(method: Method, law: str, social: bool) -> None:
    """The policy moves with the names."""
    population = populations(3, 30, 5, law=law, social=social)
    order = torch.tensor([3, 1, 4, 0, 2])
    moved = policy(method, relabelled(population, order))
    assert (policy(method, population)[:, order] - moved).abs().max() <= 1e-11


def cloned(population: Population, share: float) -> Population:
    """Return the population with alternative 0 split in two that share its masses."""
    again = torch.tensor([0, 0, *range(1, population.utilities.shape[-1])])
    clone = relabelled(population, again)
    part = torch.zeros(len(again)).double()
    part[0], part[1] = math.log(share), math.log(1 - share)
    masses = {
        name: getattr(clone, name) + part
        for name in ("log_mu", "log_reference")
        if getattr(clone, name) is not None
    }
    return dataclasses.replace(clone, **masses)


@pytest.mark.parametrize("method", IN_THE_BALL, ids=lambda m: m.name)
def test_cloning_in_the_ball(method: Method) -> None:
    """Splitting an alternative's law and reference between clones splits its probability alike."""
    population = populations(4, 40, 4, budget=0.3)
    before = policy(method, population)
    after = policy(method, cloned(population, 0.25))
    merged = torch.cat([after[:, :2].sum(-1, keepdim=True), after[:, 2:]], -1)
    assert (before - merged).abs().max() <= 1e-11
    assert (after[:, 0] - 0.25 * before[:, 0]).abs().max() <= 1e-11


@pytest.mark.parametrize("method", [Borda(), IPO(), MaximalLotteries(), RLHF(), NLHF()],
                         ids=lambda m: m.name)  # fmt: skip
def test_cloning_in_social_choice(method: Method) -> None:
    """Clones do not move the utility of the policy, nor the distortion."""
    population = populations(5, 40, 4, social=True)
    before, _ = evaluate(population, method)
    after, outcome = evaluate(cloned(population, 0.25), method)
    assert (outcome.status < Status.DISCONNECTED).all()
    assert (before.achieved - after.achieved).abs().max() <= 1e-11
    assert (before.every - after.every).abs().max() <= 1e-9
    assert (before.some - after.some).abs().max() <= 1e-9


@every_method
@every_law
def test_batched_is_one_at_a_time(method: Method, law: str) -> None:
    """A batch gives what its elements give alone, and any leading dimensions work."""
    p = populations(6, 12, 4, law=law).preferences()
    whole = method.solve(p)
    for i in range(12):
        alone = method.solve(p[i])
        assert (alone.log_policy.exp() - whole.log_policy[i].exp()).abs().max() <= 1e-13
        assert alone.status == whole.status[i]
    folded = dataclasses.replace(
        p,
        **{
            name: table.unflatten(0, (3, 4)) for name, table in vars(p).items() if table is not None
        },
    )
    assert torch.equal(method.solve(folded).log_policy.flatten(0, 1), whole.log_policy)


@every_method
@pytest.mark.parametrize("beta", [1e-3, 1.0, 10.0, 50.0])
@pytest.mark.parametrize("m", [2, 3, 8, 64])
def test_residuals(method: Method, beta: float, m: int) -> None:
    """All statuses are good and residuals ≤ 1e-12 (games: gap ≤ 1e-10), all laws, all β."""
    for law in LAWS:
        p = populations(m, 16, m, law=law, beta=beta, spread=4.0).preferences()
        outcome = method.solve(p)
        assert solved(method, outcome.status)
        limit = 1e-10 if method.name in ("nlhf", "maximal-lotteries") else 1e-12
        assert outcome.residual.max() <= limit
        assert (outcome.log_policy.exp().sum(-1) - 1).abs().max() <= 1e-13


@every_method
def test_two_hundred_alternatives(method: Method) -> None:
    """Many alternatives are solved too."""
    outcome = method.solve(populations(0, 2, 200).preferences())
    assert solved(method, outcome.status)
    assert outcome.residual.max() <= 1e-10


@every_method
def test_tiny_utilities(method: Method) -> None:
    """Utilities of 1e-12 are not noise: the policy is that of utilities 1e-6, to first order."""
    population = populations(7, 20, 4, budget=0.2)
    small, tiny = (
        dataclasses.replace(population, utilities=population.utilities * size)
        for size in (1e-6, 1e-12)
    )
    assert (policy(method, small) - policy(method, tiny)).abs().max() <= 1e-4


@every_method
def test_zero_reference_mass(method: Method) -> None:
    """An alternative without reference mass is never chosen, and does not break the rest."""
    population = populations(8, 20, 4)
    assert population.log_reference is not None
    log_reference = population.log_reference.clone()
    log_reference[:, 1] = NEVER
    population = dataclasses.replace(population, log_reference=log_reference.log_softmax(-1))
    found = policy(method, population)
    assert (found[:, 1] == 0).all()
    assert (found.sum(-1) - 1).abs().max() <= 1e-13


@pytest.mark.parametrize("method", IN_THE_BALL, ids=lambda m: m.name)
@pytest.mark.parametrize("tau", [0.0, 1e-10, 1e300])
def test_extreme_budgets(method: Method, tau: float) -> None:
    """Budget 0 is the reference; 1e-10 is near it at KL = 1e-10; 1e300 is social choice."""
    population = populations(9, 20, 4, budget=tau)
    assert population.log_reference is not None
    found, ref = policy(method, population), population.log_reference.exp()
    if tau == 0:
        assert (found - ref).abs().max() <= 1e-15
    elif tau < 1:
        assert 1e-7 <= (found - ref).abs().max() <= 1e-4
    else:
        social = dataclasses.replace(population, budget=torch.full((20,), math.inf).double())
        assert (found - policy(method, social)).abs().max() <= 1e-13


@every_method
def test_all_tied(method: Method) -> None:
    """When nobody prefers anything every policy is allowed, and `every` and `some` say so."""
    population = populations(10, 1, 3, users=2, budget=0.3)
    weights = tensor([[math.log(1 / 3), math.log(2 / 3)]])
    for utilities in ([[0.7] * 3, [0.2] * 3], [[0.1, 0.1, 0.1], [0.3, 0.3, 0.3]]):
        tied = dataclasses.replace(population, utilities=tensor([utilities]), log_weights=weights)
        outcome = method.solve(tied.preferences())
        assert outcome.status.tolist() == [Status.TIED]
        assert outcome.highest is not None
        values = tensor([[0.0, 1.0, 0.5]])
        inside = method in IN_THE_BALL
        top = outcome.highest(values).item()
        if inside:
            from adversary.solvers import kl_ball

            p = tied.preferences()
            assert top == pytest.approx(
                kl_ball.highest(values, p.log_reference, p.budget).item(), abs=1e-7
            )
        else:
            assert top == 1


@every_method
@pytest.mark.parametrize("tau", [5.0, math.inf])
def test_what_rests_on_rounding_is_undetermined(method: Method, tau: float) -> None:
    """A margin below its noise may have either sign: no policy is certain, neither is a ratio."""
    for edge, status in ((0.0, Status.TIED), (1e-16, Status.UNDETERMINED), (1e-12, Status.SOLVED)):
        margin = np.array([[0.0, edge, 0.1], [0.0, 0.0, 0.1], [0.0, 0.0, 0.0]])
        p = preferences(margin - margin.T, budget=tau, noise=1e-15)
        outcome = method.solve(p)
        assert outcome.status == status
        found = distortion(tensor([1.0, 0.25, 0.0]), p, outcome)
        best_alone = [1.0, 4.0][status is not Status.SOLVED]
        assert [float(found.every), float(found.some)] == pytest.approx([1.0, best_alone])


@every_method
@every_law
@pytest.mark.parametrize("tau", [0.05, math.inf])
def test_gradients(method: Method, law: str, tau: float) -> None:
    """Derivatives in utilities, weights, law, reference and budget against finite differences."""
    social = tau == math.inf
    population = populations(11, 1, 3, users=2, law=law, beta=3.0, social=social, budget=0.05)
    name = {"independent": "log_mu", "pairs": "log_nu", "user-dependent": "log_nu_by_user"}[law]
    table = getattr(population, name)
    shown = table > NEVER
    reference = torch.zeros(1, 3).double() if social else population.log_reference
    log_tau = tensor([math.log(0.05)])

    def learned(
        utilities: Tensor, weights: Tensor, law: Tensor, ref: Tensor, tau: Tensor
    ) -> Tensor:
        law = (law + law.mT) / 2 if name != "log_mu" else law
        changed = dataclasses.replace(
            population,
            utilities=utilities,
            log_weights=weights.log_softmax(-1),
            log_reference=None if social else ref.log_softmax(-1),
            budget=None if social else tau.exp(),
            **{name: torch.where(shown, law, NEVER)},
        )
        outcome = method.solve(changed.preferences())
        # Everywhere 0 at a vertex: keep the graph so that gradcheck has something to compare.
        return outcome.log_policy.exp() + 0 * (utilities.sum() + ref.sum() + tau.sum())

    assert reference is not None
    leaves = [
        leaf.detach().clone().requires_grad_()
        for leaf in (
            population.utilities,
            population.log_weights,
            table.masked_fill(~shown, -3.0),
            reference,
            log_tau,
        )
    ]
    assert torch.autograd.gradcheck(learned, leaves, eps=1e-6, atol=1e-6)


def test_rlhf_is_dpo() -> None:
    """Two roads to one policy: all laws, binding or not, across a weak bridge too."""
    for law in LAWS:
        for beta in (1e-3, 5.0, 50.0):
            p = populations(12, 100, 5, law=law, beta=beta, spread=2.0).preferences()
            first, second = RLHF().solve(p), DPO().solve(p)
            gap = (first.log_policy.exp() - second.log_policy.exp()).abs().max()
            assert gap <= 1e-12
            assert torch.equal(first.status, second.status)


def test_disconnected_has_no_distortion() -> None:
    """A law that does not determine the policy is reported, and proves nothing."""
    population = populations(13, 2, 4, law="pairs")
    assert population.log_nu is not None
    population.log_nu[0, :2, 2:] = NEVER
    population.log_nu[0, 2:, :2] = NEVER
    for method in (RLHF(), DPO()):
        found, outcome = evaluate(population, method)
        assert outcome.status.tolist() == [Status.DISCONNECTED, Status.SOLVED]
        assert found.every.isnan().tolist() == [True, False]
        assert found.some.isnan().tolist() == [True, False]
        assert outcome.score is not None
        assert outcome.score[0, :2].sum().item() == pytest.approx(0, abs=1e-14)
        assert outcome.log_policy.exp().sum(-1).tolist() == pytest.approx([1, 1])


def test_rlhf_orders_as_borda_under_an_independent_law() -> None:
    """SLH: with pairs drawn independently the reward and the Borda score order alike."""
    for beta in (1.0, 10.0, 50.0):
        p = populations(14, 300, 6, beta=beta, spread=2.5).preferences()
        reward, score = RLHF().solve(p).score, Borda().solve(p).score
        assert reward is not None
        assert score is not None
        assert torch.equal(reward.argsort(-1), score.argsort(-1))


def test_nothing_is_random() -> None:
    """The same preferences give the same bits twice."""
    p = preferences(skew(np.random.default_rng(0), 5))
    for method in METHODS:
        assert torch.equal(method.solve(p).log_policy, method.solve(p).log_policy)
