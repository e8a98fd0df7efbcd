"""What all strategies share: the problem, the best candidate so far, the end of the search."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from adversary.interface.method import Method, Outcome, learned
from adversary.interface.preferences import Preferences
from adversary.problem.distortion import Distortion, distortion
from adversary.problem.instance import Instance
from adversary.problem.population import Population
from adversary.searching.space import SearchSpace


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch on one thread: faster on small tensors, and sums have one order everywhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclass
class Incumbent:
    """The best instance so far, the clock, and the news for a progress display.

    Strategies offer candidates here and stop when `out_of_time`; whatever ends a search, the
    incumbent is what it found.
    """

    deadline: float = float("inf")
    report: Callable[[Incumbent], None] | None = None
    value: float = 0.0
    point: Tensor | None = None
    support: Tensor | None = None
    exact: Instance | None = None
    """The best instance itself, where a strategy builds instances and not coordinates."""
    evaluations: int = 0
    share_done: float = 0.0
    history: list[tuple[float, float]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def out_of_time(self) -> bool:
        """Whether the time limit has passed."""
        return time.monotonic() >= self.deadline

    def offer(self, values: Tensor, points: Tensor, support: Tensor, share_done: float) -> None:
        """Take the best of a batch of candidates if it beats the incumbent. NaN never does."""
        self.evaluations += len(values)
        self.share_done = share_done
        values = torch.where(values.isnan(), -torch.inf, values)
        best = int(values.argmax())
        if float(values[best]) > self.value:
            self.value = float(values[best])
            self.point, self.support = points[best].detach().clone(), support[best].clone()
            self.exact = None
            self.history.append((time.monotonic() - self.started, self.value))
        if self.report is not None:
            self.report(self)

    def offer_exact(self, value: float, instance: Instance, share_done: float) -> None:
        """Take an exact instance if it beats the incumbent."""
        self.evaluations += 1
        self.share_done = share_done
        if value > self.value:
            self.value, self.exact = value, instance
            self.history.append((time.monotonic() - self.started, value))
        if self.report is not None:
            self.report(self)


class Strategy(abc.ABC):
    """A way to look for the worst instance of a search space. Subclasses are final."""

    name: ClassVar[str]

    @abc.abstractmethod
    def run(self, space: SearchSpace, method: Method, seed: int, incumbent: Incumbent) -> None:
        """Search until done or out of time, offering candidates to the incumbent."""


def assess(population: Population, method: Method) -> tuple[Distortion, Outcome, Preferences]:
    """Return distortion, outcome and preferences of a batch of populations."""
    preferences = population.preferences()
    outcome = learned(method, preferences)
    return distortion(population.average_utility, preferences, outcome), outcome, preferences
