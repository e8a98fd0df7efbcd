"""Recipes for witnesses (SPEC §5), by what a method maximises or which game it plays.

Each is a guess that should prove nearly the truth; the checker says what it does prove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction
from typing import Any

import torch
from mpmath import mp

from adversary.certifying import lotteries, nash, precise, rewards
from adversary.certifying.precise import Model, Real, Vector
from adversary.exact import to_text
from adversary.interface.preferences import Preferences
from adversary.problem.document import Document
from adversary.problem.instance import Instance
from adversary.problem.population import Population
from adversary.solvers import bradley_terry, game

Witness = dict[str, Any]
SLACK = mp.mpf("1e-12")  # relative loss that a witness may cost


@dataclass(frozen=True)
class Rule:
    """Which policies a method allows (SPEC §3.7)."""

    score: str
    """What they maximise: a key of `SCORES`; or 'game': nothing beats them."""
    ball: bool
    """Whether they are confined to the KL ball."""


RULES = {
    "borda": Rule("borda", ball=False),
    "copeland": Rule("copeland", ball=False),
    "dpo": Rule("reward", ball=True),
    "ipo": Rule("borda", ball=True),
    "maximal-lotteries": Rule("game", ball=False),
    "nlhf": Rule("game", ball=True),
    "rlhf": Rule("reward", ball=True),
}
"""The methods for which the checker has a rule."""


@dataclass(frozen=True)
class Case:
    """An instance with what is known of it: its model, and floats to start from."""

    instance: Instance
    model: Model
    rule: Rule

    @property
    def preferences(self) -> Preferences:
        """What float solvers see."""
        with torch.no_grad():
            return Population.of(self.instance).preferences()[0]

    @property
    def bounded(self) -> bool:
        """Whether a budget limits the method."""
        return self.rule.ball and self.instance.reference is not None


def optimum(instance: Instance, model: Model) -> Witness:
    """A policy of the ball, as good as the best up to 1e-25; nothing in social choice."""
    if instance.reference is None:
        return {}
    if _at_centre(model):
        return {"optimum": _reference(instance)}
    winners = precise.face(model, model.utility)
    if precise.fits(model, winners):
        return {"optimum": _restricted(instance, winners)}
    s = precise.inverse_temperature(model.reference, model.utility, model.budget)
    return {"optimum": {"temperature": _up(1 / s, 28)}}


def proposals(case: Case) -> Iterator[Callable[[], Witness]]:
    """Yield ways to a witness of the dual rule (SPEC §4.1), the most promising first.

    They raise ArithmeticError where the case or the precision is not theirs.
    """
    if case.rule.score == "game":
        yield from _games(case)
        yield lambda: _anything(case)
        return
    model, score, given = SCORES[case.rule.score](case)
    own = replace(case, model=model)
    yield lambda: given | _maximised(own, score)
    near = precise.level(model, score)
    if near != score:  # told apart by us, but perhaps not by the checker
        yield lambda: given | _maximised(own, near)
    yield lambda: given | _anything(own)


# What each score needs: the model with the alternatives that have it, the score, its own fields.

Scored = tuple[Model, Vector, Witness]


def _borda(case: Case) -> Scored:
    return *precise.borda(case.model), {}


def _copeland(case: Case) -> Scored:
    return case.model, precise.copeland(case.model), {}


def _reward(case: Case) -> Scored:
    with torch.no_grad():
        start = bradley_terry.fit(case.preferences).reward.tolist()
    reward = rewards.reward(case.model, start)
    given = {"reward": [_down(r, 17) for r in reward]}
    return case.model, precise.level(case.model, reward), given


SCORES: dict[str, Callable[[Case], Scored]] = {
    "borda": _borda,
    "copeland": _copeland,
    "reward": _reward,
}


def _maximised(case: Case, score: Vector) -> Witness:
    """The policy maximises the score; over the ball, where that limits it."""
    model = case.model
    winners = precise.face(model, score)
    if not case.bounded:
        anchor = _restricted(case.instance, winners[:1])
        return {"anchor": anchor, "multiplier": _enough(model, score, winners)}
    if _at_centre(model):
        return _anything(case)
    if precise.fits(model, winners):
        found: Witness = {"anchor": _restricted(case.instance, winners)}
        top = max(model.utility[x] for x in winners)
        if precise.fits(model, [x for x in winners if model.utility[x] == top]):
            return found | {"multiplier": _enough(model, score, winners)}
        return found | _on_face(model, score, winners)
    s = precise.inverse_temperature(model.reference, score, model.budget)
    policy = precise.tilt(model.reference, score, s)
    smoothing, allowance = _interior(model, policy)
    # KL falls by s²·Var(c) for each relative change of the temperature.
    digits = _digits(allowance / (s**2 * precise.variance(score, policy)))
    return {
        "anchor": {"temperature": _up(1 / s, digits)},
        "multiplier": _down(smoothing * s, digits),
        "smoothing": _power(smoothing),
    }


def _enough(model: Model, score: Vector, winners: list[int]) -> str:
    """A multiplier s, a power of ten, with U(x) + s(c(x) − c(winner)) ≤ the winners' utility."""
    top = max(model.utility[x] for x in winners)
    ratios = [
        (model.utility[x] - top) / (score[winners[0]] - score[x])
        for x in model.support
        if x not in winners and model.utility[x] > top
    ]
    return _power(2 * max(ratios)) if ratios else "0"


