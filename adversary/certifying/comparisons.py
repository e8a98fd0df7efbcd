"""Who is asked which pair, and by how much they prefer what, in exact whole numbers.

p(x≻y) is a sum Σ mass·σ(unit·d) over differences d of utilities. With the terms of equal |d|
merged, its distance from ½ is a sum Σ c·h(unit·d) over d > 0, h = σ − ½, which is 0 only where
nothing is left of it (SPEC §4.3): an exact tie is known as one, and any other can be told from 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from adversary.problem.instance import Independent, Instance, PairLaw, Pairs, UserDependent

Row = list[int]


@dataclass(frozen=True)
class Sum:
    """Σ c·h(unit·d) / over, as d > 0 → c; no coefficient is 0."""

    terms: dict[int, int]
    over: int

    @classmethod
    def of(cls, terms: Iterable[tuple[int, int]], over: int) -> Sum:
        """Merge terms with d of any sign: h is odd."""
        total: dict[int, int] = {}
        for d, c in terms:
            size, c = (d, c) if d > 0 else (-d, -c)
            total[size] = total.get(size, 0) + c
        return cls({d: c for d, c in total.items() if d and c}, over)


@dataclass(frozen=True)
class Comparisons:
    """The data of an instance on which its margins, Borda scores and rewards depend."""

    unit: Fraction
    """β over the common denominator of all utilities: differences d are whole numbers."""
    masses: dict[tuple[int, int], list[tuple[int, int]]]
    """By x < y: d = u(x) − u(y) and the mass of those asked who have it, for each type of user."""
    pairs: list[Row]
    """N(x, y) up to a factor, symmetric; an independent law has a diagonal too."""
    opponents: list[Row | None]
    """N(y|x) up to a factor; None where x is never shown."""

    def asked(self, x: int, y: int) -> list[tuple[int, int]]:
        """Return d = u(x) − u(y) and masses, for x and y in any order."""
        if x < y:
            return self.masses[x, y]
        return [(-d, mass) for d, mass in self.masses[y, x]] if x > y else []

    def margin(self, x: int, y: int) -> Sum:
        """Return p(x≻y) − ½."""
        asked = self.asked(x, y)
        return Sum.of(asked, sum(mass for _, mass in asked) or 1)

    def lead(self, x: int, y: int) -> Sum:
        """Return the Borda score of x less that of y; both are shown."""
        parts = list[tuple[int, Fraction]]()
        for sign, one in ((1, x), (-1, y)):
            row = self.opponents[one] or []
            for other, weight in enumerate(row):
                margin = self.margin(one, other)
                share = Fraction(sign * weight, sum(row) * margin.over)
                parts += [(d, share * c) for d, c in margin.terms.items()] if weight else []
        masses, over = whole([share for _, share in parts])
        return Sum.of(zip((d for d, _ in parts), masses, strict=True), over)


def comparisons(instance: Instance) -> Comparisons:
    """Return the comparisons of an instance."""
    m, law, users = len(instance.alternatives), instance.sampling, instance.users
    levels, scale = whole([u for user in users for u in user.utilities])
    weights, _ = whole([user.weight for user in users])
    types = [(levels[k * m : (k + 1) * m], weight) for k, weight in enumerate(weights)]
    if isinstance(law, UserDependent):
        asked = _by_type(law, weights, m)
        pairs = [[sum(table[x][y] for table in asked) for y in range(m)] for x in range(m)]
        masses = {
            (x, y): [(own[x] - own[y], table[x][y])
                     for (own, _), table in zip(types, asked, strict=True)]
            for y in range(m) for x in range(y)
        }  # fmt: skip
    else:
        pairs, _ = _table(law, m)
        masses = {
            (x, y): [(own[x] - own[y], weight) for own, weight in types]
            for y in range(m) for x in range(y)
        }  # fmt: skip
    opponents: list[Row | None] = [row if any(row) else None for row in pairs]
    if isinstance(law, Independent):  # also who is never shown has a score
        opponents = [whole(law.weights)[0]] * m
    return Comparisons(instance.beta / scale, masses, pairs, opponents)


def whole(values: Iterable[Fraction]) -> tuple[Row, int]:
    """Return the values times their least common denominator, and that."""
    values = list(values)
    scale = math.lcm(*(value.denominator for value in values))
    return [value.numerator * (scale // value.denominator) for value in values], scale


def _by_type(law: UserDependent, weights: Row, m: int) -> list[list[Row]]:
    """w_k N_k(x, y) by type k, all up to one factor."""
    tables = [_table(own, m) for own in law.laws]
    shares, _ = whole(Fraction(w, total) for w, (_, total) in zip(weights, tables, strict=True))
    return [[[share * mass for mass in row] for row in table]
            for share, (table, _) in zip(shares, tables, strict=True)]  # fmt: skip


def _table(law: PairLaw, m: int) -> tuple[list[Row], int]:
    """N(x, y) of a law that is not user-dependent, up to a factor, and its sum."""
    if isinstance(law, Independent):
        mu, _ = whole(law.weights)
        return [[a * b for b in mu] for a in mu], sum(mu) ** 2
    assert isinstance(law, Pairs)
    table = [[0] * m for _ in range(m)]
    masses, _ = whole(weight for _, _, weight in law.weights)
    for (x, y, _), mass in zip(law.weights, masses, strict=True):
        table[x][y] = table[y][x] = mass
    return table, 2 * sum(masses)
