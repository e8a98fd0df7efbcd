"""The model in high precision (mpmath): what a witness needs more digits of than a float has.

Nothing here is trusted: the checker recomputes what it uses. Solutions start from the float ones
and are polished by Newton's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from mpmath import matrix, mp
from mpmath.libmp import to_rational

from adversary.exact import rounded
from adversary.problem.instance import Independent, Instance, PairLaw, UserDependent

Real = Any  # an mpf: mpmath has no types
Vector = list[Real]
_STEPS = 200


@dataclass(frozen=True)
class Model:
    """Utilities, margins p − ½, opponents' law and reference of an instance, as mpf."""

    utility: Vector
    margins: list[Vector]
    opponents: list[Vector | None]
    """N(y|x); None where x is never shown."""
    support: list[int]
    reference: Vector
    """Uniform in the social-choice setting."""
    budget: Real
    """+inf in the social-choice setting."""


def real(value: Fraction | int) -> Real:
    """Return a rational as mpf."""
    exact = Fraction(value)
    return mp.mpf(exact.numerator) / exact.denominator


def decimal(value: Real, digits: int, rounding: str) -> Fraction:
    """Return the decimal of so many significant digits, rounded as the module `decimal` says."""
    if not mp.isfinite(value):
        raise ArithmeticError(f"{value} is no number")
    return Fraction(rounded(Fraction(*to_rational(value._mpf_)), digits, rounding))


def _shares(weights: Sequence[Fraction]) -> Vector:
    total = sum(weights)
    return [real(w / total) for w in weights]


def model(instance: Instance) -> Model:
    """Return the instance's model at the current precision of mpmath."""
    m, law = len(instance.alternatives), instance.sampling
    share = _shares([user.weight for user in instance.users])
    beta = real(instance.beta)
    tables = None
    if isinstance(law, UserDependent):
        tables = [_table(own, m) for own in law.laws]
    margins = [[mp.mpf(0)] * m for _ in range(m)]
    shown = [[mp.mpf(0)] * m for _ in range(m)] if tables else _table(law, m)
    for x in range(m):
        for y in range(x + 1):
            weights = share
            if tables:
                weights = [w * t[x][y] for w, t in zip(share, tables, strict=True)]
                shown[x][y] = shown[y][x] = mp.fsum(weights)
            if x == y or (tables and not shown[x][y]):
                continue
            value = mp.fsum(
                w * mp.tanh(beta * real(user.utilities[x] - user.utilities[y]) / 2)
                for w, user in zip(weights, instance.users, strict=True)
                if user.utilities[x] != user.utilities[y]
            )
            margins[x][y] = value / 2 / (shown[x][y] if tables else 1)
            margins[y][x] = -margins[x][y]
    if isinstance(law, Independent):
        opponents: list[Vector | None] = [_shares(law.weights)] * m
    else:
        totals = [mp.fsum(row) for row in shown]
        opponents = [
            [n / t for n in row] if t else None for row, t in zip(shown, totals, strict=True)
        ]
    reference, budget = [mp.mpf(1) / m] * m, mp.inf
    if instance.reference is not None:
        reference, budget = _shares(instance.reference.weights), real(instance.reference.kl_budget)
    support = [x for x in range(m) if reference[x] > 0]
    utility = [real(u) for u in instance.average_utility]
    return Model(utility, margins, opponents, support, reference, budget)


def _table(law: PairLaw, m: int) -> list[Vector]:
    """N(x, y) of a law that is not user-dependent."""
    if isinstance(law, Independent):
        mu = _shares(law.weights)
        return [[a * b for b in mu] for a in mu]
    assert not isinstance(law, UserDependent)
    table = [[mp.mpf(0)] * m for _ in range(m)]
    shares = _shares([w for _, _, w in law.weights])
    for (x, y, _), weight in zip(law.weights, shares, strict=True):
        table[x][y] = table[y][x] = weight / 2
    return table


def dot(first: Vector, second: Vector) -> Real:
    """Return the inner product; terms with a zero weight in `second` count nothing."""
    return mp.fsum(a * b for a, b in zip(first, second, strict=True) if b)


