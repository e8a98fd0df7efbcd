"""Branch and bound in exact boxes: is a pricing function <= 0 on a cube? (BOUNDS section 4).

Coordinates are integers over GRID. All balls are narrow: bounds over a box come from its ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flint import arb, fmpq

from .model import Number, half_tanh

GRID = 2**60
TABLE = 2**16  # values of h, of its slope, and faces that are remembered

Ends = tuple[int, ...]  # of a box; two more entries are the constants 0 and 1
Where = tuple[int | None, ...]  # 0 or 1 for a coordinate that is fixed there
Table = Callable[[int], arb]


@dataclass(frozen=True)
class Form:
    """F(u) = constant + sum_x linear[x] u_x + sum_(x, y) pairs[x, y] h(beta (u_x - u_y))."""

    beta: fmpq
    constant: Number
    linear: tuple[Number, ...]
    pairs: dict[tuple[int, int], fmpq]


@dataclass(frozen=True)
class Proof:
    """Whether F <= 0 on [0, 1]^n is proved; a point where F > 0, if one was met; boxes examined."""

    accepted: bool
    point: tuple[fmpq, ...] | None
    boxes: int
    field: str = ""  # of a file, which the form comes from


@dataclass(frozen=True)
class Face:
    """F with coordinates fixed at the nodes n and n + 1, which are the constants 0 and 1."""

    constant: Number
    free: tuple[int, ...]
    linear: tuple[arb, ...]
    edges: tuple[tuple[int, int, arb], ...]  # (x, y, k > 0) stands for k h(beta (u_x - u_y))


def prove(form: Form, boxes: int) -> Proof:
    """Looks at no more than `boxes` boxes, at the precision of the context."""
    n, beta = len(form.linear), form.beta
    h = lru_cache(TABLE)(lambda d: half_tanh(arb(beta * fmpq(d, GRID))))
    slope = lru_cache(TABLE)(lambda d: beta * arb(beta * fmpq(d, 2 * GRID)).sech() ** 2 / 4)
    face = lru_cache(TABLE)(lambda where: _face(form, where))
    todo: list[tuple[Ends, Ends]] = [((0,) * n, (GRID,) * n)]
    used = 0
    while todo and used < boxes:
        used += 1
        low, high = todo.pop()
        # A coordinate without width was fixed in a collapse, at 0 or at 1.
        part = face(tuple(a // GRID if a == b else None for a, b in zip(low, high, strict=True)))
        least, most = _gradient(part, (*low, 0, GRID), (*high, 0, GRID), slope)
        if any((most[x] < 0 and low[x] > 0) or (least[x] > 0 and high[x] < GRID)
               for x in part.free):  # fmt: skip
            continue  # 4.3: no maximiser of F
        left, right = list(low), list(high)
        for x in part.free:
            if low[x] == 0 and most[x] <= 0:
                right[x] = 0
            elif high[x] == GRID and least[x] >= 0:
                left[x] = GRID
        if (*left, *right) != low + high:  # 4.2: no point is higher than one of the face
            todo.append((tuple(left), tuple(right)))
            continue
        middle = tuple((a + b) // 2 for a, b in zip(low, high, strict=True))
        value = _value(part, (*middle, 0, GRID), h)
        if value > 0:
            return Proof(False, tuple(fmpq(v, GRID) for v in middle), used)
        rises = ((most[x] * (high[x] - middle[x])).max(least[x] * (low[x] - middle[x]))
                 for x in part.free)  # fmt: skip
        if value + sum((rise.max(arb(0)) for rise in rises), arb(0)) / GRID <= 0:  # 4.4
            continue
        widths = {x: float(most[x] - least[x]) * (high[x] - low[x]) for x in part.free}
        x = max(widths, key=widths.__getitem__, default=None)  # a choice that proves nothing
        if x is None or middle[x] == low[x]:
            return Proof(False, None, used)
        todo.append((low, (*high[:x], middle[x], *high[x + 1 :])))
        todo.append(((*low[:x], middle[x], *low[x + 1 :]), high))
    return Proof(not todo, None, used)


def _face(form: Form, where: Where) -> Face:
    """BOUNDS 4.1: coordinates fixed at one value are one node, and equal terms merge exactly."""
    n, pairs = len(where), dict[tuple[int, int], fmpq]()
    node = [x if at is None else n + at for x, at in enumerate(where)]
    constant = sum((form.linear[x] for x, at in enumerate(where) if at == 1), form.constant)
    for (first, second), weight in form.pairs.items():
        x, y = node[first], node[second]
        if x > y:
            x, y, weight = y, x, -weight
        pairs[x, y] = pairs.get((x, y), fmpq(0)) + weight
    ends = pairs.pop((n, n + 1), fmpq(0))
    if ends != 0:
        constant = constant - ends * half_tanh(arb(form.beta))
    pairs = {(x, y): weight for (x, y), weight in pairs.items() if x != y and weight != 0}
    return Face(
        constant,
        tuple(x for x, at in enumerate(where) if at is None),
        tuple(arb(value) for value in form.linear),
        tuple((x, y, arb(k)) if k > 0 else (y, x, arb(-k)) for (x, y), k in pairs.items()),
    )


def _gradient(face: Face, low: Ends, high: Ends, slope: Table) -> tuple[list[arb], list[arb]]:
    """Bounds of the partial derivatives over a box, for the free coordinates."""
    least, most = [*face.linear, arb(0), arb(0)], [*face.linear, arb(0), arb(0)]
    for x, y, k in face.edges:
        a, b = low[x] - high[y], high[x] - low[y]
        near, far = max(0, a, -b), max(-a, b)  # the range of |u_x - u_y|
        flat, steep = k * slope(far), k * slope(near)
        least[x], most[x] = least[x] + flat, most[x] + steep
        least[y], most[y] = least[y] - steep, most[y] - flat
    return least, most


def _value(face: Face, point: Ends, h: Table) -> Number:
    """F at a point of the face."""
    linear = [face.linear[x] * point[x] / GRID for x in face.free]
    pairs = [k * h(point[x] - point[y]) for x, y, k in face.edges]
    return sum(linear + pairs, face.constant)
