"""Bounds for the policy that RLHF or DPO returns on an instance, its budget binding (BOUNDS 3.7).

The instance fixes reward, temperature, law, reference and the policy to compare with, the best
for its own users; the bound is for all users that lead to the same reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy import ndarray

from adversary.bounding import programs
from adversary.bounding.multipliers import rational
from adversary.bounding.proving import Draft, Proved, prove_least
from adversary.errors import InputError
from adversary.exact import spelled
from adversary.problem.instance import Independent, Instance
from adversary.problem.population import Population
from adversary.solvers import bradley_terry, kl_ball

_LEAST = 1e-12


def prove_reward(instance: Instance, method: str) -> Proved:
    """Prove the least claim, up to `SLACK`, for the outcome of the instance.

    Raises InputError where it has none of this kind: no reference, another law than an
    independent one with positive weights, or a budget that does not bind.
    """
    law, reference = instance.sampling, instance.reference
    if reference is None:
        raise InputError("outcome", "no reference", "an instance with a reference and a KL budget")
    if not isinstance(law, Independent) or not all(law.weights):
        raise InputError("outcome", f"{law.kind} law", "an independent law with positive weights")
    rewards, temperature, comparison = _solved(instance)
    draft = Draft(
        instance.beta,
        method,
        "alignment",
        list(instance.alternatives),
        instance.to_dict()["sampling"],
        {
            "reward": _spelled(rewards),
            "temperature": spelled("temperature", temperature),
            "reference": _spelled(reference.weights),
            "comparison": _spelled(comparison),
        },
    )
    scores = _floats(rewards)
    policy = _floats(reference.weights) * np.exp((scores - scores.max()) / float(temperature))
    # A mass that floats hardly see spoils the program; without it the claim is on the safe side.
    policy = np.where(policy < _LEAST * policy.max(), 0.0, policy)
    program = programs.reward(
        float(instance.beta),
        _shares(_floats(law.weights)),
        scores,
        _shares(policy),
        _shares(_floats(comparison)),
    )
    return prove_least(draft, program, others=(Fraction(0),))


def _solved(instance: Instance) -> tuple[list[Fraction], Fraction, list[Fraction]]:
    """Return (reward, temperature, best policy of the ball), to the digits of a document."""
    with torch.no_grad():
        population = Population.of(instance)
        preferences = population.preferences()
        fit = bradley_terry.fit(preferences)
        ball = (preferences.log_reference, preferences.budget)
        optimum = kl_ball.maximise(fit.reward, *ball, fit.noise)
        best = kl_ball.maximise(population.average_utility, *ball, torch.zeros_like(fit.noise))
    if not bool(optimum.binding[0]):
        expected = "an instance whose budget binds (without a file, the bound for vertices holds)"
        raise InputError("outcome", "a budget that does not bind", expected)
    rewards = fit.reward[0].numpy()
    ratio = (optimum.log_policy - preferences.log_reference)[0].numpy()
    inside = np.isfinite(ratio)
    high = int(np.where(inside, rewards, -np.inf).argmax())
    low = int(np.where(inside, rewards, np.inf).argmin())
    temperature = (rewards[high] - rewards[low]) / (ratio[high] - ratio[low])
    comparison = best.log_policy[0].exp().tolist()
    return [*map(rational, rewards)], rational(temperature), [*map(rational, comparison)]


def _spelled(values: Sequence[Fraction]) -> list[str]:
    return [spelled("outcome", value) for value in values]


def _floats(values: Sequence[Fraction]) -> ndarray:
    return np.array([float(value) for value in values])


def _shares(masses: ndarray) -> ndarray:
    return masses / masses.sum()
