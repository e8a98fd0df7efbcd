"""What the exact search moves outside the users: pair law, reference, budget and outcome.

Discrete choices (winner, best alternative, support, vertex or interior) are enumerated up to
relabelling; the rest are coordinates on a log scale.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from adversary import kl_ball
from adversary.conditions import Target
from adversary.instance import Pairs, all_pairs
from adversary.method import Method, Status
from adversary.preferences import Preferences
from adversary.searching.space import FREE, SearchSpace

_LEAST = -18.0
"""Log of the least mass of a law or a reference that the search tends to, at β = 0: 1.5e-8. It
falls with β, as some limits need masses below e^(−β)."""
_SCORES = (-4.0, 4.0)  # inner scores are sinh of this
_GAPS = (-30.0, 3.0)  # log of how far the others score below a single winner
_TRIES = 64
_MOST = 64  # patterns of one kind


@dataclass(frozen=True)
class Pattern:
    """The discrete part of an outcome."""

    winner: int
    best: int
    support: tuple[int, ...]
    interior: bool
    """Whether the budget binds: the policy is then π_ref·e^(score/λ), not one alternative."""
    path: bool = False
    """Pair laws: only the pairs (x, x+1) are asked, from the best, 0, to the winner, m − 1."""

    def __str__(self) -> str:
        """Return the pattern for people."""
        if self.interior:
            return f"interior policy on {len(self.support)} alternatives"
        law = ", pairs along a path" if self.path else ""
        return f"one winner, support of {len(self.support)}{law}"


def patterns(space: SearchSpace) -> Iterator[Pattern]:
    """Yield the discrete choices of a space, up to relabelling where nothing fixed tells apart."""
    m = space.alternatives
    free_law, social = isinstance(space.sampling, str), space.reference is None
    free_reference = space.reference is FREE
    if free_law and (social or free_reference):
        couples, supports = [(0, 1)], [tuple(range(k)) for k in range(2, m + 1)]
    else:
        couples = list(itertools.islice(itertools.permutations(range(m), 2), _MOST))
        everything = itertools.chain.from_iterable(
            itertools.combinations(range(m), k) for k in range(2, m + 1)
        )
        supports = list(itertools.islice(everything, _MOST))
    if social:
        supports = [tuple(range(m))]
    elif not free_reference:
        assert isinstance(space.reference, tuple)
        supports = [tuple(x for x, mass in enumerate(space.reference) if mass > 0)]
    if space.sampling in ("pairs", "user-dependent") and (social or free_reference):
        everybody = tuple(range(m))
        for support in {everybody} if social else {(0, m - 1), everybody}:
            yield Pattern(m - 1, 0, support, interior=False, path=True)
    for support in supports:
        for winner, best in couples:
            if winner in support and best in support:
                yield Pattern(winner, best, support, interior=False)
        if not social:
            yield Pattern(support[0], support[1], support, interior=True)


@dataclass(frozen=True)
class Frame:
    """One pattern of a space, and its continuous coordinates."""

    space: SearchSpace
    pattern: Pattern

    @cached_property
    def _inner(self) -> SearchSpace:
        """The space of law, reference and budget, with users that stand for anybody."""
        sampling = "pairs" if self.space.sampling == "user-dependent" else self.space.sampling
        if self.pattern.path:
            m = self.space.alternatives
            sampling = Pairs(tuple((x, x + 1, 1) for x in range(m - 1)))  # type: ignore[arg-type]
        return replace(self.space, users=1, sampling=sampling)

    @property
    def scored(self) -> bool:
        """Whether the score is free: in the interior, or where it may decide the winner."""
        independent = self.space.sampling == "independent" or (
            getattr(self.space.sampling, "kind", "") == "independent"
        )
        return self.pattern.interior or not independent

    @property
    def dimension(self) -> int:
        """The number of coordinates: those of the space, then a score for each alternative."""
        return self._inner.dimension + self.space.alternatives

    @cached_property
    def limits(self) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        """The lower and upper limits of the coordinates."""
        low, high = (part.clone() for part in self._inner.limits)
        for name in ("law", "reference"):
            if name in self._inner.parts:
                where = self._inner.parts[name][0]
                low[where], high[where] = _LEAST - 1.2 * float(self.space.beta), 0.0
        if "budget" in self._inner.parts:
            where = self._inner.parts["budget"][0]
            low[where], high[where] = -10.0, 3.0
        least, most = _SCORES if self.pattern.interior else _GAPS
        flat = torch.ones(self.space.alternatives, dtype=torch.float64)
        return torch.cat([low, least * flat]), torch.cat([high, most * flat])

    @cached_property
    def moving(self) -> Tensor:
        """Which coordinates matter."""
        mask = torch.zeros(self.dimension, dtype=torch.bool)
        for name in ("law", "reference", "budget"):
            if name in self._inner.parts:
                mask[self._inner.parts[name][0]] = True
        if not self.pattern.interior and self.space.budget is FREE:
            for name in ("reference", "budget"):
                if name in self._inner.parts:
                    mask[self._inner.parts[name][0]] = False
        if self.scored:
            mask[-self.space.alternatives :] = True
        return mask

    def random(self, method: Method, generator: torch.Generator) -> Float[Tensor, "n"] | None:
        """Return generic coordinates; None where a binding budget was not met by chance.

        In the interior the score is the one that the method has on a random population.
        """
        low, high = self.limits
        if not self.pattern.interior:
            drawn = torch.randn(self.dimension, generator=generator, dtype=torch.float64)
            return (2 * drawn - 2).clamp(low, high)
        m, space = self.space.alternatives, replace(self._inner, users=self.space.users)
        points, _ = space.random(_TRIES, generator)
        inside = torch.zeros(m, dtype=torch.bool)
        inside[list(self.pattern.support)] = True
        preferences = space.population(points, inside.expand(_TRIES, m)).preferences()
        with torch.no_grad():
            outcome = method.solve(preferences)
        policy = outcome.log_policy.exp()
        mixed = (policy.amax(-1) < 0.999) & (outcome.status == Status.SOLVED)
        if outcome.score is None or not bool(mixed.any()):
            return None
        chosen = int(mixed.to(torch.int8).argmax())
        point = torch.zeros(self.dimension, dtype=torch.float64)
        for name, (where, _, _) in self._inner.parts.items():
            if name in ("law", "reference", "budget") and name in space.parts:
                raw = points[chosen, space.parts[name][0]]
                point[where] = raw if name == "budget" else raw - raw.max()
        score = outcome.score[chosen]
        point[-m:] = torch.asinh(score - score.mean())
        return point.clamp(low, high)

    def target(
        self, point: Float[Tensor, "n"], direction: Float[Tensor, "m"]
    ) -> tuple[Target, Tensor] | None:
        """Return (target, π*) at the coordinates, differentiable; None where the ball forbids it.

        `direction`: the utilities for which π* is the best policy of the ball.
        """
        m, pattern = self.space.alternatives, self.pattern
        inside = torch.zeros(m, dtype=torch.bool)
        inside[list(pattern.support)] = True
        law = self._inner.population(point[None, :-m], inside[None]).preferences()[0]
        reference, budget = self._ball(law, inside)
        raw = point[-m:]
        if pattern.interior:
            score = torch.sinh(raw)
            ball = kl_ball.maximise(score[None], reference[None], budget[None])
            if not bool(ball.binding[0]):
                return None
            log_policy = ball.log_policy[0]
        else:
            if -float(reference.detach()[pattern.winner]) > float(budget.detach()):
                return None
            below = raw.exp() if self.scored else torch.zeros_like(raw)
            winner = torch.arange(m) == pattern.winner
            score = torch.where(winner, 0.0, -below)
            log_policy = torch.where(winner, 0.0, -torch.inf).double()
        target = Target(law.log_pairs, law.log_opponents, reference, budget, log_policy, score)
        best = kl_ball.maximise(direction[None], reference[None], budget[None]).log_policy[0]
        return target, best.exp()

    def _ball(self, law: Preferences, inside: Tensor) -> tuple[Tensor, Tensor]:
        """Return reference and budget, such that at a vertex the winner lies in the ball."""
        reference, budget, pattern = law.log_reference, law.budget, self.pattern
        if pattern.interior or self.space.reference is not FREE:
            return reference, budget
        if self.space.budget is FREE:  # nothing but the support matters
            flat = torch.where(inside, 0.0, -torch.inf).double().log_softmax(-1)
            return flat, torch.tensor(float(math.ceil(math.log(len(pattern.support)))))
        least = torch.exp(-budget * (1 - 1e-6))
        winner = torch.arange(len(reference)) == pattern.winner
        mass = (1 - least) * reference.exp() + torch.where(winner, least, 0.0)
        return mass.log(), budget


def pair_masses(target: Target) -> Float[Tensor, "p"]:
    """Return the mass of each unordered pair under the target's law, in the order of all_pairs."""
    first, second = torch.tensor(all_pairs(len(target.score))).unbind(-1)
    return 2 * target.log_pairs[first, second].exp()
