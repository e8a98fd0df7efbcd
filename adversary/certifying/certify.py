"""Finds witnesses and writes certificates. Untrusted: the checker judges every file.

The claim is what the checker's arithmetic proves from the witness, rounded down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import torch
from mpmath import mp

from adversary import certificate, files
from adversary.certifying import precise, ties
from adversary.certifying.precise import Model, Real, Vector
from adversary.certifying.proved import CAP, proved_bound
from adversary.errors import CertificateError, InputError
from adversary.exact import to_text
from adversary.interface.method import Method, Status
from adversary.interface.preferences import Preferences
from adversary.problem.distortion import evaluate
from adversary.problem.document import Document, to_json
from adversary.problem.instance import Instance
from adversary.problem.population import Population
from adversary.solvers import bradley_terry, game

RULES = ("borda", "copeland", "dpo", "ipo", "maximal-lotteries", "nlhf", "rlhf")
"""The methods for which the checker has a rule."""
_PRECISIONS = (50, 100, 300)  # decimal digits
_SLACK = mp.mpf("1e-12")  # relative loss that a witness may cost
_GOOD = 1e-9  # relative loss at which a lower precision is good enough
_DIGITS = 12  # significant digits of a claim


@dataclass(frozen=True)
class Certificate:
    """A document that the checker accepts."""

    document: Document
    lower_bound: Fraction
    policies: str

    @property
    def instance(self) -> Instance:
        """The instance of the certificate."""
        return self.document.instance

    def save(self, path: str | Path) -> None:
        """Write the file atomically, once the checker has accepted its content on disk."""
        files.write_text(to_json(self.document), path, verify=must_be_accepted)


def must_be_accepted(path: str) -> None:
    """Raise CertificateError where the checker refuses a file."""
    verdict = certificate.check(path)
    if not verdict.accepted:
        raise CertificateError(f"the checker refuses the file: {verdict.message}")


def certify(
    instance: Instance,
    method: Method,
    policies: str = "every",
    provenance: dict[str, Any] | None = None,
) -> Certificate:
    """Complete an instance into a certificate for a method.

    `policies`: 'every' or 'some' of the policies that the method allows. Raises CertificateError
    with the reason where the checker has no rule for the method or nothing can be proved.
    """
    if method.name not in RULES:
        reason = f"the checker has no rule for {method.name!r} (it has: {', '.join(RULES)})"
        raise CertificateError(reason)
    if policies not in ("every", "some"):
        raise InputError("policies", policies, "'every' or 'some'")
    support = [w > 0 for w in instance.reference.weights] if instance.reference else repeat(True)
    if not any(
        u > 0 for u, inside in zip(instance.average_utility, support, strict=False) if inside
    ):
        raise CertificateError("every policy has utility 0: no distortion is defined")
    with torch.no_grad():
        population = Population.of(instance)
        result, outcome = evaluate(population, method)
        preferences = population.preferences()[0]
    status = Status(int(outcome.status[0]))
    if status is Status.DISCONNECTED:
        raise CertificateError(status.advice)
    claim = {"distortion_at_least": "1", "policies": policies}
    about = {"name": method.name, "parameters": {}}
    draft = Document(instance, about, claim, {}, provenance or {})
    best: tuple[Fraction, Document] | None = None
    enough = float(result.every[0]) * (1 - _GOOD)
    for digits in _PRECISIONS:
        found: tuple[Fraction, Document] | None = None
        with mp.workdps(digits):
            model = precise.model(instance)
            for attempt in _attempts(instance, model, method.name, preferences):
                with suppress(ArithmeticError, ValueError):
                    witness = _optimum(instance, model) | attempt()
                    found = _better(found, replace(draft, witness=witness))
                if found is not None and found[0] >= enough:
                    break
        if found is not None and (best is None or found[0] > best[0]):
            best = found
        # What floats call a tie may be none: their value is then no guide.
        if best is not None and best[0] >= enough and status is Status.SOLVED:
            break
    if policies == "some":
        with mp.workdps(_PRECISIONS[0]):
            model = precise.model(instance)
            for policy in ties.candidates(model, method.name, instance.reference is not None):
                witness = _optimum(instance, model) | {"chosen": [to_text(p) for p in policy]}
                with suppress(CertificateError):  # not fit to be chosen, or too large for ties
                    best = _better(best, replace(draft, witness=witness))
    if best is None:
        raise CertificateError(f"no witness was found for {method.name} on this instance")
    bound, document = best
    claim = {"distortion_at_least": to_text(bound, decimal=True), "policies": policies}
    document = replace(document, claim=claim)
    return Certificate(document, bound, policies)


def _better(
    best: tuple[Fraction, Document] | None, candidate: Document
) -> tuple[Fraction, Document] | None:
    """Return whichever proves more."""
    content = to_json(candidate).encode("utf-8", "backslashreplace")
    try:
        proved = proved_bound(content, _DIGITS + 3)
        if proved is not None and proved < Fraction(1, 1000):  # its digits are decimal places
            proved = proved_bound(content, 4 * _DIGITS)
    except certificate.Rejected as reason:
        raise CertificateError(str(reason)) from None
    if proved is None or proved <= 0:
        return best
    if proved < CAP:  # the bound itself may be proved by nothing but an exact equality
        exact = proved * (1 - Fraction(1, 10 ** (_DIGITS + 2)))
        scale = Fraction(10) ** (_DIGITS - 1 - math.floor(math.log10(exact)))
        proved = math.floor(exact * scale) / scale
    return (proved, candidate) if best is None or proved > best[0] else best


def _attempts(
    instance: Instance, model: Model, method: str, preferences: Preferences
) -> list[Callable[[], dict[str, Any]]]:
    """Return ways to a witness of the dual rule (SPEC §4.1, §5), the most promising first."""
    if method == "borda":
        return [lambda: _winner(*precise.borda(model))]
    if method == "copeland":
        return [lambda: _winner(model, precise.copeland(model))]
    if method == "ipo":
        return [lambda: _maximised(instance, model, precise.borda(model)[1])]
    if method in ("rlhf", "dpo"):
        return [lambda: _reward(instance, model, preferences)]
    if method == "maximal-lotteries" or instance.reference is None:
        return [lambda: _lottery(model, [])]
    if model.budget == 0:
        return [lambda: _at_reference(instance, model, "opponent")]
    with torch.no_grad():
        free = torch.full_like(preferences.budget, torch.inf)
        tables = (preferences.margin, preferences.noise, preferences.log_reference)
        nearest = _normalised(game.solve(*tables, free).log_policy.exp().tolist())
    if precise.divergence(nearest, model.reference) <= model.budget:
        inner = [lambda: _lottery(model, nearest), lambda: _limited(model)]
        return [*inner, lambda: _nash(model, preferences)]
    return [lambda: _nash(model, preferences), lambda: _lottery(model, nearest)]


def _normalised(weights: Sequence[float]) -> Vector:
    total = mp.fsum(weights)
    return [mp.mpf(w) / total for w in weights]


def _optimum(instance: Instance, model: Model) -> dict[str, Any]:
    """A policy of the ball, as good as the best up to 1e-25; nothing in social choice."""
    if instance.reference is None:
        return {}
    winners = precise.face(model, model.utility)
    if model.budget == 0:
        return {"optimum": _reference(instance)}
    if precise.fits(model, winners):
        return {"optimum": _restricted(instance, winners)}
    s = precise.inverse_temperature(model.reference, model.utility, model.budget)
    return {"optimum": {"temperature": _up(1 / s, 28)}}


def _reference(instance: Instance) -> list[str]:
    assert instance.reference is not None
    return [to_text(w) for w in instance.reference.weights]


def _restricted(instance: Instance, chosen: list[int]) -> list[str]:
    """The reference (uniform in social choice) on the chosen alternatives."""
    reference = instance.reference
    if reference is None or len(chosen) == 1:
        return ["1" if x in chosen else "0" for x in range(len(instance.alternatives))]
    return [to_text(w) if x in chosen else "0" for x, w in enumerate(reference.weights)]


def _winner(model: Model, score: Vector) -> dict[str, Any]:
    """The score decides among the alternatives of the support, whatever the budget."""
    winners = precise.face(model, score)
    anchor = ["1" if x == winners[0] else "0" for x in range(len(score))]
    return {"anchor": anchor, "multiplier": _enough(model, score, winners)}


def _enough(model: Model, score: Vector, winners: list[int]) -> str:
    """A multiplier s, a power of ten, with U(x) + s(c(x) − c(winner)) ≤ the winners' utility."""
    top = max(model.utility[x] for x in winners)
    ratios = [
        (model.utility[x] - top) / (score[winners[0]] - score[x])
        for x in model.support
        if x not in winners and model.utility[x] > top
    ]
    return _power(2 * max(ratios)) if ratios else "0"


