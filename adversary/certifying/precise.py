"""The model in high precision (mpmath): what a witness needs more digits of than a float has.

Nothing here is trusted: the checker recomputes what it uses. What decides is relative accuracy:
masses of 1e-400, budgets of 1e-300 and margins of 1e-40 are as good as any other at 50 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from mpmath import mp
from mpmath.libmp import to_rational

from adversary.certifying.comparisons import Comparisons, Sum, comparisons, whole
from adversary.exact import rounded
from adversary.problem.instance import Instance

Real = Any  # an mpf: mpmath has no types
Vector = list[Real]
Logistic = Callable[[int], Real]
STEPS = 200  # of any iteration: what has not ended by then has failed
_FAINT = -(10**6)  # of log-masses
_DEEPEST = 1300  # digits that the checker's largest precision has, and more: what is less is 0


@dataclass(frozen=True)
class Model:
    """Utilities, margins p − ½, opponents' law and reference of an instance, as mpf."""

    utility: Vector
    margins: list[Vector]
    """With a relative error: the exact 0 is a tie, and nothing else is 0."""
    opponents: list[Vector | None]
    """N(y|x); None where x is never shown."""
    support: list[int]
    reference: Vector
    """Uniform in the social-choice setting."""
    budget: Real
    """+inf in the social-choice setting."""
    exact: Comparisons


def real(value: Fraction | int) -> Real:
    """Return a rational as mpf."""
    exact = Fraction(value)
    return mp.mpf(exact.numerator) / exact.denominator


def decimal(value: Real, digits: int, rounding: str) -> Fraction:
    """Return the decimal of so many significant digits, rounded as the module `decimal` says."""
    if not mp.isfinite(value):
        raise ArithmeticError(f"{value} is no number")
    return Fraction(rounded(Fraction(*to_rational(value._mpf_)), digits, rounding))


def model(instance: Instance, exact: Comparisons | None = None) -> Model:
    """Return the instance's model at the current precision of mpmath.

    `exact`: its comparisons, where they are known already.
    """
    m, exact = len(instance.alternatives), exact or comparisons(instance)
    half_tanh = _half_tanh(exact.unit)
    margins = [[mp.mpf(0)] * m for _ in range(m)]
    for x, y in exact.masses:
        margins[x][y] = _value(exact.margin(x, y), exact.unit, half_tanh)
        margins[y][x] = -margins[x][y]
    rows = {
        id(row): None if row is None else shares(row) for row in exact.opponents
    }  # often one and the same
    reference, budget = [mp.mpf(1) / m] * m, mp.inf
    if instance.reference is not None:
        reference = shares(whole(instance.reference.weights)[0])
        budget = real(instance.reference.kl_budget)
    support = [x for x in range(m) if reference[x] > 0]
    utility = [real(u) for u in instance.average_utility]
    opponents = [rows[id(row)] for row in exact.opponents]
    return Model(utility, margins, opponents, support, reference, budget, exact)


def shares(masses: Sequence[int]) -> Vector:
    """Return the masses divided by their sum."""
    total = sum(masses)
    return [mp.mpf(mass) / total for mass in masses]


def _half_tanh(unit: Fraction) -> Logistic:
    """h(unit·d) = σ(unit·d) − ½, remembered by d."""
    half, known = real(unit) / 2, {}

    def value(d: int) -> Real:
        if d not in known:
            known[d] = mp.tanh(half * d) / 2
        return known[d]

    return value


