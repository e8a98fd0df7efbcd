"""Finds witnesses and writes certificates. Untrusted: the checker judges every file.

The claim is what the checker's arithmetic proves from the witness, rounded down.
"""

from __future__ import annotations

import math

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from mpmath import mp
from scipy.optimize import linprog

from adversary import bradley_terry, certificate, game, precise
from adversary.distortion import evaluate
from adversary.document import Document, to_json, write_text
from adversary.errors import CertificateError
from adversary.exact import to_text
from adversary.instance import Instance
from adversary.method import Method, Status
from adversary.population import Population
from adversary.precise import Model, Real, Vector
from adversary.preferences import Preferences

RULES = ("borda", "dpo", "maximal-lotteries", "nlhf", "rlhf")
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
        write_text(to_json(self.document), path, verify=_must_be_accepted)


def _must_be_accepted(path: str) -> None:
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
    with torch.no_grad():
        population = Population.of(instance)
        result, outcome = evaluate(population, method)
        preferences = population.preferences()[0]
    status = Status(int(outcome.status[0]))
    if status is Status.DISCONNECTED:
        raise CertificateError(status.advice)
    claim = {"distortion_at_least": "0", "policies": policies}
    about = {"name": method.name, "parameters": {}}
    draft = Document(instance, about, claim, {}, provenance or {})
    best: tuple[Fraction, Document] | None = None
    numeric = float(result.every[0])
    for digits in _PRECISIONS:
        with mp.workdps(digits):
            model = precise.model(instance)
            try:
                witness = _witness(instance, model, method.name, preferences)
            except (ArithmeticError, ValueError):
                continue
        best = _better(best, replace(draft, witness=witness))
        if best is not None and float(best[0]) >= numeric * (1 - _GOOD):
            break
    if policies == "some":
        for witness in _chosen(instance, method.name, preferences):
            best = _better(best, replace(draft, witness=witness))
    if best is None or best[0] <= 0:
        raise CertificateError(f"no witness was found for {method.name} on this instance")
    bound, document = best
    claim = {"distortion_at_least": to_text(bound), "policies": policies}
    document = replace(document, claim=claim)
    return Certificate(document, bound, policies)


def _better(
    best: tuple[Fraction, Document] | None, candidate: Document
) -> tuple[Fraction, Document] | None:
    """Return whichever proves more. Rounded down by one digit more than the checker does."""
    try:
        proved = certificate.proved_bound(to_json(candidate).encode(), _DIGITS + 3)
    except certificate.Rejected as reason:
        raise CertificateError(str(reason)) from None
    if proved is None or proved <= 0:
        return best
    places = _DIGITS - 1 - math.floor(math.log10(float(min(proved, Fraction(10) ** 300))))
    scale = Fraction(10) ** places
    bound = Fraction(math.floor(proved * scale) - 1) / scale
    return (bound, candidate) if best is None or bound > best[0] else best


def _witness(
    instance: Instance, model: Model, method: str, preferences: Preferences
) -> dict[str, Any]:
    """Return a witness of the dual rule (SPEC §4.1, §5)."""
    optimum = {} if instance.reference is None else {"optimum": _optimum(instance, model)}
    if method == "borda":
        return optimum | _borda(model)
    if method in ("rlhf", "dpo"):
        return optimum | _reward(instance, model, preferences)
    return optimum | _game(instance, model, method, preferences)


def _optimum(instance: Instance, model: Model) -> Any:
    """A policy of the ball, as good as the best up to 1e-25."""
    assert instance.reference is not None
    winners = precise.face(model, model.utility)
    if model.budget == 0:
        return _reference(instance)
    if precise.fits(model, winners):
        return _restricted(instance, winners)
    s = precise.inverse_temperature(model.reference, model.utility, model.budget)
    return {"temperature": _up(1 / s, 28)}


def _reference(instance: Instance) -> list[str]:
    assert instance.reference is not None
    return [to_text(w) for w in instance.reference.weights]


def _restricted(instance: Instance, chosen: list[int]) -> list[str]:
    """The reference (uniform in social choice) on the chosen alternatives."""
    reference = instance.reference
    if reference is None or len(chosen) == 1:
        return ["1" if x in chosen else "0" for x in range(len(instance.alternatives))]
    return [to_text(w) if x in chosen else "0" for x, w in enumerate(reference.weights)]


