"""Outcome conditions: when a method returns a policy, as linear conditions on win probabilities.

A method that states them is searched exactly: the worst users for an outcome are then a linear
program (theory §5).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Target:
    """An outcome that a method is to have, and all that decides it besides the users.

    Not batched. Pair law, reference and budget are as in `Preferences`.
    """

    log_pairs: Float[Tensor, "m m"]
    log_opponents: Float[Tensor, "m m"]
    log_reference: Float[Tensor, "m"]
    budget: Float[Tensor, ""]
    log_policy: Float[Tensor, "m"]
    """Log of the policy to be returned."""
    score: Float[Tensor, "m"]
    """What explains the policy, in the sense of `Outcome.score`: it maximises ⟨score, π⟩ over the
    ball. At a vertex no other alternative scores higher than the winner."""

    @property
    def winner(self) -> int | None:
        """The alternative that the policy always plays, if there is one."""
        logs = self.log_policy.detach()
        top = int(logs.argmax())
        return top if float(logs[top]) > -1e-12 else None

    @property
    def support(self) -> list[int]:
        """The alternatives to which the reference gives mass."""
        return torch.nonzero(self.log_reference > -torch.inf).flatten().tolist()

    @property
    def independent(self) -> bool:
        """Whether every alternative meets the same opponents: an independent pair law."""
        return bool((self.log_opponents == self.log_opponents[:1]).all())


@dataclass(frozen=True)
class Conditions:
    """Σ_{x,y} coefficients[j,x,y]·(p(x≻y) − ½) + constants[j] ≥ 0, or = 0 where `equality`.

    Differentiable in the target's tensors.
    """

    coefficients: Float[Tensor, "j m m"]
    constants: Float[Tensor, "j"]
    equality: Bool[Tensor, "j"]
    alike: tuple[int, ...] | None = None
    """Where copies are part of the outcome: for each alternative the first of those that every
    user values as it. They tie exactly, which no condition on p(x≻y) could bring about in floats.
    Not for laws that differ between users."""

    @classmethod
    def at_least(
        cls, coefficients: Float[Tensor, "j m m"], alike: tuple[int, ...] | None = None
    ) -> Conditions:
        """Return homogeneous inequalities."""
        count = len(coefficients)
        flags = torch.zeros(count, dtype=torch.bool)
        return cls(coefficients, torch.zeros(count, dtype=torch.float64), flags, alike)

    @classmethod
    def equal(cls, coefficients: Float[Tensor, "j m m"], values: Float[Tensor, "j"]) -> Conditions:
        """Return the equations Σ coefficients·(p − ½) = values."""
        return cls(coefficients, -values, torch.ones(len(values), dtype=torch.bool))


def beating(
    pairs: list[tuple[int, int]], m: int, alike: tuple[int, ...] | None = None
) -> Conditions:
    """Return p(x≻y) ≥ ½ for each pair (x, y) of m alternatives, of which some may be alike."""
    coefficients = torch.zeros(len(pairs), m, m, dtype=torch.float64)
    for row, (x, y) in enumerate(pairs):
        coefficients[row, x, y] = 1.0
    return Conditions.at_least(coefficients, alike)


def best_score(target: Target, table: Float[Tensor, "m m"]) -> Conditions | None:
    """Return that the winner has the highest score Σ_y table[x,y]·p(x≻y) of the support.

    None where the policy has no single winner. Alternatives with an empty row have no score.
    """
    winner = target.winner
    shown = (table > 0).any(-1)
    if winner is None or not bool(shown[winner]):
        return None
    rivals = [x for x in target.support if x != winner and bool(shown[x])]
    rows = score_rows(table)
    return Conditions.at_least(rows[winner] - rows[rivals])


def score_rows(table: Float[Tensor, "m m"]) -> Float[Tensor, "m m m"]:
    """Return for each x the coefficients of Σ_y table[x,y]·(p(x≻y) − ½)."""
    return torch.diag_embed(table.T).permute(1, 2, 0)
