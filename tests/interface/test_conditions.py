"""Outcome conditions: they hold exactly where the method has the outcome, in both directions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from adversary.interface.conditions import Conditions, Target, beating, best_score, score_rows
from adversary.interface.method import Method, Status
from adversary.interface.preferences import Preferences
from adversary.methods.borda import Borda
from adversary.methods.copeland import Copeland
from adversary.methods.dpo import DPO
from adversary.methods.ipo import IPO
from adversary.methods.maximal_lotteries import MaximalLotteries
from adversary.methods.nlhf import NLHF
from adversary.methods.rlhf import RLHF
from tests.columns.programs import target, vertex
from tests.generators import LAWS, NEVER, populations, preferences, skew, tensor

SCORED = [Borda(), Copeland(), IPO(), MaximalLotteries(), NLHF()]
REWARDED = [RLHF(), DPO()]
INTERIOR = [RLHF(), DPO(), IPO(), NLHF()]


def of(p: Preferences, log_policy: Tensor, score: object = None) -> Target:
    """Return the target with the law, reference and budget of one element of preferences."""
    flat = torch.zeros_like(log_policy) if score is None else tensor(score)
    return Target(p.log_pairs, p.log_opponents, p.log_reference, p.budget, log_policy, flat)


def left(conditions: Conditions, margin: Tensor) -> Tensor:
    """Return Σ coefficients·(p − ½) + constants."""
    return (conditions.coefficients * margin).sum((-2, -1)) + conditions.constants


def holds(conditions: Conditions, margin: Tensor) -> bool:
    """Whether margins satisfy conditions, up to rounding; copies have equal margins."""
    if conditions.alike is not None and not torch.equal(margin, margin[list(conditions.alike)]):
        return False
    value = left(conditions, margin)
    met = torch.where(conditions.equality, value.abs() <= 1e-9, value >= -1e-12)
    return bool(met.all())


def project(conditions: Conditions, margin: Tensor) -> Tensor:
    """Return the nearest margins for which the equations hold."""
    m = margin.shape[-1]
    x, y = np.triu_indices(m, 1)
    skewed = conditions.coefficients - conditions.coefficients.mT
    rows = skewed[conditions.equality][:, x, y].numpy()
    wrong = left(conditions, margin)[conditions.equality].numpy()
    change = -np.linalg.lstsq(rows, wrong, rcond=None)[0]
    table = np.zeros((m, m))
    table[x, y] = change
    return margin + tensor(table - table.T)


def with_margin(p: Preferences, margin: Tensor) -> Preferences:
    """Return the element of preferences with other win probabilities."""
    return replace(p, win=margin + 0.5, margin=margin)


def test_beating() -> None:
    """One row for each pair: p(x≻y) ≥ ½."""
    found = beating([(0, 2), (2, 1)], 3)
    margin = tensor([[0, 0.1, 0.2], [-0.1, 0, -0.3], [-0.2, 0.3, 0]])
    assert left(found, margin).tolist() == pytest.approx([0.2, 0.3])
    assert not found.equality.any()


def test_score_rows() -> None:
    """Row x weighs x's contests with the table, nothing else."""
    rng = np.random.default_rng(60)
    table, margin = tensor(rng.random((4, 4))), tensor(skew(rng, 4))
    assert torch.allclose(
        (score_rows(table) * margin).sum((-2, -1)), (table * margin).sum(-1), atol=1e-15
    )


def test_the_best_score_needs_a_winner_who_is_shown() -> None:
    """No conditions for a mixed policy, or for a winner without opponents."""
    flat = torch.full((3, 3), -math.log(9)).double()
    mixed = torch.full((3,), -math.log(3)).double()
    assert best_score(target(flat, mixed, np.zeros(3)), flat.exp()) is None
    hidden = torch.full((3, 3), NEVER).double()
    hidden[1, 2] = hidden[2, 1] = -math.log(2)
    assert best_score(target(hidden, vertex(3, 0), np.zeros(3)), hidden.exp()) is None
    found = best_score(target(hidden, vertex(3, 1), np.zeros(3)), hidden.exp())
    assert found is not None
    assert len(found.constants) == 1  # only the other that is shown


def test_what_a_target_knows() -> None:
    """Winner, support and whether the law is independent."""
    p = populations(59, 1, 3).preferences()[0]
    p = replace(p, log_reference=tensor([NEVER, -1.0, -1.0]))
    own = of(p, vertex(3, 2))
    assert own.winner == 2
    assert own.support == [1, 2]
    assert own.independent
    p = populations(59, 1, 3, law="pairs").preferences()[0]
    other = of(p, torch.full((3,), -math.log(3)).double())
    assert other.winner is None
    assert other.support == [0, 1, 2]
    assert not other.independent


def played(method: Method, p: Preferences) -> int | None:
    """Return the one alternative that a method always plays, None where there is none."""
    outcome = method.solve(p)
    if int(outcome.status) != Status.SOLVED:
        return None
    probability, winner = outcome.log_policy.exp().max(-1)
    return int(winner) if float(probability) > 1 - 1e-9 else None


