"""Upper bounds, `adversary-bound/1` (BOUNDS.md): strict reading, and what must be <= 0."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise, permutations, product
from typing import Any, NamedTuple

from flint import arb, ctx, fmpq

from .boxes import Form, Proof, prove
from .document import Ball, Law, Rejected, _Reader, _wrong
from .model import half_tanh, tilt

FORMAT = "adversary-bound/1"
BETA = 256
BOXES = 1_000_000
ALTERNATIVES = 64  # under a fixed law
OUTCOME_ALTERNATIVES = 8  # with a fixed outcome: the dimension of the boxes
CASES = 1_024
ZERO, ONE = fmpq(0), fmpq(1)

Forms = tuple[tuple[str, Form], ...]
Kernel = Callable[..., Form]  # of beta, t and the multipliers


@dataclass(frozen=True)
class Bound:
    """A claim, and the forms that prove it if they are <= 0; each with its field's name."""

    method: str
    at_most: fmpq
    text: str
    forms: Forms
    boxes: int
    bits: int


def score_kernel(
    beta: fmpq, t: fmpq, slope: fmpq, half: fmpq = ZERO, p: fmpq = ZERO, q: fmpq = ZERO
) -> Form:
    """BOUNDS 3.2: p f(a, w, a) + q f(a, w, w) + (1-p-q) f(a, w, z), with f as in BOUNDS 3.1.

    f(a, w, z) = a - t w + slope [h(w-z) - h(a-z)] + half h(w-z).
    """
    rest, both = 1 - p - q, slope + half
    pairs = {(1, 0): p * both + q * slope, (1, 2): rest * both, (0, 2): -rest * slope}
    return Form(beta, ZERO, (ONE, -t, ZERO), pairs)


def game_kernel(beta: fmpq, t: fmpq, weight: fmpq) -> Form:
    """BOUNDS 3.4: f(a, w) = a - t w + weight h(w-a)."""
    return Form(beta, ZERO, (ONE, -t), {(1, 0): weight})


def uncovered_kernel(beta: fmpq, t: fmpq, first: fmpq, second: fmpq) -> Form:
    """BOUNDS 3.5: f(a, w, z) = a - t w + first h(w-z) + second h(z-a)."""
    return score_kernel(beta, t, second, first - second)


class Scope(NamedTuple):
    """What one kernel covers: see the fields of these names in BOUNDS 2."""

    sampling: str
    outcome: str
    kernel: Kernel
    multipliers: int
    text: str


_EVERY = "every law, every m"
_INDEPENDENT = "every independent law, every m"
_SCORE = Scope("independent", "every", score_kernel, 2, _INDEPENDENT)
_BALL = Scope("independent", "every", score_kernel, 1, f"{_INDEPENDENT}, every budget")
_VERTEX = Scope("independent", "vertex", score_kernel, 1, f"{_INDEPENDENT}, budget not binding")
_GAME = Scope("every", "every", game_kernel, 1, _EVERY)
_UNCOVERED = Scope("every", "every", uncovered_kernel, 2, _EVERY)
SCOPES = {
    ("borda", "social-choice"): _SCORE,
    ("rlhf", "social-choice"): _SCORE,
    ("dpo", "social-choice"): _SCORE,
    ("ipo", "social-choice"): _SCORE,
    ("ipo", "alignment"): _BALL,
    ("rlhf", "alignment"): _VERTEX,
    ("dpo", "alignment"): _VERTEX,
    ("maximal-lotteries", "social-choice"): _GAME,
    ("maximal-lotteries", "alignment"): _GAME,
    ("nlhf", "social-choice"): _GAME,
    ("nlhf", "alignment"): _GAME,
    ("copeland", "social-choice"): _UNCOVERED,
    ("copeland", "alignment"): _UNCOVERED,
}


def parse_bound(raw: Any) -> Bound:
    """The claim of a file (a JSON value of `document.load`), or `Rejected` with the field."""
    reader = _Reader()
    required = ("format", "beta", "method", "setting", "alternatives", "sampling", "outcome")
    raw = reader.fields(raw, "file", (*required, "claim", "cases", "boxes"), ("provenance",))
    reader.choice(raw["format"], "format", (FORMAT,))
    if not isinstance(raw.get("provenance", {}), dict):
        _wrong("provenance", raw["provenance"], "an object")
    beta = reader.positive(raw["beta"], "beta", BETA)
    part = reader.fields(raw["method"], "method", ("name", "parameters"))
    methods = tuple(sorted({name for name, _ in SCOPES}))
    method = reader.choice(part["name"], "method.name", methods)
    reader.fields(part["parameters"], "method.parameters", ())
    part = reader.fields(raw["claim"], "claim", ("distortion_at_most",))
    t = reader.positive(part["distortion_at_most"], "claim.distortion_at_most")
    boxes = reader.positive(raw["boxes"], "boxes", BOXES)
    if boxes.q != 1:
        _wrong("boxes", raw["boxes"], "an integer")
    bits = 128 + 4 * int(beta.ceil())
    with ctx.workprec(bits):
        forms, scope = _Claim(reader, raw, method, beta, t).forms()
    text = f"{method} distortion <= {part['distortion_at_most']} ({scope})"
    return Bound(method, t, text, forms, int(boxes.p), bits)


