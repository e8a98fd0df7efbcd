"""Policies of the game on a KL ball that leaves out the maximal lotteries, or the best of them.

They are π ∝ π_ref·e^y with y = s·Aπ + t·U, found by Newton's method along s and t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mpmath import mp

from adversary.certifying.precise import (
    STEPS,
    Model,
    Real,
    Vector,
    divergence_of,
    dot,
    log_ratio,
    policy_of,
    tilt,
    times,
    variance,
)

_RETURN = 15  # steps in which Newton's method comes back to the path, if at all
_FIRST = mp.mpf("0.01")  # the first s and t, in units of the largest margin and utility
_STRONGEST = mp.mpf(10) ** 6  # the largest t, in units of the largest utility


@dataclass(frozen=True)
class _Point:
    """Log-ratios y, up to a constant, and what makes them up."""

    y: Vector
    s: Real
    t: Real

    def moved(self, vary: str, value: Real) -> _Point:
        return replace(self, **{vary: value})


def nash(model: Model, log_policy: Sequence[float]) -> tuple[Vector, Real]:
    """Return the Nash policy where KL = τ, and its s (y = s·Aπ), from a float log-policy.

    Raises ArithmeticError where neither that nor the path from the reference leads there.
    """
    game, scale = _scaled(model)
    try:
        point = _balanced(game, _guess(game, log_policy), "s", STEPS)
        if point.s <= 0:
            raise ArithmeticError("a policy against the preferences")
    except ArithmeticError:
        point = _balanced(game, _advanced(game, _origin(game), "s"), "s", STEPS)
    return tilt(model.reference, point.y, mp.mpf(1)), point.s / scale


def limited_lottery(model: Model) -> tuple[Vector, Real, Real]:
    """Return (π, s, t) with log π/π_ref = s·Aπ + t·U + const, KL = τ and a large s.

    As s → ∞ π tends to the best maximal lottery in the ball, where the budget excludes a better
    one. The path goes first along s, with t = 0, to the lottery nearest to the reference; then
    along t. Raises ArithmeticError where the budget excludes all of them, or none.
    """
    game, scale = _scaled(model)
    point = _advanced(game, _origin(game), "s")
    if point.s < _last(game):
        raise ArithmeticError("the budget excludes every lottery")
    point = _advanced(game, point, "t")
    point = point if point.t else point.moved("t", _start(game, "t") / 10)
    point = _balanced(game, point, "t", STEPS)
    return tilt(model.reference, point.y, mp.mpf(1)), point.s / scale, point.t


def _scaled(model: Model) -> tuple[Model, Real]:
    """Margins in units of the largest."""
    scale = max(abs(a) for row in model.margins for a in row) or mp.mpf(1)
    return replace(model, margins=[[a / scale for a in row] for row in model.margins]), scale


def _origin(model: Model) -> _Point:
    return _Point([mp.mpf(0)] * len(model.utility), mp.mpf(0), mp.mpf(0))


def _last(model: Model) -> Real:
    """The s at which the policy is a lottery to a quarter of the digits."""
    return mp.mpf(10) ** (mp.dps // 4)


def _guess(model: Model, log_policy: Sequence[float]) -> _Point:
    """The y of a float policy, and the s that explains it best."""
    y = [mp.mpf(0)] * len(log_policy)
    for x in model.support:
        y[x] = max(mp.mpf(log_policy[x]), mp.mpf(-(10**6))) - mp.log(model.reference[x])
    if not all(map(mp.isfinite, y)):
        raise ArithmeticError("no policy to start from")
    policy = tilt(model.reference, y, mp.mpf(1))
    payoff = times(model.margins, policy)
    mean = dot(payoff, policy)
    slope = mp.fsum(policy[x] * (payoff[x] - mean) ** 2 for x in model.support)
    lean = mp.fsum(policy[x] * y[x] * (payoff[x] - mean) for x in model.support)
    return _Point(y, lean / slope if slope else mp.mpf(0), mp.mpf(0))


def _advanced(model: Model, point: _Point, vary: str) -> _Point:
    """Follow the path along s or t from a point in the ball to its edge, or s to its last value."""
    factor = mp.mpf(10)
    for _ in range(STEPS):
        ahead = point.moved(vary, getattr(point, vary) * factor or _start(model, vary))
        try:
            ahead = _balanced(model, ahead, "", _RETURN)
        except ArithmeticError:
            factor = mp.sqrt(factor)
            if factor < 1.01 or not getattr(point, vary):
                raise
            continue
        if divergence_of(log_ratio(model.reference, ahead.y), model.reference) > model.budget:
            if factor < 1.5 or not getattr(point, vary):
                return point
            factor = mp.sqrt(factor)
            continue
        point, factor = ahead, min(mp.mpf(100), factor**2)
        if vary == "s" and point.s >= _last(model):
            return point
        if point.t * _worth(model) > _STRONGEST:
            raise ArithmeticError("the budget does not exclude a lottery")
    raise ArithmeticError("the path did not end")


def _start(model: Model, vary: str) -> Real:
    """A first value within the ball: KL is about s²·Var(A·π_ref)/2."""
    if vary == "t":
        return _FIRST / _worth(model)
    spread = variance(times(model.margins, model.reference), model.reference)
    if not spread or model.budget == mp.inf:
        return _FIRST
    return min(_FIRST, mp.sqrt(model.budget / spread) / 2)


def _worth(model: Model) -> Real:
    return max(model.utility[x] for x in model.support)


def _balanced(model: Model, point: _Point, vary: str, steps: int) -> _Point:
    """Solve y = s·Aπ + t·U for π ∝ π_ref·e^y by Newton; with KL = τ for s or t if it may vary."""
    inside, y, s, t, last = model.support, list(point.y), point.s, point.t, mp.inf
    for _ in range(steps):
        ratio = log_ratio(model.reference, y)
        policy = policy_of(model.reference, ratio)
        payoff, average = times(model.margins, policy), dot(y, policy)
        system = [
            [(x == z) - s * policy[z] * (model.margins[x][z] - payoff[x]) for z in inside]
            for x in inside
        ]
        right = [s * payoff[x] + t * model.utility[x] - y[x] for x in inside]
        if vary:
            along = payoff if vary == "s" else model.utility
            for row, x in zip(system, inside, strict=True):
                row.append(-along[x])
            system.append([*(policy[x] * (y[x] - average) for x in inside), mp.mpf(0)])
            right.append(model.budget - divergence_of(ratio, model.reference))
        step = solved(system, right)
        for x, move in zip(inside, step, strict=False):
            y[x] += move
        if not max(map(abs, y)) < mp.mpf(10) ** mp.dps:
            raise ArithmeticError("Newton's method ran away")
        s += step[-1] if vary == "s" else 0
        t += step[-1] if vary == "t" else 0
        moves = zip(inside, step, strict=False)
        move = max(abs(value) * policy[x] for x, value in moves)
        size = max(abs(y[x] - average) * policy[x] for x in inside)
        if move <= size * mp.mpf(10) ** (8 - mp.dps) or last / 2 <= move <= size * mp.mpf("1e-25"):
            return _Point(y, s, t)  # the end, or rounding
        last = move
    raise ArithmeticError("Newton's method did not converge")


def solved(system: list[Vector], right: Vector) -> Vector:
    """Solve a linear system by elimination, each row in units of its largest entry.

    Overwrites its arguments. Raises ArithmeticError where it is singular.
    """
    size = len(right)
    for row, value in zip(system, right, strict=True):
        row.append(value)
    for k in range(size):
        scaled = [abs(row[k]) / (max(map(abs, row[:size])) or 1) for row in system[k:]]
        best = k + scaled.index(max(scaled))
        system[k], system[best] = system[best], system[k]
        pivot = system[k]
        if not pivot[k] or not mp.isfinite(pivot[k]):
            raise ArithmeticError("a singular system")
        for row in system[k + 1 :]:
            factor = row[k] / pivot[k]
            if factor:
                for j in range(k + 1, size + 1):
                    row[j] -= factor * pivot[j]
    found: Vector = [mp.mpf(0)] * size
    for k in range(size - 1, -1, -1):
        row = system[k]
        found[k] = (row[size] - mp.fsum(row[j] * found[j] for j in range(k + 1, size))) / row[k]
    return found
