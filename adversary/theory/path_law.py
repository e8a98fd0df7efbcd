"""RLHF and DPO under a law on the pairs of a tree: distortion K·G_D, exponential in the diameter D.

S is the curve of `formulas`, with its facts (S1) to (S3). G_1 = 1 and, for n > 1,
    G_n = max d_0 + Σ_{0<i<n} G_i·S(d_i) over d ≥ 0 with Σ_{0≤i<n} d_i = 1,
so G_2 = 1+M, and G_n never falls. D is the length, in pairs, of the longest path in the tree of
the pairs that are asked about; at most m−1, for the path a_1, …, a_m.

Upper bound. Let H_k(y) = max d_0 + Σ_{0<i≤k} G_i·S(d_i) over d_0 ≥ 0, d_i in [0,1], Σ d_i ≤ y.
(A) H_k(s) ≤ G_{k+1}·S(s) for s ≤ 1. Write d = s·c: S(s·c_i) ≤ S(s)·S(c_i) by (S3), s ≤ S(s).
(B) H_k(y) ≤ H_k(y−s) + G_{k+1}·S(s) for s ≤ min(y, 1). Shrink the best d to (1−s/y)·d: by (S1)
    that costs at most (s/y)·d_0 + Σ G_i·S(s·d_i/y) ≤ H_k(s), and then (A).
(C) v_0 + Σ_{0<i≤k} G_i·S(v_i − v_{i−1}) ≤ H_k(v_k) for v_0, …, v_k ≥ 0 with |v_i − v_{i−1}| ≤ 1.
    By induction, H_{k−1}(v_{k−1}) + G_k·S(v_k − v_{k−1}) ≤ H_k(v_k): for a step up by the
    definition of H, for a step down by (B). If v_k = 0, the right side is 0.
Let x_0, …, x_n be the path in the tree from the best alternative to one that is played; n ≤ D.
On a tree stationarity says that σ(r_x − r_y) = p(x≻y) for each pair (take off one leaf after the
other). So with v_i = u(x_i) the mean of S(v_i − v_{i−1}) over users is S(e_i), where
e_i = (r_i − r_{i−1})/β and |e_i| ≤ 1.
- Users: F(v) = v_0 − K·G_n·v_n + Σ_{0<i≤n} G_i·S(v_i − v_{i−1}) ≤ 0 on [0,1]^(n+1), as it falls in
  v_n by (S2), and at v_n = 0 it is (C). The mean: U(x_0) + Σ G_i·S(e_i) ≤ K·G_n·U(x_n).
- Rewards: x_n has the highest, so (C) holds with (r_n − r_i)/β for v_i, and says Σ G_i·S(e_i) ≥ 0.
Hence U(x_0) ≤ K·G_n·U(x_n).

Lower bound, reached in the limit. Let d be optimal for G_j. A type j, for each j < m, has the
utilities d_0, d_0 + d_1, … up to 1 for a_1, …, a_j, and 0 from a_{j+1} on: there F = 0. Nearly all
users have ε for a_m and 0 elsewhere: there F/ε → 0. The weights, from j = m−1 down to 1, make
a_{j+1} tie a_j, which type j alone likes better. (The instances take 1e-6 less of it: then a_{j+1}
beats a_j.) So the mean of F, which is 0, is that of its first two terms: U(a_1) → K·G_{m−1}·U(a_m).

Growth. For ρ > 1 let R(ρ) = max Σ_{j>0} ρ^(−j)·S(d_j) over d ≥ 0, Σ d_j = 1. R is continuous and
falls, from above 1 near ρ = 1 (2·S(½) > 1) to R(2) < 1. Take R(ρ) = 1, and let d* be optimal and J
its last positive entry (finite: K·ρ^(−j) must be above the price of Σ d_j = 1).
Then ρ^(n−J) ≤ G_n ≤ ρ^n for all n:
- at least, as G_n ≥ 1 for n ≤ J, and then G_n ≥ Σ_{j≤J} G_{n−j}·S(d*_j) ≥ ρ^(n−J)·R(ρ);
- at most, as d_0 ≤ S(d_0), so by induction G_n ≤ max Σ_{0≤i<n} ρ^i·S(d_i) ≤ ρ^n·R(ρ).
ρ ≤ min(K, 2), as S(x) ≤ min(Kx, 1); so ρ → 1 for β → 0. And ρ → 2 for β → ∞: at d_j = 1/J, j ≤ J,
S → 1, and the root of Σ_{j≤J} ρ^(−j) = 1 tends to 2 with J.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise

from flint import arb, ctx

from adversary.problem.instance import Instance, Pairs, UserType
from adversary.theory import constants
from adversary.theory.formulas import curve, rate
from adversary.theory.parameters import (
    ball,
    below,
    beta_of,
    count,
    half_margin,
    number,
    working_precision,
)
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import BALL, PAIRS, SOCIAL, WIDER, Claim, Theorem

_LONGEST = 255  # steps; a longer path is at least as bad
_MARGIN = Fraction(1, 10**6)
_PLACES = 12  # decimals of the utilities
_HALVINGS = 100  # of the interval of ρ
_BITS = 192


def gains(beta: float, n: int) -> tuple[float, ...]:
    """Return G_1, …, G_n."""
    return tuple(_level(beta, i)[0] for i in range(1, n + 1))


def steps(beta: float, n: int) -> tuple[float, ...]:
    """Return the optimal d_0, …, d_{n−1} for G_n."""
    return _level(beta, n)[2]


@cache
def _level(beta: float, n: int) -> tuple[float, float, tuple[float, ...]]:
    """Return G_n, the price of Σ d_i = 1, and the optimal d_0, …, d_{n−1}."""
    before = gains(beta, n - 1)
    price, inner = _shares(beta, before, 1.0)
    d = (max(0.0, 1 - math.fsum(inner)), *inner)
    return _value(before, d, beta), price, d


@cache
def growth(beta: float) -> float:
    """Return ρ, the factor by which one more alternative raises the distortion in the long run."""
    low, high = 1.0, min(rate(beta), 2.0)
    for _ in range(_HALVINGS):
        rho = 0.5 * (low + high)
        powers = _powers(rho)
        above = _value(powers, [0.0, *_shares(beta, powers, 0.0)[1]], beta) > 1
        low, high = (rho, high) if above else (low, rho)
    return low


def depth(beta: float) -> int:
    """Return J, the number of positive entries of d*."""
    return sum(d > 0 for d in _shares(beta, _powers(growth(beta)), 0.0)[1])


def _powers(rho: float) -> list[float]:
    return [rho**-j for j in range(1, _LONGEST + 1)]


def _value(gain: Sequence[float], d: Sequence[float], beta: float) -> float:
    """Return d_0 + Σ G_i·S(d_i)."""
    return d[0] + math.fsum(g * curve(x, beta) for g, x in zip(gain, d[1:], strict=True) if x > 0)


def _shares(beta: float, gain: Sequence[float], floor: float) -> tuple[float, list[float]]:
    """Return the d ≥ 0 with Σ d_i ≤ 1 that maximise Σ (G_i·S(d_i) − floor·d_i), and their price.

    At the price p of Σ d_i ≤ 1, G_i·S'(d_i) = p: cosh²(βd_i/2) = K·G_i/p where that is above 1.
    """
    top = [rate(beta) * g for g in gain]

    def at(price: float) -> list[float]:
        return [2 / beta * math.acosh(math.sqrt(t / price)) if t > price else 0.0 for t in top]

    low, high = floor, max(top, default=floor)
    if floor > 0 and math.fsum(at(floor)) <= 1:  # d_0 has the rest
        return floor, at(floor)
    while low < (price := 0.5 * (low + high)) < high:
        if math.fsum(at(price)) > 1:
            low = price
        else:
            high = price
    return high, at(high)


def kernel(values: Sequence[float], beta: float) -> float:
    """Return F of the proof for the utilities of x_0, …, x_n, which is never positive."""
    gain = gains(beta, len(values) - 1)
    rises = [curve(y - x, beta) for x, y in pairwise(values)]
    return (
        values[0]
        - rate(beta) * gain[-1] * values[-1]
        + math.fsum(g * rise for g, rise in zip(gain, rises, strict=True))
    )


def utilities(beta: float, m: int) -> list[tuple[Fraction, ...]]:
    """Return the utilities of the types 1, …, m−1 for a_1, …, a_m, rounded to decimals."""
    rows = []
    for j in range(1, m):
        level, row = Fraction(1), [Fraction(1)]
        for d in reversed(steps(beta, j)[1:]):
            level = max(Fraction(0), level - Fraction(f"{d:.{_PLACES}f}"))
            row.append(level)
        rows.append((*reversed(row), *(Fraction(0),) * (m - j)))
    return rows


def instance(beta: object, epsilon: object, m: object) -> Instance:
    """Return the instance of the lower bound, of alternatives a1, …, am in the order of the path.

    Each a_{j+1} beats a_j, so the rewards rise along the path and am is played. The law is uniform
    on the pairs of neighbours. The ratio tends to K·G_{m−1} for ε → 0, up to 1e-6 for each step.
    Raises InputError.
    """
    b, size, small = beta_of(beta), count("m", m, 2), number("epsilon", epsilon, 0, 1)
    zero = Fraction(0)
    rows = utilities(_near(b), size)
    weights = [zero] * size
    with working_precision(b):
        rises = half_margin(b, small)  # Σ of weight times h over those who like a_{j+1} better
        for j in reversed(range(1, size)):
            weights[j] = below(rises * (1 - ball(_MARGIN)) / half_margin(b, Fraction(1)))
            liked = [(weights[k], rows[k - 1][j - 1] - rows[k - 1][j - 2]) for k in range(j, size)]
            rises = sum((ball(w) * half_margin(b, d) for w, d in liked if d > 0 and j > 1), ball(0))
    indifferent = UserType(Fraction(1), (*(zero,) * (size - 1), small))
    users = (indifferent, *map(UserType, weights[1:], rows))
    law = Pairs(tuple((x, x + 1, Fraction(1, size - 1)) for x in range(size - 1)))
    return Instance(b, tuple(f"a{t}" for t in range(1, size + 1)), users, law)


def enclosed(beta: Fraction, n: int) -> tuple[arb, arb]:
    """Return balls for a number that is at most G_n, and for one that is at least G_n.

    The floats g_i, p ≥ 1 and d of `_level` need not be exact. The d_i, scaled into the simplex,
    give the first. For the second let G_i ≤ c·g_i for all i < n; then G_n is at most c times
    p + Σ max(0, max φ_i), φ_i(x) = g_i·S(x) − p·x on [0,1], as p is a price of Σ d_i = 1, and the
    concave φ_i at most its tangent at d_i.
    """
    half, k, near = ball(beta) / 2, constants.rate(beta), _near(beta)
    low, excess, high = [ball(1)], ball(1), ball(1)
    floats = [ball(Fraction(g)) for g in gains(near, n)]
    for i in range(2, n + 1):
        _, price, found = _level(near, i)
        d, p = [ball(Fraction(x)) for x in found[1:]], ball(Fraction(price))
        total = sum(d, ball(0)).upper()
        inner = [(x / total).lower() for x in d] if total > 1 else d
        taken = ((g, x) for g, x in zip(low, inner, strict=True) if x > 0)
        rest = 1 - sum(inner, ball(0))
        low.append(sum((g * _curve(x, half) for g, x in taken), rest).lower())
        tops = (_highest(g, x, p, half, k) for g, x in zip(floats, d, strict=False))
        high = (excess * sum(tops, p)).upper()
        if not high / floats[i - 1] <= excess:
            excess = (high / floats[i - 1]).upper()
    return low[-1], high


def _highest(gain: arb, at: arb, p: arb, half: arb, k: arb) -> arb:
    """Return a ball at or above max(0, max over [0,1] of G·S(x) − p·x), by a tangent."""
    value = gain * _curve(at, half) - p * at
    slope = gain * k / (half * at).cosh() ** 2 - p
    value += slope * (1 - at if slope > 0 else -at)
    return ball(0) if value <= 0 else value


def _near(beta: Fraction) -> float:
    """Return a float for β: what it is used for need not be exact."""
    return max(float(beta), 1e-290)


def _curve(x: arb, half: arb) -> arb:
    return (half * x).tanh() / half.tanh()


def _side(beta: Fraction, m: int | None, upper: bool) -> arb | float:
    if m is None:
        return math.inf
    tiny = max(0, beta.denominator.bit_length() - beta.numerator.bit_length())
    with ctx.workprec(_BITS + 4 * tiny):
        return constants.rate(beta) * enclosed(beta, min(m - 1, _LONGEST))[upper]


def _lower(beta: Fraction, m: int | None) -> arb | float:
    return _side(beta, m, upper=False)


def _upper(beta: Fraction, m: int | None) -> arb | float | None:
    return _side(beta, m, upper=True) if m is not None and m <= _LONGEST + 1 else None


_REWARDED = ("rlhf", "dpo")

THEOREM = Theorem(
    key="path-law",
    title="Under a law on pairs RLHF and DPO have distortion exponential in m",
    source=PROJECT,
    place="path argument",
    formula="K·G_{m−1}, G_1 = 1, G_n = max d_0 + Σ_{0<i<n} G_i·(σ(βd_i)−½)/(σ(β)−½), Σ d_i = 1; "
    "between K·ρ^(m−1−J) and K·ρ^(m−1), 1 < ρ < 2",
    assumptions="in social choice exact for each law that asks about the pairs of a tree, with the "
    "number of alternatives on its longest path for m; in a KL ball the reference has mass on a_1 "
    "and a_m alone",
    claims=(
        Claim("lower", _REWARDED, SOCIAL, WIDER, _lower, law="tree", types=None),
        Claim(
            *("lower", _REWARDED, BALL, WIDER, _lower),
            law="tree",
            reference="free",
            budget="log 2",
            loose=True,
            types=None,
        ),
        Claim("upper", _REWARDED, SOCIAL, PAIRS, _upper, law="tree"),
    ),
    construction=instance,
)
bound = THEOREM.bound
