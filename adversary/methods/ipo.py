"""IPO: the policy of the KL ball with the highest average win probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import torch

from adversary.interface.conditions import Conditions, Target, best_score, score_rows
from adversary.interface.method import Method, Outcome
from adversary.interface.preferences import Preferences
from adversary.methods.borda import borda_scores
from adversary.methods.linear import linear_outcome


@final
class IPO(Method):
    """argmax over π in B_τ of E p(x≻y), x ~ π and y ~ N(·|x): the mean Borda score (theory §2).

    Ψ-preference optimisation with Ψ the identity, its temperature tuned to the KL budget. Every
    policy of the ball on the highest scores is allowed where the budget does not bind. Where an
    alternative of the reference's support is never shown, E is not defined: disconnected.
    """

    name: ClassVar[str] = "ipo"
    summary: ClassVar[str] = "the highest average win probability in the KL ball"

    def solve(self, preferences: Preferences) -> Outcome:
        """Maximise the Borda score over the ball; scores within rounding are ties."""
        score, noise, shown = borda_scores(preferences)
        return linear_outcome(
            score,
            noise,
            preferences.log_reference,
            preferences.budget,
            (shown | ~preferences.support).all(-1),
            torch.zeros_like(preferences.budget),
        )

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return that the winner has the highest score, or that the scores are the target's."""
        opponents = target.log_opponents.exp()
        found = best_score(target, opponents)
        if found is not None:
            return (found,)
        first, *rest = target.support
        rows, score = score_rows(opponents), target.score
        return (Conditions.equal(rows[rest] - rows[first], score[rest] - score[first]),)