def _reward(instance: Instance, model: Model, preferences: Preferences) -> dict[str, Any]:
    with torch.no_grad():
        start = bradley_terry.fit(preferences).reward
    reward = precise.reward(model, start.tolist())
    return {"reward": [_down(r, 17) for r in reward]} | _maximised(instance, model, reward)


def _maximised(instance: Instance, model: Model, score: Vector) -> dict[str, Any]:
    """The policy maximises the score over the ball."""
    winners = precise.face(model, score)
    if model.budget == 0:
        return _at_reference(instance, model, "anchor")
    if precise.fits(model, winners):
        found: dict[str, Any] = {"anchor": _restricted(instance, winners)}
        best = [x for x in winners if model.utility[x] == max(model.utility[z] for z in winners)]
        if instance.reference is None or precise.fits(model, best):
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


def _interior(model: Model, policy: Vector) -> tuple[Real, Real]:
    """Return (η, ε) for a budget that binds at `policy`.

    With c/λ = log π/π_ref and s = η/λ the dual bound is U(π) + Var_π(U)/(2η) + η(τ − KL(π̂)) up to
    higher orders: η makes the second term negligible, and ε is what KL(π̂) may fall short of τ.
    """
    achieved = precise.dot(model.utility, policy)
    spread = max(precise.variance(model.utility, policy), achieved**2 * _SLACK)
    smoothing = mp.mpf(10) ** mp.ceil(mp.log10(spread / (achieved * _SLACK)))
    return smoothing, achieved * _SLACK / smoothing


