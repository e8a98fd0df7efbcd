"""Gradient ascent on the log-distortion, in large batches of restarts.

The gradient runs through the inner solver by implicit differentiation. At a vertex (one winner)
the ratio is smooth only until another alternative wins, so the ascent follows a smoothed ratio in
which near-winners share, and the smoothing fades during a round. Only true ratios are recorded.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from adversary.interface.method import Method, Outcome
from adversary.interface.preferences import Preferences
from adversary.problem.population import Population
from adversary.searching.space import SearchSpace
from adversary.searching.strategy import Incumbent, Strategy, assess


@final
@dataclass(frozen=True)
class Gradient(Strategy):
    """Rounds of Adam. After each round the stalled and the weak restarts are replaced.

    The search ends after `rounds` rounds (with a time limit: at the limit instead), or when
    `patience` rounds in a row improved by less than `tolerance`.
    """

    restarts: int = 256
    steps: int = 500
    rounds: int = 6
    patience: int = 4
    tolerance: float = 1e-4
    name: ClassVar[str] = "gradient"

    def run(self, space: SearchSpace, method: Method, seed: int, incumbent: Incumbent) -> None:
        """Run the rounds; see the class."""
        generator = torch.Generator().manual_seed(seed)
        points, support = space.random(self.restarts, generator)
        fresh = torch.ones(self.restarts, dtype=torch.bool)
        stale = 0
        limited = incumbent.deadline < math.inf
        for number in itertools.count() if limited else range(self.rounds):
            before = incumbent.value
            values, points = self._ascend(
                space, method, points, support, fresh, number, generator, incumbent
            )
            if incumbent.out_of_time:
                return
            stale = stale + 1 if incumbent.value < before * (1 + self.tolerance) else 0
            if stale >= self.patience:
                return
            points, support, fresh = self._replace(space, values, points, support, generator)

    def refine(
        self,
        space: SearchSpace,
        method: Method,
        point: Tensor,
        support: Tensor,
        seed: int,
        incumbent: Incumbent,
        frozen: Tensor,
    ) -> None:
        """Run one round from a point and its near mutants; `frozen` coordinates stay."""
        generator = torch.Generator().manual_seed(seed)
        draws = torch.randn(self.restarts, len(point), generator=generator, dtype=torch.float64)
        size = torch.logspace(-3, 0, self.restarts, dtype=torch.float64)
        size[0] = 0.0
        draws[:, frozen] = 0.0
        points = (point + size[:, None] * draws).clamp(*space.limits)
        fresh = torch.zeros(self.restarts, dtype=torch.bool)
        supports = support.expand(self.restarts, -1)
        self._ascend(space, method, points, supports, fresh, 0, generator, incumbent, frozen)

    def _ascend(
        self,
        space: SearchSpace,
        method: Method,
        points: Tensor,
        support: Tensor,
        fresh: Tensor,
        number: int,
        generator: torch.Generator,
        incumbent: Incumbent,
        frozen: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """One round; returns each restart's best true ratio and where it was."""
        # No one schedule suits all methods: each restart draws its own; old ones refine.
        drawn = torch.rand(2, len(points), generator=generator, dtype=torch.float64)
        first_smoothing = 10 ** (-1.5 * drawn[0]) * torch.where(fresh, 1.0, 0.03)
        first_rate = 10 ** (-1.7 + drawn[1])
        points = points.clone().requires_grad_()
        low, high = space.limits
        best = torch.full((len(points),), -torch.inf, dtype=torch.float64)
        best_points = points.detach().clone()
        first, second = torch.zeros_like(points), torch.zeros_like(points)
        for step in range(self.steps):
            share = step / self.steps
            smoothing, rate = first_smoothing * 10 ** (-2 * share), first_rate * 10**-share
            population = space.population(points, support)
            result, outcome, preferences = assess(population, method)
            values = result.every.detach()
            improved = values > best
            best = torch.where(improved, values, best)
            best_points = torch.where(improved[:, None], points.detach(), best_points)
            incumbent.offer(values, points, support, min(1.0, (number + share) / self.rounds))
            if incumbent.out_of_time:
                break
            smooth = _smoothed(population, preferences, outcome, result.achieved, smoothing)
            goal = result.best.clamp(min=1e-300).log() - smooth.clamp(min=1e-300).log()
            usable = goal.isfinite() & ~result.every.isnan()
            (slope,) = torch.autograd.grad(torch.where(usable, goal, 0.0).sum(), points)
            slope = torch.nan_to_num(slope, 0.0, 0.0, 0.0)
            if frozen is not None:
                slope[:, frozen] = 0.0
            with torch.no_grad():  # Adam (Kingma and Ba 2015), one learning rate for each restart
                first = 0.9 * first + 0.1 * slope
                second = 0.99 * second + 0.01 * slope**2
                ahead = first / (1 - 0.9 ** (step + 1))
                scale = (second / (1 - 0.99 ** (step + 1))).sqrt() + 1e-12
                points = (points + rate[:, None] * ahead / scale).clamp(low, high)
            points.requires_grad_()
        return best, best_points

    def _replace(
        self,
        space: SearchSpace,
        values: Tensor,
        points: Tensor,
        support: Tensor,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Keep the best eighth, refine mutants of it, and start the other half afresh."""
        count = len(points)
        values = torch.where(values.isnan(), -torch.inf, values)
        elite = values.argsort(descending=True)[: count // 8]
        new_points, new_support = space.random(count, generator)
        parents = elite.repeat(3)[: count // 2 - len(elite)]
        noise = torch.randn(len(parents), points.shape[-1], generator=generator).double()
        size = 10 ** (-2 * torch.rand(len(parents), 1, generator=generator).double())
        old = torch.cat([points[elite], points[parents] + size * noise])
        new_points[: len(old)] = old
        new_support[: len(old)] = support[torch.cat([elite, parents])]
        fresh = torch.arange(count) >= len(old)
        return new_points.clamp(*space.limits), new_support, fresh


def _smoothed(
    population: Population,
    preferences: Preferences,
    outcome: Outcome,
    achieved: Tensor,
    smoothing: Tensor,
) -> Tensor:
    """Return the achieved utility, where one winner takes all with shares for near-winners.

    The share is e^(−gap/(smoothing·scale)). A gap between scores is a sum over user types, some for
    and some against; its scale is the sum of their sizes, read off as Σ_k |∂gap/∂log w_k|, so that
    a contest decided by masses of 1e-12 is as smooth as one decided by halves.
    """
    score, support = outcome.score, preferences.support
    vertex = (outcome.log_policy.detach().amax(-1) > -1e-6) & (support.sum(-1) > 1)
    if score is None or not score.requires_grad or not bool(vertex.any()):
        return achieved
    winner = outcome.log_policy.argmax(-1, keepdim=True)
    gap = score.gather(-1, winner) - score
    rival = support & ~torch.zeros_like(support).scatter(-1, winner, True)
    nearest = torch.where(rival, gap.detach(), torch.inf).argmin(-1, keepdim=True)
    contest = torch.where(vertex, gap.gather(-1, nearest)[:, 0], 0.0).sum()
    (votes,) = torch.autograd.grad(contest, population.log_weights, retain_graph=True)
    scale = torch.nan_to_num(votes).abs().sum(-1, keepdim=True).clamp(min=1e-300)
    share = torch.where(rival, torch.exp(-(gap / scale).clamp(min=0) / smoothing[:, None]), 0.0)
    shared = (achieved + (share * population.average_utility).sum(-1)) / (1 + share.sum(-1))
    return torch.where(vertex, shared, achieved)