def variance(values: Vector, policy: Vector) -> Real:
    """Return the variance of the values under the policy."""
    mean = dot(values, policy)
    return mp.fsum(p * (v - mean) ** 2 for v, p in zip(values, policy, strict=True) if p)


def times(margins: list[Vector], policy: Vector) -> Vector:
    """Return A·policy."""
    return [dot(row, policy) for row in margins]


def divergence(policy: Vector, reference: Vector) -> Real:
    """Return KL(policy‖reference)."""
    pairs = zip(policy, reference, strict=True)
    return mp.fsum(p * mp.log(p / q) for p, q in pairs if p)


def tilt(reference: Vector, score: Vector, s: Real) -> Vector:
    """Return π ∝ reference·e^(s·score)."""
    top = max(c for c, q in zip(score, reference, strict=True) if q)
    pairs = zip(score, reference, strict=True)
    masses = [q * mp.exp(s * (c - top)) if q else mp.mpf(0) for c, q in pairs]
    total = mp.fsum(masses)
    return [mass / total for mass in masses]


def face(model: Model, score: Vector) -> list[int]:
    """Return the supported alternatives of the highest score, ties to three quarters of digits."""
    values = [score[x] for x in model.support]
    top, spread = max(values), max(values) - min(values)
    return [x for x in model.support if top - score[x] <= spread * mp.mpf(10) ** (-0.75 * mp.dps)]


def borda(model: Model) -> tuple[Model, Vector]:
    """Return the model with the scored alternatives as its support, and BC − ½ (0 if unscored)."""
    scored = [x for x in model.support if model.opponents[x]]
    rows = zip(model.margins, model.opponents, strict=True)
    return replace(model, support=scored), [dot(a, n) if n else mp.mpf(0) for a, n in rows]


def copeland(model: Model) -> Vector:
    """Return the Copeland scores less half of the contests; ties to ¾ of the digits."""
    tie, score = mp.mpf(10) ** (-0.75 * mp.dps), [mp.mpf(0)] * len(model.utility)
    for x in model.support:
        contests = (model.margins[x][y] for y in model.support)
        score[x] = mp.fsum(mp.sign(margin) for margin in contests if abs(margin) > tie) / 2
    return score


def fits(model: Model, alternatives: list[int]) -> bool:
    """Return whether the reference restricted to these alternatives lies in the ball."""
    return -mp.log(mp.fsum(model.reference[x] for x in alternatives)) <= model.budget


def inverse_temperature(reference: Vector, score: Vector, budget: Real) -> Real:
    """Return s > 0 with KL(tilt(s)‖reference) = budget: bisection in log s, then Newton."""
    low, high = mp.mpf(0), mp.mpf(0)

    def excess(log_s: Real) -> Real:
        return divergence(tilt(reference, score, mp.exp(log_s)), reference) - budget

    while excess(low) > 0:
        low -= 4
    while excess(high) < 0:
        high += 4
        if high > 2000:
            raise ArithmeticError("the budget does not bind")
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if excess(middle) > 0 else (middle, high)
    s = mp.exp((low + high) / 2)
    for _ in range(_STEPS):
        policy = tilt(reference, score, s)
        step = (budget - divergence(policy, reference)) / (s * variance(score, policy))
        s += step
        if abs(step) <= s * mp.mpf(10) ** (5 - mp.dps):
            break
    return s


def reward(model: Model, start: Sequence[float]) -> Vector:
    """Polish a float Bradley–Terry reward on the component of the support by Newton's method."""
    inside = _component(model)
    rows = {x: model.opponents[x] for x in inside}
    found = [mp.mpf(value) for value in start]
    heaviest = max(inside, key=lambda y: mp.fsum((rows[x] or [0] * (y + 1))[y] for x in inside))
    free = [x for x in inside if x != heaviest]
    if not free:
        return found
    for _ in range(_STEPS):
        jacobian, right = matrix(len(free), len(free)), matrix(len(free), 1)
        for i, x in enumerate(free):
            row = rows[x] or []
            for y in inside:
                if y == x or not row[y]:
                    continue
                half = mp.tanh((found[x] - found[y]) / 2)
                right[i] += row[y] * (model.margins[x][y] - half / 2)
                slope = row[y] * (1 - half**2) / 4
                jacobian[i, i] += slope
                if y != heaviest:
                    jacobian[i, free.index(y)] -= slope
        step = mp.lu_solve(jacobian, right)
        size = max(abs(value) for value in step)
        for x, value in zip(free, step, strict=True):
            found[x] += value / max(1, size)
        if size <= mp.mpf(10) ** (8 - mp.dps) * max(1, *(abs(r) for r in found)):
            break
    return found