def _at_reference(instance: Instance, model: Model, role: str) -> dict[str, Any]:
    """A budget of zero: the only policy is the reference, and η → ∞ gives its utility."""
    smoothing, _ = _interior(model, model.reference)
    return {role: _reference(instance), "multiplier": "0", "smoothing": _power(smoothing)}


def _on_face(model: Model, score: Vector, winners: list[int]) -> dict[str, Any]:
    """Several highest scores whose best policy is limited by the budget."""
    mass = mp.fsum(model.reference[x] for x in winners)
    on_face = [q / mass if x in winners else mp.mpf(0) for x, q in enumerate(model.reference)]
    s = precise.inverse_temperature(on_face, model.utility, model.budget + mp.log(mass))
    gap = min(score[winners[0]] - score[x] for x in model.support if x not in winners)
    return {"multiplier": _power(mp.mpf(10) ** 3 / (s * gap)), "smoothing": _down(1 / s, 30)}


def _nash(model: Model, preferences: Preferences) -> dict[str, Any]:
    """The budget binds at the Nash policy."""
    with torch.no_grad():
        tables = (preferences.margin, preferences.noise, preferences.log_reference)
        # From below, Newton's method converges however close the budget is to a lottery's.
        start = game.solve(*tables, preferences.budget * (1 - 1e-6)).log_policy
    policy, s = precise.nash(model, start.tolist())
    smoothing, allowance = _interior(model, policy)
    return _against(model, policy, smoothing * s, smoothing, allowance)


def _limited(model: Model) -> dict[str, Any]:
    """The budget keeps the best of the maximal lotteries out of the ball, but not all of them."""
    policy, s, t = precise.limited_lottery(model)
    allowance = precise.dot(model.utility, policy) * _SLACK * t / max(1, s)
    return _against(model, policy, s / t, 1 / t, allowance)


def _against(
    model: Model, policy: Vector, multiplier: Real, smoothing: Real, allowance: Real
) -> dict[str, Any]:
    """The witness with a policy of KL = τ as the opponent.

    A little of the reference takes it into the ball, out of which rounding must not take it.
    """
    share = allowance / max(1, 1 + model.budget)
    digits = _digits(share) + 4
    opponent = [p + share * (q - p) for p, q in zip(policy, model.reference, strict=True)]
    power = smoothing == mp.mpf(10) ** mp.nint(mp.log10(smoothing))
    return {
        "opponent": [_down(p, digits) for p in opponent],
        "multiplier": _down(multiplier, digits),
        "smoothing": _power(smoothing) if power else _down(smoothing, digits),
    }


def _lottery(model: Model, nearest: Vector) -> dict[str, Any]:
    """Prices of the linear program; for a ball (`nearest` is not empty), with so much of a
    maximal lottery added, which costs nothing, that the opponent lies in it.
    """
    prices, lottery = precise.priced(model)
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
    digits = _digits(achieved * _SLACK / total)
    return {"opponent": [_down(y, digits) for y in found], "multiplier": _down(total, digits)}


def _inside(model: Model, weights: Vector) -> bool:
    return precise.divergence(_normalised(weights), model.reference) <= model.budget


def _digits(relative: Real) -> int:
    """Significant digits that keep a relative error below this, and a few more."""
    return max(6, int(mp.ceil(-mp.log10(relative))) + 4)


def _down(value: Real, digits: int) -> str:
    """A decimal within one unit of its last digit."""
    return to_text(precise.decimal(value, digits, mp.floor))


def _up(value: Real, digits: int) -> str:
    return to_text(precise.decimal(value, digits, mp.ceil))


def _power(value: Real) -> str:
    """The power of ten that is at least this."""
    return to_text(Fraction(10) ** int(mp.ceil(mp.log10(value))))