def _borda(model: Model) -> dict[str, Any]:
    margins = zip(model.margins, model.opponents, strict=True)
    score = [precise.dot(a, n) if n else None for a, n in margins]
    eligible = [x for x in model.support if score[x] is not None]
    if not eligible:
        raise CertificateError("no alternative of the support is ever shown: no Borda score")
    known = replace(model, support=eligible)
    winners = precise.face(known, [mp.mpf(0) if c is None else c for c in score])
    anchor = ["1" if x == winners[0] else "0" for x in range(len(score))]
    return {"anchor": anchor, "multiplier": _enough(known, score, winners)}  # type: ignore[arg-type]


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
    found: dict[str, Any] = {"reward": [_down(r, 17) for r in reward]}
    winners = precise.face(model, reward)
    if model.budget == 0:
        return found | _at_reference(instance, model, "anchor")
    if precise.fits(model, winners):
        multiplier = _enough(model, reward, winners)
        found |= {"anchor": _restricted(instance, winners)}
        best = [x for x in winners if model.utility[x] == max(model.utility[z] for z in winners)]
        if instance.reference is None or precise.fits(model, best):
            return found | {"multiplier": multiplier}
        return found | _on_face(model, reward, winners)
    s = precise.inverse_temperature(model.reference, reward, model.budget)
    policy = precise.tilt(model.reference, reward, s)
    smoothing, allowance = _interior(model, policy)
    # KL falls by s²·Var(r) for each relative change of the temperature.
    digits = _digits(allowance / (s**2 * precise.variance(reward, policy)))
    return found | {
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


def _on_face(model: Model, reward: Vector, winners: list[int]) -> dict[str, Any]:
    """Several highest rewards whose best policy is limited by the budget."""
    mass = mp.fsum(model.reference[x] for x in winners)
    on_face = [q / mass if x in winners else mp.mpf(0) for x, q in enumerate(model.reference)]
    s = precise.inverse_temperature(on_face, model.utility, model.budget + mp.log(mass))
    gap = min(reward[winners[0]] - reward[x] for x in model.support if x not in winners)
    return {"multiplier": _power(mp.mpf(10) ** 3 / (s * gap)), "smoothing": _down(1 / s, 30)}


def _game(
    instance: Instance, model: Model, method: str, preferences: Preferences
) -> dict[str, Any]:
    ball = method == "nlhf" and instance.reference is not None
    if ball and model.budget == 0:
        return _at_reference(instance, model, "opponent")
    with torch.no_grad():
        margin, noise = preferences.margin, preferences.noise
        free = torch.full_like(preferences.budget, torch.inf)
        lottery = game.solve(margin, noise, preferences.log_reference, free)
        chosen = [x for x, p in enumerate(lottery.log_policy.exp().tolist()) if p > 1e-9]
    binding = ball and not _in_ball(model, lottery.log_policy.exp().tolist())
    if not binding:
        return _priced(model, chosen, ball)
    with torch.no_grad():
        start = game.solve(margin, noise, preferences.log_reference, preferences.budget)
    policy, s = precise.nash(model, start.log_policy.exp().tolist())
    smoothing, allowance = _interior(model, policy)
    # A little of the reference takes the opponent into the ball; rounding must not take it out.
    share = allowance / max(1, 1 + model.budget)
    digits = _digits(share) + 4
    opponent = [p + share * (q - p) for p, q in zip(policy, model.reference, strict=True)]
    return {
        "opponent": [_down(p, digits) for p in opponent],
        "multiplier": _down(smoothing * s, digits),
        "smoothing": _power(smoothing),
    }


def _in_ball(model: Model, policy: list[float]) -> bool:
    total = mp.fsum(policy)
    exact = [mp.mpf(p) / total for p in policy]
    return precise.divergence(exact, model.reference) <= model.budget


def _priced(model: Model, chosen: list[int], ball: bool) -> dict[str, Any]:
    """Prices y on the lottery's support with U + Ay constant there, or by linear programming."""
    if len(chosen) == 1:
        score = [row[chosen[0]] for row in model.margins]
        opponent = ["1" if x in chosen else "0" for x in range(len(score))]
        return {"opponent": opponent, "multiplier": _enough(model, score, chosen)}
    for power in range(0, mp.dps // 2, 2):
        found = precise.lottery(model, chosen, mp.mpf(10) ** power)
        if found is None:
            continue
        prices, top = found
        total = mp.fsum(prices)
        if ball and precise.divergence([p / total for p in prices], model.reference) > model.budget:
            continue
        digits = _digits(top * _SLACK / total)
        return {"opponent": [_down(p, digits) for p in prices], "multiplier": _down(total, digits)}
    # Several lotteries: min t with U + Ay ≤ t, y ≥ 0, whose dual is max U over all of them.
    inside = model.support
    size = len(inside)
    table = [[float(model.margins[x][z]) for z in inside] + [-1.0] for x in inside]
    utility = [float(model.utility[x]) for x in inside]
    solved = linprog([0.0] * size + [1.0], table, [-u for u in utility], bounds=(0, None))
    if solved.x is None:
        raise ArithmeticError(solved.message)
    prices = [max(0.0, y) for y in solved.x[:size]]
    total = math.fsum(prices)
    weights = ["0"] * len(model.utility)
    for x, y in zip(inside, prices, strict=True):
        weights[x] = _down(mp.mpf(y if total else 1), 17)
    return {"opponent": weights, "multiplier": _down(mp.mpf(total), 17)}


def _chosen(instance: Instance, method: str, preferences: Preferences) -> list[dict[str, Any]]:
    """Witnesses for `some`: each supported alternative alone, as a policy allowed by a tie."""
    found = []
    for x in preferences.support.nonzero()[:, 0].tolist():
        witness: dict[str, Any] = {"chosen": _restricted(instance, [x])}
        if instance.reference is not None:
            with mp.workdps(_PRECISIONS[0]):
                witness["optimum"] = _optimum(instance, precise.model(instance))
        found.append(witness)
    return found


def _digits(relative: Real) -> int:
    """Significant digits that keep a relative error below this, and a few more."""
    return max(6, int(mp.ceil(-mp.log10(relative))) + 4)


def _down(value: Real, digits: int) -> str:
    """A decimal within one unit of its last digit."""
    return to_text(_decimal(value, digits, mp.floor))


def _up(value: Real, digits: int) -> str:
    return to_text(_decimal(value, digits, mp.ceil))


def _decimal(value: Real, digits: int, rounding: Any) -> Fraction:
    if value == 0:
        return Fraction(0)
    places = digits - 1 - int(mp.floor(mp.log10(abs(value))))
    return Fraction(int(rounding(value * mp.mpf(10) ** places))) / Fraction(10) ** places


def _power(value: Real) -> str:
    """The power of ten that is at least this."""
    return to_text(Fraction(10) ** int(mp.ceil(mp.log10(value))))