def _component(model: Model) -> list[int]:
    found, queue = {model.support[0]}, [model.support[0]]
    while queue:
        row = model.opponents[queue.pop()] or []
        reached = {y for y, n in enumerate(row) if n and model.opponents[y]} - found
        found |= reached
        queue += reached
    return sorted(found)


def priced(model: Model, sign: int = 1) -> tuple[Vector, Vector]:
    """Return prices y ≥ 0 with the least t for which sign·U + Ay ≤ t, and the dual: a lottery.

    That is the maximal lottery on the support with the highest (sign −1: lowest) U, and its U is
    sign·t. Simplex on the dictionary of t and the slacks, from y = 0, with ties by Bland's rule.
    """
    inside, m = model.support, len(model.utility)
    size = len(inside)
    scale = max(abs(model.margins[x][z]) for x in inside for z in inside) or mp.mpf(1)
    worth = max(model.utility[x] for x in inside) or mp.mpf(1)
    utility = [sign * model.utility[x] / worth for x in inside]
    table = [[model.margins[x][z] / scale for z in inside] for x in inside]
    start = max(range(size), key=lambda i: utility[i])
    # Variables: y_j is j, the slack of row i is size + i. A row: constant, then coefficients.
    outside = [*range(size), size + start]
    goal = [utility[start], *table[start], mp.mpf(1)]
    within = [size + i for i in range(size) if i != start]
    rows = [
        [g - own for g, own in zip(goal, [utility[v - size], *table[v - size], 0], strict=True)]
        for v in within
    ]
    tiny = mp.mpf(10) ** (12 - mp.dps)
    for step in range(40 * size):
        falling = [j for j in range(size + 1) if goal[j + 1] < -tiny]
        if not falling:
            break
        # The steepest at first; Bland's rule, the lowest index, cannot cycle.
        enter = min(falling, key=lambda j: goal[j + 1] if step < 4 * size else outside[j])
        limits = [
            (row[0] / -row[enter + 1], within[i], i)
            for i, row in enumerate(rows)
            if row[enter + 1] < -tiny
        ]
        if not limits:
            raise ArithmeticError("an unbounded program: the margins are not skew-symmetric")
        least = min(limits)[0]
        _, _, leave = min((v, limit, i) for limit, v, i in limits if limit <= least + tiny)
        pivot = rows[leave]
        factor = pivot[enter + 1]
        solved = [-value / factor for value in pivot]
        solved[enter + 1] = 1 / factor
        for row in [goal, *rows]:
            if row is pivot or not row[enter + 1]:
                continue
            lead, row[enter + 1] = row[enter + 1], mp.mpf(0)
            for j, value in enumerate(solved):
                row[j] += lead * value
        rows[leave] = solved
        within[leave], outside[enter] = outside[enter], within[leave]
    else:
        raise ArithmeticError("the linear program of the lotteries did not end")
    prices, lottery = [mp.mpf(0)] * m, [mp.mpf(0)] * m
    for v, row in zip(within, rows, strict=True):
        if v < size:
            prices[inside[v]] = max(mp.mpf(0), row[0]) * worth / scale
    for v, value in zip(outside, goal[1:], strict=True):
        if v >= size:
            lottery[inside[v - size]] = max(mp.mpf(0), value)
    return prices, lottery


