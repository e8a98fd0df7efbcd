"""High precision against the float solvers and against the independent recomputation."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN
from typing import Any

import pytest
import torch
from mpmath import mp, mpf

from adversary.certifying import lotteries, nash, precise, rewards
from adversary.problem.population import Population
from adversary.solvers import bradley_terry, game, kl_ball
from tests.certificate import reference
from tests.certificate.completed import instance_of
from tests.certificate.instances import LAWS, random_document

SEEDS = range(300, 306)


def close(first: Any, second: Any, tolerance: float) -> bool:
    """Whether two vectors agree."""
    return max(abs(a - b) for a, b in zip(first, second, strict=True)) <= tolerance


def both(seed: int, law: str, ball: bool = True, method: str = "rlhf") -> tuple[Any, Any, Any]:
    """The model, the recomputation's problem and the floats' preferences, of one instance."""
    document = random_document(seed, method, law, ball)
    instance = instance_of(document)
    preferences = Population.of(instance).preferences()[0]
    return precise.model(instance), reference.problem(document), preferences


@pytest.fixture(autouse=True)
def _digits():
    with mp.workdps(reference.DIGITS):
        yield


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_model(law: str, seed: int):
    model, problem, preferences = both(seed, law)
    tiny = 1e-45
    assert close(model.utility, problem.utility, tiny)
    assert model.support == problem.support
    for mine, other in zip(model.margins, problem.margins, strict=True):
        assert close(mine, other, tiny)
    for mine, other in zip(model.opponents, problem.rows, strict=True):
        assert (mine is None) == (other is None)
        assert mine is None or close(mine, other, tiny)
    margins = [a for row in model.margins for a in row]
    assert close(margins, preferences.margin.flatten().tolist(), 1e-14)
    assert close(model.reference, preferences.log_reference.exp().tolist(), 1e-14)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_reward(law: str, seed: int):
    model, problem, preferences = both(seed, law)
    start = bradley_terry.fit(preferences).reward.tolist()
    found, expected = rewards.reward(model, start), reference.bradley_terry(problem)
    first = model.support[0]
    moved = [(found[x] - found[first], expected[x] - expected[first]) for x in model.support]
    assert all(abs(a - b) < 1e-38 for a, b in moved)
    assert all(abs(found[x] - found[first] - start[x] + start[first]) < 1e-9 for x in model.support)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_temperature(seed: int):
    model, problem, preferences = both(seed, "pairs")
    score = list(model.utility)
    if precise.fits(model, precise.face(model, score)):
        assert reference.maximise(score, problem.reference, problem.budget)[1] is None
        return
    s = precise.inverse_temperature(model.reference, score, model.budget)
    policy, temperature = reference.maximise(score, problem.reference, problem.budget)
    assert abs(s * temperature - 1) < 1e-35
    assert close(precise.tilt(model.reference, score, s), policy, 1e-35)
    assert abs(precise.divergence(policy, model.reference) - model.budget) < 1e-38
    values = torch.tensor([[float(u) for u in score]], dtype=torch.float64)
    tables = (preferences.log_reference[None], preferences.budget[None])
    best = float(kl_ball.highest(values, *tables)[0])
    assert abs(precise.dot(policy, score) - best) < 1e-9


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_and_the_worst_lottery(law: str, seed: int):
    model, problem, _ = both(seed, law, seed % 2 == 0, "maximal-lotteries")
    expected = reference.solve(problem)
    for sign, bound in ((1, expected.high), (-1, expected.low)):
        prices, lottery = lotteries.priced(model, sign)
        assert min(prices) >= 0
        assert abs(mp.fsum(lottery) - 1) < 1e-35
        assert max(precise.times(model.margins, lottery)[x] for x in model.support) < 1e-35
        paid = precise.times(model.margins, prices)
        least = max(sign * model.utility[x] + paid[x] for x in model.support)
        assert abs(least - sign * bound) < 1e-35  # the prices prove it
        assert abs(precise.dot(model.utility, lottery) - bound) < 1e-35


def test_the_nash_policy():
    checked = 0
    for seed in range(400, 415):
        model, problem, preferences = both(seed, "independent", True, "nlhf")
        expected = reference.solve(problem)
        if expected.temperature is None or model.budget == 0:
            continue
        tables = (preferences.margin, preferences.noise, preferences.log_reference)
        start = game.solve(*tables, preferences.budget)
        policy, s = nash.nash(model, start.log_policy.tolist())
        assert close(policy, expected.policy, 1e-30)
        assert abs(s * expected.temperature - 1) < 1e-30
        assert close(policy, start.log_policy.exp().tolist(), 1e-8)
        checked += 1
    assert checked >= 3


def test_the_nash_policy_from_afar():
    """A budget of 1e-30 below the lottery's: its float start has nothing of the last digits."""
    document = random_document(404, "nlhf", "independent", True)
    document["reference"] = {"weights": ["1"] * len(document["alternatives"]), "kl_budget": "1"}
    model = precise.model(instance_of(document))
    lottery = lotteries.priced(model)[1]
    gap = mpf(10) ** -30
    edge = precise.Model(
        **(vars(model) | {"budget": precise.divergence(lottery, model.reference) - gap})
    )
    start = [float(mp.log(max(p, mpf(10) ** -10))) for p in lottery]
    policy, _ = nash.nash(edge, start)
    assert abs(precise.divergence(policy, model.reference) - edge.budget) < 1e-38
    assert close(policy, lottery, 1e-12)


def test_the_lottery_at_the_edge_of_the_ball():
    document = random_document(0, "nlhf", "user-dependent", True) | {
        "beta": "5",
        "alternatives": ["a", "b", "c"],
        "users": [{"weight": "1", "utilities": ["1/2", "3/4", "1/8"]}],
        "sampling": {
            "kind": "user-dependent",
            "laws": [{"kind": "pairs", "weights": [["a", "b", "1"]]}],
        },
        "reference": {"weights": ["1", "2", "5"], "kl_budget": "1"},
    }
    model = precise.model(instance_of(document))
    policy, s, t = nash.limited_lottery(model)
    expected = reference.solve(reference.problem(document))
    assert abs(precise.dot(policy, model.utility) - expected.high) < 1e-9
    assert abs(precise.divergence(policy, model.reference) - model.budget) < 1e-30
    assert s >= 10**12
    assert t > 0


def test_what_does_not_bind_is_refused():
    model, _, _ = both(300, "pairs")
    roomy = precise.Model(**(vars(model) | {"budget": mpf(1000)}))
    with pytest.raises(ArithmeticError, match="does not exclude"):
        nash.limited_lottery(roomy)
    with pytest.raises(ArithmeticError, match="does not bind"):
        precise.inverse_temperature(roomy.reference, roomy.utility, roomy.budget)


def test_decimals():
    third = mpf(1) / 3
    assert [str(precise.decimal(third, 4, way)) for way in (ROUND_FLOOR, ROUND_CEILING)] == [
        "3333/10000",
        "1667/5000",
    ]
    assert precise.decimal(-third * 1000, 2, ROUND_FLOOR) == -340
    assert precise.decimal(mpf(0), 4, ROUND_FLOOR) == 0
    assert precise.decimal(mpf(10) ** -400, 3, ROUND_HALF_EVEN).denominator == 10**400