def attempt(bound: Bound) -> tuple[str, Proof]:
    """The first form that is not proved, or the last; its `boxes` are those of all up to it."""
    field, proof = "", Proof(False, None, 0)
    with ctx.workprec(bound.bits):
        for name, form in bound.forms:
            last = prove(form, bound.boxes - proof.boxes)
            field, proof = name, replace(last, boxes=proof.boxes + last.boxes)
            if not last.accepted:
                break
    return field, proof


def conclude(bound: Bound) -> None:
    """Returns if the claim is proved, raises `Rejected` if not."""
    name, proof = attempt(bound)
    if proof.accepted:
        return
    if proof.point is None:
        raise Rejected(f"{name}: not proved with {proof.boxes} boxes")
    raise Rejected(f"{name}: positive at ({', '.join(map(_short, proof.point))})")


def _short(value: fmpq) -> str:
    """An entry of [0, 1] for a message."""
    return f"{int(value.p) / int(value.q):.6g}"


@dataclass(frozen=True)
class _Claim:
    """The fields that say what the claim covers, and its multipliers."""

    reader: _Reader
    raw: dict[str, Any]
    method: str
    beta: fmpq
    t: fmpq

    def forms(self) -> tuple[Forms, str]:
        """The forms, and in words what they cover."""
        reader, raw, outcome = self.reader, self.raw, self.raw["outcome"]
        settings = tuple(setting for name, setting in SCOPES if name == self.method)
        setting = reader.choice(raw["setting"], "setting", settings)
        if raw["alternatives"] == "every":
            scope = SCOPES[self.method, setting]
            reader.choice(raw["sampling"], "sampling", (scope.sampling,))
            reader.choice(outcome, "outcome", (scope.outcome,))
            multipliers = self.multipliers(scope.multipliers)
            return self.single(scope.kernel(self.beta, self.t, *multipliers)), scope.text
        high = ALTERNATIVES if outcome == "every" else OUTCOME_ALTERNATIVES
        m = reader.alternatives(raw["alternatives"], high)
        if isinstance(outcome, dict) and "beats" in outcome:
            reader.choice(setting, "setting", ("social-choice",))
            return self.single(self.tournament(outcome)), f"this outcome, m = {m}"
        if isinstance(outcome, dict):
            reader.choice(setting, "setting", ("alignment",))
            return self.single(self.reward(outcome)), f"this outcome, m = {m}"
        reader.choice(setting, "setting", ("social-choice",))
        reader.choice(outcome, "outcome", ("every",))
        return self.fixed_law(), f"this law, m = {m}"

    def single(self, form: Form) -> Forms:
        return (("cases[0]", form),)

    def multipliers(self, count: int, low: int | None = 0) -> list[fmpq]:
        """Those of the only case."""
        [case] = self.reader.items(self.raw["cases"], "cases", 1, 1)
        case = self.reader.fields(case, "cases[0]", ("multipliers",))
        return self.entries(case["multipliers"], "cases[0].multipliers", count, low)

    def entries(
        self, value: Any, where: str, count: int, low: int | None = 0, high: int | None = None
    ) -> list[fmpq]:
        values = self.reader.items(value, where, count, count)
        return [self.reader.number(v, f"{where}[{i}]", low, high) for i, v in enumerate(values)]

    def law(self) -> Law:
        """The independent law of the file, positive where the method needs it."""
        law = self.reader.law(self.raw["sampling"], "sampling")
        if law.weights is None:
            raise Rejected("sampling.kind: expected independent")
        if self.method in ("rlhf", "dpo") and 0 in law.weights:
            raise Rejected("sampling.weights: expected positive weights")
        return law

    def fixed_law(self) -> Forms:
        """BOUNDS 3.2: every pair (best, winner) lies in the rectangle of some case."""
        if SCOPES[self.method, "social-choice"] != _SCORE:
            raise Rejected("alternatives: expected every")
        weights = self.law().weights or ()
        reader, open_pairs = self.reader, set(permutations(weights, 2))
        forms: dict[tuple[str, fmpq, fmpq], Form] = {}
        for i, case in enumerate(reader.items(self.raw["cases"], "cases", 1, CASES)):
            where = f"cases[{i}]"
            case = reader.fields(case, where, ("best", "winner", "multipliers"))
            best = self.entries(case["best"], f"{where}.best", 2, 0, 1)
            winner = self.entries(case["winner"], f"{where}.winner", 2, 0, 1)
            slope, half = self.entries(case["multipliers"], f"{where}.multipliers", 2)
            for p, q in product(best, winner):
                if p + q <= 1:
                    forms[where, p, q] = score_kernel(self.beta, self.t, slope, half, p, q)
            open_pairs = {
                (p, q)
                for p, q in open_pairs
                if not (best[0] <= p <= best[1] and winner[0] <= q <= winner[1])
            }
        if open_pairs:
            p, q = map(_short, min(open_pairs))
            raise Rejected(f"cases: none covers a best of weight {p} and a winner of weight {q}")
        return tuple((where, form) for (where, _, _), form in forms.items())

    def tournament(self, value: Any) -> Form:
        """BOUNDS 3.6: p(x beats y) >= 1/2 for each pair of `beats`."""
        reader, m = self.reader, len(self.reader.names)
        part = reader.fields(value, "outcome", ("beats", "winner", "best"))
        beats: list[tuple[int, int]] = []
        for i, entry in enumerate(reader.items(part["beats"], "outcome.beats", 1, m * m)):
            at = f"outcome.beats[{i}]"
            first, second = reader.items(entry, at, 2, 2)
            x, y = reader.alternative(first, f"{at}[0]"), reader.alternative(second, f"{at}[1]")
            if x == y or (x, y) in beats or (y, x) in beats:
                raise Rejected(f"{at}: expected a new pair of different alternatives")
            beats.append((x, y))
        winner = reader.alternative(part["winner"], "outcome.winner")
        best = reader.alternative(part["best"], "outcome.best")
        if self.method == "copeland":
            reader.choice(self.raw["sampling"], "sampling", ("every",))
            wins = [sum(x == first for first, _ in beats) for x in range(m)]
            if 2 * len(beats) != m * (m - 1):
                raise Rejected("outcome.beats: expected every pair of alternatives")
            if wins[winner] < max(wins):
                raise Rejected("outcome.winner: expected an alternative with the most wins")
        elif self.method in ("rlhf", "dpo"):
            law = reader.law(self.raw["sampling"], "sampling")
            asked = {pair for pair, mass in law.pairs.items() if mass > 0}
            if any(y != x for (x, _), (_, y) in pairwise(beats)):
                raise Rejected("outcome.beats: expected each winner to be the next loser")
            met = {x for pair in beats for x in pair}
            if not len(met) == m == len(beats) + 1 or {(min(xy), max(xy)) for xy in beats} != asked:
                raise Rejected("outcome.beats: expected the pairs of the law, a path")
            if beats[-1][0] != winner:
                raise Rejected("outcome.winner: expected the end of the path")
        else:
            raise Rejected("outcome: expected every")
        linear = [fmpq(x == best) - self.t * (x == winner) for x in range(m)]
        pairs = dict(zip(beats, self.multipliers(len(beats)), strict=True))
        return Form(self.beta, ZERO, tuple(linear), pairs)

    def reward(self, value: Any) -> Form:
        """BOUNDS 3.7: the policy is proportional to reference * exp(reward / temperature)."""
        reader, m = self.reader, len(self.reader.names)
        names = ("reward", "temperature", "reference", "comparison")
        part = reader.fields(value, "outcome", names)
        if self.method not in ("rlhf", "dpo"):
            raise Rejected("outcome: expected every")
        reward = reader.numbers(part["reward"], "outcome.reward", None)
        temperature = reader.positive(part["temperature"], "outcome.temperature")
        weights = reader.numbers(part["reference"], "outcome.reference")
        reference = reader.distribution(weights, "outcome.reference")
        reader.support = [weight > 0 for weight in reference]
        comparison = reader.policy(part["comparison"], "outcome.comparison")
        policy, _ = tilt(Ball(reference, ZERO), dict(enumerate(reward)), temperature)
        law, factors = self.law().weights or (), self.multipliers(m, None)
        constant, pairs = ZERO, dict[tuple[int, int], fmpq]()
        for x in range(m):
            for y in range(x):
                pairs[x, y] = factors[x] * law[y] - factors[y] * law[x]
                if pairs[x, y] != 0:
                    constant = constant - pairs[x, y] * half_tanh(arb(reward[x] - reward[y]))
        linear = [comparison[x] - self.t * policy.get(x, ZERO) for x in range(m)]
        return Form(self.beta, constant, tuple(linear), pairs)
