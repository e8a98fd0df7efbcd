"""Policies that a method may allow by an exact tie: for claims about `some` policy (SPEC §4.3).

Nothing here is trusted: the checker shows which of them are allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN
from fractions import Fraction

from mpmath import mp

from adversary.certifying import lotteries, precise, witnesses
from adversary.certifying.precise import Model, Real
from adversary.certifying.witnesses import Case, Witness
from adversary.exact import to_text

_MARGIN = Fraction(1, 10**13)  # how far inside a policy stays, where only a certain loss will do

Policy = list[Fraction]


def chosen(case: Case) -> Iterator[Witness]:
    """Yield witnesses with a policy of low utility that a tie may allow."""
    with suppress(ArithmeticError, ValueError):
        optimum = witnesses.optimum(case.instance, case.model)
        for policy in candidates(case):
            yield optimum | {"chosen": [to_text(p) for p in policy]}


def candidates(case: Case) -> Iterator[Policy]:
    """Yield policies of low utility that a tie may allow.

    Single alternatives; for games the worst lottery where it is rational; and the worst policy of
    the ball on the alternatives that tie, for a game those that nothing beats. Rewards tie as Borda
    scores do, under the laws for which the checker knows of ties.
    """
    rule = case.rule
    if rule.score == "game":
        yield from (policy for policy in _unbeaten(case) if _loses_to_nothing(policy, case.model))
        return
    model, score, _ = witnesses.SCORES["borda" if rule.score == "reward" else rule.score](case)
    winners = precise.face(model, score)
    yield from (_alone(x, model) for x in winners)
    yield from _worst_of(winners, model, case.bounded)


def _unbeaten(case: Case) -> Iterator[Policy]:
    model = case.model
    yield from (_alone(x, model) for x in model.support)
    nothing_beats = [
        x for x in model.support if all(model.margins[x][z] >= 0 for z in model.support)
    ]  # which all tie
    with suppress(ArithmeticError):
        yield from _lotteries(model, case.bounded, nothing_beats)
    yield from _worst_of(nothing_beats, model, case.bounded)


def _alone(chosen: int, model: Model) -> Policy:
    return [Fraction(int(x == chosen)) for x in range(len(model.utility))]


def _loses_to_nothing(policy: Policy, model: Model) -> bool:
    """Whether nothing beats the policy, as far as these digits show."""
    payoff = precise.times(model.margins, [precise.real(p) for p in policy])
    return max(payoff[x] for x in model.support) <= mp.mpf(10) ** -20 * precise.real(sum(policy))


def _lotteries(model: Model, ball: bool, alone: list[int]) -> Iterator[Policy]:
    """Mixtures of the best maximal lottery into the worst, as little as the ball asks for.

    An exact tie survives only in rational lotteries; a certain loss also where digits are cut, so
    that a little of other lotteries (`alone`: alternatives that nothing beats) may prove more.
    """
    worst, best = ([_simple(p) for p in lotteries.priced(model, sign)[1]] for sign in (-1, 1))

    def mixture(share: Fraction) -> Policy:
        mixed = [p + share * (q - p) for p, q in zip(worst, best, strict=True)]
        return [p / sum(mixed) for p in mixed]

    def excess(share: Fraction) -> Real:
        policy = [precise.real(p) for p in mixture(share)]
        return precise.divergence(policy, model.reference) - model.budget

    inside = least_inside(excess) if ball else Fraction(0)
    if inside is not None:
        yield mixture(inside)
        yield mixture(inside + (1 - inside) * _MARGIN)
        if alone:
            inner = [p + _MARGIN * (x in alone) for x, p in enumerate(mixture(inside))]
            yield [p / sum(inner) for p in inner]


def least_inside(excess: Callable[[Fraction], Real]) -> Fraction | None:
    """Return nearly the least share of [0, 1] with excess ≤ 0, for a convex excess; None: none."""
    if excess(Fraction(0)) <= 0:
        return Fraction(0)
    inside = min((Fraction(k, 32) for k in range(33)), key=excess)
    if excess(inside) > 0:
        return None
    outside = Fraction(0)
    for _ in range(60):
        middle = (outside + inside) / 2
        outside, inside = (outside, middle) if excess(middle) <= 0 else (middle, inside)
    return inside


def _simple(value: Real) -> Fraction:
    """The simple rational that this is to 30 digits, else its decimal."""
    decimal = precise.decimal(value, 30, ROUND_HALF_EVEN)
    near = decimal.limit_denominator(10**6)
    return near if abs(near - decimal) < Fraction(1, 10**28) else decimal


def _worst_of(tied: list[int], model: Model, ball: bool) -> Iterator[Policy]:
    """The worst policy of the ball on these alternatives, where no single one of them will do."""
    if not ball or not tied or not precise.fits(model, tied):
        return
    mass = mp.fsum(model.reference[x] for x in tied)
    inside = [q / mass if x in tied else mp.mpf(0) for x, q in enumerate(model.reference)]
    score = [-u for u in model.utility]
    worst = precise.face(replace(model, support=tied), score)
    if precise.fits(model, worst):
        return  # then a single alternative will do
    s = precise.inverse_temperature(inside, score, model.budget + mp.log(mass))
    policy = precise.tilt(inside, score, s * (1 - precise.real(_MARGIN)))
    yield [precise.decimal(p, 25, ROUND_FLOOR) for p in policy]