@pytest.mark.parametrize("method", SCORED + REWARDED, ids=lambda m: m.name)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("m", [2, 3, 4])
def test_vertices_in_social_choice(method: Method, law: str, m: int) -> None:
    """A set of conditions holds for x if and only if the method plays x."""
    if method.name in ("rlhf", "dpo") and law != "independent":
        return  # the score belongs to the outcome: `test_interior…`
    batch = populations(61, 25, m, law=law, social=True).preferences()
    winners = set()
    for i in range(25):
        p = batch[i]
        winner = played(method, p)
        winners.add(winner)
        for x in range(m):
            options = method.conditions(of(p, vertex(m, x)))
            assert any(holds(c, p.margin) for c in options) is (winner == x)
    assert winners >= set(range(m))


@pytest.mark.parametrize("method", SCORED + REWARDED, ids=lambda m: m.name)
def test_vertices_in_the_ball(method: Method) -> None:
    """With an alternative outside the reference's support, whose votes count as the method says."""
    batch = populations(62, 40, 4, social=True).preferences()
    logs = tensor([math.log(0.5), math.log(0.3), NEVER, math.log(0.2)])
    winners = []
    for i in range(40):
        p = replace(batch[i], log_reference=logs, budget=tensor(3.0))
        winner = played(method, p)
        winners.append(winner)
        for x in (0, 1, 3):
            options = method.conditions(of(p, vertex(4, x)))
            assert any(holds(c, p.margin) for c in options) is (winner == x)
    assert {0, 1, 3} <= set(winners)


@pytest.mark.parametrize("m", [5, 6])
def test_copeland_with_many_alternatives(m: int) -> None:
    """Every tournament of five is stated; of six, only a winner of all contests."""
    rng = np.random.default_rng(63)
    seen = 0
    conditions = [Copeland().conditions(of(preferences(skew(rng, m)), vertex(m, x)))
                  for x in range(m)]  # fmt: skip
    for number in range(12):
        table = skew(rng, m)
        if number % 2:  # alternative 2 wins all its contests
            table[2] = np.abs(table[2])
            table[:, 2] = -table[2]
        p = preferences(table)
        winner = played(Copeland(), p)
        for x in range(m):
            held = any(holds(c, p.margin) for c in conditions[x])
            seen += held
            if m == 5:
                assert held is (winner == x)
            else:
                assert not held or winner == x
    assert seen >= 6


@pytest.mark.parametrize("m", [4, 6])
def test_copeland_with_copies(m: int) -> None:
    """Where all but one of the others are copies of each other, both directions hold again."""
    rng, lost = np.random.default_rng(72), 0
    for _ in range(60):
        single = int(rng.integers(1, m))
        table = skew(rng, 3)
        group = [0 if x == 0 else 1 if x == single else 2 for x in range(m)]
        p = preferences(table[np.ix_(group, group)])
        winner = played(Copeland(), p)
        met = [any(holds(c, p.margin) for c in Copeland().conditions(of(p, vertex(m, x))))
               for x in range(m)]  # fmt: skip
        assert met[0] is (winner == 0)
        assert met[single] is (winner == single)
        lost += met[0] and bool((p.margin[0] < 0).any())
    assert lost >= 3


def test_a_mixed_policy_has_no_conditions_where_only_winners_count() -> None:
    """Borda and Copeland return vertices, up to ties."""
    flat = torch.full((3, 3), -math.log(9)).double()
    mixed = target(flat, torch.full((3,), -math.log(3)).double(), np.zeros(3))
    assert not Borda().conditions(mixed)
    assert not Copeland().conditions(mixed)


@pytest.mark.parametrize("method", INTERIOR, ids=lambda m: m.name)
@pytest.mark.parametrize("law", LAWS)
def test_interior_outcomes_satisfy_their_equations(method: Method, law: str) -> None:
    """At the policy and the score that the method has on a random population."""
    batch = populations(64, 30, 4, law=law).preferences()
    outcome = method.solve(batch)
    assert outcome.score is not None
    inside = 0
    for i in range(30):
        if float(outcome.log_policy[i].exp().max()) > 0.999:
            continue
        inside += 1
        (found,) = method.conditions(of(batch[i], outcome.log_policy[i], outcome.score[i]))
        assert found.equality.all()
        assert left(found, batch.margin[i]).abs().max() <= 1e-9
    assert inside >= 15


