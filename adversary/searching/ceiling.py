"""The other side of one instance: what no population with its law and outcome exceeds.

Its law, its best policy, and the policy and score that the method has on it make one linear program
(theory §5), whose dual value bounds all users with that outcome. Numeric, not certified.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from numpy import ndarray

from adversary.columns.generation import Solution, solve
from adversary.columns.program import Program, Types
from adversary.interface.conditions import Conditions, Target
from adversary.interface.method import Method, Outcome, Status
from adversary.interface.preferences import Preferences
from adversary.problem.instance import Instance
from adversary.problem.population import Population
from adversary.searching import concrete
from adversary.searching.frames import unit
from adversary.searching.strategy import one_thread
from adversary.solvers import kl_ball

_ROUNDING = 1e-7  # relative violation up to which users count as meeting a condition
_NOISE = 1e-3  # relative: with more than this of rounding in it, a value says nothing
_VANISHING = "some utilities of nearly all users"


@dataclass(frozen=True)
class Ceiling:
    """For one instance's law, outcome and best policy: a bound for populations of any size."""

    outcome: str
    """What the method returns: the conditions that all these populations share."""
    value: float
    """t, the dual value: U(π*) ≤ t·U(method) for every population with the outcome, where π* is
    the best policy of the instance (another population may have another)."""
    gap: float
    """Relative gap between t and the supremum from below."""
    multipliers: tuple[float, ...]
    """The dual price of each of the method's conditions."""
    limits: tuple[str, ...]
    """What vanishes as populations approach the supremum."""


def ceiling(instance: Instance, method: Method, least: Fraction | float = 0) -> Ceiling | None:
    """Return the ceiling of an instance: at least its distortion, of which `least` is known.

    None where there is none to be had: a method without outcome conditions, several policies that
    it allows, a program without a bound, or one that floats do not resolve.
    """
    population = Population.of(instance)
    with torch.no_grad(), one_thread():
        preferences = population.preferences()
        outcome = method.solve(preferences)
        if int(outcome.status[0]) != Status.SOLVED:
            return None
        target = _target(preferences[0], outcome)
        ball = preferences.log_reference, preferences.budget
        best = kl_ball.maximise(population.average_utility, *ball).log_policy[0].exp().numpy()
        options = method.conditions(target)
    beta, by_pair = float(population.beta[0]), population.log_nu_by_user is not None
    types, weights = _users(population)
    for conditions in options:
        scaled = concrete.scaled(conditions, beta)
        program = concrete.program(target, best, scaled, beta, by_pair)
        if not _met(program, types, weights):
            continue
        found = solve(program, np.random.default_rng(0), types)
        value = np.inf if found is None else _value(program, found)
        if found is not None and least <= value < np.inf:
            return Ceiling(
                _words(target, conditions),
                value,
                value / found.value - 1,
                tuple((found.dual.multipliers / unit(beta)).tolist()),
                (_VANISHING,) if found.types.tangent.any() else (),
            )
    return None


def _target(preferences: Preferences, outcome: Outcome) -> Target:
    """Return what the method did, as a target: a single winner has all of the policy."""
    log_policy = outcome.log_policy[0]
    score = torch.zeros_like(log_policy) if outcome.score is None else outcome.score[0]
    law, ball = preferences, (preferences.log_reference, preferences.budget)
    target = Target(law.log_pairs, law.log_opponents, *ball, log_policy, score)
    if target.winner is None:
        return target
    alone = torch.arange(len(log_policy)) == target.winner
    return replace(target, log_policy=torch.where(alone, 0.0, -torch.inf).double())


def _users(population: Population) -> tuple[Types, ndarray]:
    """Return the users as columns and weights; each about one pair where they have own laws."""
    utilities = population.utilities[0].numpy()
    weights = population.log_weights[0].softmax(-1).numpy()
    if population.log_nu_by_user is None:
        return Types.plain(utilities), weights
    first, second = np.triu_indices(utilities.shape[1], 1)
    shares = 2 * population.log_nu_by_user[0].exp().numpy()[:, first, second]
    user, pair = np.nonzero(shares)
    return replace(Types.plain(utilities[user]), pair=pair), weights[user] * shares[user, pair]


def _met(program: Program, types: Types, weights: ndarray) -> bool:
    """Whether the users meet the conditions, up to rounding."""
    _, _, phi = program.features(types)
    total, size = weights @ phi, weights @ np.abs(phi)
    total = np.where(program.equalities, -np.abs(total), total)
    return bool((total >= -_ROUNDING * size).all())


def _value(program: Program, found: Solution) -> float:
    """Return the dual value, with what rounding of the conditions can add; +inf where that is much.

    The prices say how much a change of the conditions adds (envelope theorem).
    """
    own = np.abs(found.prices.multipliers[: len(program.constants)])
    noise = float(found.weights @ program.rounding(found.types) @ own) / found.value
    return found.dual.price * (1 + noise) if found.solved and noise <= _NOISE else np.inf


def _words(target: Target, conditions: Conditions) -> str:
    """Return the outcome for people."""
    scores = " with these scores" if bool(conditions.equality.any()) else ""
    size = len(target.support)
    if target.winner is None:
        return f"interior policy on {size} alternatives{scores}"
    return f"one winner{scores}, support of {size}"
