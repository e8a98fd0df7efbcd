"""An enclosure of the Bradley-Terry reward (SPEC 3.4 and 4.2)."""

from collections.abc import Sequence

from flint import arb, arb_mat, ctx, fmpq

from .model import Row, half_tanh, highest

STEPS = 12  # of Newton's iteration: 8 take 10 digits to 4096 bits


def component(rows: Sequence[Row | None], start: int) -> list[int]:
    """The alternatives connected to `start` by pairs that are asked."""
    found, queue = {start}, [start]
    while queue:
        x = queue.pop()
        for y, back in enumerate(rows):
            row = rows[x]
            if y in found or row is None or back is None:
                continue
            if not row[y].is_zero() and not back[x].is_zero():
                found.add(y)
                queue.append(y)
    return sorted(found)


def enclose(margins: Sequence[Row], rows: Sequence[Row], guess: Sequence[fmpq]) -> list[arb] | None:
    """The reward with one entry pinned at 0, or None if this precision proves no enclosure.

    All arguments are restricted to one component. Newton's iteration only proposes; the signs
    of the stationarity map at two points are the proof.
    """
    m = len(rows)
    pin = highest([sum((row[y] for row in rows), arb(0)) for y in range(m)])
    free = [x for x in range(m) if x != pin]
    if not free:
        return [arb(0)]
    links = {x: [y for y in range(m) if y != x and not rows[x][y].is_zero()] for x in free}

    def stationarity(point: Sequence[arb]) -> list[arb]:
        """E_x = sum_y N(x, y) (h(r_x - r_y) - A(x, y)) / sum_y N(x, y) for the free x."""
        result: list[arb] = []
        for x in free:
            total = arb(0)
            for y in links[x]:
                total += rows[x][y] * (half_tanh(point[x] - point[y]) - margins[x][y])
            result.append(total)
        return result

    def slopes(point: Sequence[arb]) -> arb_mat:
        """The Jacobian of `stationarity` by the free entries."""
        matrix = [[arb(0)] * m for _ in range(m)]
        for x in free:
            for y in links[x]:
                slope = rows[x][y] * ((point[x] - point[y]) / 2).sech() ** 2 / 4
                matrix[x][y] = -slope
                matrix[x][x] += slope
        return arb_mat([[matrix[x][y].mid() for y in free] for x in free])

    def solve(matrix: arb_mat, right: list[arb]) -> list[arb]:
        return matrix.solve(arb_mat(len(right), 1, right), algorithm="approx").entries()

    def moved(point: Sequence[arb], step: Sequence[arb], sign: int) -> list[arb]:
        result = list(point)
        for x, length in zip(free, step, strict=True):
            result[x] = (point[x] + sign * length).mid()
        return result

    point = [(arb(value) - arb(guess[pin])).mid() for value in guess]
    point[pin] = arb(0)
    try:
        for _ in range(STEPS):
            values = stationarity(point)
            step = solve(slopes(point), [value.mid() for value in values])
            point = moved(point, step, -1)
            if all(abs(length) < arb(2) ** (-ctx.prec // 2) for length in step):
                break
        jacobian = slopes(point)
        need = [
            (abs(value) + abs(jacobian[i, i]) * arb(2) ** -ctx.prec).upper() * 16
            for i, value in enumerate(stationarity(point))
        ]
        margin = solve(jacobian, need)
    except ZeroDivisionError:  # a singular matrix: no proposal at this precision
        return None
    below, above = moved(point, margin, -1), moved(point, margin, 1)
    signs = [*stationarity(above), *(-value for value in stationarity(below))]
    if not all(value.is_finite() and value >= 0 for value in signs):
        return None
    return [low.union(high) for low, high in zip(below, above, strict=True)]
