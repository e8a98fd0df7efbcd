"""Distortion: best achievable average utility over the average utility of a method's policy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from adversary.interface.method import Method, Outcome, Status
from adversary.interface.preferences import Preferences
from adversary.problem.population import Population
from adversary.solvers import kl_ball


@dataclass(frozen=True)
class Distortion:
    """The ratio and its two sides, for each batch element.

    `every` holds for every policy that the method allows, `some` for at least one of them; they
    differ only where the method leaves several policies open. Where rounding leaves open which
    policies it allows (`Status.UNDETERMINED`), what is true lies between the two. +inf: the
    method's utility is 0.
    """

    best: Float[Tensor, "*batch"]
    """max U(π) over the KL ball (over all policies without a reference)."""
    achieved: Float[Tensor, "*batch"]
    """U of the policy that the method returns."""
    every: Float[Tensor, "*batch"]
    """best / the highest U among the allowed policies."""
    some: Float[Tensor, "*batch"]
    """best / the lowest U among the allowed policies."""


def evaluate(population: Population, method: Method) -> tuple[Distortion, Outcome]:
    """Run a method on a population and return its distortion and its outcome."""
    preferences = population.preferences()
    outcome = method.solve(preferences)
    return distortion(population.average_utility, preferences, outcome), outcome


def distortion(
    utility: Float[Tensor, "*batch m"], preferences: Preferences, outcome: Outcome
) -> Distortion:
    """Return the distortion of an outcome; differentiable in `best` and `achieved`.

    NaN where the outcome is disconnected or failed: such a policy proves nothing.
    """
    best = kl_ball.highest(utility, preferences.log_reference, preferences.budget)
    achieved = kl_ball.expectation(outcome.log_policy, utility)
    high = low = achieved
    if outcome.highest is not None:
        high = outcome.highest(utility)
        low = -outcome.highest(-utility)
    usable = outcome.status < Status.DISCONNECTED
    return Distortion(
        best,
        achieved,
        torch.where(usable, _ratio(best, high), torch.nan),
        torch.where(usable, _ratio(best, low), torch.nan),
    )


def _ratio(best: Tensor, achieved: Tensor) -> Tensor:
    """Best / achieved, where 0/0 is 1 (all policies are equally good) and x/0 is +inf."""
    ratio = best / torch.where(achieved > 0, achieved, 1.0)
    unbounded = torch.where(best > 0, torch.inf, 1.0)
    return torch.where(achieved > 0, ratio, unbounded)
