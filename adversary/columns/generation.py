"""Column generation: master and pricing in turn, until no type violates the dual."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from adversary.columns.master import Basis, Master, Weights
from adversary.columns.pricing import Pricing
from adversary.columns.program import Program, Types

TOLERANCE = 1e-10
"""Violation (F over the sum of the sizes of its terms) up to which a dual counts as feasible."""
CAP = 1e6
"""The value at which an unbounded program is stopped."""
_FIRST, _NEARER = 0.1, 0.1  # how far above the value a dual is tried first, and then
_LOOSE = 1e-8  # violation of the prices by columns at hand, where the solver is optimal
_STRETCH = tuple(10.0**k for k in range(5, 101, 5))  # of the units, for ratios up to e^β
_ROUNDS = 100
_STARTS = 32
_NEW = 12
_POOL = 400
_CORNERS = 6  # all 2^6 vertices of a cube are starts and bases, of larger cubes some


@dataclass(frozen=True)
class Dual:
    """Prices under which F(u) = ⟨π*,u⟩ − t⟨π,u⟩ + Σ λ_j φ_j(u)."""

    price: float
    """t: if F ≤ 0 on [0,1]^m then ⟨π*,U⟩ ≤ t·⟨π,U⟩ for every population, of any size."""
    multipliers: Float[ndarray, "conditions"]
    """λ_j, not negative for an inequality."""
    worth: bool = True
    """False in phase 1, where F has no first term: only the conditions matter."""

    def values(self, program: Program, types: Types) -> tuple[ndarray, ndarray]:
        """Return F and the sum of the sizes of its terms, for each column."""
        gain, cost, phi = program.features(types)
        gain = gain if self.worth else np.zeros_like(gain)
        terms = np.concatenate(
            [gain[:, None], -self.price * cost[:, None], phi * self.multipliers], axis=1
        )
        return terms.sum(-1), np.abs(terms).sum(-1)


@dataclass(frozen=True)
class Solution:
    """The supremum for one outcome, from both sides."""

    value: float
    """Σ ω⟨π*,u⟩ of the types found: the supremum from below (a tangent type is a limit)."""
    dual: Dual
    """A dual that no type violates, as far as pricing sees: the supremum from above."""
    types: Types
    """The types of positive weight."""
    weights: Float[ndarray, "n"]
    prices: Dual
    """The prices of the master program, which belong to the types."""
    pool: Types
    """All columns at hand, for a warm start elsewhere."""
    solved: bool
    """Whether both sides met."""
    unbounded: bool
    """Whether there is no upper bound; the value is then the cap."""

    @property
    def units(self) -> Float[ndarray, "rows"]:
        """(t, λ), the natural scale of a similar program."""
        return np.append(self.prices.price, self.prices.multipliers)

    @property
    def gap(self) -> float:
        """Relative gap between the two sides."""
        return self.dual.price / self.value - 1 if self.solved else np.inf


def solve(
    program: Program,
    generator: np.random.Generator,
    pool: Types | None = None,
    accuracy: float = 1e-7,
    cap: float = CAP,
    rounds: int = _ROUNDS,
    units: ndarray | None = None,
) -> Solution | None:
    """Solve one outcome's program over all types, warm-started with a pool of columns.

    A dual just above the value of the master, as far as possible from all columns, is priced; when
    no type violates it, it is the upper bound, and the next dual is tried ten times as near, until
    the two sides differ by at most `accuracy`, relatively. None where no population has this
    outcome (or where the master program fails). `units`: the prices of a similar program.
    """
    if pool is None:
        pool = _first(program, generator)
    stage = _Stage(program, _useful(program, pool), cap, units)
    return _rounds(stage, generator, accuracy, rounds)


def _rounds(
    stage: _Stage, generator: np.random.Generator, accuracy: float, rounds: int
) -> Solution | None:
    """Solve the master program and price its dual, in turn."""
    margin, proved, solved = max(_FIRST, accuracy), None, False
    for _ in range(rounds):
        step = stage.master()
        if step is None:
            return None
        master, found = step
        used = found.weights > 0
        types, weights = stage.columns[used], found.weights[used]
        if found.unbounded:
            break
        dual = _above(master, found, margin)
        new, violation = _price(stage.program, dual, types, generator)
        stage = stage.after(found, new)
        if violation > TOLERANCE:
            continue
        if not _bounded(found):
            break
        proved, solved = dual, margin <= accuracy and master.met(found)
        if margin <= accuracy:
            break
        margin = max(_NEARER * margin, accuracy)
    if not found.feasible:
        return None
    prices, pool = _prices(found), stage.columns
    top = proved or prices
    return Solution(found.value, top, types, weights, prices, pool, solved, found.unbounded)


@dataclass(frozen=True)
class _Stage:
    """The columns at hand, and what the last master program tells the next one."""

    program: Program
    columns: Types
    cap: float
    units: ndarray | None = None
    """(t, λ) as last found: the natural scale of the rows."""
    start: Basis | None = None

    def master(self) -> tuple[Master, Weights] | None:
        """Solve the master program, without the units where these lead astray.

        To the solver a ratio of 1e20 is none where the rows are in units of 1: what it calls
        unbounded is tried again in larger units.
        """
        found = None if self.units is None else self._solved(self.units, self.start)
        if found is None or not found[1].feasible or not found[0].met(found[1]):
            found = self._solved(None)
        if found is None or not found[1].unbounded:
            return found
        for factor in _STRETCH:
            larger = self._solved(self.units, None, factor)
            if larger is not None and self._optimal(*larger):
                return larger
        return found

    def _optimal(self, master: Master, found: Weights) -> bool:
        """Whether the weights meet the conditions and no column at hand violates the prices."""
        value, size = _prices(found).values(self.program, self.columns)
        return _bounded(found) and master.met(found) and bool((value <= _LOOSE * size).all())

    def _solved(
        self, units: ndarray | None, start: Basis | None = None, factor: float = 1.0
    ) -> tuple[Master, Weights] | None:
        features, equalities = self.program.features(self.columns), self.program.equalities
        master = Master.of(*features, equalities, units, factor)
        found = master.solve(self.cap, start)
        return None if found is None else (master, found)

    def after(self, found: Weights, new: Types) -> _Stage:
        """Return the next stage: with new columns, and of too many old ones the better half."""
        columns, start = self.columns, found.basis
        if len(new):
            kept, new = _kept(self.program, columns, found), _useful(self.program, new)
            columns = columns[kept] + new
            if start is not None:
                fresh = np.zeros(len(new), dtype=bool)
                start = Basis(np.append(start.columns[kept], fresh), start.rows)
        units = np.append(found.price, found.multipliers) if _bounded(found) else None
        return replace(self, columns=columns, units=units, start=start)


def _bounded(found: Weights) -> bool:
    return found.feasible and not found.unbounded and found.value > 0


def _prices(found: Weights) -> Dual:
    return Dual(found.price, found.multipliers, found.feasible)


def _above(master: Master, found: Weights, margin: float) -> Dual:
    """Return a dual above the value by the margin, far from all columns; else the prices."""
    if _bounded(found):
        price = found.value * (1 + margin)
        if (centre := master.centre(price)) is not None:
            return Dual(price, centre)
    return _prices(found)


def _useful(program: Program, types: Types) -> Types:
    """Return the types that contribute anything."""
    gain, cost, phi = program.features(types)
    return types[(gain != 0) | (cost != 0) | (phi != 0).any(-1)]


def _first(program: Program, generator: np.random.Generator) -> Types:
    """Return corners, and generic types of several scales."""
    m = program.alternatives
    points = [_corners(m, generator)]
    points += [
        scale * generator.random((4 * m, m)) for scale in (1.0, min(1.0, 1 / program.beta), 1e-2)
    ]
    plain = np.concatenate(points)
    if program.law is None:
        return Types.plain(plain) + _bases(program, plain[:64])
    return Types.join([Types.plain(plain, pair) for pair in np.flatnonzero(program.law).tolist()])


def _corners(m: int, generator: np.random.Generator) -> ndarray:
    if m <= _CORNERS:
        return np.array(list(itertools.product((0.0, 1.0), repeat=m)))
    drawn = (generator.random((2**_CORNERS, m)) < generator.random((2**_CORNERS, 1))).astype(float)
    return np.concatenate([drawn, np.eye(m), 1 - np.eye(m), np.zeros((1, m))])


def _bases(program: Program, corners: ndarray) -> Types:
    """Return all tangent columns at those corners that contribute nothing.

    Only a coordinate that the objective or the normalisation sees gives a column of interest; at
    a base type it is 0, so its one direction is up. The others follow if they move φ.
    """
    gain, cost, phi = program.features(Types.plain(corners))
    free = (gain == 0) & (cost == 0) & (np.abs(phi) <= 1e-15).all(-1)
    bases = corners[free]
    m = program.alternatives
    utilities = np.repeat(bases, m, axis=0)
    slope = np.tile(np.eye(m), (len(bases), 1)) * np.where(utilities > 0, -1.0, 1.0)
    return Types(utilities, slope, np.full(len(utilities), -1))


def _kept(program: Program, columns: Types, found: Weights) -> ndarray:
    """Return which columns stay: all, or, of many, those in use and nearest to being used."""
    if len(columns) <= _POOL:
        return np.arange(len(columns))
    value, size = _prices(found).values(program, columns)
    used = found.weights > 0 if found.basis is None else found.basis.columns
    worth = np.where(used, np.inf, value / np.maximum(size, 1e-300))
    return np.sort(np.argsort(-worth, kind="stable")[: _POOL // 2])


def _price(
    program: Program, dual: Dual, used: Types, generator: np.random.Generator
) -> tuple[Types, float]:
    """Return new columns that violate the dual, the worst first, and the largest violation."""
    m = program.alternatives
    starts = np.concatenate(
        [
            used.concrete(1e-3).utilities,
            _corners(m, generator),
            generator.random((_STARTS, m)),
            generator.random((_STARTS // 2, m)) ** 4,
        ]
    )
    linear = (program.best if dual.worth else 0.0) - dual.price * program.policy
    own = dual.multipliers[: len(program.constants)]
    constant, tables = float(own @ program.constants), program.tables(own)
    if program.law is None:
        points, _ = Pricing(program.beta, linear, constant, tables).climb(starts)
        reached = Types.plain(points)
        reached = reached + _bases(program, _corners(m, generator))
    else:
        parts = []
        mixture, table = dual.multipliers[len(program.constants) :], tables.sum(0)
        for pair in np.flatnonzero(program.law).tolist():
            x, y = program.upper[0][pair], program.upper[1][pair]
            single = np.zeros((m, m))
            single[x, y] = table[x, y] / program.law[pair]
            single[y, x] = -single[x, y]
            extra = constant + float(mixture[pair] - mixture @ program.law)
            points, _ = Pricing(program.beta, linear, extra, single[None]).climb(starts[::4])
            parts.append(Types.plain(points, pair))
        reached = Types.join(parts)
    value, size = dual.values(program, reached)
    worth = np.where(size > 0, value / np.where(size > 0, size, 1.0), 0.0)
    order = np.argsort(-worth, kind="stable")
    chosen: dict[tuple, int] = {}
    for i in order[worth[order] > TOLERANCE].tolist():
        one = reached[i]
        key = (*np.round(one.utilities, 7), *one.slope, int(one.pair))
        chosen.setdefault(key, i)
        if len(chosen) == max(_NEW, 2 * m):
            break
    return reached[np.array(list(chosen.values()), dtype=int)], float(worth[order[0]])
