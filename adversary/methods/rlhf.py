"""RLHF: a Bradley–Terry reward model, then the policy with the highest reward in the KL ball."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import torch

from adversary.interface.conditions import Conditions, Target, best_score, score_rows
from adversary.interface.method import Method, Outcome
from adversary.interface.preferences import Preferences
from adversary.methods.linear import linear_outcome
from adversary.solvers import bradley_terry


@final
class RLHF(Method):
    """RLHF with the KL constraint KL(π‖π_ref) ≤ τ (GHY; PPO solved to optimality, theory §2).

    Every policy of the ball on the set of highest rewards is allowed where the budget does not
    bind. A pair graph that does not join the reference's support is reported as disconnected.
    """

    name: ClassVar[str] = "rlhf"
    summary: ClassVar[str] = "Bradley–Terry reward, then the best policy of the KL ball (PPO)"

    def solve(self, preferences: Preferences) -> Outcome:
        """Fit the reward by maximum likelihood, then maximise it over the ball."""
        fit = bradley_terry.fit(preferences)
        return linear_outcome(
            fit.reward,
            fit.noise,
            preferences.log_reference,
            preferences.budget,
            fit.determined,
            fit.residual,
        )

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return that the score is the reward, or, at a vertex, that the winner has the highest."""
        return reward_conditions(target)


def reward_conditions(target: Target) -> Sequence[Conditions]:
    """Return the stationarity equations of the reward at r = score (theory §2); the last follows.

    Where an independent law meets a single winner, the Borda score decides (SLH): any reward will
    do that orders the winner first.
    """
    opponents = target.log_opponents.exp()
    if target.independent and (found := best_score(target, opponents)) is not None:
        return (found,)
    gaps = target.score[:, None] - target.score
    fitted = (opponents * 0.5 * torch.tanh(0.5 * gaps)).sum(-1)
    shown = target.log_pairs.masked_fill(torch.eye(len(gaps), dtype=torch.bool), -torch.inf)
    mass = shown.logsumexp(-1)
    used = torch.nonzero(mass > -torch.inf).flatten()
    kept = used[used != int(mass.argmax())]
    return (Conditions.equal(score_rows(opponents)[kept], fitted[kept]),)
