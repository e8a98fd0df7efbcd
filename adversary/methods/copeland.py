"""Copeland: the alternative that wins the most majority contests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations, product
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from adversary.interface.conditions import Conditions, Target, beating
from adversary.interface.method import Method, Outcome, Status
from adversary.interface.preferences import Preferences
from adversary.methods.linear import linear_outcome

_MOST_UNTIED, _MOST_RIVALS = 4, 32  # beyond these there are too many outcomes to name


@final
class Copeland(Method):
    """Uniform over the maximisers of #{y : p(x≻y) > ½} + ½·#{y : p(x≻y) = ½} (theory §2).

    A social-choice rule: with a reference both x and y are alternatives that the reference
    supports, and the budget is ignored. What counts is p(x≻y) for all pairs, asked or not. A
    contest is a tie where p(x≻y) is ½; where it is not, but within rounding of ½, the contest is
    open, and the winners are all that can win.
    """

    name: ClassVar[str] = "copeland"
    summary: ClassVar[str] = "the most wins by majority (Copeland score)"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the uniform policy over the Copeland winners, or over all that may win."""
        support = preferences.support
        contest = support[..., :, None] & support[..., None, :]
        margin = torch.where(contest, preferences.margin, 0.0)
        noisy = (margin.abs() <= preferences.noise) & (margin != 0)
        certain = torch.where(noisy, 0.0, margin).detach()
        count = 0.5 * certain.sign().sum(-1)  # wins and half of the ties, less half of the contests
        undecided = 0.5 * noisy.sum(-1)
        sure = torch.where(support, count - undecided, -torch.inf).amax(-1, keepdim=True)
        winners = support & (count + undecided >= sure)  # of all that may win none is left out
        uniform = torch.where(support, 0.0, -torch.inf).double().log_softmax(-1)
        free = torch.full_like(preferences.budget, torch.inf)
        determined = torch.ones_like(free, dtype=torch.bool)
        exact = torch.zeros_like(free)
        face = winners.double()
        outcome = linear_outcome(face, 0 * face, uniform, free, determined, exact)
        unclear = (winners & (undecided > 0)).any(-1) & (outcome.status == Status.TIED)
        status = torch.where(unclear, int(Status.UNDETERMINED), outcome.status)
        score = -_shortfall(margin, count, outcome.log_policy.argmax(-1))
        return replace(outcome, status=status, score=score)

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return when the winner beats all, and tournaments of which it wins some, but most.

        These are, up to five alternatives, all tournaments without a tie that the winner alone
        wins; then those in which all rivals but one are copies of each other, which tie. With four
        alternatives a winner that loses a contest needs such a tie.
        """
        winner, m = target.winner, len(target.score)
        return () if winner is None else _outcomes(winner, tuple(target.support), m)


@cache
def _outcomes(winner: int, support: tuple[int, ...], m: int) -> tuple[Conditions, ...]:
    rivals = [x for x in support if x != winner]
    found = [beating([(winner, x) for x in rivals], m)]
    if 3 <= len(rivals) <= _MOST_RIVALS:
        for single in rivals:
            copies = tuple(x for x in rivals if x != single)
            alike = tuple(copies[0] if x in copies else x for x in range(m))
            pairs = _tournaments(winner, [(single,), copies])
            found += [beating(beaten, m, alike) for beaten in pairs]
    if len(rivals) <= _MOST_UNTIED:
        found += [beating(beaten, m) for beaten in _tournaments(winner, [(x,) for x in rivals])]
    return tuple(found)


def _tournaments(winner: int, rivals: Sequence[tuple[int, ...]]) -> Iterator[list[tuple[int, int]]]:
    """Yield who beats whom where the winner has most wins, but not all.

    Between groups of copies that tie among themselves, each named by its first.
    """
    alone = (winner,)
    contests = list(combinations([alone, *rivals], 2))
    for turned in product((False, True), repeat=len(contests)):
        pairs = [(y, x) if turn else (x, y) for (x, y), turn in zip(contests, turned, strict=True)]
        score = {group: 0.5 * (len(group) - 1) for group in (alone, *rivals)}
        for group, beaten in pairs:
            score[group] += len(beaten)
        if max(score[group] for group in rivals) < score[alone] < sum(map(len, rivals)):
            yield [(group[0], beaten[0]) for group, beaten in pairs]


def _shortfall(
    margin: Float[Tensor, "*batch m m"], count: Float[Tensor, "*batch m"], winner: Tensor
) -> Float[Tensor, "*batch m"]:
    """Return by how much margins must move, about, for x to catch up with the winner.

    A contest that the winner wins or x loses makes up for one win when it turns; the closest
    ones turn. Unlike a number of wins this has a gradient: it says how near other winners are.
    """
    row = winner[..., None, None].expand(*winner.shape, 1, margin.shape[-1])
    against = torch.cat([margin.gather(-2, row).expand_as(margin), -margin], -1)
    closest = torch.where(against > 0, against, torch.inf).sort(-1).values
    behind = count.gather(-1, winner[..., None]) - count
    turned = torch.arange(closest.shape[-1]) < behind[..., None].ceil()
    return torch.where(turned, closest, 0.0).sum(-1)
