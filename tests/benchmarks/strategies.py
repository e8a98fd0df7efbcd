"""Strategies of the search on tasks whose worst case is known, and how column generation grows.

    python -m tests.benchmarks.strategies [--cap SECONDS] [--only TASK]
    python -m tests.benchmarks.strategies --growth

A strategy's value at a time is the true distortion (float64, for every allowed policy) of the best
instance that it has by then; the table shows it over the best value known, and the seconds to reach
90 %, 99 % and 99.9 % of that ('-': not within the cap). Each task has its default of m + 1 types;
seed 0, one thread. Beside the package's strategies: simulated annealing and differential evolution
around cvxpy programs.

`--growth` shows one solve of an outcome's program, its time over that of the smallest size in the
same run, the columns kept and the types in use; a gap of inf: the rounds ran out.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cma  # noqa: F401  # loading it belongs to nobody's time
import numpy as np
import torch

from adversary import NLHF, RLHF, Borda, Method
from adversary.columns.generation import Solution, solve
from adversary.columns.program import Program
from adversary.problem.instance import uniform
from adversary.searching import concrete
from adversary.searching.evolution import Evolution
from adversary.searching.exact import Columns
from adversary.searching.frames import Frame, Pattern
from adversary.searching.gradient import Gradient
from adversary.searching.space import FREE, SearchSpace
from adversary.searching.strategy import Incumbent, Strategy, one_thread
from adversary.theory.formulas import borda_rate, rate
from tests.benchmarks.afternoon import Afternoon
from tests.benchmarks.annealing import Annealing

SHARES = (0.9, 0.99, 0.999)
STRATEGIES: tuple[Strategy, ...] = (Columns(), Gradient(), Evolution(), Annealing(), Afternoon())
SIZES = (3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
GROWTH_BETA = Fraction(4)


@dataclass(frozen=True)
class Task:
    """A method, a space, and the best value known."""

    method: Method
    space: SearchSpace
    best: float


TASKS = {
    "borda": Task(Borda(), SearchSpace(Fraction(4), 3, 4), borda_rate(4)),
    "rlhf-ball": Task(
        RLHF(),
        SearchSpace(Fraction(8), 3, 4, reference=FREE, budget=FREE),
        math.cosh(4) ** 2,
    ),
    "rlhf-pairs": Task(
        RLHF(),
        SearchSpace(Fraction(4), 8, 9, sampling="pairs"),
        14.3687268,  # path law, by column generation
    ),
    "nlhf": Task(
        NLHF(),
        SearchSpace(Fraction(6), 3, 4, reference=FREE, budget=FREE),
        rate(6),
    ),
}


@dataclass(frozen=True)
class Run:
    """What a strategy did on a task."""

    values: tuple[tuple[float, float], ...]
    """(seconds, value over the best known) at each improvement within the cap."""
    evaluations: int
    seconds: float
    finished: bool

    @property
    def ratio(self) -> float:
        """The last value over the best known; 0 where there is none."""
        return self.values[-1][1] if self.values else 0.0

    def reached(self, share: float) -> float | None:
        """The seconds to this share of the best known, if within the cap."""
        return next((second for second, ratio in self.values if ratio >= share), None)


def search(strategy: Strategy, task: Task, cap: float) -> Run:
    """Run a strategy on a task, at most `cap` seconds."""
    with one_thread():
        incumbent = Incumbent(time.monotonic() + cap)
        strategy.run(task.space, task.method, 0, incumbent)
    seconds = time.monotonic() - incumbent.started
    values = tuple((s, value / task.best) for s, value in incumbent.history if s <= cap)
    return Run(values, incumbent.evaluations, seconds, seconds < cap)


def compare(names: Sequence[str], cap: float) -> None:
    """Print a line for each task and strategy."""
    heads = ("value", "ratio", *(f"{100 * share:g} %, s" for share in SHARES), "took s", "evals")
    print(f"{'task':12}{'strategy':12}" + "".join(f"{head:>11}" for head in heads))
    for name in names:
        task = TASKS[name]
        for strategy in STRATEGIES:
            run = search(strategy, task, cap)
            times = (run.reached(share) for share in SHARES)
            cells = (
                f"{run.ratio * task.best:.6g}",
                f"{run.ratio:.5f}",
                *("-" if second is None else f"{second:.2f}" for second in times),
                f"{run.seconds:.1f}" if run.finished else f"{cap:.0f} (cap)",
                str(run.evaluations),
            )
            line = "".join(f"{cell:>11}" for cell in cells)
            print(f"{name:12}{strategy.name:12}{line}", flush=True)
        print(f"{name:12}{'best known':12}{task.best:>11.6g}")


def borda(m: int, support: int) -> Program:
    """Borda with uniform μ: one winner among `support` of m alternatives, one rival for each."""
    space = SearchSpace(GROWTH_BETA, m, m + 1, uniform(m), reference=FREE, budget=FREE)
    frame = Frame(space, Pattern(0, 1, tuple(range(support)), interior=False))
    return _program(Borda(), frame, torch.zeros(frame.dimension, dtype=torch.float64))


def path(m: int) -> Program:
    """RLHF under a law on the pairs of a path; the reward rises by 0.01 at each step."""
    space = SearchSpace(GROWTH_BETA, m, m + 1, "pairs")
    frame = Frame(space, Pattern(m - 1, 0, tuple(range(m)), interior=False, path=True))
    point = torch.zeros(frame.dimension, dtype=torch.float64)
    point[-m:] = (0.01 * (m - 1 - torch.arange(m)).clamp(min=1)).log()
    return _program(RLHF(), frame, point)


def _program(method: Method, frame: Frame, point: torch.Tensor) -> Program:
    direction = torch.zeros(frame.space.alternatives, dtype=torch.float64)
    direction[frame.pattern.best] = 1.0
    made = frame.target(point, direction)
    assert made is not None
    target, best = made
    conditions, beta = method.conditions(target)[0], float(frame.space.beta)
    return concrete.program(target, best.numpy(), conditions, beta, by_pair=False)


def clock(program: Program) -> tuple[float, Solution]:
    """The time of one solve, the median of three where it is short, and the solution."""
    times, solution = [], None
    while not times or (len(times) < 3 and times[0] < 5):
        started = time.perf_counter()
        solution = solve(program, np.random.default_rng(0))
        times.append(time.perf_counter() - started)
    assert solution is not None
    return statistics.median(times), solution


def growth() -> None:
    """Print how one solve grows with m, and with the number of conditions at m = 32."""
    studies: dict[str, tuple[Callable[[int], Program], Sequence[int]]] = {
        "borda, uniform μ, all m in the support": (lambda m: borda(m, m), SIZES),
        "rlhf, path law": (path, SIZES),
        "borda, uniform μ, m = 32, a growing support": (lambda k: borda(32, k), (2, 4, 8, 16, 32)),
    }
    for title, (program, sizes) in studies.items():
        print(f"\n{title}; β = {GROWTH_BETA}")
        heads = ("size", "conditions", "seconds", "ratio", "pool", "types", "value", "gap")
        print("".join(f"{head:>12}" for head in heads))
        first = None
        for size in sizes:
            made = program(size)
            seconds, solution = clock(made)
            first = first or seconds
            print(
                f"{size:>12}{len(made.equalities):>12}{seconds:>12.3f}{seconds / first:>12.1f}"
                f"{len(solution.pool):>12}{len(solution.weights):>12}{solution.value:>12.6g}"
                f"{solution.gap:>12.1g}",
                flush=True,
            )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cap", type=float, default=300.0, help="seconds for each search")
    parser.add_argument("--only", choices=TASKS, help="one task")
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    print(
        f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )
    if options.growth:
        with one_thread():
            growth()
    else:
        compare([options.only] if options.only else list(TASKS), options.cap)


if __name__ == "__main__":
    main()
