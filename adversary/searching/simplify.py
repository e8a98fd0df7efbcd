"""Simpler instances with nearly the same distortion: fewer types and alternatives, short numbers.

The reduction is numeric; whoever needs a proof certifies the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction

import torch

from adversary.errors import InputError
from adversary.exact import nearest, rounded, to_text
from adversary.interface.method import Method
from adversary.problem.distortion import LEAST_UTILITY, measure
from adversary.problem.instance import (
    Independent,
    Instance,
    PairLaw,
    Pairs,
    UserDependent,
    UserType,
)
from adversary.searching.gradient import Gradient
from adversary.searching.space import FREE, SearchSpace
from adversary.searching.strategy import Incumbent, one_thread

_STAGES = (0.3, 0.5, 0.7, 0.85, 1.0)  # of the allowed loss: no early number may spend it all
_MOST_NUMBERS = 400  # beyond this, numbers are rounded together only
_ASCENT = 1e-3  # with less to lose, gradient ascent is not exact enough to solve again
_MOST_PLAIN = 40  # utilities; each costs an ascent or two
_POLISH = Gradient(restarts=48, steps=80, rounds=1)

Report = Callable[[str], None]
Steps = Generator[Instance, None, Instance]


class Stopped(KeyboardInterrupt):
    """An interruption (Ctrl-C) of a simplification, with the simplest instance so far."""

    def __init__(self, instance: Instance) -> None:
        super().__init__()
        self.instance = instance


def values(instances: list[Instance], method: Method) -> list[float]:
    """Return the numeric distortion of instances of one shape; −inf where undetermined."""
    result, _ = measure(instances, method)
    return torch.nan_to_num(result.every, -math.inf, math.inf, -math.inf).tolist()


def simplify(
    instance: Instance,
    method: Method,
    loss: float,
    report: Report = lambda _: None,
    alternatives: bool = True,
) -> Instance:
    """Return a simpler instance whose numeric distortion is at least (1 − loss) of the given one's.

    First user types and alternatives are dropped, the rest of the numbers being solved for again
    by gradient ascent; then zero masses and short numbers are tried one by one, in stages. Users,
    pair law and reference may change; β, the kind of the law, a uniform law and the budget do not,
    nor the alternatives unless `alternatives`. An interruption raises Stopped.
    """
    if not 0 <= loss < 1:
        raise InputError("keep", 1 - loss, "a share above 0, at most 1")
    floor = values([instance], method)[0]
    if floor == -math.inf:
        best = max(instance.average_utility)
        if 0 < best < LEAST_UTILITY:
            expected = "a largest average utility of 1e-300 or more: simplification is numeric"
            raise InputError("users.utilities", f"at most {nearest(best)} on average", expected)
        expected = "a method whose policy and distortion the instance determines"
        raise InputError("method", method.name, expected)
    floor = min(floor, 1e300)
    goal = _Goal(method, floor, loss, report)
    with one_thread():
        kept = instance
        try:
            for simpler in goal.steps(instance, alternatives):
                kept = simpler
        except KeyboardInterrupt:
            raise Stopped(kept) from None
    return kept


@dataclass(frozen=True)
class _Goal:
    method: Method
    floor: float
    loss: float
    report: Report

    def least(self, share: float = 1.0) -> float:
        return self.floor * (1 - share * self.loss)

    def first(self, candidates: list[Instance], share: float = 1.0) -> Instance | None:
        """Return the first candidate that keeps enough; all have one shape."""
        if not candidates:
            return None
        found = values(candidates, self.method)
        least = self.least(share)
        return next((c for c, v in zip(candidates, found, strict=True) if v >= least), None)

    def steps(self, instance: Instance, alternatives: bool) -> Iterator[Instance]:
        """Yield simpler and simpler instances; each keeps enough."""
        instance = yield from self.fewer(instance, alternatives)
        if self.loss >= _ASCENT:
            instance = yield from self.plainer(instance)
        instance = yield from self.shorter(instance)
        yield from self.fewer(instance, alternatives)  # a weight may have become 0

    def fewer(self, instance: Instance, alternatives: bool) -> Steps:
        """Drop user types, then alternatives, while enough is kept."""
        for smaller in (_without_types, *((_without_alternatives,) if alternatives else ())):
            while candidates := list(smaller(instance)):
                kept = self._best(candidates)
                if kept is None:
                    break
                instance = kept
                yield instance
                shape = f"{len(instance.users)} types, {len(instance.alternatives)} alternatives"
                self.report(shape)
        return instance

    def _best(self, candidates: list[Instance]) -> Instance | None:
        """Return the best candidate if it keeps enough, after polishing if need be."""
        found = values(candidates, self.method)
        order = sorted(range(len(candidates)), key=lambda i: -found[i])
        if found[order[0]] >= self.least(0.7):
            return candidates[order[0]]
        if self.loss < _ASCENT:
            return None
        for i in order[:3]:
            polished = polish(candidates[i], self.method)
            if values([polished], self.method)[0] >= self.least(0.3):
                return polished
        return None

    def plainer(self, instance: Instance) -> Steps:
        """Set utilities to plain numbers one by one, solving again for all that is not yet set."""
        if len(instance.users) * len(instance.alternatives) > _MOST_PLAIN:
            return instance
        settled: dict[tuple[int, int], Fraction] = {}
        while True:
            open_places = [
                (k, x, u)
                for k, user in enumerate(instance.users)
                for x, u in enumerate(user.utilities)
                if (k, x) not in settled
            ]
            if not open_places:
                return instance
            # The smallest first: what is nearly 0 becomes 0, and the rest adapts.
            k, x, value = min(open_places, key=lambda p: min(p[2], 1 - p[2]))
            settled[k, x] = value
            for option in _plain(value):
                changed = _with(instance, ("utility", k, x), option)
                if changed is None:
                    continue
                if values([changed], self.method)[0] < self.least(0.1):
                    changed = polish(changed, self.method, settled | {(k, x): option})
                    if values([changed], self.method)[0] < self.least(0.3):
                        continue
                instance, settled[k, x] = changed, option
                yield instance
                self.report(f"utility set to {to_text(option)}, {len(open_places) - 1} left")
                break

    def shorter(self, instance: Instance) -> Steps:
        """Round all numbers together, then one by one, each to the shortest that keeps enough."""
        together = [_rounded(instance, digits) for digits in range(1, 18)]
        instance = self.first(together, _STAGES[0]) or instance
        yield instance
        if len(list(_numbers(instance))) > _MOST_NUMBERS:
            return instance
        for share in _STAGES if self.loss > 1e-4 else _STAGES[-1:]:
            self.report(f"{sum(len(to_text(v)) for _, v, _ in _numbers(instance))} characters")
            for place, value, unit in sorted(_numbers(instance), key=lambda n: -len(to_text(n[1]))):
                options = _shorter(value, unit)
                if place[0] == "law" and isinstance(instance.sampling, Independent):
                    options = [o for o in options if o > 0]  # all are compared
                tried = [_with(instance, place, option) for option in options]
                instance = self.first([t for t in tried if t is not None], share) or instance
                yield instance
        return instance


def polish(
    instance: Instance, method: Method, settled: Mapping[tuple[int, int], Fraction] | None = None
) -> Instance:
    """Return the instance after a short gradient ascent in users, law and reference.

    The `settled` utilities, by (type, alternative), stay as they are.
    """
    law = instance.sampling
    fixed = isinstance(law, Independent) and len(set(law.weights)) == 1
    reference = instance.reference
    space = SearchSpace(
        instance.beta,
        len(instance.alternatives),
        len(instance.users),
        law if fixed else law.kind,
        None if reference is None else FREE,
        None if reference is None else reference.kl_budget,
    )
    if isinstance(law, UserDependent) and any(isinstance(own, Independent) for own in law.laws):
        return instance  # a search gives each type a law on pairs
    incumbent = Incumbent()
    point, support = space.locate(instance)
    m, settled = len(instance.alternatives), settled or {}
    frozen = torch.zeros(space.dimension, dtype=torch.bool)
    frozen[[space.parts["utilities"][0].start + k * m + x for k, x in settled]] = True
    _POLISH.refine(space, method, point, support, 0, incumbent, frozen)
    if incumbent.point is None or incumbent.support is None:
        return instance
    found = list(space.instances(incumbent.point, incumbent.support))[-1]
    found = replace(found, alternatives=instance.alternatives)
    for (k, x), value in settled.items():  # exactly, not by way of the coordinates
        found = _with(found, ("utility", k, x), value) or found
    return found


def _without_types(instance: Instance) -> Iterator[Instance]:
    users, law = instance.users, instance.sampling
    for k in range(len(users) if len(users) > 1 else 0):
        rest = users[:k] + users[k + 1 :]
        if not any(user.weight for user in rest):
            continue
        if isinstance(law, UserDependent):
            own = UserDependent(law.laws[:k] + law.laws[k + 1 :])
            yield replace(instance, users=rest, sampling=own)
        else:
            yield replace(instance, users=rest)


def _without_alternatives(instance: Instance) -> Iterator[Instance]:
    m = len(instance.alternatives)
    for x in range(m if m > 2 else 0):
        keep = [y for y in range(m) if y != x]
        users = tuple(
            UserType(u.weight, tuple(u.utilities[y] for y in keep)) for u in instance.users
        )
        law = _law_without(instance.sampling, x)
        reference = instance.reference
        if reference is not None:
            weights = tuple(reference.weights[y] for y in keep)
            reference = replace(reference, weights=weights)
        names = tuple(instance.alternatives[y] for y in keep)
        try:
            yield Instance(instance.beta, names, users, law, reference)
        except InputError:  # all mass of a law or of the reference lay there
            continue


def _law_without(law: PairLaw, x: int) -> PairLaw:
    if isinstance(law, Independent):
        return Independent(law.weights[:x] + law.weights[x + 1 :])
    if isinstance(law, Pairs):
        rest = [(a - (a > x), b - (b > x), w) for a, b, w in law.weights if x not in (a, b)]
        return Pairs(tuple(rest))
    return UserDependent(tuple(_law_without(own, x) for own in law.laws))  # type: ignore[arg-type]


Place = tuple[str, int, int]


def _numbers(instance: Instance) -> Iterator[tuple[Place, Fraction, bool]]:
    """Yield each number that may change: its place, its value, whether it lies in [0, 1]."""
    for k, user in enumerate(instance.users):
        yield ("weight", k, 0), user.weight, False
        for x, utility in enumerate(user.utilities):
            yield ("utility", k, x), utility, True
    law = instance.sampling
    for k, own in enumerate(law.laws if isinstance(law, UserDependent) else (law,)):
        masses = own.weights if isinstance(own, Independent) else [w for _, _, w in own.weights]
        if len(set(masses)) > 1:
            yield from ((("law", k, i), mass, False) for i, mass in enumerate(masses))
    if instance.reference is not None:
        weights = instance.reference.weights
        yield from ((("reference", 0, x), weight, False) for x, weight in enumerate(weights))


def _with(instance: Instance, place: Place, value: Fraction) -> Instance | None:
    """Return the instance with one number replaced; None if it would not be an instance."""
    part, k, i = place
    try:
        if part == "weight":
            users = _set(instance.users, k, replace(instance.users[k], weight=value))
            return replace(instance, users=users)
        if part == "utility":
            own = instance.users[k]
            own = replace(own, utilities=_set(own.utilities, i, value))
            return replace(instance, users=_set(instance.users, k, own))
        if part == "law":
            law = instance.sampling
            if isinstance(law, UserDependent):
                laws = _set(law.laws, k, _law_with(law.laws[k], i, value))
                return replace(instance, sampling=UserDependent(laws))
            return replace(instance, sampling=_law_with(law, i, value))
        assert instance.reference is not None
        weights = _set(instance.reference.weights, i, value)
        return replace(instance, reference=replace(instance.reference, weights=weights))
    except InputError:
        return None


def _set(values: tuple, index: int, value: object) -> tuple:
    return (*values[:index], value, *values[index + 1 :])


def _law_with(law: Independent | Pairs, i: int, value: Fraction) -> Independent | Pairs:
    if isinstance(law, Independent):
        return Independent(_set(law.weights, i, value))
    x, y, _ = law.weights[i]
    return Pairs(_set(law.weights, i, (x, y, value)))


def _rounded(instance: Instance, digits: int) -> Instance:
    """Return the instance with every number that may change at so many significant digits."""
    for place, value, _ in list(_numbers(instance)):
        short = _significant(value, digits)
        if value and len(to_text(short)) < len(to_text(value)):
            instance = _with(instance, place, short) or instance
    return instance


def _significant(value: Fraction, digits: int) -> Fraction:
    below, above = _neighbours(value, digits)
    return below if value - below <= above - value else above


def _neighbours(value: Fraction, digits: int) -> tuple[Fraction, Fraction]:
    """Return the value rounded down and up to so many significant decimal digits."""
    below, above = (rounded(value, digits, way) for way in (ROUND_FLOOR, ROUND_CEILING))
    return Fraction(below), Fraction(above)


def _plain(utility: Fraction) -> list[Fraction]:
    """Return what one would rather read than this utility, the plainest first."""
    options = [Fraction(round(utility)), _significant(utility, 1), utility.limit_denominator(9)]
    return [o for o in dict.fromkeys(options) if len(to_text(o)) < len(to_text(utility))]


def _shorter(value: Fraction, unit: bool) -> list[Fraction]:
    """Return shorter numbers near the value, the shortest first and then the nearest."""
    options = {Fraction(0)} | ({Fraction(1)} if unit else set())
    options |= {value.limit_denominator(q) for q in (1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 50, 100)}
    for digits in range(1, 7):  # up as well as down: a winner must stay ahead
        options |= set(_neighbours(value, digits))
    if value:
        power = rounded(value, 1, ROUND_FLOOR).adjusted()
        options |= {Fraction(10) ** power, Fraction(10) ** (power + 1)}
    length = len(to_text(value))
    useful = [o for o in options if len(to_text(o)) < length and o >= 0 and (o <= 1 or not unit)]
    return sorted(useful, key=lambda o: (len(to_text(o)), abs(o - value)))
