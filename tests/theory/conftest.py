"""What the theory tests share: the real solvers on one instance, and exact comparisons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import mpmath
import pytest
import torch
from torch import Tensor

from adversary.interface.method import Status, by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Instance
from adversary.problem.population import Population


@dataclass(frozen=True)
class Solved:
    """One method's result on one instance."""

    every: float
    """Distortion of the best policy that the method allows."""
    some: float
    """Distortion of the worst policy that the method allows."""
    ratio: float
    """Distortion of the policy that the method returns."""
    status: Status
    policy: dict[str, float]

    @property
    def top(self) -> str:
        """Return the alternative with the largest mass."""
        return max(self.policy, key=lambda name: self.policy[name])


Solve = Callable[[Instance, str], Solved]
Margin = Callable[[Instance, str, str], Fraction]
Jitter = Callable[[Instance, int, int], Population]


@pytest.fixture(scope="session")
def solve() -> Solve:
    """Return a function that runs a method on an instance."""

    def run(instance: Instance, method: str) -> Solved:
        found, outcome = evaluate(Population.of(instance), by_name(method))
        masses = outcome.log_policy[0].exp().tolist()
        return Solved(
            found.every.item(),
            found.some.item(),
            (found.best / found.achieved).item(),
            Status(int(outcome.status.item())),
            dict(zip(instance.alternatives, masses, strict=True)),
        )

    return run


@pytest.fixture(scope="session")
def margin() -> Margin:
    """Return a function that computes p(x≻y) − ½ to 300 digits for the average user."""

    def compute(instance: Instance, x: str, y: str) -> Fraction:
        i, j = instance.alternatives.index(x), instance.alternatives.index(y)
        total = sum((u.weight for u in instance.users), Fraction(0))
        result = Fraction(0)
        for user in instance.users:
            half = instance.beta * (user.utilities[i] - user.utilities[j]) / 2
            with mpmath.workdps(300):
                tanh = mpmath.tanh(mpmath.mpf(half.numerator) / half.denominator)
            sign, mantissa, exponent, _ = tanh._mpf_
            result += user.weight * (-1) ** sign * int(mantissa) * Fraction(2) ** int(exponent) / 2
        return result / total

    return compute


@pytest.fixture(scope="session")
def jitter() -> Jitter:
    """Return a function that makes a batch of random neighbours, near and far, of an instance."""

    def make(instance: Instance, n: int, seed: int) -> Population:
        found = Population.of(instance)
        generator = torch.Generator().manual_seed(seed)

        def noise(like: Tensor) -> Tensor:
            size = 10 ** (-4 * torch.rand(n, 1, generator=generator, dtype=torch.float64))
            flat = torch.randn(n, like[0].numel(), generator=generator, dtype=torch.float64)
            return (size * flat).reshape(n, *like.shape[1:])

        def weights(logs: Tensor | None) -> Tensor | None:
            return None if logs is None else (logs + 2 * noise(logs)).log_softmax(-1)

        budget = found.budget
        return Population(
            beta=found.beta.expand(n),
            log_weights=(found.log_weights + noise(found.log_weights)).log_softmax(-1),
            utilities=(found.utilities * noise(found.utilities).exp()).clamp(max=1),
            log_mu=weights(found.log_mu),
            log_reference=weights(found.log_reference),
            budget=None if budget is None else budget * noise(budget).exp(),
        )

    return make
