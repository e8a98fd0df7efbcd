"""CMA-ES (the `cma` package) on the distortion itself, for any black-box method."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import count
from typing import ClassVar, final

import numpy as np
import torch

from adversary.interface.method import Method
from adversary.searching.space import SearchSpace
from adversary.searching.strategy import Incumbent, Strategy, assess


@final
@dataclass(frozen=True)
class Evolution(Strategy):
    """Independent CMA-ES islands, evaluated together; a finished island restarts elsewhere.

    Needs no gradient. Each island keeps one support of the reference, drawn at its start.
    """

    islands: int = 16
    population: int = 24
    generations: int = 1500
    step: float = 2.0
    name: ClassVar[str] = "evolution"

    def run(self, space: SearchSpace, method: Method, seed: int, incumbent: Incumbent) -> None:
        """Run all islands for the given number of generations."""
        import cma

        generator = torch.Generator().manual_seed(seed)
        numbers = count()

        def island() -> tuple[cma.CMAEvolutionStrategy, torch.Tensor]:
            point, support = space.random(1, generator)
            rng = np.random.default_rng([seed, next(numbers)])
            options = {
                "bounds": [limit.tolist() for limit in space.limits],
                "popsize": self.population,
                "randn": lambda *shape: rng.standard_normal(shape),
                "seed": np.nan,
                "verbose": -9,
                "tolflatfitness": 30,
            }
            start = point[0].clamp(*space.limits).tolist()
            return cma.CMAEvolutionStrategy(start, self.step, options), support

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cma warns about its own options
            members = [island() for _ in range(self.islands)]
            for generation in range(self.generations):
                asked = [strategy.ask() for strategy, _ in members]
                points = torch.from_numpy(np.concatenate([np.stack(points) for points in asked]))
                support = torch.cat([own.expand(self.population, -1) for _, own in members])
                with torch.no_grad():
                    result, _, _ = assess(space.population(points, support), method)
                values = result.every
                incumbent.offer(values, points, support, generation / self.generations)
                if incumbent.out_of_time:
                    return
                costs = -torch.nan_to_num(values.log(), -1e3, 1e3, -1e3).numpy()
                for i, ((strategy, _), own) in enumerate(zip(members, asked, strict=True)):
                    strategy.tell(own, costs[i * self.population : (i + 1) * self.population])
                    if strategy.stop():
                        members[i] = island()
