"""An independent recomputation in mpmath of what certificates claim; slow, for tests only.

`distortion(document)` takes the JSON object of a file (witness and claim are not looked at) and
returns the best utility and the distortion for every and for some allowed policy, to about 40
digits. `witness(document)` proposes a witness that should prove nearly `every`.
Games are solved by enumeration: at most six alternatives are meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from mpmath import lu_solve, matrix, mp, mpf

DIGITS = 50
TIE = mpf(10) ** -40  # scores closer than this count as equal
CONTEST_TIE = mpf(10) ** -46  # the published constructions have contests won by 1e-40

Real = Any  # an mpf: mpmath has no types
Vector = list[Real]


@dataclass(frozen=True)
class Distortion:
    """The optimum, and max U / U(policy) for the best and the worst allowed policy."""

    best: Real
    every: Real
    some: Real


@dataclass(frozen=True)
class Solution:
    """All allowed policies have utility between `low` and `high`; `policy` is one of them."""

    policy: Vector
    low: Real
    high: Real
    temperature: Real | None  # of the policy, where the budget binds
    reward: Vector | None = None


@dataclass(frozen=True)
class Problem:
    """The numbers of a document."""

    m: int
    utility: Vector
    margins: list[Vector]
    rows: list[Any]  # a Vector, or None where the alternative is never shown
    support: list[int]
    reference: Any  # a Vector, or None for social choice
    budget: Real | None
    method: str


def number(text: str) -> Real:
    """The number that a string of the format holds."""
    value = Fraction(text)
    return mpf(value.numerator) / value.denominator


def normalised(texts: list[str]) -> Vector:
    """Weights divided by their sum."""
    values = [Fraction(text) for text in texts]
    return [mpf((v / sum(values)).numerator) / (v / sum(values)).denominator for v in values]


def _ordered_law(law: dict[str, Any], names: list[str]) -> list[Vector]:
    m = len(names)
    if law["kind"] == "independent":
        draw = normalised(law["weights"])
        return [[draw[x] * draw[y] for y in range(m)] for x in range(m)]
    table = [[mpf(0)] * m for _ in range(m)]
    for (a, b, _), weight in zip(
        law["weights"], normalised([w for _, _, w in law["weights"]]), strict=True
    ):
        x, y = names.index(a), names.index(b)
        table[x][y] = table[y][x] = weight / 2
    return table


def problem(document: dict[str, Any]) -> Problem:
    """Win margins, rows of the pair law and utilities (SPEC section 3), from their definitions."""
    names, users = document["alternatives"], document["users"]
    m, beta, sampling = len(names), number(document["beta"]), document["sampling"]
    shares = normalised([user["weight"] for user in users])
    values = [[number(u) for u in user["utilities"]] for user in users]
    utility = [sum(w * u[x] for w, u in zip(shares, values, strict=True)) for x in range(m)]
    user_dependent = sampling["kind"] == "user-dependent"
    laws = sampling["laws"] if user_dependent else [sampling] * len(users)
    tables = [_ordered_law(law, names) for law in laws]

    def gain(k: int, x: int, y: int) -> Real:
        return 1 / (1 + mp.exp(-beta * (values[k][x] - values[k][y]))) - mpf(1) / 2

    margins = [[mpf(0)] * m for _ in range(m)]
    shown = [[mpf(0)] * m for _ in range(m)]
    for x in range(m):
        for y in range(m):
            asked = [w * t[x][y] for w, t in zip(shares, tables, strict=True)]
            shown[x][y] = sum(asked)
            if not user_dependent:
                margins[x][y] = sum(w * gain(k, x, y) for k, w in enumerate(shares))
            elif shown[x][y] > 0:
                total = sum(w * gain(k, x, y) for k, w in enumerate(asked))
                margins[x][y] = total / shown[x][y]
    rows: list[Vector | None] = [
        [n / sum(row) for n in row] if sum(row) > 0 else None for row in shown
    ]
    if sampling["kind"] == "independent":
        rows = [normalised(sampling["weights"])] * m
    reference = budget = None
    support = list(range(m))
    if document["reference"] is not None:
        reference = normalised(document["reference"]["weights"])
        budget = number(document["reference"]["kl_budget"])
        support = [x for x in support if reference[x] > 0]
    method = document["method"]["name"]
    return Problem(m, utility, margins, rows, support, reference, budget, method)


def dot(first: Vector, second: Vector) -> Real:
    """The inner product; nothing where the first is zero."""
    return sum((a * b for a, b in zip(first, second, strict=True) if a != 0), mpf(0))


def divergence(policy: Vector, reference: Vector) -> Real:
    """KL(policy | reference)."""
    return sum((p * mp.log(p / q) for p, q in zip(policy, reference, strict=True) if p > 0), mpf(0))


def tilt(reference: Vector, score: Vector, temperature: Real) -> Vector:
    """The policy proportional to reference * exp(score / temperature)."""
    top = max(s for s, q in zip(score, reference, strict=True) if q > 0)
    masses = [
        q * mp.exp((s - top) / temperature) if q > 0 else mpf(0)
        for q, s in zip(reference, score, strict=True)
    ]
    return [mass / sum(masses) for mass in masses]


def binding_temperature(reference: Vector, budget: Real, policy_at: Any) -> Real:
    """The temperature at which KL = budget; the divergence falls with the temperature."""

    def excess(t: Real) -> Real:
        return divergence(policy_at(mp.exp(t)), reference) - budget

    low = high = mpf(0)
    while excess(high) > 0:
        high += 2
    while excess(low) <= 0:
        low -= 2
    slope_low, slope_high = excess(low), excess(high)
    for _ in range(400):  # Illinois false position
        middle = (low * slope_high - high * slope_low) / (slope_high - slope_low)
        value = excess(middle)
        if abs(value) < mpf(10) ** -(DIGITS - 8) or high - low < mpf(10) ** -(DIGITS - 8):
            return mp.exp(middle)
        if value > 0:
            low, slope_low, slope_high = middle, value, slope_high / 2
        else:
            high, slope_high, slope_low = middle, value, slope_low / 2
    raise ArithmeticError("no convergence")


def maximise(score: Vector, reference: Vector, budget: Real) -> tuple[Vector, Real | None]:
    """A maximiser of <score, .> over the ball, and its temperature if the budget binds."""
    top = max(s for s, q in zip(score, reference, strict=True) if q > 0)
    winners = [q if s > top - TIE else mpf(0) for s, q in zip(score, reference, strict=True)]
    if sum(winners) >= mp.exp(-budget):
        return [q / sum(winners) for q in winners], None
    if budget == 0:
        return reference, mp.inf
    at = binding_temperature(reference, budget, lambda t: tilt(reference, score, t))
    return tilt(reference, score, at), at


def bradley_terry(data: Problem) -> Vector:
    """The maximum-likelihood reward on the component of the support, by damped Newton."""
    inside, queue = {data.support[0]}, [data.support[0]]
    while queue:
        x = queue.pop()
        for y in range(data.m):
            row, back = data.rows[x], data.rows[y]
            if y not in inside and row and back and row[y] > 0 and back[x] > 0:
                inside.add(y)
                queue.append(y)
    assert set(data.support) <= inside
    pin, *free = sorted(inside, key=lambda x: -sum(row[x] for row in data.rows if row))
    reward = [mpf(0)] * data.m

    def stationarity(r: Vector) -> Vector:
        return [
            sum(
                data.rows[x][y] * (mp.tanh((r[x] - r[y]) / 2) / 2 - data.margins[x][y])
                for y in inside
                if y != x
            )
            for x in free
        ]

    last = mp.inf
    for _ in range(200 if free else 0):
        values = stationarity(reward)
        jacobian = matrix(len(free), len(free))
        for i, x in enumerate(free):
            for y in inside:
                if y != x:
                    slope = data.rows[x][y] * mp.sech((reward[x] - reward[y]) / 2) ** 2 / 4
                    jacobian[i, i] += slope
                    if y != pin:
                        jacobian[i, free.index(y)] -= slope
        step = lu_solve(jacobian, matrix(values))
        size = max(abs(s) for s in step)
        for x, s in zip(free, step, strict=True):
            reward[x] -= s * min(mpf(1), 1 / size) if size > 1 else s
        if size < mpf(10) ** -(DIGITS - 10) or last / 2 <= size < mpf(10) ** -20:
            return reward  # the end, or the rounding of an ill-conditioned system
        last = size
    assert not free
    return reward


def basic(data: Problem, chosen: Sequence[int], tight: Sequence[int]) -> Vector | None:
    """The weights on `chosen` that lose to no alternative and tie with those of `tight`."""
    size = len(chosen)
    system, right = matrix(size, size), matrix(size, 1)
    right[size - 1] = 1
    for j, y in enumerate(chosen):
        system[size - 1, j] = 1
        for i, x in enumerate(tight):
            system[i, j] = data.margins[x][y]
    try:
        weights = lu_solve(system, right)
    except (ZeroDivisionError, TypeError):  # singular; mpmath raises either
        return None
    policy = [mpf(0)] * data.m
    for y, weight in zip(chosen, weights, strict=True):
        policy[y] = weight
    if min(policy) < -TIE or any(dot(policy, data.margins[x]) > TIE for x in data.support):
        return None
    return [max(p, mpf(0)) for p in policy]


def lotteries(data: Problem) -> list[Vector]:
    """The vertices of the set of maximal lotteries, on the support."""
    for size in range(1, len(data.support) + 1, 2):
        for chosen in combinations(data.support, size):
            policy = basic(data, chosen, chosen[1:])
            if policy is not None and all(
                (policy[x] > TIE) if x in chosen else (dot(policy, data.margins[x]) < -TIE)
                for x in data.support
            ):
                return [policy]  # strictly complementary, one-dimensional kernel: the only one
    found: list[Vector] = []
    for size in range(1, len(data.support) + 1):
        for chosen in combinations(data.support, size):
            for tight in combinations(data.support, size - 1):
                policy = basic(data, chosen, tight)
                if policy and all(max_gap(policy, other) > TIE for other in found):
                    found.append(policy)
    return found


def won(margin: Real) -> Real:
    """What a contest counts in the Copeland score."""
    return mpf(1) / 2 if abs(margin) <= CONTEST_TIE else mpf(margin > 0)


def max_gap(first: Vector, second: Vector) -> Real:
    """The largest absolute difference."""
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


def regularised_game(
    data: Problem, reference: Vector, temperature: Real, known: dict[Real, Vector]
) -> Vector:
    """The policy with policy = tilt(A policy, temperature), by Newton along the temperature.

    It starts at the nearest temperature above at which the solution is known, and adds its own.
    """
    support, log_score = data.support, [mpf(0)] * data.m
    start = min((t for t in known if t >= temperature), default=max(temperature, mpf(4)))
    log_score = list(known.get(start, log_score))
    steps = max(1, int(mp.ceil(4 * mp.log(start / temperature)))) + 1
    for i in range(steps):
        current = start * (temperature / start) ** (mpf(i) / (steps - 1))
        for _ in range(60):
            policy = tilt(reference, log_score, mpf(1))
            gap = [log_score[x] - dot(policy, data.margins[x]) / current for x in support]
            jacobian = matrix(len(support), len(support))
            for a, x in enumerate(support):
                for b, y in enumerate(support):
                    lift = data.margins[x][y] - dot(policy, data.margins[x])
                    jacobian[a, b] = mpf(x == y) - policy[y] * lift / current
            step = lu_solve(jacobian, matrix(gap))
            for x, s in zip(support, step, strict=True):
                log_score[x] -= s
            if max(abs(s) for s in step) < mpf(10) ** -(DIGITS - 8):
                break
        else:
            raise ArithmeticError("no convergence")
    known[temperature] = log_score
    return tilt(reference, log_score, mpf(1))


def hull_in_ball(data: Problem, vertices: list[Vector]) -> tuple[Real, Real] | None:
    """The least and greatest utility of the mixtures of these that lie in the ball; None: none."""
    if all(max(v) > 1 - TIE for v in vertices):
        tied = [v.index(max(v)) for v in vertices]
        mass = sum(data.reference[x] for x in tied)
        spare = data.budget + mp.log(mass)
        if spare < 0:
            return None
        own = [q / mass if x in tied else mpf(0) for x, q in enumerate(data.reference)]
        low = dot(maximise([-u for u in data.utility], own, spare)[0], data.utility)
        return low, dot(maximise(data.utility, own, spare)[0], data.utility)
    if len(vertices) > 2:
        raise NotImplementedError("more than two mixed maximal lotteries, not all in the ball")

    def mixture(t: Real) -> Vector:
        return [(1 - t) * p + t * q for p, q in zip(*vertices, strict=True)]

    def excess(t: Real) -> Real:
        return divergence(mixture(t), data.reference) - data.budget

    low, high = mpf(0), mpf(1)
    for _ in range(300):  # the divergence is convex in t: ternary search
        third = (high - low) / 3
        if excess(low + third) < excess(high - third):
            high -= third
        else:
            low += third
    least = (low + high) / 2
    if excess(least) > 0:
        return None
    ends = []
    for end in (mpf(0), mpf(1)):
        near, far = least, end
        for _ in range(0 if excess(end) <= 0 else 170):
            middle = (near + far) / 2
            near, far = (middle, far) if excess(middle) <= 0 else (near, middle)
        ends.append(dot(mixture(near if excess(end) > 0 else end), data.utility))
    return min(ends), max(ends)


def solve(data: Problem) -> Solution:
    """The allowed policies of the method (SPEC 3.7)."""
    utility = data.utility
    if data.method in ("borda", "copeland"):
        score = {x: dot(data.rows[x], data.margins[x]) for x in data.support if data.rows[x]}
        if data.method == "copeland":
            score = {x: sum(won(data.margins[x][y]) for y in data.support) for x in data.support}
        winners = [x for x in score if score[x] > max(score.values()) - TIE]
        policy = [mpf(x in winners) / len(winners) for x in range(data.m)]
        values = [utility[x] for x in winners]
        return Solution(policy, min(values), max(values), None)
    if data.method in ("rlhf", "dpo", "ipo"):
        if data.method == "ipo":
            assert all(data.rows[x] for x in data.support)
            reward = [dot(row or [mpf(0)] * data.m, a) for row, a in
                      zip(data.rows, data.margins, strict=True)]  # fmt: skip
        else:
            reward = bradley_terry(data)
        top = max(reward[x] for x in data.support)
        winners = [x for x in data.support if reward[x] > top - TIE]
        if data.reference is None:
            policy = [mpf(x in winners) / len(winners) for x in range(data.m)]
            values = [utility[x] for x in winners]
            return Solution(policy, min(values), max(values), None, reward)
        policy, temperature = maximise(reward, data.reference, data.budget)
        if temperature is not None:
            value = dot(policy, utility)
            return Solution(policy, value, value, temperature, reward)
        mass = sum(data.reference[x] for x in winners)
        spare = data.budget + mp.log(mass)
        high = dot(maximise(utility, policy, spare)[0], utility)
        low = dot(maximise([-u for u in utility], policy, spare)[0], utility)
        return Solution(policy, low, high, None, reward)
    vertices = lotteries(data)
    if data.method == "nlhf" and data.reference is not None:
        if data.budget == 0:
            value = dot(data.reference, utility)
            return Solution(data.reference, value, value, mp.inf)
        inside = [v for v in vertices if divergence(v, data.reference) <= data.budget]
        if len(vertices) > 1 and len(inside) < len(vertices):
            limits = hull_in_ball(data, vertices)
            if limits is not None:
                return Solution(vertices[0], *limits, None)
            inside = []
        if not inside:
            known: dict[Real, Vector] = {}

            def at(t: Real) -> Vector:
                return regularised_game(data, data.reference, t, known)

            temperature = binding_temperature(data.reference, data.budget, at)
            policy = at(temperature)
            value = dot(policy, utility)
            return Solution(policy, value, value, temperature)
    values = [dot(v, utility) for v in vertices]
    return Solution(vertices[0], min(values), max(values), None)


def distortion(document: dict[str, Any]) -> Distortion:
    """Of the method named in the document; infinite where a policy has utility 0."""
    with mp.workdps(DIGITS):
        data = problem(document)
        if data.reference is None:
            best = max(data.utility)
        else:
            policy, _ = maximise(data.utility, data.reference, data.budget)
            best = dot(policy, data.utility)
        found = solve(data)
        every = best / found.high if found.high > TIE else mp.inf
        some = best / found.low if found.low > TIE else mp.inf
        return Distortion(best, every, some)


def text(value: Real) -> str:
    """A decimal string of about 45 digits."""
    return str(mp.nstr(value, 45, strip_zeros=True, min_fixed=-5, max_fixed=25))


def witness(document: dict[str, Any]) -> dict[str, Any]:
    """A witness that should prove nearly `distortion(document).every` (SPEC section 5)."""
    with mp.workdps(DIGITS):
        data = problem(document)
        found, result = solve(data), {}
        shrink = 1 + mpf(10) ** -40
        if data.reference is not None:
            policy, temperature = maximise(data.utility, data.reference, data.budget)
            if data.budget == 0:
                result["optimum"] = document["reference"]["weights"]
            elif temperature is None:
                result["optimum"] = [text(p) for p in policy]
            else:
                result["optimum"] = {"temperature": text(temperature * shrink)}
        if found.reward is not None and data.method != "ipo":
            result["reward"] = [mp.nstr(r, 20) for r in found.reward]
        first_order = data.method not in ("maximal-lotteries", "nlhf")
        role, policy, multiplier = "anchor", found.policy, mpf(10) ** 30
        if found.temperature is not None:
            multiplier = mpf(10) ** 18
            smoothing = min(multiplier * found.temperature, mpf(10) ** 30)
            result["smoothing"] = text(smoothing)
            policy = [
                p + (q - p) * mpf(10) ** -38
                for p, q in zip(policy, data.reference or [], strict=True)
            ]
            if data.budget == 0:
                result[role if first_order else "opponent"] = document["reference"]["weights"]
                result["multiplier"] = "0"
                return result
        if not first_order:
            role = "opponent"
            if found.temperature is None:
                policy, multiplier = _priced(data, policy, mpf(10) ** 20)
        result[role] = [text(max(p, mpf(0))) for p in policy]
        result["multiplier"] = text(multiplier)
        return result


def _priced(data: Problem, policy: Vector, scale: Real) -> tuple[Vector, Real]:
    """Prices y >= 0, as a policy and a sum, with U + A y constant on the support of a lottery."""
    used = [x for x in range(data.m) if policy[x] > TIE]
    system, right = matrix(len(used) + 1, len(used) + 1), matrix(len(used) + 1, 1)
    for i, x in enumerate(used):
        for j, y in enumerate(used):
            system[i, j] = data.margins[x][y]
        system[i, len(used)] = -1
        system[len(used), i] = 1
        right[i] = -data.utility[x]
    right[len(used)] = scale
    prices = lu_solve(system, right)
    result = [mpf(0)] * data.m
    for i, x in enumerate(used):
        result[x] = prices[i] / scale
    return result, scale
