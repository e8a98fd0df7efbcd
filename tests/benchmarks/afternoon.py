"""The script that a user would write in an afternoon: differential evolution around cvxpy solves.

numpy computes the win probabilities, cvxpy the method's policy and the best one, each by its
definition and compiled once for its shape; scipy moves the numbers. The package gives only the
description of the space and, afterwards, the true distortion of the script's best instance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, final

import cvxpy as cp
import numpy as np
import scipy.optimize

from adversary.exact import to_decimal
from adversary.interface.method import Method
from adversary.problem.instance import Independent, Instance, Pairs, Reference, UserType, all_pairs
from adversary.searching.simplify import values
from adversary.searching.space import FREE, SearchSpace
from adversary.searching.strategy import Incumbent, Strategy
from tests import reference

_LEAST_EXPONENT = -8.0  # masses are 10^e, e from here to 0
_BUDGETS = (0.01, 5.0)


class _OutOfTime(Exception):  # noqa: N818  # a message to ourselves
    pass


@dataclass(frozen=True)
class Numbers:
    """One instance as arrays."""

    beta: float
    utilities: np.ndarray
    weights: np.ndarray
    law: np.ndarray
    """Masses of the alternatives under an independent law, else of the pairs."""
    independent: bool
    base: np.ndarray | None
    budget: float

    @property
    def win(self) -> np.ndarray:
        """p(x≻y)."""
        gaps = self.utilities[:, :, None] - self.utilities[:, None, :]
        return np.tensordot(self.weights, 1 / (1 + np.exp(-self.beta * gaps)), axes=1)

    @property
    def pairs(self) -> np.ndarray:
        """The law's mass on each ordered pair."""
        if self.independent:
            return np.outer(self.law, self.law)
        m = self.utilities.shape[1]
        table = np.zeros((m, m))
        table[np.triu_indices(m, 1)] = self.law / 2
        return table + table.T

    def best(self, score: np.ndarray) -> np.ndarray:
        """The policy of the ball (without one: the vertex) with the highest score."""
        m = len(score)
        if self.base is None:
            return np.eye(m)[score.argmax()]
        size = float(np.abs(score - score.mean()).max()) or 1.0
        scaled = (score - score.mean()) / size
        program = reference.ball(m)
        return reference.solved(program, score=scaled, reference=self.base, budget=self.budget)[1]

    def distortion(self, method: str) -> float:
        """The script's own value, as good as its solvers' accuracy."""
        average = self.weights @ self.utilities
        policy = np.maximum(_POLICIES[method](self), 0.0)
        return float(self.best(average) @ average / (policy @ average / policy.sum()))


def _borda(numbers: Numbers) -> np.ndarray:
    """By the definition, without a program."""
    score = numbers.win @ numbers.law
    return np.eye(len(score))[score.argmax()]


def _rlhf(numbers: Numbers) -> np.ndarray:
    with np.errstate(divide="ignore"):
        first, second = reference.counts(numbers.win, np.log(numbers.pairs))
    program = reference.likelihood(len(numbers.win))
    return numbers.best(reference.solved(program, first=first, second=second)[1])


def _nlhf(numbers: Numbers) -> np.ndarray:
    m, margin = len(numbers.win), numbers.win - 0.5
    if numbers.base is None:
        return reference.solved(reference.lottery(m), margin=margin)[1]
    base, budget = numbers.base, numbers.budget
    table = {"margin": margin, "inverse": 1 / base, "reference": base, "budget": budget}
    return reference.solved(reference.nash(m), **table)[1]


_POLICIES: dict[str, Callable[[Numbers], np.ndarray]] = {
    "borda": _borda,
    "rlhf": _rlhf,
    "nlhf": _nlhf,
    "maximal-lotteries": _nlhf,
}


@final
@dataclass(frozen=True)
class Afternoon(Strategy):
    """`scipy.optimize.differential_evolution` with its own defaults, on masses 10^e and utilities.

    For social choice or a free reference and budget. A program that fails counts as distortion 1.
    """

    generations: int = 1_000
    name: ClassVar[str] = "afternoon"

    def run(self, space: SearchSpace, method: Method, seed: int, incumbent: Incumbent) -> None:
        """Minimise minus the script's own distortion; offer each best instance of its own."""
        m, k = space.alternatives, space.types
        sizes = [k, m if space.sampling == "independent" else len(all_pairs(m))]
        sizes += [m] if space.reference is FREE else []
        bounds = [(0.0, 1.0)] * (k * m) + [(_LEAST_EXPONENT, 0.0)] * sum(sizes)
        bounds += [_BUDGETS] if space.budget is FREE else []
        own = -np.inf

        def cost(point: np.ndarray) -> float:
            nonlocal own
            if incumbent.out_of_time:
                raise _OutOfTime
            ends = np.cumsum([k * m, *sizes])
            masses = [10**part for part in np.split(point, ends)[1 : len(sizes) + 1]]
            numbers = Numbers(
                float(space.beta),
                point[: k * m].reshape(k, m),
                masses[0] / masses[0].sum(),
                masses[1] / masses[1].sum(),
                space.sampling == "independent",
                masses[2] / masses[2].sum() if len(masses) == 3 else None,
                float(point[-1]),
            )
            try:
                value = numbers.distortion(method.name)
            except (AssertionError, cp.SolverError):
                value = 1.0
            if value > own:
                own, made = value, to_instance(numbers, space)
                incumbent.offer_exact(values([made], method)[0], made, 0.0)
            else:
                incumbent.evaluations += 1
            return -value

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of inaccurate solves
                options = {"maxiter": self.generations, "tol": 0, "polish": False, "seed": seed}
                scipy.optimize.differential_evolution(cost, bounds, **options)
        except _OutOfTime:
            return


def to_instance(numbers: Numbers, space: SearchSpace) -> Instance:
    """The exact instance."""
    weights, law = map(_decimals, (numbers.weights, numbers.law))
    couples = all_pairs(space.alternatives)
    base = numbers.base
    return Instance(
        space.beta,
        space.names,
        tuple(map(UserType, weights, map(_decimals, numbers.utilities))),
        Independent(law)
        if numbers.independent
        else Pairs(tuple((x, y, mass) for (x, y), mass in zip(couples, law, strict=True))),
        None if base is None else Reference(_decimals(base), to_decimal(numbers.budget)),
    )


def _decimals(numbers: np.ndarray) -> tuple:
    return tuple(map(to_decimal, numbers.tolist()))
