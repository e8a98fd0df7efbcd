"""Upper bounds, `adversary-bound/1` (BOUNDS.md): strict reading, and what must be <= 0."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import combinations, pairwise, permutations, product
from typing import Any, NamedTuple

from flint import arb, ctx, fmpq

from .boxes import Form, Proof, prove
from .methods import ALIGNMENT, METHODS, SOCIAL
from .model import Ball, half_tanh, located
from .reader import POSITIVE, PRINTED, File, Place, Rejected, shown
from .verdict import Scope, Verdict

FORMAT = "adversary-bound/1"
BETA = 256
BOXES = 1_000_000
ALTERNATIVES = 64  # under a fixed law
OUTCOME_ALTERNATIVES = 8  # with a fixed outcome: the dimension of the boxes
CASES = 256
DATA_BITS = 2**18  # of all numbers of a file, written over their least common denominator
ZERO, ONE = fmpq(0), fmpq(1)

Beats = list[tuple[int, int]]
Forms = list[tuple[str, Form]]  # each with the field that it comes from
Read = tuple[str, str, str, Forms]  # the relation, what is covered, what more there is to say


def score_kernel(
    beta: fmpq, t: fmpq, slope: fmpq, half: fmpq = ZERO, p: fmpq = ZERO, q: fmpq = ZERO
) -> Form:
    """BOUNDS 3.2: p f(a, w, a) + q f(a, w, w) + (1-p-q) f(a, w, z), with f as in BOUNDS 3.1.

    f(a, w, z) = a - t w + slope [h(w-z) - h(a-z)] + half h(w-z).
    """
    rest, both = 1 - p - q, slope + half
    pairs = {(1, 0): p * both + q * slope, (1, 2): rest * both, (0, 2): -rest * slope}
    return Form(beta, ZERO, (ONE, -t, ZERO), pairs)


class Kernel(NamedTuple):
    """A proof for every law and every m (BOUNDS 2), of beta, t and so many multipliers."""

    form: Callable[..., Form]
    multipliers: int
    sampling: str
    outcome: str = "every"


KERNELS = {
    "score": Kernel(score_kernel, 2, "independent"),
    "ball": Kernel(score_kernel, 1, "independent"),
    "vertex": Kernel(score_kernel, 1, "independent", "vertex"),
    # BOUNDS 3.4: a - t w + L h(w-a), and 3.5: a - t w + L1 h(w-z) + L2 h(z-a).
    "game": Kernel(lambda b, t, L: Form(b, ZERO, (ONE, -t), {(1, 0): L}), 1, "every"),
    "uncovered": Kernel(lambda b, t, L1, L2: score_kernel(b, t, L2, L1 - L2), 2, "every"),
}
_SIDE = partial(Place.items, low=2, high=2, read=partial(Place.number, high=1))
_CASE = {"best": _SIDE, "winner": _SIDE, "multipliers": lambda at: at.items(2, 2, Place.number)}
_REWARD = {"reward": partial(Place.numbers, sign="any"), "temperature": POSITIVE}
_REWARD |= {"reference": partial(Place.policy, narrows=True), "comparison": Place.policy}
_FIELDS = {
    "format": lambda at: at.word(FORMAT),
    "beta": partial(PRINTED, high=BETA),
    "method": partial(Place.method, known=[n for n, method in METHODS.items() if method.kernels]),
    **dict.fromkeys(("setting", "alternatives", "sampling", "outcome"), lambda at: at),
    "claim": partial(Place.fields, table={"distortion_at_most": PRINTED}),
    "cases": lambda at: at,
    "boxes": partial(POSITIVE, high=BOXES),
    "provenance": partial(Place.fields, table=None),
}


class Bound:
    """A file: its scope, its claim in words, and the forms that prove it if they are <= 0."""

    def __init__(self, value: Any) -> None:
        """Reads a JSON value of `reader.load`. Raises `Rejected` with the field."""
        self.top = Place(value, "", File(DATA_BITS)).fields(_FIELDS, "provenance")
        self.beta, self.t = self.top["beta"], self.top["claim"]["distortion_at_most"]
        self.method, self.boxes = METHODS[self.top["method"]], int(self.top["boxes"].p)
        if self.top["boxes"] != self.boxes:
            raise Rejected("boxes: expected an integer")
        self.written, beta = value["claim"]["distortion_at_most"], value["beta"]
        setting = self.top["setting"].word(*self.method.kernels)
        fixed = (self.top["method"], Fraction(beta), setting)
        self.scope = Scope("method", *fixed, "every common", (), None)
        self.bits = 128 + 4 * int(self.beta.ceil())
        with ctx.workprec(self.bits):
            relation, covers, more, self.forms = self.read()
        self.text = self.scope.statement(relation, covers, beta) + more

    def examine(self) -> Proof:
        """That of the first form that is not proved, or of the last; the boxes of all up to it."""
        proof = Proof(False, None, 0)
        with ctx.workprec(self.bits):
            for name, form in self.forms:
                last = prove(form, self.boxes - proof.boxes)
                proof = replace(last, boxes=proof.boxes + last.boxes, field=name)
                if not last.accepted:
                    break
        return proof

    def conclude(self) -> str:
        """Nothing more, if the claim is proved; raises `Rejected` if not."""
        proof = self.examine()
        if proof.point is not None:
            point = ", ".join(f"{int(v.p) / int(v.q):.6g}" for v in proof.point)
            raise Rejected(f"{proof.field}: positive at ({point})")
        if not proof.accepted:
            raise Rejected(f"{proof.field}: not proved with {proof.boxes} boxes")
        return ""

    def read(self) -> Read:
        """The rows of BOUNDS 2."""
        names, outcome = self.top["alternatives"], self.top["outcome"]
        if names.value == "every":
            return self.every()
        most = ALTERNATIVES if outcome.value == "every" else OUTCOME_ALTERNATIVES
        self.scope = replace(self.scope, alternatives=names.alternatives(most))
        if not isinstance(outcome.value, dict):
            outcome.word("every")
            return self.one_law()
        return self.majorities() if "beats" in outcome.value else self.reward()

    def every(self) -> Read:
        """BOUNDS 3.1 and 3.3 to 3.5."""
        kernel = KERNELS[self.method.kernels[self.scope.setting]]
        self.top["sampling"].word(kernel.sampling)
        self.top["outcome"].word(kernel.outcome)
        law = "every common" if kernel.sampling == "every" else "every independent"
        self.scope = replace(self.scope, sampling=law, outcome=kernel.outcome)
        form = kernel.form(self.beta, self.t, *self.multipliers(kernel.multipliers))
        covers = f"{law} law, every m"
        if self.scope.setting == ALIGNMENT:
            budget = "budget not binding" if kernel.outcome == "vertex" else "every budget"
            covers += f", every reference, {budget}"
        return f"distortion <= {self.written}", covers, "", [("cases[0]", form)]

    def multipliers(self, count: int, sign: str = ">= 0") -> list[fmpq]:
        """Those of the only case."""
        read = partial(Place.items, low=count, high=count, read=partial(Place.number, sign=sign))
        case = partial(Place.fields, table={"multipliers": read})
        return self.top["cases"].items(1, 1, case)[0]["multipliers"]

    def law(self) -> list[fmpq]:
        """The weights of the independent law of the file."""
        law = self.top["sampling"].law()
        if law.weights is None:
            raise Rejected("sampling.kind: expected independent")
        if self.method.rewarded and 0 in law.weights:
            raise Rejected("sampling.weights: expected positive weights")
        self.scope = replace(self.scope, sampling="independent", laws=(law,))
        return [fmpq(weight, sum(law.weights)) for weight in law.weights]

    def one_law(self) -> Read:
        """BOUNDS 3.2: every pair (best, winner) lies in the rectangle of some case."""
        self.top["setting"].word(SOCIAL)
        if self.method.kernels[SOCIAL] != "score":
            raise Rejected("alternatives: expected every")
        masses, forms = self.law(), dict[tuple[str, fmpq, fmpq], Form]()
        pairs = set(permutations(range(len(masses)), 2))
        cases = self.top["cases"].items(1, CASES, partial(Place.fields, table=_CASE))
        for i, case in enumerate(cases):
            best, winner, (one, two) = case.values()
            for p, q in product(best, winner):
                if p + q <= 1:
                    forms[f"cases[{i}]", p, q] = score_kernel(self.beta, self.t, one, two, p, q)
            inside = [[x for x, mass in enumerate(masses) if low <= mass <= high]
                      for low, high in (best, winner)]  # fmt: skip
            pairs.difference_update(product(*inside))
        if pairs:
            best, winner = min(pairs)
            raise Rejected(f"cases: none covers alternatives[{best}] as best, [{winner}] as winner")
        relation, covers = (
            f"distortion <= {self.written}",
            f"this independent law, m = {len(masses)}",
        )
        return relation, covers, "", [(at, form) for (at, *_), form in forms.items()]

    def majorities(self) -> Read:
        """BOUNDS 3.6: p(x beats y) >= 1/2 for each pair of `beats`."""
        names, m = self.scope.alternatives or (), len(self.scope.alternatives or ())
        pairs = partial(Place.items, low=1, high=m * m, read=Place.pair)
        table = {"beats": pairs, "winner": Place.alternative, "best": Place.alternative}
        beats, winner, best = self.top["outcome"].fields(table).values()
        self.top["setting"].word(SOCIAL)
        for i, pair in enumerate(beats):
            if {pair, pair[::-1]} & {*beats[:i]}:
                raise Rejected(f"outcome.beats[{i}]: expected a new pair")
        if not {"tournament", "path"} & {*self.method.outcomes}:
            raise Rejected("outcome: expected every")
        rule = self.tournament if "tournament" in self.method.outcomes else self.path
        law, sole = rule(beats, winner, m)
        if winner == best:
            raise Rejected("outcome.best: expected another alternative than the winner")
        w, b = (shown(names[x]) + f"#{x}" * (len(names[x]) > 40) for x in (winner, best))
        self.scope = replace(
            self.scope, kind="outcome", outcome="majorities", winner=names[winner],
            best=names[best], beats=tuple((names[x], names[y]) for x, y in beats), sole=sole,
        )  # fmt: skip
        bound = f"a bound on the distortion where these are strict and {b} is the best"
        more = f"; {bound if sole else f'no bound on the distortion: others win as often as {w}'}"
        linear = [fmpq(x == best) - self.t * (x == winner) for x in range(m)]
        factors = dict(zip(beats, self.multipliers(len(beats)), strict=True))
        covers = f"{law}, m = {m}, all users with these majorities"
        form = Form(self.beta, ZERO, tuple(linear), factors)
        return f"U({b}) <= {self.written} * U({w})", covers, more, [("cases[0]", form)]

    def tournament(self, beats: Beats, winner: int, m: int) -> tuple[str, bool]:
        """The law, and whether the winner alone has the most wins."""
        self.top["sampling"].word("every")
        wins = [sum(x == first for first, _ in beats) for x in range(m)]
        if 2 * len(beats) != m * (m - 1):
            raise Rejected("outcome.beats: expected every pair of alternatives")
        if wins[winner] < max(wins):
            raise Rejected("outcome.winner: expected an alternative with the most wins")
        return "every common law", wins.count(wins[winner]) == 1

    def path(self, beats: Beats, winner: int, m: int) -> tuple[str, bool]:
        """The law, whose pairs form a path to the winner."""
        law = self.top["sampling"].law()
        asked = {pair for pair, mass in law.pairs.items() if mass > 0}
        if any(y != x for (x, _), (_, y) in pairwise(beats)):
            raise Rejected("outcome.beats: expected each winner to be the next loser")
        met = {x for pair in beats for x in pair}
        if not len(met) == m == len(beats) + 1 or {(min(xy), max(xy)) for xy in beats} != asked:
            raise Rejected("outcome.beats: expected the pairs of the law, a path")
        if beats[-1][0] != winner:
            raise Rejected("outcome.winner: expected the end of the path")
        self.scope = replace(self.scope, sampling="pairs", laws=(law,))
        return "this law on pairs", True

    def reward(self) -> Read:
        """BOUNDS 3.7: the policy is proportional to reference * exp(reward / temperature)."""
        reward, temperature, reference, comparison = self.top["outcome"].fields(_REWARD).values()
        if "reward" not in self.method.outcomes:
            raise Rejected("outcome: expected every")
        self.top["setting"].word(ALIGNMENT)
        if max(reward) - min(reward) > self.beta:
            raise Rejected("outcome.reward: spread over more than beta, as for no users")
        if reference == comparison and len({reward[x] for x in reference}) == 1:
            raise Rejected("outcome.comparison: expected another policy than the method's")
        mine, _ = located(Ball(reference, ZERO), dict(enumerate(reward)), temperature)
        law, factors = self.law(), self.multipliers(len(reward), "any")
        constant, pairs = ZERO, dict[tuple[int, int], fmpq]()
        for x, y in combinations(range(len(reward)), 2):
            pairs[x, y] = factors[x] * law[y] - factors[y] * law[x]
            if pairs[x, y] != 0:
                constant = constant - pairs[x, y] * half_tanh(arb(reward[x] - reward[y]))
        linear = [comparison.get(x, ZERO) - self.t * mine.get(x, ZERO) for x in range(len(reward))]
        self.scope = replace(self.scope, kind="outcome", outcome="reward")
        covers = f"this independent law, m = {len(reward)}, this reference, temperature and reward"
        more = "; a bound on the distortion where the comparison is the best policy of the ball"
        form = Form(self.beta, constant, tuple(linear), pairs)
        relation = f"U(comparison) <= {self.written} * U(policy)"
        return relation, covers, more, [("cases[0]", form)]


def claim(value: Any) -> tuple[Verdict, Callable[[], str]]:
    """What a file claims, not accepted yet, and its proof."""
    bound = Bound(value)
    method, at_most = bound.scope.method, Fraction(bound.written)
    return Verdict(False, bound.text, method, at_most=at_most, scope=bound.scope), bound.conclude
