"""Simulated annealing over instances, as PISA does it for scheduling.

Coleman and Krishnamachari, IPDPS 2025, doi 10.1109/IPDPS64566.2025.00014. A move changes
one number of the instance; the Metropolis rule is on the log-distortion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch

from adversary.interface.method import Method
from adversary.searching.space import SearchSpace
from adversary.searching.strategy import Incumbent, Strategy, assess


@final
@dataclass(frozen=True)
class Annealing(Strategy):
    """Independent chains, evaluated together, with geometric cooling; then all start afresh.

    A move is normal in the search's coordinates, where masses and utilities are on a log scale;
    its size is drawn between `largest`/100 and `largest`. Each chain keeps one support of the
    reference, drawn at its start.
    """

    chains: int = 256
    steps: int = 2_000
    coolings: int = 100
    hot: float = 1.0
    cold: float = 1e-3
    largest: float = 4.0
    name: ClassVar[str] = "annealing"

    def run(self, space: SearchSpace, method: Method, seed: int, incumbent: Incumbent) -> None:
        """Cool all chains again and again, until done or out of time."""
        generator = torch.Generator().manual_seed(seed)
        for number in range(self.coolings):
            self._cool(space, method, generator, incumbent, number)
            if incumbent.out_of_time:
                return

    def _cool(
        self,
        space: SearchSpace,
        method: Method,
        generator: torch.Generator,
        incumbent: Incumbent,
        number: int,
    ) -> None:
        points, support = space.random(self.chains, generator)
        points = points.clamp(*space.limits)
        each = torch.arange(self.chains)
        current = torch.full((self.chains,), -torch.inf, dtype=torch.float64)
        for step in range(self.steps):
            share = step / self.steps
            moved = points.clone()
            if step:
                which = torch.randint(space.dimension, (self.chains,), generator=generator)
                size = self.largest * 10 ** (-2 * torch.rand(self.chains, generator=generator))
                moved[each, which] += size * torch.randn(self.chains, generator=generator)
                moved = moved.clamp(*space.limits)
            with torch.no_grad():
                result, _, _ = assess(space.population(moved, support), method)
            incumbent.offer(result.every, moved, support, (number + share) / self.coolings)
            if incumbent.out_of_time:
                return
            reached = torch.nan_to_num(result.every.log(), -torch.inf, 700.0, -torch.inf)
            temperature = self.hot * (self.cold / self.hot) ** share
            luck = torch.rand(self.chains, generator=generator, dtype=torch.float64).log()
            taken = (reached >= current) | (luck < (reached - current) / temperature)
            points = torch.where(taken[:, None], moved, points)
            current = torch.where(taken, reached, current)
