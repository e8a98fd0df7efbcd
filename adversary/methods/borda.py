"""Borda: the alternative with the highest average win probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adversary.interface.conditions import Conditions, Target, best_score
from adversary.interface.method import Method, Outcome
from adversary.interface.preferences import Preferences
from adversary.methods.linear import linear_outcome


@final
class Borda(Method):
    """Uniform over the maximisers of BC(x) = Σ_y N(y|x) p(x≻y) (theory §2).

    N(y|x) is the law of x's opponent: μ(y) for an independent law. An alternative that is never
    shown has no score and never wins; where none of the support is ever shown the outcome is
    disconnected. A social-choice rule: with a reference it chooses among the
    alternatives that the reference supports and ignores the budget.
    """

    name: ClassVar[str] = "borda"
    summary: ClassVar[str] = "highest average win probability (Borda count)"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the uniform policy over the Borda winners; ties within rounding are ties."""
        score, noise, shown = borda_scores(preferences)
        eligible = shown & preferences.support
        some = eligible.any(-1)
        candidates = torch.where(some[..., None], eligible, preferences.support)
        uniform = torch.where(candidates, 0.0, -torch.inf).double().log_softmax(-1)
        free = torch.full_like(preferences.budget, torch.inf)
        exact = torch.zeros_like(free)
        return linear_outcome(score, noise, uniform, free, some, exact)

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return BC(winner) ≥ BC(x) for every x of the support."""
        found = best_score(target, target.log_opponents.exp())
        return () if found is None else (found,)


def borda_scores(
    preferences: Preferences,
) -> tuple[Float[Tensor, "*batch m"], Float[Tensor, "*batch m"], Bool[Tensor, "*batch m"]]:
    """Return BC − ½, its rounding error, and which alternatives are ever shown (else 0)."""
    opponents = preferences.log_opponents.exp()
    score = (opponents * preferences.margin).sum(-1)
    noise = (opponents * preferences.noise).sum(-1)
    return score, noise, preferences.log_opponents.logsumexp(-1) > -torch.inf
