"""NLHF: Nash learning from human feedback in the KL ball."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adversary.interface.conditions import Conditions, Target, score_rows
from adversary.interface.method import Method, Outcome, Status
from adversary.interface.preferences import Preferences
from adversary.solvers import game, kl_ball

_MAX_GAP = 1e-10


@final
class NLHF(Method):
    """argmax over π in B_τ of min over π' in B_τ of p(π≻π') (GHY; theory §2)."""

    name: ClassVar[str] = "nlhf"
    summary: ClassVar[str] = "Nash policy of the preference game in the KL ball"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the Nash policy; of several, the one nearest to the reference."""
        return game_outcome(preferences, preferences.log_reference, preferences.budget)

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return p(winner≻x) ≥ ½ at a vertex, else (Pπ)_x − λ log(π/π_ref)(x) equal for all x."""
        support, policy = target.support, target.log_policy.exp()
        if target.winner is not None:
            return (unbeaten(policy, support),)
        rows = score_rows(policy.expand(len(policy), -1))  # (Aπ)_x
        first, *rest = support
        score = target.score
        return (Conditions.equal(rows[rest] - rows[first], score[rest] - score[first]),)


def unbeaten(policy: Float[Tensor, "m"], support: list[int]) -> Conditions:
    """Return p(π≻x) ≥ ½ for every x of the support that π is not certain to play."""
    rivals = [x for x in support if float(policy.detach()[x]) < 1]
    return Conditions.at_least(-score_rows(policy.expand(len(policy), -1))[rivals])


def game_outcome(
    preferences: Preferences,
    log_reference: Float[Tensor, "*batch m"],
    budget: Float[Tensor, "*batch"],
) -> Outcome:
    """Return the outcome of the game p(π≻π') played on a KL ball."""
    margin, noise = preferences.margin, preferences.noise
    solution = game.solve(margin, noise, log_reference, budget)
    residual = torch.maximum(solution.gap, solution.residual)
    status = torch.where(solution.unique, int(Status.SOLVED), int(Status.TIED))
    several = ~solution.unique
    if bool(several.any()):
        tied = _interchangeable(margin[several], noise[several], solution.log_policy[several])
        status[several] = torch.where(tied, int(Status.TIED), int(Status.UNDETERMINED))
    status = torch.where(residual <= _MAX_GAP, status, int(Status.FAILED))

    def highest(values: Tensor) -> Tensor:
        own = kl_ball.expectation(solution.log_policy, values)
        several = ~solution.unique
        if not bool(several.any()):
            return own
        tables = (margin[several], noise[several], log_reference[several], budget[several])
        best = game.highest(values[several], *tables)
        return own.masked_scatter(several, torch.maximum(own[several], best))

    score = torch.einsum("...xy,...y->...x", margin, solution.log_policy.exp())
    return Outcome(solution.log_policy, status, residual, score, highest)


def _interchangeable(
    margin: Float[Tensor, "n m m"], noise: Float[Tensor, "n m m"], log_policy: Float[Tensor, "n m"]
) -> Bool[Tensor, "n"]:
    """Return where two of those played do equally well against all played, and nothing is open.

    Mass may then pass from one to the other, so there are several solutions. Where there are none
    such, only exact arithmetic tells whether the solution is alone.
    """
    played = log_policy > -torch.inf
    noisy = (margin != 0) & (margin.abs() <= noise) & played[:, None, :]
    differ = (margin[:, :, None] != margin[:, None]) & played[:, None, None]
    twins = ~differ.any(-1) & played[:, :, None] & played[:, None, :]
    pairs = twins & ~torch.eye(margin.shape[-1], dtype=torch.bool)
    return pairs.any(-1).any(-1) & ~noisy.any(-1).any(-1)
