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
from jaxtyping import Bool, Float
from torch import Tensor

from adversary.interface.conditions import Target
from adversary.interface.method import Method, Status, learned
from adversary.interface.preferences import Preferences
from adversary.problem.instance import Independent, Pairs, all_pairs
from adversary.searching.space import FREE, SearchSpace
from adversary.solvers import kl_ball

_LEAST = -18.0
"""Log of the least mass of a law or a reference that the search tends to, at β = 0: 1.5e-8. It
falls with β, as some limits need masses below e^(−β)."""
STEEPEST = 230.0
"""β up to which masses follow e^(−β): a ratio of e^β is then about 1e100, the largest that a
certificate names."""
_SCORES = (-4.0, 4.0)  # inner scores are sinh of this
_GAPS = (-30.0, 3.0)  # log of how far the others score below a single winner, in units
_CLOSE = -10.0  # where such gaps start: larger ones are often out of reach
_TRIES = 64
_MOST = 64  # patterns of one kind


def unit(beta: float) -> float:
    """Return what scores and win rates − ½ are counted in: β where it is small."""
    return min(1.0, beta)


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
    m, social = space.alternatives, space.reference is None
    classes = _classes(space)
    if social:
        supports = [tuple(range(m))]
    elif isinstance(space.reference, tuple):
        supports = [tuple(x for x, mass in enumerate(space.reference) if mass > 0)]
    else:
        counts = itertools.product(*(range(len(same) + 1) for same in classes))
        chosen = itertools.islice((c for c in counts if sum(c) >= 2), _MOST)
        parts = ([same[:n] for same, n in zip(classes, count, strict=True)] for count in chosen)
        supports = sorted((tuple(itertools.chain(*part)) for part in parts), key=len)
    if space.sampling in ("pairs", "user-dependent") and not isinstance(space.reference, tuple):
        for support in dict.fromkeys([(0, m - 1), tuple(range(m))]):
            if len(support) == m or not social:
                yield Pattern(m - 1, 0, support, interior=False, path=True)
    for support in supports:
        present = [same for part in classes if (same := [x for x in part if x in support])]
        for one, other in itertools.product(present, repeat=2):
            if one is not other or len(one) > 1:
                yield Pattern(one[0], other[1 if one is other else 0], support, interior=False)
        if not social and len(support) > 1:
            yield Pattern(support[0], support[1], support, interior=True)


def _classes(space: SearchSpace) -> list[list[int]]:
    """Return the alternatives in groups that no fixed law and no fixed reference tells apart."""
    groups: dict[object, list[int]] = {}
    law, reference = space.sampling, space.reference
    for x in range(space.alternatives):
        label: list[object] = []
        if isinstance(law, Independent):
            label.append(law.weights[x])
        elif not isinstance(law, str):
            label.append(x)
        if isinstance(reference, tuple):
            label.append(reference[x])
        groups.setdefault(tuple(label), []).append(x)
    return list(groups.values())


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

    @property
    def depth(self) -> float:
        """Minus the log of the least mass that the search tends to."""
        return 1.2 * min(self.space.float_beta, STEEPEST) - _LEAST

    @cached_property
    def limits(self) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        """The lower and upper limits of the coordinates."""
        low, high = (part.clone() for part in self._inner.limits)
        for name in ("law", "reference"):
            if name in self._inner.parts:
                where = self._inner.parts[name][0]
                low[where], high[where] = -self.depth, 0.0
        if "budget" in self._inner.parts:
            where = self._inner.parts["budget"][0]
            low[where], high[where] = -10.0, 3.0
        scores = torch.where(self._gaps[:, None], torch.tensor(_GAPS), torch.tensor(_SCORES))
        least, most = scores.double().unbind(-1)
        return torch.cat([low, least]), torch.cat([high, most])

    @cached_property
    def _gaps(self) -> Bool[Tensor, "m"]:
        """Whose score is stated as a gap below the winner's: at a vertex all of the support."""
        gaps = torch.zeros(self.space.alternatives, dtype=torch.bool)
        if self.pattern.path:
            return ~gaps
        if not self.pattern.interior:
            gaps[list(self.pattern.support)] = True
        return gaps

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
            shift = torch.full_like(drawn, -2.0)
            m = self.space.alternatives
            shift[-m:] = torch.where(self._gaps, _CLOSE - 0.3 * m, 0.0)  # they add up
            return (2 * drawn + shift).clamp(low, high)
        m, space = self.space.alternatives, replace(self._inner, users=self.space.users)
        points, _ = space.random(_TRIES, generator)
        inside = torch.zeros(m, dtype=torch.bool)
        inside[list(self.pattern.support)] = True
        preferences = space.population(points, inside.expand(_TRIES, m)).preferences()
        with torch.no_grad():
            outcome = learned(method, preferences)
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
            winner = torch.arange(m) == pattern.winner
            gaps = raw.exp() * unit(float(self.space.beta))  # rewards differ by at most β
            score = torch.where(self._gaps, -gaps, torch.sinh(raw))
            score = torch.where(winner | ~torch.tensor(self.scored), 0.0, score)
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
        logs = torch.where(inside, mass, 1.0).log()  # no gradient of log 0
        return torch.where(inside, logs, -torch.inf), budget


def pair_masses(target: Target) -> Float[Tensor, "p"]:
    """Return the mass of each unordered pair under the target's law, in the order of all_pairs."""
    first, second = torch.tensor(all_pairs(len(target.score))).unbind(-1)
    return 2 * target.log_pairs[first, second].exp()