def _on_face(model: Model, score: Vector, winners: list[int]) -> Witness:
    """Several highest scores whose best policy is limited by the budget."""
    mass = mp.fsum(model.reference[x] for x in winners)
    on_face = [q / mass if x in winners else mp.mpf(0) for x, q in enumerate(model.reference)]
    s = precise.inverse_temperature(on_face, model.utility, model.budget + mp.log(mass))
    top = max(model.utility[x] for x in winners)
    needed = [
        (1000 / s + max(mp.mpf(0), model.utility[x] - top)) / (score[winners[0]] - score[x])
        for x in model.support
        if x not in winners
    ]
    return {"multiplier": _power(max(needed, default=mp.mpf(1))), "smoothing": _down(1 / s, 30)}


def _games(case: Case) -> Iterator[Callable[[], Witness]]:
    """What nothing beats: a lottery, or a policy at the edge of the ball."""
    model = case.model
    if not case.bounded:
        yield lambda: _lottery(model, [])
    elif _at_centre(model):
        yield lambda: _anything(case)
    else:
        nearest = _nearest(case)
        inside = precise.divergence(nearest, model.reference) <= model.budget
        ways = [
            lambda: _lottery(model, nearest),
            lambda: _limited(model),
            lambda: _nash(model, case.preferences),
        ]
        yield from ways if inside else reversed(ways)


def _nearest(case: Case) -> Vector:
    """The maximal lottery nearest to the reference, from floats."""
    preferences = case.preferences
    free = torch.full_like(preferences.budget, torch.inf)
    tables = (preferences.margin, preferences.noise, preferences.log_reference)
    with torch.no_grad():
        policy = game.solve(*tables, free).log_policy.exp()
    if not bool(policy.isfinite().all()):
        return lotteries.priced(case.model)[1]
    return _normalised(policy.tolist())


def _nash(model: Model, preferences: Preferences) -> Witness:
    """The budget binds at the Nash policy."""
    with torch.no_grad():
        tables = (preferences.margin, preferences.noise, preferences.log_reference)
        # From below, Newton's method converges however close the budget is to a lottery's.
        start = game.solve(*tables, preferences.budget * (1 - 1e-6)).log_policy
    policy, s = nash.nash(model, start.tolist())
    smoothing, allowance = _interior(model, policy)
    return _against(model, policy, smoothing * s, smoothing, allowance)


def _limited(model: Model) -> Witness:
    """The budget keeps the best of the maximal lotteries out of the ball, but not all of them."""
    policy, s, t = nash.limited_lottery(model)
    allowance = precise.dot(model.utility, policy) * SLACK * t / max(1, s)
    return _against(model, policy, s / t, 1 / t, allowance)


def _against(
    model: Model, policy: Vector, multiplier: Real, smoothing: Real, allowance: Real
) -> Witness:
    """The witness with a policy of KL = τ as the opponent.

    A little of the reference takes it into the ball, out of which rounding must not take it.
    """
    share = allowance / (1 + model.budget + precise.farthest(policy, model.reference))
    digits = _digits(share * mp.sqrt(min(1, model.budget))) + 4
    opponent = [p + share * (q - p) for p, q in zip(policy, model.reference, strict=True)]
    power = smoothing == mp.mpf(10) ** mp.nint(mp.log10(smoothing))
    return {
        "opponent": [_down(p, digits) for p in opponent],
        "multiplier": _down(multiplier, digits),
        "smoothing": _power(smoothing) if power else _down(smoothing, digits),
    }


