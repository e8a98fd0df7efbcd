"""Maximal lotteries and their prices: a linear program, by the simplex method on a dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import fmpq
from mpmath import mp

from adversary.certifying.precise import Model, Real, Vector

_SMALL = 6  # alternatives up to which the program is solved in exact rationals
_PIVOTS = 40  # for each alternative; far fewer are needed

Number = Any  # an mpf or an fmpq


def priced(model: Model, sign: int = 1) -> tuple[Vector, Vector]:
    """Return prices y ≥ 0 with the least t for which sign·U + Ay ≤ t, and the dual: a lottery.

    That is the maximal lottery on the support with the highest (sign −1: lowest) U, and its U is
    sign·t. Up to six alternatives the arithmetic is exact: a margin of 1e-300 is no tie.
    """
    inside, m = model.support, len(model.utility)
    scale = max(abs(model.margins[x][z]) for x in inside for z in inside) or mp.mpf(1)
    worth = max(model.utility[x] for x in inside) or mp.mpf(1)
    utility = [sign * model.utility[x] / worth for x in inside]
    margins = [[model.margins[x][z] / scale for z in inside] for x in inside]
    tiny: Number = mp.mpf(10) ** (12 - mp.dps)
    if len(inside) <= _SMALL:
        utility, *margins = ([_rational(value) for value in row] for row in (utility, *margins))
        tiny = fmpq(0)
    price, weight = _Dictionary.of(utility, margins, tiny).solved()
    prices, lottery = [mp.mpf(0)] * m, [mp.mpf(0)] * m
    for i, x in enumerate(inside):
        prices[x] = max(mp.mpf(0), _real(price.get(i, 0))) * worth / scale
        lottery[x] = max(mp.mpf(0), _real(weight.get(i, 0)))
    return prices, lottery


def _rational(value: Real) -> fmpq:
    sign, mantissa, exponent, _ = value._mpf_
    return fmpq(-int(mantissa) if sign else int(mantissa)) * fmpq(2) ** exponent


def _real(value: Number) -> Real:
    return mp.mpf(int(value.p)) / int(value.q) if isinstance(value, fmpq) else mp.mpf(value)


@dataclass
class _Dictionary:
    """The variables within the basis, and t, as affine functions of those outside it.

    Variables: the price of j is j, the slack of row i is size + i; all are at least 0. A row: the
    constant, which is at least 0, then the coefficients of the variables outside.
    """

    size: int
    goal: list[Number]
    rows: list[list[Number]]
    within: list[int]
    outside: list[int]
    tiny: Number

    @classmethod
    def of(cls, utility: list[Number], margins: list[list[Number]], tiny: Number) -> _Dictionary:
        """Start at y = 0: t is the highest utility, and the slack of its row is 0."""
        size = len(utility)
        start = max(range(size), key=lambda i: utility[i])
        goal = [utility[start], *margins[start], tiny * 0 + 1]
        others = [i for i in range(size) if i != start]
        rows = [
            [g - own for g, own in zip(goal, [utility[i], *margins[i], tiny * 0], strict=True)]
            for i in others
        ]
        within, outside = [size + i for i in others], [*range(size), size + start]
        return cls(size, goal, rows, within, outside, tiny)

    def solved(self) -> tuple[dict[int, Number], dict[int, Number]]:
        """Lower t as far as it goes; return the prices and the weights of the lottery, not 0."""
        for step in range(_PIVOTS * self.size):
            enter = self.entering(steepest=step < 4 * self.size)
            if enter is None:
                prices = zip(self.within, (row[0] for row in self.rows), strict=True)
                duals = zip(self.outside, self.goal[1:], strict=True)
                return (
                    {v: value for v, value in prices if v < self.size},
                    {v - self.size: value for v, value in duals if v >= self.size},
                )
            self.pivot(self.leaving(enter), enter)
        raise ArithmeticError("the linear program of the lotteries did not end")

    def entering(self, steepest: bool) -> int | None:
        """Return the column of a variable whose growth lowers t, if there is one.

        Without `steepest` by Bland's rule, the lowest index, which cannot cycle.
        """
        falling = [j for j in range(len(self.outside)) if self.goal[j + 1] < -self.tiny]
        by = self.goal[1:] if steepest else self.outside
        return min(falling, key=lambda j: by[j], default=None)

    def leaving(self, enter: int) -> int:
        """Return the row of the variable that reaches 0 first; of several, the lowest index."""
        limits = [
            (row[0] / -row[enter + 1], self.within[i], i)
            for i, row in enumerate(self.rows)
            if row[enter + 1] < -self.tiny
        ]
        if not limits:
            raise ArithmeticError("an unbounded program: the margins are not skew-symmetric")
        least = min(limits)[0]
        return min((v, limit, i) for limit, v, i in limits if limit <= least + self.tiny)[2]

    def pivot(self, leave: int, enter: int) -> None:
        """Exchange a variable of the basis for one outside it."""
        pivot = self.rows[leave]
        factor = pivot[enter + 1]
        solved = [-value / factor for value in pivot]
        solved[enter + 1] = 1 / factor
        for row in [self.goal, *self.rows]:
            lead = row[enter + 1]
            if row is pivot or not lead:
                continue
            row[enter + 1] = 0 * lead
            for j, value in enumerate(solved):
                row[j] += lead * value
        self.rows[leave] = solved
        self.within[leave], self.outside[enter] = self.outside[enter], self.within[leave]
