"""Lower bounds, `adversary-instance/1`: how a file is read (SPEC 2, 5) and judged (SPEC 4)."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial, reduce
from typing import Any, NamedTuple

from flint import arb, ctx, fmpq

from . import model
from .methods import METHODS, SETTINGS, Method
from .model import Ball, Document, Number, Score
from .reader import POSITIVE, PRINTED, File, Place, Read, Rejected, whole
from .verdict import Scope, Verdict

FORMAT = "adversary-instance/1"
WORK = 2**18  # alternatives^2 * users, or more for a reward (SPEC 1)
EXACT_WORK = 2**27  # work * bits of the longest number, * 16 users if laws depend on them
PRECISIONS = (128, 256, 512, 1024, 2048, 4096)  # bits
PRECISION_WORK = 2**25  # work * bits; the first precision is always tried

_USER = {"weight": Place.number, "utilities": partial(Place.numbers, high=1)}
_BALL = {"weights": partial(Place.policy, narrows=True), "kl_budget": Place.number}
_CLAIM = {"distortion_at_least": PRINTED, "policies": lambda at: at.word("every", "some")}
_FIELDS = {
    "format": lambda at: at.word(FORMAT),
    "beta": partial(PRINTED, high=10_000),
    "alternatives": partial(Place.alternatives, most=256),
    "users": partial(Place.items, low=1, high=1_024, read=partial(Place.fields, table=_USER)),
    "sampling": lambda at: at,
    "reference": lambda at: None if at.value is None else Ball(**at.fields(_BALL)),
    "method": partial(Place.method, known=METHODS),
    "claim": partial(Place.fields, table=_CLAIM),
    "witness": lambda at: at,
    "provenance": partial(Place.fields, table=None),
}


def document(value: Any) -> Document:
    """The document of a JSON value, or `Rejected` with a field, its value and what was expected."""
    file = File()
    top = Place(value, "", file).fields(_FIELDS, "provenance")
    users, ball, at, method = (top[n] for n in ("users", "reference", "sampling", "method"))
    shares, _ = whole((user["weight"] for user in users), "users")
    common = not isinstance(at.value, dict) or at.value.get("kind") != "user-dependent"
    each = partial(Place.items, low=len(users), high=len(users), read=Place.law)
    table = {"kind": lambda at: at, "laws": each}
    laws = (at.law(),) if common else tuple(at.fields(table)["laws"])
    witness = _witness(top["witness"], METHODS[method], ball is not None, top["claim"])
    flat, unit = whole(u for user in users for u in user["utilities"])
    levels = [*zip(*[map(int, flat)] * len(file.names), strict=True)]
    exact = (top["beta"], top["alternatives"], shares, levels, unit, laws, common, ball)
    it = Document(*exact, method, witness, file.bits)
    precisions(it)  # there must be one
    return it


def _tilt(at: Place) -> Any:
    if not isinstance(at.value, dict):
        return at.policy()
    return at.fields({"temperature": POSITIVE})["temperature"]


def _witness(at: Place, method: Method, alignment: bool, claim: dict) -> dict[str, Any]:
    """SPEC 5: which fields there must be, may be and must not be."""
    inside = alignment and method.confined
    table: dict[str, Read] = {"multiplier": Place.number, method.role: Place.policy}
    if method.rewarded:
        table["reward"] = partial(Place.numbers, sign="any")
    if inside:
        table["smoothing"] = POSITIVE
        table[method.role] = _tilt if method.role == "anchor" else Place.policy
    if isinstance(at.value, dict) and "chosen" in at.value:
        if claim["policies"] != "some":
            raise Rejected("witness.chosen: proves a claim about some policies only")
        table = {"chosen": Place.policy}
    if alignment:
        table["optimum"] = _tilt
    return at.fields(table, "smoothing")


def claim(value: Any) -> tuple[Verdict, Callable[[], str]]:
    """What a file claims, not accepted yet, and `prove` of it."""
    it = document(value)
    setting, kind = SETTINGS[it.ball is not None], value["sampling"]["kind"]
    beta, policies = value["beta"], value["claim"]["policies"]
    bound = Fraction(written := value["claim"]["distortion_at_least"])
    instance = ("instance", it.method, Fraction(beta), setting, kind, it.laws, it.alternatives)
    scope = Scope(*instance, policies)
    text = scope.statement(f"distortion >= {written}", f"{policies} policy", beta)
    text += f", {kind} law, m = {len(it.alternatives)}"
    draft = Verdict(False, text, it.method, bound, policies, scope=scope)
    return draft, partial(prove, it, fmpq(bound.numerator, bound.denominator), len(written))


class Evidence(NamedTuple):
    """Proves max U >= best and U(the method) <= worst, if every number of `needs` is >= 0."""

    best: Number
    worst: Number
    needs: list[tuple[str, Number]]


def evidence(it: Document) -> Evidence | None:
    """What the witness shows at the precision of the context; None if no reward is enclosed."""
    method, witness, utility = METHODS[it.method], it.witness, it.utility
    needs: list[tuple[str, Number]] = []

    def member(name: str, score: Score, ball: Ball | None) -> Score:
        """The weights of a policy of the witness, which needs to lie in the ball (SPEC 3.5)."""
        if ball is None:
            return witness[name]
        policy, kl = model.located(ball, score, witness[name])
        needs.append((f"witness.{name}: KL divergence <= kl_budget", ball.kl_budget - kl))
        return policy

    best: Number = max(utility.values())  # exact rationals
    if it.ball is not None:
        best = model.mean(utility, member("optimum", utility, it.ball))
    role = "chosen" if "chosen" in witness else method.role
    score = method.ties(it) if role == "chosen" and method.ties else method.score(it)
    if score is None:
        return None
    if method.confined and not score.keys() >= set(it.support):
        raise Rejected("sampling: an alternative of the support is never shown; no score")
    policy = member(role, score, it.ball if method.confined else None)
    if bare := [x for x in policy if x not in score]:
        raise Rejected(f"witness.{role}[{bare[0]}]: positive for an alternative without a score")
    game = method.role == "opponent"
    floor = score[min(policy)] if role == "chosen" else model.mean(score, policy)
    lead = {x: score[x] - (0 if game else floor) for x in it.support if x in score}
    if not game and len(policy) == 1:
        lead |= dict.fromkeys(policy, fmpq(0))  # exactly
    if role == "chosen":  # SPEC 4.3
        needs += [(f"witness.chosen: not behind alternatives[{x}]", -c) for x, c in lead.items()]
        if not game:
            needs += [(f"witness.chosen: tied in alternatives[{x}]", lead[x]) for x in policy]
        return Evidence(best, model.mean(utility, policy), needs)
    bounds = {x: arb(utility[x] + witness["multiplier"] * c) for x, c in lead.items()}  # SPEC 4.1
    if it.ball is not None and "smoothing" in witness:
        return Evidence(best, model.soft_maximum(it.ball, bounds, witness["smoothing"]), needs)
    return Evidence(best, reduce(arb.max, bounds.values()), needs)


def certain(value: Number) -> bool:
    """Whether a number is certainly finite and >= 0 (no comparison with NaN is True)."""
    return (not isinstance(value, arb) or value.is_finite()) and (value >= 0) is True


def precisions(it: Document) -> list[int]:
    """The bits at which balls are tried, one after the other (SPEC 1)."""
    m, users, (first, *more) = len(it.alternatives), len(it.shares), PRECISIONS
    work = m * m * (users + (8 + m // 32) * METHODS[it.method].rewarded)
    if work > WORK or work * it.bits * (it.common or 16 * users) > EXACT_WORK:
        raise Rejected(f"users: work of more than {WORK}, or of {EXACT_WORK} with exact numbers")
    return [first, *(bits for bits in more if work * bits <= PRECISION_WORK)]


def prove(it: Document, bound: fmpq, length: int) -> str:
    """What is proved beside a bound, written in `length` characters; raises `Rejected` if not."""
    reason, bits = "witness.reward: not close enough to the reward", 0
    for bits in precisions(it):
        with ctx.workprec(bits):
            found = evidence(it)
            if found is None:
                continue
            if (found.best <= 0) is True:
                raise Rejected("users: the largest utility is 0; no distortion is defined")
            ratio = arb(found.best) / found.worst
            least = (ratio.lower() * (1 - arb("1e-11"))).str(12, radius=False)
            claimed = f"claim.distortion_at_least: the witness proves only >= {least}"
            needs = [*found.needs, (claimed, found.best - bound * found.worst)]
            for name, need in needs:
                if (need < 0) is True:
                    raise Rejected(name if name == claimed else f"{name}: false")
            undecided = [name for name, need in needs if not certain(need)]
            if not undecided and (found.best > 0) is True:
                infinite = (found.worst <= 0) is True
                return "; infinite: the utility of these policies is 0" * infinite
            reason = undecided[0] if undecided else "users: a largest utility above 0"
            if undecided == [claimed] and ratio.rel_accuracy_bits() > 64 + 4 * length:
                break  # the claim is the truth, as far as it has digits
    raise Rejected(f"{reason}: not proved at {bits} bits")
