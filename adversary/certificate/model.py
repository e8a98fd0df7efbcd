"""The model of SPEC 3: an instance as it was written, its scores exactly (4.3) and in balls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from operator import mul
from typing import Any, NamedTuple

from flint import arb, fmpq, fmpz

from .reader import Law, Policy, Rejected, whole

Exact = fmpz | fmpq | int
Number = fmpq | arb
Score = Mapping[int, Number]  # by alternative; those without a score are absent


class Ball(NamedTuple):
    """The policies within a KL divergence of a reference."""

    weights: Policy
    kl_budget: fmpq


@dataclass
class Sum:
    """The sum of a h(s d) over all (d, a) in `terms`, divided by `over` > 0 (SPEC 4.3).

    s > 0 is the scale of a document, d > 0, and no a is 0: it is 0 only if it has no terms.
    """

    over: Exact
    terms: dict[int, Exact] = field(default_factory=dict)

    def add(self, terms: Iterable[tuple[int, Exact]], factor: Exact) -> "Sum":
        """Add factor * terms / over, as h is odd."""
        for d, a in terms:
            total = self.terms.pop(abs(d), 0) + factor * (a if d > 0 else -a)
            if d and total:
                self.terms[abs(d)] = total
        return self

    def __sub__(self, other: "Sum") -> "Sum":
        result = Sum(self.over * other.over).add(self.terms.items(), other.over)
        return result.add(other.terms.items(), -self.over)


@dataclass(frozen=True, eq=False)
class Document:
    """The fields of a file."""

    beta: fmpq
    alternatives: tuple[str, ...]
    shares: Sequence[fmpz]  # of the user types, to be divided by their sum
    levels: Sequence[Sequence[int]]  # the utilities by user type, to be divided by
    unit: fmpz
    laws: tuple[Law, ...]  # one for all users, or one for each type
    common: bool  # whether one law serves all users
    ball: Ball | None  # None: social choice
    method: str
    witness: dict[str, Any]  # a number in the place of a policy is a temperature
    bits: int  # of the longest number over the common denominator of all

    @cached_property
    def support(self) -> list[int]:
        """The alternatives that a policy may use."""
        return list(self.ball.weights if self.ball else range(len(self.alternatives)))

    @cached_property
    def utility(self) -> dict[int, fmpq]:
        """U(x) = sum_k w_k u_k(x)."""
        total, columns = self.unit * sum(self.shares), enumerate(zip(*self.levels, strict=True))
        return {x: fmpq(sum(map(mul, self.shares, column)), total) for x, column in columns}

    @cached_property
    def rows(self) -> list[dict[int, Exact]]:
        """By x, N(x, y) > 0 up to a factor; under an independent law mu(y), for every x."""
        law, everything = self.laws[0], range(len(self.alternatives))
        if self.common and law.weights:
            return [{y: n for y, n in enumerate(law.weights) if n}] * len(everything)
        masses = law.mass if self.common else lambda x, y: sum(self._masses(x, y))
        return [{y: n for y in everything if (n := masses(x, y))} for x in everything]

    def _masses(self, x: int, y: int) -> list[fmpz]:
        """w_k N_k(x, y) by user type, up to a factor."""
        return [n * law.mass(x, y) for n, law in zip(self._each, self.laws, strict=True)]

    @cached_property
    def _each(self) -> list[fmpz]:
        """w_k by the total of N_k, up to a factor, for laws that depend on the user."""
        laws = zip(self.shares, self.laws, strict=True)
        return whole(fmpq(w, law.total) for w, law in laws)[0]

    def against(self, x: int, weights: Mapping[int, Exact]) -> Sum:
        """The mean of A(x, y) over y with these weights (SPEC 3.2)."""
        result = Sum(sum(weights.values()) * (sum(self.shares) if self.common else 1))
        for y, weight in weights.items():
            shares: Sequence[Exact] = self.shares
            if not self.common:
                shares = self._masses(x, y)
                weight = fmpq(weight) / sum(shares, fmpq(0)) if any(shares) else 0
            levels = zip(self.levels, shares, strict=True)
            result.add(((n[x] - n[y], share) for n, share in levels), weight)
        return result

    @cached_property
    def contests(self) -> dict[tuple[int, int], Sum]:
        """A(x, y) for the pairs x < y of the support."""
        return {(x, y): self.against(x, {y: 1}) for x, y in combinations(self.support, 2)}

    @cached_property
    def borda(self) -> dict[int, Sum]:
        """BC(x) - 1/2 for all that have a score (3.3); less that of the first `chosen` (4.3)."""
        scores = {x: self.against(x, row) for x, row in enumerate(self.rows) if row}
        chosen = [scores[x] for x in self.witness.get("chosen", ()) if x in scores]
        return {x: score - chosen[0] for x, score in scores.items()} if chosen else scores

    @cached_property
    def leads(self) -> dict[int, Sum]:
        """(A pi)(x) on the support, pi the opponent of a game or the policy chosen."""
        policy = self.witness.get("opponent") or self.witness["chosen"]
        weights = dict(zip(policy, whole(policy.values())[0], strict=True))
        return {x: self.against(x, weights) for x in self.support}


def half_tanh(t: arb) -> arb:
    """h(t) = sigma(t) - 1/2, to full relative precision."""
    return (t / 2).tanh() / 2


def values(it: Document, sums: Mapping[Any, Sum]) -> dict[Any, Number]:
    """Sums in balls; those without terms are the exact zero."""
    scale = arb(it.beta / it.unit)
    h = {d: half_tanh(scale * d) for d in {d for one in sums.values() for d in one.terms}}
    totals = {x: sum((a * h[d] for d, a in s.terms.items()), fmpq(0)) for x, s in sums.items()}
    return {x: total / sums[x].over for x, total in totals.items()}


def copeland(it: Document) -> Score:
    """C(x) on the support; an undecided contest gives a ball over [0, 1]."""
    score: dict[int, Number] = dict.fromkeys(it.support, fmpq(0))
    for (x, y), margin in values(it, it.contests).items():
        won = arb(0.5, 0.5)
        if not it.contests[x, y].terms:
            won = fmpq(1, 2)
        elif (margin > 0) is True or (margin < 0) is True:
            won = fmpq(margin > 0)
        score[x], score[y] = score[x] + won, score[y] + (1 - won)
    return score


def reward_ties(it: Document) -> Score:
    """BC(x), where it orders and ties what the reward orders and ties."""
    law = it.laws[0].weights
    if not it.common or law is None or any(law[x] == 0 for x in it.support):
        raise Rejected("witness.chosen: needs one independent law that is positive on the support")
    return values(it, it.borda)


def mean(score: Score, policy: Score) -> Number:
    """<score, policy>, over the alternatives that the policy lists."""
    return sum((weight * score[x] for x, weight in policy.items()), fmpq(0))


def located(ball: Ball, score: Score, policy: Policy | fmpq) -> tuple[Score, arb]:
    """A policy, or reference * exp(score / temperature) / Z (SPEC 4.1); and its KL divergence."""
    if isinstance(policy, dict):
        ratios = {x: weight / ball.weights[x] for x, weight in policy.items()}
        return policy, sum((policy[x] * arb(q).log() for x, q in ratios.items() if q != 1), arb(0))
    shift = max(arb(score[x]).mid() for x in ball.weights)
    powers = {x: (score[x] - shift) / policy for x in ball.weights}
    masses = {x: weight * powers[x].exp() for x, weight in ball.weights.items()}
    total = sum(masses.values(), arb(0))
    tilted = {x: mass / total for x, mass in masses.items()}
    return tilted, mean(powers, tilted) - total.log()


def soft_maximum(ball: Ball, score: Mapping[int, arb], eta: fmpq) -> arb:
    """SPEC 4.1: eta log E_reference e^(score / eta) + eta budget, at least the ball's maximum."""
    shift = max(value.mid() for value in score.values())
    powers = {x: ((value - shift) / eta).exp() for x, value in score.items()}
    return shift + eta * arb(mean(powers, ball.weights)).log() + eta * ball.kl_budget