@pytest.mark.parametrize("method", INTERIOR, ids=lambda m: m.name)
@pytest.mark.parametrize("law", ["independent", "pairs"])
def test_interior_equations_suffice(method: Method, law: str) -> None:
    """Any other margins that satisfy the equations have the same policy."""
    rng = np.random.default_rng(65)
    batch = populations(66, 30, 4, law=law).preferences()
    outcome = method.solve(batch)
    assert outcome.score is not None
    moved = 0
    for i in range(30):
        log_policy = outcome.log_policy[i]
        if float(log_policy.exp().max()) > 0.999:
            continue
        (found,) = method.conditions(of(batch[i], log_policy, outcome.score[i]))
        other = project(found, 0.6 * batch.margin[i] + 0.2 * tensor(skew(rng, 4)))
        if other.abs().max() >= 0.5:
            continue
        moved += 1
        again = method.solve(with_margin(batch[i], other))
        assert int(again.status) == Status.SOLVED
        assert (again.log_policy.exp() - log_policy.exp()).abs().max() <= 1e-8
    assert moved >= 8


@pytest.mark.parametrize("method", REWARDED, ids=lambda m: m.name)
def test_rewards_at_a_vertex_of_a_pair_law(method: Method) -> None:
    """The score says which alternative wins: margins with this reward, and no others, do."""
    rng = np.random.default_rng(67)
    moved = 0
    for i in range(20):
        p = populations(68 + i, 1, 4, law="pairs", social=True).preferences()[0]
        reward = tensor(rng.normal(size=4))
        winner = int(reward.argmax())
        (found,) = method.conditions(of(p, vertex(4, winner), reward))
        assert found.equality.all()
        margin = project(found, tensor(skew(rng, 4, 0.4)))
        if margin.abs().max() >= 0.5:
            continue
        moved += 1
        outcome = method.solve(with_margin(p, margin))
        assert played(method, with_margin(p, margin)) == winner
        assert outcome.score is not None
        assert torch.allclose(outcome.score - outcome.score.mean(), reward - reward.mean())
        off = tensor(skew(rng, 4, 0.01))
        assert not holds(found, margin + off)
    assert moved >= 5


def test_rewards_on_a_path() -> None:
    """Pairs along a path: only the alternatives that are shown have an equation."""
    table = torch.full((4, 4), NEVER).double()
    for x in (0, 1):
        table[x, x + 1] = table[x + 1, x] = -math.log(4)
    reward = tensor([0.0, 0.5, 1.5, 0.0])
    own = target(table, vertex(4, 2), reward, [0.0, NEVER, 0.0, NEVER])
    (found,) = RLHF().conditions(own)
    assert len(found.constants) == 2  # one of three is implied
    gaps = reward[:, None] - reward
    assert holds(found, 0.5 * torch.tanh(0.5 * gaps))
    assert not holds(found, torch.tanh(0.5 * gaps))


def test_mixed_lotteries() -> None:
    """On a cycle of three: the lottery that the method plays is unbeaten, and no other one."""
    rng = np.random.default_rng(70)
    other = torch.full((3,), -math.log(3)).double()
    for _ in range(10):
        first, second, third = rng.uniform(0.1, 0.4, size=3)
        p = preferences([[0, first, -second], [-first, 0, third], [second, -third, 0]])
        log_policy = MaximalLotteries().solve(p).log_policy
        (found,) = MaximalLotteries().conditions(of(p, log_policy))
        assert left(found, p.margin).abs().max() <= 1e-10
        (wrong,) = MaximalLotteries().conditions(of(p, other))
        assert not holds(wrong, p.margin)


def flat(conditions: Conditions) -> Tensor:
    """Return all that conditions consist of."""
    return torch.cat([conditions.coefficients.flatten(), conditions.constants])


@pytest.mark.parametrize("method", [*SCORED, *REWARDED], ids=lambda m: m.name)
@pytest.mark.parametrize("kind", ["vertex", "interior"])
@pytest.mark.parametrize("law", ["independent", "pairs"])
def test_gradients(method: Method, kind: str, law: str) -> None:
    """Coefficients and constants are differentiable in law, policy and score."""
    if kind == "interior" and method.name in ("borda", "copeland"):
        return
    rng = np.random.default_rng(71)

    def conditions(raw_law: Tensor, raw_policy: Tensor, score: Tensor) -> Tensor:
        logs = raw_law[0].log_softmax(-1)
        if law == "independent":
            table = logs[:, None] + logs
        else:
            table = (raw_law + raw_law.mT).masked_fill(torch.eye(3, dtype=torch.bool), NEVER)
            table = table.flatten().log_softmax(-1).unflatten(0, (3, 3))
        log_policy = vertex(3, 1) if kind == "vertex" else raw_policy.log_softmax(-1)
        shown = table.logsumexp(-1, keepdim=True)
        opponents = logs.expand(3, 3) if law == "independent" else table - shown
        uniform = torch.full((3,), -math.log(3)).double()
        made = Target(table, opponents, uniform, tensor(1.0), log_policy, score)
        return flat(method.conditions(made)[0]) + 0 * score.sum()

    inputs = [tensor(rng.normal(size=shape)).requires_grad_() for shape in [(3, 3), (3,), (3,)]]
    assert torch.autograd.gradcheck(conditions, inputs, check_undefined_grad=False)