def _lottery(model: Model, nearest: Vector) -> Witness:
    """Prices of the linear program; for a ball (`nearest` is not empty), with so much of a
    maximal lottery added, which costs nothing, that the opponent lies in it.
    """
    prices, lottery = lotteries.priced(model)
    achieved = precise.dot(model.utility, lottery)
    found = prices
    if nearest:
        anchors = [lottery, nearest]
        powers = [mp.mpf(0), *(mp.mpf(10) ** k for k in range(0, mp.dps // 2, 2))]
        sums = (
            [y + c * p for y, p in zip(prices, a, strict=True)] for a in anchors for c in powers
        )
        found = next((y for y in sums if any(y) and _inside(model, y)), None)
        if found is None:
            raise ArithmeticError("no price vector lies in the ball")
    total = mp.fsum(found)
    if total == 0:  # the best of all is a maximal lottery
        return {"opponent": [_down(p, 17) for p in lottery], "multiplier": "0"}
    digits = _digits(achieved * SLACK / total)
    return {"opponent": [_down(y, digits) for y in found], "multiplier": _down(total, digits)}


def _inside(model: Model, weights: Vector) -> bool:
    return precise.divergence(_normalised(weights), model.reference) <= model.budget


# What needs no solution.


def _anything(case: Case) -> Witness:
    """Proves that no policy is better than the best: the fields but `reward` of any method."""
    role, model, instance = _role(case.rule), case.model, case.instance
    if not case.bounded:
        best = max(model.support, key=lambda x: model.utility[x])
        return {role: _restricted(instance, [best]), "multiplier": "0"}
    found: Witness = {role: _reference(instance), "multiplier": "0"}
    if precise.fits(model, precise.face(model, model.utility)):
        return found
    if _at_centre(model):  # η → ∞ gives the utility of the reference
        return found | {"smoothing": _power(_interior(model, model.reference)[0])}
    s = precise.inverse_temperature(model.reference, model.utility, model.budget)
    return found | {"smoothing": _down(1 / s, 30)}


def at_most_best(document: Document) -> Witness | None:
    """Proves a distortion of at least 1 for what is confined to the policies of the optimum.

    None where that is not so, or where it cannot be proved exactly.
    """
    instance, witness = document.instance, document.witness or {}
    rule, best = RULES[(document.method or {})["name"]], witness.get("optimum")
    if "chosen" in witness or (instance.reference and not (rule.ball and isinstance(best, list))):
        return None
    if best is None:
        utility = instance.average_utility
        best = _restricted(instance, [utility.index(max(utility))])
    kept = {name: value for name, value in witness.items() if name in ("optimum", "reward")}
    return kept | {_role(rule): best, "multiplier": "0"}


def _role(rule: Rule) -> str:
    return "opponent" if rule.score == "game" else "anchor"


def _at_centre(model: Model) -> bool:
    """Whether no policy of the ball is better than the reference by more than a small loss."""
    achieved = precise.dot(model.utility, model.reference)
    values = [model.utility[x] for x in model.support]
    reach = mp.sqrt(2 * model.budget * precise.variance(model.utility, model.reference))
    far = max(reach, model.budget * max(achieved, max(values) - min(values)))
    return far <= achieved * SLACK / 10


def _interior(model: Model, policy: Vector) -> tuple[Real, Real]:
    """Return (η, ε) for a budget that binds at `policy`.

    With c/λ = log π/π_ref and s = η/λ the dual bound is U(π) + Var_π(U)/(2η) + η(τ − KL(π̂)) up to
    higher orders: η makes the second term negligible, the higher ones too as it is at least the
    range of U, and ε is what KL(π̂) may fall short of τ.
    """
    achieved = precise.dot(model.utility, policy)
    values = [model.utility[x] for x in model.support]
    spread = max(precise.variance(model.utility, policy), achieved**2 * SLACK)
    least = max(spread / (achieved * SLACK), max(values) - min(values))
    smoothing = mp.mpf(10) ** mp.ceil(mp.log10(least))
    return smoothing, achieved * SLACK / smoothing


# How policies and numbers are written.


def _reference(instance: Instance) -> list[str]:
    assert instance.reference is not None
    return [to_text(w) for w in instance.reference.weights]


def _restricted(instance: Instance, chosen: list[int]) -> list[str]:
    """The reference (uniform in social choice) on the chosen alternatives."""
    reference = instance.reference
    if reference is None or len(chosen) == 1:
        return ["1" if x in chosen else "0" for x in range(len(instance.alternatives))]
    return [to_text(w) if x in chosen else "0" for x, w in enumerate(reference.weights)]


def _normalised(weights: Sequence[Real]) -> Vector:
    total = mp.fsum(weights)
    return [mp.mpf(w) / total for w in weights]


def _digits(relative: Real) -> int:
    """Significant digits that keep a relative error below this, and a few more."""
    return max(6, int(mp.ceil(-mp.log10(relative))) + 4)


def _down(value: Real, digits: int) -> str:
    """A decimal within one unit of its last digit."""
    return to_text(precise.decimal(value, digits, ROUND_FLOOR))


def _up(value: Real, digits: int) -> str:
    return to_text(precise.decimal(value, digits, ROUND_CEILING))


def _power(value: Real) -> str:
    """The power of ten that is at least this."""
    return to_text(Fraction(10) ** int(mp.ceil(mp.log10(value))))
