"""Copeland: the alternative that wins the most majority contests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from adversary.interface.conditions import Conditions, Target, beating
from adversary.interface.method import Method, Outcome, Status
from adversary.interface.preferences import Preferences
from adversary.methods.linear import linear_outcome


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
        """Return each tournament without ties that the winner alone wins.

        A winner of all its contests needs no others. Beyond five alternatives there are too many
        of the rest.
        """
        winner, m = target.winner, len(target.score)
        if winner is None:
            return ()
        rivals = [x for x in target.support if x != winner]
        found = [beating([(winner, x) for x in rivals], m)]
        contests = list(combinations(rivals, 2)) if len(rivals) < 5 else []
        for wins in range(len(rivals) - 1, 0, -1):
            for beaten in combinations(rivals, wins):
                own = [(winner, x) if x in beaten else (x, winner) for x in rivals]
                for turned in product((False, True), repeat=len(contests)):
                    pairs = own + [
                        (y, x) if turn else (x, y)
                        for (x, y), turn in zip(contests, turned, strict=True)
                    ]
                    counts = Counter(x for x, _ in pairs)
                    if contests and max(counts[x] for x in rivals) < wins:
                        found.append(beating(pairs, m))
        return found


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
