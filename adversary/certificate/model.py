"""The model of SPEC section 3 in balls: win probabilities, scores, policies of the KL ball."""

from collections.abc import Mapping, Sequence

from flint import arb, fmpq, fmpq_mat

from .document import Ball, Document, Policy

Number = fmpq | arb
Row = Sequence[arb]
Score = Mapping[int, Number]  # by alternative; those without a score are absent


def half_tanh(t: arb) -> arb:
    """h(t) = sigma(t) - 1/2, to full relative precision."""
    return (t / 2).tanh() / 2


def exact_utility(document: Document) -> dict[int, fmpq]:
    """U(x) = sum_k w_k u_k(x)."""
    shares = fmpq_mat([list(document.shares)])
    product = shares * fmpq_mat([list(row) for row in document.utilities])
    return dict(enumerate(product.entries()))


def comparisons(document: Document) -> tuple[Sequence[Row], Sequence[Row | None]]:
    """Margins A(x, y) = p(x beats y) - 1/2, and rows N(x, .) / sum_y N(x, y) (SPEC 3.2).

    A row is None where x is never shown. The zeros of rows are exact, and nothing else is an
    exact zero: balls of positive numbers never underflow, and sums of them never cancel.
    """
    m, law = len(document.alternatives), document.laws[0]
    shares = [arb(share) for share in document.shares]
    margins = [[arb(0)] * m for _ in range(m)]
    shown = [[arb(0)] * m for _ in range(m)]
    for x in range(m):
        for y in range(x + 1):
            factors, total = shares, arb(1)
            if not document.common:
                masses = (law.mass(x, y) for law in document.laws)
                factors = [share * mass for share, mass in zip(shares, masses, strict=True)]
                total = sum(factors, arb(0))
            shown[x][y] = shown[y][x] = arb(law.mass(x, y)) if document.common else total
            if x != y and not total.is_zero():
                margin = arb(0)
                for factor, utility in zip(factors, document.utilities, strict=True):
                    if utility[x] != utility[y]:  # exact rationals
                        margin += factor * half_tanh(document.beta * arb(utility[x] - utility[y]))
                margins[x][y] = margin / total
                margins[y][x] = -margins[x][y]
    if document.common and law.weights is not None:
        draw = [arb(weight) for weight in law.weights]
        return margins, [draw] * m
    rows: list[Row | None] = []
    for row in shown:
        total = sum(row, arb(0))
        rows.append(None if total.is_zero() else [n if n.is_zero() else n / total for n in row])
    return margins, rows


def mean(values: Score, policy: Score) -> Number:
    """<values, policy>, over the alternatives that the policy lists."""
    return sum((weight * values[x] for x, weight in policy.items()), fmpq(0))


def weights(policy: Policy) -> Score:
    """The positive weights of an exact policy."""
    return {x: weight for x, weight in enumerate(policy) if weight > 0}


def times(margins: Sequence[Row], policy: Score) -> Score:
    """The vector A policy."""
    return {x: mean(dict(enumerate(row)), policy) for x, row in enumerate(margins)}


def divergence(policy: Policy, ball: Ball) -> arb:
    """KL(policy | reference) for a policy on the support; terms of ratio 1 are the exact zero."""
    total = arb(0)
    for p, q in zip(policy, ball.reference, strict=True):
        if p not in (0, q):
            total += p * arb(p / q).log()
    return total


def highest(values: Sequence[arb]) -> int:
    """The index of the largest midpoint: a choice that nothing proved may depend on."""
    best = 0
    for i, value in enumerate(values):
        if value.mid() > values[best].mid():
            best = i
    return best


def largest(values: Sequence[arb]) -> arb:
    """An enclosure of the maximum."""
    result = values[0]
    for value in values[1:]:
        result = result.max(value)
    return result


def tilt(ball: Ball, score: Score, temperature: fmpq) -> tuple[Score, arb]:
    """The policy reference * exp(score / temperature) / Z, and its divergence (SPEC 3.5)."""
    support = [x for x, weight in enumerate(ball.reference) if weight > 0]
    scores = [arb(0) + score[x] for x in support]
    shift = scores[highest(scores)].mid()
    powers = [(value - shift) / temperature for value in scores]
    masses = [ball.reference[x] * power.exp() for x, power in zip(support, powers, strict=True)]
    total = sum(masses, arb(0))
    policy = [mass / total for mass in masses]
    kl = sum((p * power for p, power in zip(policy, powers, strict=True)), -total.log())
    return dict(zip(support, policy, strict=True)), kl


def soft_maximum(ball: Ball, values: Mapping[int, arb], eta: fmpq) -> arb:
    """SPEC 4.1: eta log E_reference e^(values / eta) + eta budget, at least the ball's maximum."""
    shift = list(values.values())[highest(list(values.values()))].mid()
    masses = [ball.reference[x] * ((value - shift) / eta).exp() for x, value in values.items()]
    return shift + eta * sum(masses, arb(0)).log() + eta * ball.budget
