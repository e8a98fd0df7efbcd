"""Policies that a method may allow by an exact tie: for claims about `some` policy (SPEC §4.3).

Nothing here is trusted: the checker shows which of them are allowed.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN
from fractions import Fraction

from mpmath import mp

from adversary.certifying import precise
from adversary.certifying.precise import Model, Real

_MARGIN = Fraction(1, 10**13)  # how far inside a policy stays, where only a certain loss will do


def candidates(model: Model, method: str, ball: bool) -> list[list[Fraction]]:
    """Return policies of low utility that a tie may allow.

    Single alternatives; for games the worst lottery where it is rational, and the worst policy of
    the ball on the alternatives that nothing beats. For RLHF no tie proves more than `every`.
    """
    if method in ("rlhf", "dpo"):
        return []
    if method == "borda":
        return [_alone(x, model) for x in precise.face(*precise.borda(model))]
    if method == "copeland":
        return [_alone(x, model) for x in precise.face(model, precise.copeland(model))]
    if method == "ipo":
        winners = precise.face(*precise.borda(model))
        return [*(_alone(x, model) for x in winners), *_worst_of(winners, model, ball)]
    found = [_alone(x, model) for x in model.support]
    found += _lotteries(model, method == "nlhf" and ball)
    found += _worst_of(_nothing_beats(model), model, method == "nlhf" and ball)
    return [policy for policy in found if _unbeaten(policy, model)]


def _alone(chosen: int, model: Model) -> list[Fraction]:
    return [Fraction(int(x == chosen)) for x in range(len(model.utility))]


def _unbeaten(policy: list[Fraction], model: Model) -> bool:
    """Whether nothing beats the policy, as far as these digits show."""
    payoff = precise.times(model.margins, [precise.real(p) for p in policy])
    return max(payoff[x] for x in model.support) <= mp.mpf(10) ** -20 * precise.real(sum(policy))


def _lotteries(model: Model, ball: bool) -> list[list[Fraction]]:
    """Mixtures of the best maximal lottery into the worst, as little as the ball asks for.

    An exact tie survives only in rational lotteries; a certain loss also where digits are cut.
    """
    worst, best = ([_simple(p) for p in precise.priced(model, sign)[1]] for sign in (-1, 1))

    def mixture(share: Fraction) -> list[Fraction]:
        mixed = [p + share * (q - p) for p, q in zip(worst, best, strict=True)]
        return [p / sum(mixed) for p in mixed]

    def excess(share: Fraction) -> Real:
        return precise.divergence([precise.real(p) for p in mixture(share)], model.reference)

    least, inside = Fraction(0), Fraction(0)
    if ball and excess(least) > model.budget:
        grid = [Fraction(k, 32) for k in range(33)]
        inside = min(grid, key=excess)
        if excess(inside) > model.budget:
            return []
        for _ in range(60):
            middle = (least + inside) / 2
            least, inside = (least, middle) if excess(middle) <= model.budget else (middle, inside)
    return [mixture(inside), mixture(inside + (1 - inside) * _MARGIN)]


def _simple(value: Real) -> Fraction:
    """The simple rational that this is to 30 digits, else its decimal."""
    decimal = precise.decimal(value, 30, ROUND_HALF_EVEN)
    near = decimal.limit_denominator(10**6)
    return near if abs(near - decimal) < Fraction(1, 10**28) else decimal


def _nothing_beats(model: Model) -> list[int]:
    """The alternatives that nothing beats, which all tie."""
    tiny = mp.mpf(10) ** (12 - mp.dps)
    return [x for x in model.support if all(model.margins[x][z] >= -tiny for z in model.support)]


def _worst_of(tied: list[int], model: Model, ball: bool) -> list[list[Fraction]]:
    """The worst policy of the ball on these alternatives, where no single one of them will do."""
    if not ball or not tied or not precise.fits(model, tied):
        return []
    mass = mp.fsum(model.reference[x] for x in tied)
    inside = [q / mass if x in tied else mp.mpf(0) for x, q in enumerate(model.reference)]
    score = [-u for u in model.utility]
    worst = precise.face(replace(model, support=tied), score)
    if precise.fits(model, worst):
        return []  # then a single alternative will do
    s = precise.inverse_temperature(inside, score, model.budget + mp.log(mass))
    policy = precise.tilt(inside, score, s * (1 - precise.real(_MARGIN)))
    return [[precise.decimal(p, 25, ROUND_FLOOR) for p in policy]]
