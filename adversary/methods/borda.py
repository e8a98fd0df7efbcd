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
from adversary.solvers import bradley_terry

_TAIL = 0.25  # |p − ½| from which p or 1 − p is the more accurate
_ROUNDING = 64 * torch.finfo(torch.float64).eps  # of the laws of two alternatives' opponents
_LEAST = torch.finfo(torch.float64).tiny  # below it floats lose digits


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
    """Return BC less the winner's, its rounding error, and which alternatives are ever shown.

    An alternative that is never shown counts as if BC were ½. The difference is taken contest by
    contest, between probabilities near 0 where the winner's is near 0 or 1: what decides may be
    1e-22 (β = 50).
    """
    opponents = preferences.log_opponents.exp()
    shown = preferences.log_opponents.logsumexp(-1) > -torch.inf
    win, lose, margin = preferences.win, preferences.win.mT, preferences.margin
    count = torch.where(shown & preferences.support, (opponents * margin).sum(-1), -torch.inf)
    winner = count.detach().argmax(-1)[..., None, None]

    def best(table: Tensor) -> Tensor:
        return table.gather(-2, winner.expand(*table.shape[:-2], 1, table.shape[-1]))

    tail = torch.where(best(margin) < 0, win - best(win), best(lose) - lose)
    change = torch.where(best(margin).abs() < _TAIL, margin - best(margin), tail)
    others = opponents - best(opponents)
    score = (opponents * change + others * best(margin)).sum(-1)
    own = torch.minimum(preferences.noise, bradley_terry.TAIL_ROUNDING * torch.minimum(win, lose))
    size = torch.where(others == 0, 0.0, opponents + best(opponents)) * best(margin).abs()
    noise = (opponents * own + _ROUNDING * size).sum(-1) + _LEAST
    return score, noise.detach(), shown
