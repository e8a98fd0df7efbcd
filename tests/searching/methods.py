"""Methods that a user might bring: what the search must cope with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import cvxpy as cp
import numpy as np
import torch

from adversary.interface.method import Method, Outcome, Status
from adversary.interface.preferences import Preferences
from adversary.methods.rlhf import RLHF


@final
class Proportional(Method):
    """Differentiable: every alternative in proportion to its average win probability."""

    name: ClassVar[str] = "proportional"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the shares."""
        score = preferences.win.mean(-1).masked_fill(~preferences.support, 0.0)
        return Outcome.of(score / score.sum(-1, keepdim=True))


@final
class Majority(Method):
    """Black box: uniform over those with the most majority wins."""

    name: ClassVar[str] = "majority"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the winners."""
        wins = preferences.margin.sign().sum(-1).masked_fill(~preferences.support, -torch.inf)
        winners = (wins == wins.amax(-1, keepdim=True)).double()
        return Outcome.of(winners / winners.sum(-1, keepdim=True))


@final
class ConvexProgram(Method):
    """Black box: the lottery that no alternative beats, one cvxpy program for each element."""

    name: ClassVar[str] = "convex-program"

    def solve(self, preferences: Preferences) -> Outcome:
        """Solve the programs one by one; `numpy()` refuses what carries a gradient."""
        return Outcome.of(torch.tensor(np.array([self._one(p) for p in preferences.win.numpy()])))

    def _one(self, win: np.ndarray) -> np.ndarray:
        policy = cp.Variable(len(win), nonneg=True)
        game = cp.Problem(cp.Maximize(cp.min(policy @ win)), [cp.sum(policy) == 1])  # pyright: ignore
        game.solve(solver=cp.CLARABEL)
        found = np.maximum(policy.value, 0)  # pyright: ignore
        return found / found.sum()


@final
@dataclass(frozen=True)
class Broken(Method):
    """RLHF, except that it fails wherever the first alternative beats the second.

    `garbage` is the policy that it returns there, with status FAILED: NaN, or all mass on the
    last alternative, which would be a great find if it were believed.
    """

    garbage: str = "nan"
    name: ClassVar[str] = "broken"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return RLHF's policy or garbage."""
        sound = RLHF().solve(preferences)
        fails = preferences.margin[..., 0, 1] > 0
        garbage = torch.full_like(sound.log_policy, torch.nan)
        if self.garbage == "last":
            garbage = torch.full_like(garbage, -torch.inf)
            garbage[..., -1] = 0.0
        log_policy = torch.where(fails[..., None], garbage, sound.log_policy)
        status = torch.where(fails, int(Status.FAILED), sound.status)
        return Outcome(log_policy, status, sound.residual, sound.score)


@final
class Hopeless(Method):
    """Returns NaN on every instance."""

    name: ClassVar[str] = "hopeless"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return nothing of use."""
        return Outcome.of(torch.full_like(preferences.log_reference, torch.nan))


@final
class Fading(Method):
    """Works in batches and fails on a single instance, as if rounding had broken it."""

    name: ClassVar[str] = "fading"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the reference, or NaN for a batch of one."""
        policy = preferences.log_reference.exp()
        return Outcome.of(policy if len(policy) > 1 else policy * torch.nan)
