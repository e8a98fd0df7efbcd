"""Exact ties (SPEC 4.3): sums of coef * h(beta d) with rational coefficients, as dictionaries."""

from collections.abc import Iterator
from itertools import combinations

from flint import arb, fmpq

from .document import Document, Policy, Rejected
from .model import half_tanh

WORK_BITS = 2**27  # alternatives^2 * users * bits of the common denominator
UNSCORED = "sampling: an alternative of the support is never shown; no score"

Formal = dict[fmpq, fmpq]  # d > 0 -> coefficient of h(beta d); no entry is zero


def add(total: Formal, document: Document, factor: fmpq, x: int, y: int) -> None:
    """Add factor * A(x, y) to the total, by the oddness of h."""
    shares = list(document.shares)
    if not document.common:
        shares = [share * law.mass(x, y) for share, law in zip(shares, document.laws, strict=True)]
        shown = sum(shares, fmpq(0))
        shares = [share / shown if shown != 0 else fmpq(0) for share in shares]
    for share, utility in zip(shares, document.utilities, strict=True):
        difference = utility[x] - utility[y]
        if difference < 0:
            difference, share = -difference, -share
        coefficient = total.pop(difference, fmpq(0)) + factor * share
        if difference != 0 and coefficient != 0:
            total[difference] = coefficient


def value(total: Formal, document: Document) -> fmpq | arb:
    """The sum in balls; the empty sum is the exact zero."""
    result: fmpq | arb = fmpq(0)
    for difference, coefficient in total.items():
        result = result + coefficient * half_tanh(arb(document.beta * difference))
    return result


def _row(document: Document, x: int) -> list[fmpq] | None:
    """N(x, .) / sum_y N(x, y), or None where x is never shown."""
    m = len(document.alternatives)
    if document.common and document.laws[0].weights is not None:
        return list(document.laws[0].weights)
    row = [fmpq(0)] * m
    shares = [fmpq(1)] if document.common else document.shares
    for share, law in zip(shares, document.laws, strict=True):
        row = [entry + share * law.mass(x, y) for y, entry in enumerate(row)]
    total = sum(row, fmpq(0))
    return [entry / total for entry in row] if total != 0 else None


def copeland(document: Document) -> dict[int, fmpq | arb]:
    """The Copeland scores of the support (SPEC 4.3); an undecided contest is a ball over [0, 1]."""
    _affordable(document)
    score: dict[int, fmpq | arb] = dict.fromkeys(document.support, fmpq(0))
    for x, y in combinations(document.support, 2):
        total: Formal = {}
        add(total, document, fmpq(1), x, y)
        margin, won = value(total, document), arb(0.5, 0.5)
        if not total:
            won = fmpq(1, 2)
        elif (margin > 0) is True:
            won = fmpq(1)
        elif (margin < 0) is True:
            won = fmpq(0)
        score[x], score[y] = score[x] + won, score[y] + (1 - won)
    return score


def _affordable(document: Document) -> None:
    if len(document.alternatives) ** 2 * len(document.shares) * document.bits > WORK_BITS:
        raise Rejected("users: too large an instance for exact ties")


def outcome(document: Document, chosen: Policy) -> Iterator[tuple[int, fmpq | arb]]:
    """What must be <= 0 for `chosen` to be allowed, by alternative of the support (SPEC 4.3)."""
    domain = document.support
    _affordable(document)
    if document.method in ("maximal-lotteries", "nlhf"):
        for x in domain:
            total: Formal = {}
            for y, weight in enumerate(chosen):
                add(total, document, weight, x, y)
            yield x, value(total, document)
        return
    winners = [x for x in domain if chosen[x] > 0]
    for x, excess in _behind(document, winners):
        yield x, excess
        if x in winners:  # then the scores must be equal
            yield x, -excess


def _behind(document: Document, winners: list[int]) -> Iterator[tuple[int, fmpq | arb]]:
    """Score(x) - score(the first winner) for the scored alternatives x of the support."""
    domain, law = document.support, document.laws[0].weights
    if document.method == "copeland":
        score = copeland(document)
        yield from ((x, score[x] - score[winners[0]]) for x in domain)
        return
    if document.method in ("rlhf", "dpo") and (
        not document.common or law is None or any(law[x] == 0 for x in domain)
    ):
        raise Rejected("witness.chosen: needs one independent law that is positive on the support")
    rows = {x: _row(document, x) for x in domain}
    for x in winners:
        if rows[x] is None:
            raise Rejected(f"witness.chosen[{x}]: positive for an alternative without a score")
    for x, row in rows.items():
        if row is None:
            if document.method == "ipo":
                raise Rejected(UNSCORED)
            continue
        total: Formal = {}
        for y, (weight, other) in enumerate(zip(row, rows[winners[0]] or row, strict=True)):
            add(total, document, weight, x, y)
            add(total, document, -other, winners[0], y)
        yield x, value(total, document)
