"""Outcomes whose budget binds: the bound holds for their users, and is near the exact search's."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from adversary.bounding.rewards import prove_reward
from adversary.columns.generation import solve
from adversary.columns.program import Program
from adversary.errors import InputError
from adversary.exact import to_decimal
from adversary.interface.conditions import Target
from adversary.interface.method import by_name
from adversary.methods.rlhf import reward_conditions
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Independent, Instance, Reference, UserType
from adversary.problem.population import Population
from adversary.solvers import kl_ball
from adversary.theory import kl_vertex
from tests.bounding.test_kernels import assert_checked


def instance(seed: int, m: int, beta: int, budget: str) -> Instance:
    """Random, with three digits for each number."""
    rng = np.random.default_rng(seed)

    def numbers(count: int) -> tuple[Fraction, ...]:
        return tuple(to_decimal(value, 3) for value in rng.uniform(0.05, 1, count).tolist())

    users = tuple(UserType(weight, numbers(m)) for weight in numbers(3))
    reference = Reference(numbers(m), Fraction(budget))
    return Instance(Fraction(beta), tuple("abcd"[:m]), users, Independent(numbers(m)), reference)


def supremum(given: Instance) -> float:
    """The exact search's value for RLHF's own outcome and the best policy of the ball."""
    with torch.no_grad():
        population = Population.of(given)
        preferences = population.preferences()
        outcome = by_name("rlhf").solve(preferences)
        assert outcome.score is not None
        target = Target(
            preferences.log_pairs[0],
            preferences.log_opponents[0],
            preferences.log_reference[0],
            preferences.budget[0],
            outcome.log_policy[0],
            outcome.score[0],
        )
        (conditions,) = reward_conditions(target)
        ball = (preferences.log_reference, preferences.budget)
        noise = torch.zeros_like(population.average_utility)
        best = kl_ball.maximise(population.average_utility, *ball, noise)
    table = conditions.coefficients.numpy()
    program = Program(
        beta=float(given.beta),
        best=best.log_policy[0].exp().numpy(),
        policy=outcome.log_policy[0].exp().numpy(),
        pairs=table - table.transpose(0, 2, 1),
        constants=conditions.constants.numpy(),
        equality=conditions.equality.numpy(),
    )
    found = solve(program, np.random.default_rng(1), accuracy=1e-6)
    assert found is not None
    return found.value


CASES = [instance(seed, m, beta, "1/10") for seed, m, beta in
         ((1, 3, 2), (3, 2, 5), (4, 3, 8), (6, 4, 8), (8, 4, 16), (10, 2, 16))]  # fmt: skip
VERTEX = kl_vertex.instance(8, "1/10", "1/100")
CASES += [replace(VERTEX, reference=Reference(VERTEX.reference.weights, Fraction("1/2")))]  # type: ignore[union-attr]


@pytest.mark.parametrize("given", CASES, ids=range(len(CASES)))
def test_the_gap_to_the_exact_search(given: Instance) -> None:
    proved = prove_reward(given, "rlhf")
    assert -1e-5 < float(proved.upper_bound) / supremum(given) - 1 <= 1e-3
    assert_checked(proved)


@pytest.mark.parametrize("given", CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("method", ["rlhf", "dpo"])
def test_the_users_of_the_instance_are_covered(given: Instance, method: str) -> None:
    result, _ = evaluate(Population.of(given), by_name(method))
    proved = prove_reward(given, method)
    assert float(result.every[0]) <= float(proved.upper_bound)
    assert proved.document["method"]["name"] == method


def test_what_has_no_such_outcome() -> None:
    social = replace(CASES[0], reference=None)
    loose = replace(CASES[0], reference=Reference((Fraction(1),) * 3, Fraction(100)))
    zero = replace(CASES[0], sampling=Independent((Fraction(1), Fraction(1), Fraction(0))))
    for given, message in ((social, "reference"), (loose, "binds"), (zero, "positive weights")):
        with pytest.raises(InputError, match=message):
            prove_reward(given, "rlhf")


def test_masses_that_floats_lose() -> None:
    """The policy gives an alternative about e^(−170): a column that spoils the program."""
    rows = (("0.704", "0.679", "0.166"), ("0.214", "0.349", "0.246"), ("0.108", "0.398", "0.693"))
    weights = ("0.246", "0.718", "0.704")
    users = tuple(
        UserType(Fraction(weight), tuple(map(Fraction, row)))
        for weight, row in zip(weights, rows, strict=True)
    )
    law = Independent((Fraction("0.631"), Fraction("0.25"), Fraction("0.865")))
    reference = Reference(tuple(map(Fraction, ("0.311", "0.916", "0.573"))), Fraction(1, 3))
    assert_checked(prove_reward(Instance(Fraction(2), tuple("abc"), users, law, reference), "rlhf"))