def _value(total: Sum, unit: Fraction, half_tanh: Logistic | None = None) -> Real:
    """Return a sum that is right in half of the digits or more, however much of it cancels.

    0 where nothing is left of it, or less than the checker could tell from 0.
    """
    half_tanh = half_tanh or _half_tanh(unit)
    parts = [c * half_tanh(d) for d, c in total.terms.items()]
    found = mp.fsum(parts)
    if abs(found) >= mp.fsum(parts, absolute=True) * mp.mpf(10) ** (-mp.dps // 2):
        return found / total.over
    if mp.dps > _DEEPEST:
        return mp.mpf(0)
    with mp.workdps(2 * mp.dps):
        found = _value(total, unit)
    return +found


def dot(first: Vector, second: Vector) -> Real:
    """Return the inner product; terms with a zero weight in `second` count nothing."""
    return mp.fsum(a * b for a, b in zip(first, second, strict=True) if b)


def variance(values: Vector, policy: Vector) -> Real:
    """Return the variance of the values under the policy, about its mode: no digits cancel."""
    pairs = [(v, p) for v, p in zip(values, policy, strict=True) if p]
    centre = max(pairs, key=lambda pair: pair[1])[0]
    mean = mp.fsum(p * (v - centre) for v, p in pairs)
    return mp.fsum(p * (v - centre - mean) ** 2 for v, p in pairs)


def times(margins: list[Vector], policy: Vector) -> Vector:
    """Return A·policy."""
    return [dot(row, policy) for row in margins]


# Scores. Only differences matter, and equal scores are exactly equal: near ones are told apart.


def face(model: Model, score: Vector) -> list[int]:
    """Return the supported alternatives of the highest score."""
    top = max(score[x] for x in model.support)
    return [x for x in model.support if score[x] == top]


def level(model: Model, score: Vector) -> Vector:
    """Return the score with all within 10^(−¾ of the digits) of the highest made equal to it."""
    values = [score[x] for x in model.support]
    top, spread = max(values), max(values) - min(values)
    near = spread * mp.mpf(10) ** (-0.75 * mp.dps)
    return [top if top - c <= near else c for c in score]


def borda(model: Model) -> tuple[Model, Vector]:
    """Return the model with the scored alternatives as its support, and the Borda scores.

    They are those of the support less the highest of them; 0 elsewhere.
    """
    scored = replace(model, support=[x for x in model.support if model.opponents[x]])
    rows = [row or [] for row in model.opponents]
    score = {x: dot(model.margins[x], rows[x]) for x in scored.support}
    sizes = [dot([abs(a) for a in model.margins[x]], rows[x]) for x in scored.support]
    near = max(sizes, default=0) * mp.mpf(10) ** (-mp.dps // 2)

    def lead(x: int, top: int) -> Real:
        found = score[x] - score[top]
        if x == top or found < -near:
            return found
        return _value(model.exact.lead(x, top), model.exact.unit)

    leads = dict[int, Real]()
    for _ in score:  # of those that are near each other rounding may have chosen the first
        top = max(leads or score, key=(leads or score).__getitem__)
        leads = {x: lead(x, top) for x in score}
        if max(leads.values()) <= 0:
            break
    return scored, [leads.get(x, mp.mpf(0)) for x in range(len(model.utility))]


def copeland(model: Model) -> Vector:
    """Return the Copeland scores less half of the contests."""
    score = [mp.mpf(0)] * len(model.utility)
    for x in model.support:
        score[x] = mp.fsum(mp.sign(model.margins[x][y]) for y in model.support) / 2
    return score


# The KL ball: log π/π_ref, and with it the divergence, to full relative accuracy at any distance.


def tilt(reference: Vector, score: Vector, s: Real) -> Vector:
    """Return π ∝ reference·e^(s·score)."""
    ratio = log_ratio(reference, [s * c for c in score])
    return policy_of(reference, ratio)


def policy_of(reference: Vector, ratio: Vector) -> Vector:
    return [q * exp(z) if q else q for q, z in zip(reference, ratio, strict=True)]


def exp(z: Real) -> Real:
    """e^z; 0 where it is far below every mass that a file can hold."""
    return mp.exp(z) if z > _FAINT else mp.mpf(0)


def log_ratio(reference: Vector, exponent: Vector) -> Vector:
    """Return log π/reference for π ∝ reference·e^exponent; 0 outside the support.

    The normaliser is taken about the reference's mode while that holds most of the mass, else
    about the policy's, as in `solvers.kl_ball`: neither cancels.
    """
    inside = [x for x, q in enumerate(reference) if q]
    home = max(inside, key=lambda x: reference[x])
    masses = {x: exponent[x] - exponent[home] + mp.log(reference[x]) for x in inside}
    top = max(inside, key=masses.__getitem__)
    mode = top if masses[top] - masses[home] > 1 else home
    moved = {x: exponent[x] - exponent[mode] for x in inside}
    if mode == home:
        log_z = mp.log1p(mp.fsum(reference[x] * _expm1(a) for x, a in moved.items()))
    else:
        log_z = mp.log(mp.fsum(reference[x] * exp(a) for x, a in moved.items()))
    return [moved[x] - log_z if q else mp.mpf(0) for x, q in enumerate(reference)]


def _expm1(z: Real) -> Real:
    return mp.expm1(z) if abs(z) < 1e-3 else exp(z) - 1


def divergence(policy: Vector, reference: Vector) -> Real:
    """Return KL(policy‖reference)."""
    inside = [(p, q) for p, q in zip(policy, reference, strict=True) if q]
    rest = mp.fsum(q for p, q in inside if not p)
    return rest + divergence_of(*zip(*((mp.log(p / q), q) for p, q in inside if p), strict=True))


def farthest(policy: Vector, reference: Vector) -> Real:
    """Return the largest |log policy/reference|, which is large where a mass all but vanishes."""
    pairs = [(p, q) for p, q in zip(policy, reference, strict=True) if q]
    return max(abs(mp.log(p / q)) if p else -mp.mpf(_FAINT) for p, q in pairs)


def divergence_of(ratio: Sequence[Real], reference: Sequence[Real]) -> Real:
    """Return KL from log π/reference: Σ reference·φ(ratio), of which no term is negative."""
    return mp.fsum(q * _phi(z) for z, q in zip(ratio, reference, strict=True) if q)


def _phi(z: Real) -> Real:
    """z·e^z − e^z + 1 = z²/2 + z³/3 + …, to full relative accuracy."""
    lost = -2 * mp.mag(z)  # bits
    if not z or lost > 2 * mp.prec:
        return z * z / 2
    with mp.workprec(mp.prec + max(0, lost)):
        value = (z - 1) * exp(z) + 1
    return +value


def fits(model: Model, alternatives: list[int]) -> bool:
    """Return whether the reference restricted to these alternatives lies in the ball."""
    return -mp.log(mp.fsum(model.reference[x] for x in alternatives)) <= model.budget


def inverse_temperature(reference: Vector, score: Vector, budget: Real) -> Real:
    """Return s > 0 with KL(tilt(s)‖reference) = budget > 0: Newton in log s within a bracket.

    Raises ArithmeticError where the budget does not bind.
    """
    inside = [c for c, q in zip(score, reference, strict=True) if q]
    spread = max(inside) - min(inside)
    if not (spread > 0 and 0 < budget < mp.inf):
        raise ArithmeticError("the budget does not bind")

    def at(log_s: Real) -> tuple[Real, Real]:
        """Return log KL/budget, and its derivative."""
        s = mp.exp(log_s)
        ratio = log_ratio(reference, [s * c for c in score])
        policy = policy_of(reference, ratio)
        kl = divergence_of(ratio, reference)
        return mp.log(kl / budget), s**2 * variance(score, policy) / kl

    low, step = mp.log(8 * budget) / 2 - mp.log(spread), mp.mpf(1)  # KL ≤ (s·spread)²/8: Hoeffding
    high = low + step
    while at(high)[0] < 0:
        low, step = high, 2 * step
        high = low + step
        if step > 2**15:
            raise ArithmeticError("the budget does not bind")
    log_s = low
    for _ in range(STEPS):
        value, slope = at(log_s)
        low, high = (low, log_s) if value > 0 else (log_s, high)
        move = -value / slope if slope else mp.inf
        if min(abs(move), high - low) <= mp.mpf(10) ** (5 - mp.dps):
            break
        log_s = log_s + move if low < log_s + move < high else (low + high) / 2
    return mp.exp(log_s)