def nash(model: Model, log_policy: Sequence[float]) -> tuple[Vector, Real]:
    """Polish a float log-policy to the Nash policy with KL = τ; return it with s (y = s·Aπ)."""
    inside = model.support
    y = [mp.mpf(0)] * len(log_policy)
    for x in inside:
        y[x] = max(mp.mpf(log_policy[x]), mp.mpf(-(10**6))) - mp.log(model.reference[x])
    current = tilt(model.reference, y, 1)
    payoff = times(model.margins, current)
    mean = dot(payoff, current)
    slope = mp.fsum(current[x] * (payoff[x] - mean) ** 2 for x in inside)
    s = mp.fsum(current[x] * y[x] * (payoff[x] - mean) for x in inside) / slope
    y, s, _ = _balance(model, y, s, mp.mpf(0), "s", _STEPS)
    return tilt(model.reference, y, 1), s


def limited_lottery(model: Model) -> tuple[Vector, Real, Real]:
    """Return (π, s, t) with log π/π_ref = s·Aπ + t·U + const, KL = τ and a large s.

    As s → ∞ π tends to the best maximal lottery in the ball, where the budget excludes a better
    one. The path goes first along s, with t = 0, to the lottery nearest to the reference; then
    along t.
    """
    y, s, t = [mp.mpf(0)] * len(model.utility), mp.mpf(0), mp.mpf(0)
    spread = max(model.utility[x] for x in model.support)
    for vary in ("s", "t"):
        factor = mp.mpf(10)
        while (s < mp.mpf(10) ** (mp.dps // 4)) if vary == "s" else True:
            goal = (s if vary == "s" else t) * factor or mp.mpf("0.01")
            try:
                point = (goal, t) if vary == "s" else (s, goal)
                ahead, _, _ = _balance(model, y, *point, "", 15)
            except ArithmeticError:
                factor = mp.sqrt(factor)
                if goal == mp.mpf("0.01") or factor < 1.01:
                    raise
                continue
            over = divergence(tilt(model.reference, ahead, 1), model.reference) > model.budget
            if (vary == "s" and over) or t * spread > mp.mpf(10) ** 6:
                raise ArithmeticError("the budget does not exclude a lottery")
            if over and factor < 1.5:
                break
            if over:
                factor = mp.sqrt(factor)
            else:
                y, (s, t), factor = ahead, point, min(mp.mpf(100), factor**2)
    y, s, t = _balance(model, y, s, t or mp.mpf("0.001"), "t", _STEPS)
    return tilt(model.reference, y, 1), s, t


def _balance(
    model: Model, y: Vector, s: Real, t: Real, vary: str, steps: int
) -> tuple[Vector, Real, Real]:
    """Solve y = s·Aπ + t·U for π ∝ π_ref·e^y by Newton; with KL = τ for s or t if it may vary."""
    inside, y, last = model.support, list(y), mp.inf
    size = len(inside)
    whole = size + bool(vary)
    for _ in range(steps):
        current = tilt(model.reference, y, 1)
        payoff = times(model.margins, current)
        average = dot(y, current)
        system, right = matrix(whole, whole), matrix(whole, 1)
        for i, x in enumerate(inside):
            right[i] = s * payoff[x] + t * model.utility[x] - y[x]
            for j, z in enumerate(inside):
                lift = s * current[z] * (model.margins[x][z] - payoff[x])
                system[i, j] = (x == z) - lift
            if vary:
                system[i, size] = -(payoff[x] if vary == "s" else model.utility[x])
                system[size, i] = current[x] * (y[x] - average)
        if vary:
            right[size] = model.budget - divergence(current, model.reference)
        try:
            step = mp.lu_solve(system, right)
        except TypeError:  # so mpmath reports some singular matrices
            raise ArithmeticError("a singular system") from None
        for i, x in enumerate(inside):
            y[x] += step[i]
        s += step[size] if vary == "s" else 0
        t += step[size] if vary == "t" else 0
        move = max(abs(step[i]) * current[x] for i, x in enumerate(inside))
        if move <= mp.mpf(10) ** (8 - mp.dps) or last / 2 <= move <= mp.mpf("1e-25"):
            return y, s, t  # the end, or rounding
        last = move
    raise ArithmeticError("Newton's method did not converge")
