"""What a search may change and what is fixed, and its coordinates on a log scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adversary.errors import InputError
from adversary.exact import parse_rational, to_decimal
from adversary.problem.instance import (
    Independent,
    Instance,
    PairLaw,
    Pairs,
    Reference,
    UserDependent,
    UserType,
    all_pairs,
    uniform,
)
from adversary.problem.population import Population

MAX_ALTERNATIVES = 256
MAX_USERS = 1024
LAWS = ("independent", "pairs", "user-dependent")
_UTILITY_RANGE = (-60.0, 40.0)  # σ(θ): from 1e-26 to 1 − 1e-17, on a log scale at both ends
_MASS_RANGE = (-60.0, 60.0)
_BUDGET_RANGE = (-25.0, 6.0)


class _Free(Enum):
    FREE = "free"


FREE = _Free.FREE
"""In a SearchSpace: the search chooses this part."""


@dataclass(frozen=True)
class SearchSpace:
    """All instances with m alternatives that agree with the fixed parts.

    `users`: a number of free types, or fixed types. `sampling`: the kind of a free pair law
    ('independent', 'pairs', 'user-dependent': a law on pairs for each type) or a fixed law.
    `reference`: None (social choice), FREE, or fixed weights; a free reference may have zeros.
    `budget`: the KL budget τ, or FREE; None exactly where the reference is None.
    """

    beta: Fraction
    alternatives: int
    users: int | tuple[UserType, ...]
    sampling: str | PairLaw = "independent"
    reference: _Free | tuple[Fraction, ...] | None = None
    budget: _Free | Fraction | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", parse_rational("beta", self.beta))
        if not 2 <= self.alternatives <= MAX_ALTERNATIVES:
            expected = f"a whole number from 2 to {MAX_ALTERNATIVES}"
            raise InputError("alternatives", self.alternatives, expected)
        if isinstance(self.users, int) and not 1 <= self.users <= MAX_USERS:
            raise InputError("users", self.users, f"a whole number from 1 to {MAX_USERS}")
        if isinstance(self.sampling, str) and self.sampling not in LAWS:
            raise InputError("sampling", self.sampling, f"one of {', '.join(LAWS)} or a fixed law")
        if (self.reference is None) != (self.budget is None):
            raise InputError("reference", self.reference, "a reference exactly with a KL budget")
        _ = self._template  # an Instance checks the fixed parts

    @property
    def types(self) -> int:
        """The number of user types."""
        return self.users if isinstance(self.users, int) else len(self.users)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the alternatives."""
        return self._template.alternatives

    @cached_property
    def _template(self) -> Instance:
        """An instance with the fixed parts, and placeholders where the search is free."""
        m = self.alternatives
        flat = (Fraction(1),) * m
        users = self.users
        if isinstance(users, int):
            users = tuple(UserType(Fraction(1), flat) for _ in range(users))
        law = uniform(m) if isinstance(self.sampling, str) else self.sampling
        reference = None
        if self.reference is not None and self.budget is not None:
            weights = flat if self.reference is FREE else self.reference
            budget = Fraction(1) if self.budget is FREE else self.budget
            reference = Reference(weights, budget)  # type: ignore[arg-type]
        return Instance(self.beta, tuple(_names(m)), users, law, reference)

    @cached_property
    def _fixed(self) -> Population:
        return Population.of(self._template)[0]

    @property
    def float_beta(self) -> float:
        """β as floats can use it: see `problem.population`."""
        return float(self._fixed.beta)

    @cached_property
    def parts(self) -> dict[str, tuple[slice, tuple[int, ...], tuple[float, float]]]:
        """The free parts: where each lies in a coordinate vector, its shape, its range."""
        m, k = self.alternatives, self.types
        shapes: dict[str, tuple[tuple[int, ...], tuple[float, float]]] = {}
        if isinstance(self.users, int):
            shapes["utilities"] = ((k, m), _UTILITY_RANGE)
            shapes["weights"] = ((k,), _MASS_RANGE)
        if isinstance(self.sampling, str):
            pairs = len(all_pairs(m))
            shape = {"independent": (m,), "pairs": (pairs,), "user-dependent": (k, pairs)}
            shapes["law"] = (shape[self.sampling], _MASS_RANGE)
        if self.reference is FREE:
            shapes["reference"] = ((m,), _MASS_RANGE)
        if self.budget is FREE:
            shapes["budget"] = ((), _BUDGET_RANGE)
        if not shapes:
            raise InputError("search", "nothing free", "at least one free part")
        found, start = {}, 0
        for name, (shape, limits) in shapes.items():
            end = start + math.prod(shape)
            found[name] = (slice(start, end), shape, limits)
            start = end
        return found

    @property
    def dimension(self) -> int:
        """The length of a coordinate vector."""
        return max(where.stop for where, _, _ in self.parts.values())

    @cached_property
    def limits(self) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        """The lower and upper limit of each coordinate."""
        low, high = torch.empty(2, self.dimension, dtype=torch.float64)
        for where, _, (least, most) in self.parts.values():
            low[where], high[where] = least, most
        return low, high

    def random(
        self, count: int, generator: torch.Generator
    ) -> tuple[Float[Tensor, "count n"], Bool[Tensor, "count m"]]:
        """Return random coordinates, over many orders of magnitude, and random supports.

        A free reference gives each alternative zero mass with probability ¼ (two remain).
        """
        points = torch.randn(count, self.dimension, generator=generator, dtype=torch.float64)
        spread = torch.rand(count, 1, generator=generator, dtype=torch.float64)
        points = points * (1 + 3 * spread)
        support = torch.ones(count, self.alternatives, dtype=torch.bool)
        if self.reference is FREE:
            drawn = torch.rand(count, self.alternatives, generator=generator, dtype=torch.float64)
            second = drawn.kthvalue(2, dim=-1, keepdim=True).values
            support = (drawn < 0.75) | (drawn <= second)
        return points, support

    def _part(self, name: str, points: Tensor) -> Tensor:
        where, shape, _ = self.parts[name]
        return points[..., where].unflatten(-1, shape) if shape else points[..., where].squeeze(-1)

    def population(
        self, points: Float[Tensor, "batch n"], support: Bool[Tensor, "batch m"]
    ) -> Population:
        """Return the populations at the coordinates; differentiable in them."""
        n, fixed = len(points), self._fixed
        found = {
            name: value.expand(n, *value.shape).clone()
            for name, value in vars(fixed).items()
            if value is not None
        }
        if "utilities" in self.parts:
            found["utilities"] = torch.sigmoid(self._part("utilities", points))
            found["log_weights"] = self._part("weights", points).log_softmax(-1)
        else:
            found["log_weights"].requires_grad_(points.requires_grad)
        if "law" in self.parts:
            found.pop("log_mu")
            found |= self._law(points)
        if "reference" in self.parts:
            logits = self._part("reference", points)
            logits = torch.where(support, logits, -torch.inf)
            found["log_reference"] = logits.log_softmax(-1)
        if "budget" in self.parts:
            found["budget"] = self._part("budget", points).exp()
        return replace(fixed, **{"log_mu": None, **found})

    def _law(self, points: Tensor) -> dict[str, Tensor]:
        m, logits = self.alternatives, self._part("law", points).log_softmax(-1)
        if self.sampling == "independent":
            return {"log_mu": logits}
        first, second = torch.tensor(all_pairs(m)).unbind(-1)
        index = torch.full((m, m), logits.shape[-1], dtype=torch.long)
        index[first, second] = index[second, first] = torch.arange(logits.shape[-1])
        diagonal = torch.full_like(logits[..., :1], -torch.inf)
        table = torch.cat([logits - math.log(2), diagonal], -1)[..., index]
        return {"log_nu" if self.sampling == "pairs" else "log_nu_by_user": table}

    def locate(self, instance: Instance) -> tuple[Float[Tensor, "n"], Bool[Tensor, "m"]]:
        """Return the coordinates and the support of an instance of the space, within its limits.

        Zeros of weights and utilities go to the lower limit, those of the reference to the support.
        """
        there = Population.of(instance)[0]
        point = torch.zeros(self.dimension, dtype=torch.float64)
        support = torch.ones(self.alternatives, dtype=torch.bool)
        found = {"utilities": torch.logit(there.utilities), "weights": there.log_weights}
        first, second = torch.tensor(all_pairs(self.alternatives)).unbind(-1)
        if there.log_mu is not None:
            found["law"] = there.log_mu
        elif there.log_nu is not None:
            found["law"] = there.log_nu[first, second]
        elif there.log_nu_by_user is not None:
            found["law"] = there.log_nu_by_user[:, first, second]
        if there.log_reference is not None and there.budget is not None:
            found |= {"reference": there.log_reference, "budget": there.budget.log()}
            if self.reference is FREE:
                support = there.log_reference > -torch.inf
        for name, (where, _, _) in self.parts.items():
            point[where] = found[name].reshape(-1)
        return point.clamp(*self.limits), support

    def instances(
        self, point: Float[Tensor, "n"], support: Bool[Tensor, "m"]
    ) -> Iterator[Instance]:
        """Yield exact instances at the coordinates, in 2, 3, … 17 significant decimal digits."""
        for digits in range(2, 18):
            yield self._instance(point, support, digits)

    def _instance(self, point: Tensor, support: Tensor, digits: int) -> Instance:
        m, template = self.alternatives, self._template
        users, law, reference = template.users, template.sampling, template.reference
        if "utilities" in self.parts:
            utilities = torch.sigmoid(self._part("utilities", point)).tolist()
            weights = _masses(self._part("weights", point), digits)
            users = tuple(
                UserType(weight, tuple(to_decimal(u, digits) for u in row))
                for weight, row in zip(weights, utilities, strict=True)
            )
        if "law" in self.parts:
            logits = self._part("law", point)
            if self.sampling == "independent":
                law = Independent(_masses(logits, digits))
            elif self.sampling == "pairs":
                law = _pairs(logits, m, digits)
            else:
                law = UserDependent(tuple(_pairs(row, m, digits) for row in logits))
        if reference is not None:
            if "reference" in self.parts:
                logits = torch.where(support, self._part("reference", point), -torch.inf)
                reference = Reference(_masses(logits, digits), reference.kl_budget)
            if "budget" in self.parts:
                budget = to_decimal(float(self._part("budget", point).exp()), digits)
                reference = Reference(reference.weights, budget)
        return Instance(self.beta, template.alternatives, users, law, reference)


def _names(m: int) -> Sequence[str]:
    return [chr(ord("a") + x) if m <= 26 else f"x{x + 1}" for x in range(m)]


def _masses(logits: Tensor, digits: int) -> tuple[Fraction, ...]:
    """Return weights relative to the largest, which is 1."""
    return tuple(to_decimal(mass, digits) for mass in (logits - logits.max()).exp().tolist())


def _pairs(logits: Tensor, m: int, digits: int) -> Pairs:
    masses = _masses(logits, digits)
    return Pairs(tuple((x, y, w) for (x, y), w in zip(all_pairs(m), masses, strict=True)))
