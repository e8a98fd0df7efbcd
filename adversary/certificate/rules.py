"""The two rules of SPEC section 4: what a witness proves at the current precision."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flint import arb, fmpq

from . import model
from .document import IGNORES_BUDGET, Document, Rejected, Tilt
from .formal import UNSCORED, copeland, outcome
from .model import Number, Row, Score
from .reward import component, enclose


@dataclass
class Evidence:
    """Proves max U >= best and U(the method) <= worst, if every number of `needs` is >= 0."""

    best: Number
    worst: Number
    needs: list[tuple[str, Number]] = field(default_factory=list)

    def member(self, document: Document, name: str, score: Score) -> Score:
        """The weights of a policy of the witness, which needs to lie in the ball (SPEC 3.5)."""
        policy, ball = document.witness[name], document.ball
        if ball is None:
            return model.weights(policy)
        if isinstance(policy, Tilt):
            result, kl = model.tilt(ball, score, policy.temperature)
        else:
            result, kl = model.weights(policy), model.divergence(policy, ball)
        self.needs.append((f"witness.{name}: KL divergence <= kl_budget", ball.budget - kl))
        return result


def evidence(document: Document) -> Evidence | None:
    """All that the witness claims, in balls; None if this precision encloses no reward."""
    utility, witness = model.exact_utility(document), document.witness
    result = Evidence(max(utility.values()), fmpq(0))  # exact rationals
    if document.ball is not None:
        result.best = model.mean(utility, result.member(document, "optimum", utility))
    if "chosen" not in witness:
        return _dual(document, utility, result)
    result.worst = model.mean(utility, model.weights(witness["chosen"]))
    if document.method not in IGNORES_BUDGET:
        result.member(document, "chosen", utility)
    for x, excess in outcome(document, witness["chosen"]):
        label = f"witness.chosen: not beaten by {document.alternatives[x]!r}"
        result.needs.append((label, -excess))
    return result


def _dual(document: Document, utility: Score, result: Evidence) -> Evidence | None:
    """SPEC 4.1: every allowed policy has <score, policy> >= floor."""
    witness, floor = document.witness, fmpq(0)
    margins, rows = model.comparisons(document)
    if document.method == "maximal-lotteries":
        score = model.times(margins, model.weights(witness["opponent"]))
    elif document.method == "nlhf":
        score = model.times(margins, result.member(document, "opponent", utility))
    elif document.method in ("borda", "copeland"):
        score = _borda(margins, rows) if document.method == "borda" else copeland(document)
        anchor = model.weights(witness["anchor"])
        for x in anchor:
            if x not in score:
                raise Rejected(f"witness.anchor[{x}]: positive for an alternative without a score")
        floor = model.mean(score, anchor)
    else:
        ipo = document.method == "ipo"
        score = _borda(margins, rows) if ipo else _reward(document, margins, rows)
        if score is None:
            return None
        if not score.keys() >= set(document.support):
            raise Rejected(UNSCORED)
        floor = model.mean(score, result.member(document, "anchor", score))
    values = {
        x: utility[x] + witness["multiplier"] * (arb(0) + score[x] - floor)
        for x in document.support
        if x in score
    }
    if document.ball is not None and "smoothing" in witness:
        result.worst = model.soft_maximum(document.ball, values, witness["smoothing"])
    else:
        result.worst = model.largest(list(values.values()))
    return result


def _borda(margins: Sequence[Row], rows: Sequence[Row | None]) -> Score:
    """BC(x) - 1/2 = sum_y N(x, y) A(x, y) / sum_y N(x, y) (SPEC 3.3)."""
    return {
        x: model.mean(dict(enumerate(margins[x])), dict(enumerate(row)))
        for x, row in enumerate(rows)
        if row is not None
    }


def _reward(document: Document, margins: Sequence[Row], rows: Sequence[Row | None]) -> Score | None:
    """The Bradley-Terry reward on the component of the support (SPEC 3.4)."""
    inside = component(rows, document.support[0])
    if not set(document.support) <= set(inside):
        raise Rejected("sampling: the pairs asked do not connect the support; no reward")
    entries = enclose(
        [[margins[x][y] for y in inside] for x in inside],
        [[row[y] for y in inside] for x in inside if (row := rows[x]) is not None],
        [document.witness["reward"][x] for x in inside],
    )
    return None if entries is None else dict(zip(inside, entries, strict=True))
