"""The exact search: for each outcome the worst users by linear programming, the rest by ascent.

For a method that states its outcome conditions. Law, reference, budget and score climb the linear
program's value, whose gradient its dual gives (envelope theorem).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from adversary.columns.generation import CAP, Solution, solve
from adversary.columns.program import Program
from adversary.errors import InputError
from adversary.interface.conditions import Conditions, Target
from adversary.interface.method import Method, stated
from adversary.problem.instance import Instance, UserDependent
from adversary.searching import concrete, symmetry
from adversary.searching.frames import Frame, pair_masses, patterns, unit
from adversary.searching.simplify import values
from adversary.searching.space import SearchSpace
from adversary.searching.strategy import Incumbent, Strategy

_STEPS = (1e-3, 3e-4, *(10.0**-k for k in range(4, 13)), 1e-2)
_ROUGH, _FINE = 1e-2, 1e-7
_RISE, _FALL = 1.2, 0.5  # of a step: η+ and η− of Riedmiller and Braun (1993)
_FAILURES, _HEATS, _OFFERS = 8, 3, 8
_STILL, _GAIN = 4, 1e-6  # an ascent ends after so many steps that gain no more than this share
_WORTH = 1.02  # times the best so far: worth an instance before the heat is over
_REACHED = 0.5  # of the cap: as bad as one wants
_NAMED = 1e100  # no certificate names a larger ratio


@dataclass(frozen=True)
class _Place:
    """Where an ascent stands."""

    frame: Frame
    number: int
    """Which of the method's sets of conditions."""
    point: Tensor
    direction: Tensor
    """The utilities that the policy to compare with maximises."""


@dataclass(frozen=True)
class _View:
    """What the linear program says of a place."""

    place: _Place
    solution: Solution
    slope: Tensor
    """The gradient of the log of the value in the coordinates."""

    @property
    def value(self) -> float:
        """The largest distortion of a population with this outcome."""
        return self.solution.value


