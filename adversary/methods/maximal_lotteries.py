"""Maximal lotteries: the mixed strategy that no alternative beats in expectation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import torch

from adversary.interface.conditions import Conditions, Target
from adversary.interface.method import Method, Outcome
from adversary.interface.preferences import Preferences
from adversary.methods.nlhf import game_outcome, unbeaten


@final
class MaximalLotteries(Method):
    """The solutions of the game p(π≻π') without a KL ball (theory §2; Fishburn 1984).

    A social-choice rule: with a reference it chooses among the alternatives that the reference
    supports and ignores the budget. Of several maximal lotteries the one nearest to uniform is
    returned.
    """

    name: ClassVar[str] = "maximal-lotteries"
    summary: ClassVar[str] = "the lottery that no alternative beats (NLHF without a KL ball)"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the maximal lottery on the reference's support."""
        uniform = torch.where(preferences.support, 0.0, -torch.inf).double().log_softmax(-1)
        return game_outcome(preferences, uniform, torch.full_like(preferences.budget, torch.inf))

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return that no alternative of the support beats the policy."""
        return (unbeaten(target.log_policy.exp(), target.support),)
