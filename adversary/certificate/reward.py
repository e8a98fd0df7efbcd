"""An enclosure of the Bradley-Terry reward (SPEC 3.4 and 4.2)."""

from collections.abc import Mapping

from flint import arb, arb_mat, ctx

from .model import Document, Score, half_tanh, values
from .reader import Rejected

STEPS = 8  # of Newton's iteration: they take 10 digits to 4096 bits

Point = dict[int, arb]


def reward(it: Document) -> Point | None:
    """The reward on the component of the support; None if this precision encloses none."""
    inside, queue = set[int](), it.support[:1]
    while queue:
        x = queue.pop()
        inside.add(x)
        queue += [y for y in it.rows[x] if x in it.rows[y] and y not in inside]
    if not inside >= set(it.support):
        raise Rejected("sampling: the pairs asked do not connect the support; no reward")
    totals = {x: sum(it.rows[x].values()) for x in inside}
    links = {x: {y: arb(n) / totals[x] for y, n in it.rows[x].items() if y in inside and y != x}
             for x in inside}  # fmt: skip
    return enclose(links, values(it, it.borda), dict(enumerate(map(arb, it.witness["reward"]))))


def enclose(links: Mapping[int, Point], scores: Score, guess: Point) -> Point | None:
    """The reward on one component, pinned at 0 in one place.

    `links`: N(x, y) / sum_y N(x, y) > 0 by x and y != x; `scores`: BC(x) - 1/2. Newton's iteration
    only proposes; the signs of E at two points are the proof.
    """
    drawn = {y: sum((row.get(y, arb(0)) for row in links.values()), arb(0)).mid() for y in links}
    pin = max(links, key=drawn.__getitem__)
    free = [x for x in links if x != pin]

    def errors(r: Point) -> list[arb]:
        """E_x = sum_y N(x, y) h(r_x - r_y) / sum_y N(x, y) - (BC(x) - 1/2) for the free x."""
        terms = ([n * half_tanh(r[x] - r[y]) for y, n in links[x].items()] for x in free)
        return [sum(part, arb(0)) - scores[x] for x, part in zip(free, terms, strict=True)]

    def slopes(r: Point) -> arb_mat:
        """The Jacobian of `errors`, near enough."""
        table: dict[int, Point] = {}
        for x in free:
            row = {y: (-n * ((r[x] - r[y]) / 2).sech() ** 2 / 4).mid() for y, n in links[x].items()}
            table[x] = row | {x: -sum(row.values(), arb(0)).mid()}
        return arb_mat([[table[x].get(y, arb(0)) for y in free] for x in free])

    def moved(r: Point, matrix: arb_mat, right: list[arb], sign: int) -> Point:
        step = matrix.solve(arb_mat(len(free), 1, right), algorithm="approx").entries()
        return r | {x: (r[x] + sign * d).mid() for x, d in zip(free, step, strict=True)}

    r = {x: (guess[x] - guess[pin]).mid() for x in links} | {pin: arb(0)}
    if not free:
        return r
    try:
        for _ in range(STEPS):
            last, r = r, moved(r, slopes(r), [e.mid() for e in errors(r)], -1)
            if all(abs(r[x] - last[x]) < arb(2) ** (-ctx.prec // 2) for x in free):
                break
        matrix, tiny = slopes(r), arb(2) ** -ctx.prec
        need = [(abs(e) + matrix[i, i] * tiny).upper() * 16 for i, e in enumerate(errors(r))]
        above, below = moved(r, matrix, need, 1), moved(r, matrix, need, -1)
    except ZeroDivisionError:  # a singular matrix: no proposal at this precision
        return None
    if not all(e.is_finite() and e >= 0 for e in (*errors(above), *(-e for e in errors(below)))):
        return None
    return {x: below[x].union(above[x]) for x in links}