@final
@dataclass(frozen=True)
class Columns(Strategy):
    """Column generation inside, ascent with sign-based steps (Rprop) outside, several starts.

    `slack`: the certified instance may stay this much, relatively, below the supremum, which is
    often a limit of vanishing utilities and masses. `cap`: the ratio to reach where there is no
    bound.
    """

    starts: int = 6
    steps: int = 20
    slack: float = 1e-3
    cap: float = CAP
    name: ClassVar[str] = "columns"

    def run(self, space: SearchSpace, method: Method, seed: int, incumbent: Incumbent) -> None:
        """Ascend from generic starts in every pattern, then make the best concrete."""
        if not _free_users(space):
            expected = "another strategy where users, or their own pair laws, are fixed"
            raise InputError("strategy", self.name, expected)
        if not searchable(method, space):
            expected = f"a method with outcome conditions here, unlike {method.name!r}"
            raise InputError("strategy", self.name, expected)
        generator = torch.Generator().manual_seed(seed)
        rng = np.random.default_rng(seed)
        places = list(_starts(space, method, generator, self.starts))
        for heat in range(_HEATS):  # the better third goes on
            tops: list[_View] = []
            for number, place in enumerate(places):
                top = self._ascend(place, method, rng, incumbent)
                incumbent.share_done = (heat + (number + 1) / len(places)) / _HEATS
                if top is not None:
                    tops.append(top)
                    if top.solution.unbounded or top.value > _WORTH * incumbent.value:
                        self._offer(top, method, rng, incumbent)
                if incumbent.out_of_time or self._reached(incumbent, tops):
                    break
            tops.sort(key=lambda view: -view.value)
            for top in tops[:_OFFERS]:  # a supremum that needs ties has no instance near it
                if incumbent.value >= (1 - self.slack) * top.value:
                    break
                self._offer(top, method, rng, incumbent)
            if incumbent.out_of_time or self._reached(incumbent, tops):
                return
            places = [top.place for top in tops[: max(1, len(tops) // 3)]]

    def _reached(self, incumbent: Incumbent, tops: list[_View]) -> bool:
        """Whether the best so far is as bad as one wants, or as can be named.

        There is no bound where the program has none, nor where users have laws of their own
        (theory.user_dependent); under a common law it may be e^β.
        """
        endless = bool(tops) and (
            tops[-1].solution.unbounded or tops[-1].place.frame.space.sampling == "user-dependent"
        )
        return incumbent.value >= (_REACHED * self.cap if endless else _NAMED)

    def _ascend(
        self, place: _Place, method: Method, rng: np.random.Generator, incumbent: Incumbent
    ) -> _View | None:
        """Rprop on the log of the program's value (Riedmiller and Braun 1993)."""
        low, high = place.frame.limits
        moving = place.frame.moving
        step = torch.full_like(place.point, 0.1 if place.frame.pattern.interior else 0.5)
        longest = max(3.0, place.frame.depth / 24)
        before, failures = torch.zeros_like(place.point), 0
        near: Solution | None = None
        best: _View | None = None
        still = 0
        for _ in range(self.steps if bool(moving.any()) else 2):
            view = _look(place, method, rng, near, _ROUGH, self.cap)
            incumbent.evaluations += 1
            if view is None:  # no population has this outcome: back, and on with shorter steps
                failures += 1
                if best is None or failures > _FAILURES:
                    break
                step, before, view = 0.2 * step, torch.zeros_like(before), best
            still = still + 1 if best and view.value <= (1 + _GAIN) * best.value else 0
            if best is None or view.value > best.value:
                best = view
            if incumbent.out_of_time or view.solution.unbounded or still == _STILL:
                break
            if not bool(view.slope[moving].any()):
                break
            near = view.solution
            agree = view.slope * before
            grown = torch.where(agree < 0, _FALL * step, step)
            step = torch.where(agree > 0, _RISE * step, grown)
            step = step.clamp(1e-6, longest)
            before = torch.where(agree < 0, 0.0, view.slope)
            move = torch.where(moving, before.sign() * step, 0.0)
            point = (view.place.point + move).clamp(low, high)
            place = replace(view.place, point=point, direction=_average(view.solution))
        return best

    def _offer(
        self, top: _View, method: Method, rng: np.random.Generator, incumbent: Incumbent
    ) -> None:
        """Solve the best place to full accuracy, and offer a concrete instance near its value."""
        view = _look(top.place, method, rng, top.solution, _FINE, self.cap)
        if view is None:
            return
        found: tuple[float, Instance] | None = None
        for step in _STEPS:
            made = _instance(view, method, step)
            if made is None or len(made.users) > top.place.frame.space.types:
                continue
            value = values([made], method)[0]
            if found is None or value > found[0]:
                found = value, made
            if value >= (1 - self.slack) * view.value:
                break
        if found is not None and found[0] > incumbent.value:
            incumbent.offer_exact(*found, incumbent.share_done)


def searchable(method: Method, space: SearchSpace) -> bool:
    """Whether the method states outcome conditions for some pattern of the space."""
    generator = torch.Generator().manual_seed(0)
    return _free_users(space) and any(True for _ in _starts(space, method, generator, 1))


def _free_users(space: SearchSpace) -> bool:
    return isinstance(space.users, int) and not isinstance(space.sampling, UserDependent)


def _starts(
    space: SearchSpace, method: Method, generator: torch.Generator, count: int
) -> Iterator[_Place]:
    """Yield a start in every pattern, then another in each, and so on."""
    frames = [Frame(space, pattern) for pattern in patterns(space)]
    for number in range(count):
        for frame in frames:
            if number and not bool(frame.moving.any()):
                continue
            direction = torch.zeros(space.alternatives, dtype=torch.float64)
            direction[frame.pattern.best] = 1.0
            point = frame.random(method, generator)
            made = None if point is None else frame.target(point.requires_grad_(), direction)
            if point is None or made is None:
                continue
            options = stated(method, made[0])
            chosen: Iterable[int] = range(len(options))
            if not _varies(frame, made[1], made[0], options):  # one start sees all there is
                named = frame.pattern.winner, frame.pattern.best
                chosen = () if number else symmetry.distinct(options, *named)
            for which in chosen:
                if options[which].alike is None or space.sampling != "user-dependent":
                    yield _Place(frame, which, point.detach(), direction)


def _varies(frame: Frame, best: Tensor, target: Target, options: Sequence[Conditions]) -> bool:
    """Whether the program depends on the coordinates: law, reference, budget or score."""
    parts = [best, target.log_policy, *(p for o in options for p in (o.coefficients, o.constants))]
    return frame.space.sampling == "user-dependent" or any(part.requires_grad for part in parts)


def _build(
    place: _Place, method: Method, ahead: float = 0.0
) -> tuple[Target, Tensor, Conditions] | None:
    """Return (target, π*, conditions) at a place; differentiable in its point."""
    made = place.frame.target(place.point, place.direction)
    if made is None:
        return None
    target, best = made
    if ahead:
        target = concrete.firmly(target, ahead * unit(float(place.frame.space.beta)))
    options = stated(method, target)
    if place.number >= len(options):
        return None
    return target, best, concrete.scaled(options[place.number], place.frame.space.float_beta)


def _program(space: SearchSpace, target: Target, best: Tensor, conditions: Conditions) -> Program:
    by_pair = space.sampling == "user-dependent"
    best_policy = best.detach().numpy()
    return concrete.program(target, best_policy, conditions, space.float_beta, by_pair)


def _look(
    place: _Place,
    method: Method,
    rng: np.random.Generator,
    near: Solution | None,
    accuracy: float,
    cap: float,
) -> _View | None:
    """Solve the linear program of a place; None where no population has its outcome.

    `near`: the solution at a place nearby.
    """
    point = place.point.clone().requires_grad_()
    built = _build(replace(place, point=point), method)
    if built is None:
        return None
    target, best, conditions = built
    alike = conditions.alike
    outcome = _program(place.frame.space, target, best, conditions)
    warm = {} if near is None else {"pool": symmetry.narrow(near.pool, alike), "units": near.units}
    solution = solve(symmetry.merged(outcome, alike), rng, accuracy=accuracy, cap=cap, **warm)
    if solution is None or not solution.value > 0:
        return None
    solution = symmetry.widen(solution, alike)
    slope = torch.zeros_like(point)
    for goal in _lagrangian(solution, outcome, target, best, conditions):
        if goal.requires_grad:
            slope += torch.autograd.grad(goal, point, retain_graph=True)[0]
    return _View(place, solution, torch.nan_to_num(slope, 0.0, 0.0, 0.0) / solution.value)


def _lagrangian(
    solution: Solution, outcome: Program, target: Target, best: Tensor, conditions: Conditions
) -> list[Tensor]:
    """Return the Lagrangian at the optimal types, weights and prices (envelope theorem).

    In terms to be summed: the saturated ones, whose derivatives cancel in each condition up to
    e^(−β), are terms of their own.
    """
    types, weights = solution.types, solution.weights
    total = torch.from_numpy(weights @ types.moved)
    first, second = outcome.upper
    saturated, margins = (torch.from_numpy(weights @ part) for part in outcome.margins(types))
    plain = float(weights[~types.tangent].sum())
    prices = torch.from_numpy(solution.prices.multipliers.copy())
    own, mixture = prices.tensor_split([len(conditions.constants)])
    policy = target.log_policy.exp()
    value = best @ total - solution.prices.price * (policy @ total)
    if outcome.law is not None:  # margins count 1/law, and the mixture of all users is the law
        law, known = pair_masses(target), torch.from_numpy(outcome.law)
        margins = margins * torch.where(known > 0, known / torch.where(known > 0, law, 1.0), 1.0)
        asked = torch.from_numpy(np.bincount(types.pair, weights, len(known)))
        value = value + mixture @ (asked - law * plain)
    pairs = (conditions.coefficients - conditions.coefficients.mT)[:, first, second]
    value = value + own @ (pairs @ margins + conditions.constants * plain)
    return [value, *(own * (pairs @ saturated))] if bool(saturated.any()) else [value]


def _average(solution: Solution) -> Tensor:
    """Return the average utility, up to a factor."""
    total = solution.weights @ solution.types.moved
    return torch.from_numpy(total / np.abs(total).max())


def _instance(view: _View, method: Method, step: float) -> Instance | None:
    """Return a concrete instance at a distance `step` from the solution, which may be a limit."""
    built = _build(view.place, method, step)
    if built is None:
        return None
    target, best, conditions = built
    space = view.place.frame.space
    outcome = _program(space, target, best, conditions)
    made = concrete.population(view.solution, outcome, step)
    return None if made is None else concrete.instance(space, target, *made)
