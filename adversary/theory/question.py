"""What a theorem is asked about: a class of instances, or the one that an instance stands for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from adversary.problem.instance import (
    Independent,
    Instance,
    PairLaw,
    Pairs,
    Setting,
    UserDependent,
)
from adversary.theory.certain import loose

REWARDED = ("rlhf", "dpo")
"""The methods that fit a reward: on the pairs of a tree they do not see the law's masses."""
Kind = Literal["independent", "pairs", "user-dependent"]
Policies = Literal["every", "some"]


@dataclass(frozen=True)
class Law:
    """The pair laws of a class: one law, or all of a kind that show every alternative."""

    kind: Kind
    fixed: bool = False
    """One law, of which the rest is known; otherwise any of the kind."""
    shown: bool = True
    """Every alternative is shown; of a law on pairs: they connect all alternatives."""
    uniform: bool = False
    longest: int | None = None
    """The number of alternatives on the longest path of a law on the pairs of a tree."""

    @classmethod
    def named(cls, name: str) -> Law:
        """Return the laws of a kind, or the law 'uniform'."""
        return cls("independent", fixed=True, uniform=True) if name == "uniform" else cls(name)  # type: ignore[arg-type]

    @classmethod
    def of(cls, law: PairLaw, m: int) -> Law:
        """Return one law. With two alternatives, laws on pairs for each type are one law."""
        if isinstance(law, UserDependent):
            paired = m == 2 and all(isinstance(own, Pairs) for own in law.laws)
            return cls("pairs" if paired else "user-dependent", True, longest=2 if paired else None)
        if isinstance(law, Independent):
            return cls("independent", True, 0 not in law.weights, len(set(law.weights)) == 1)
        asked = {(x, y): weight for x, y, weight in law.weights if weight > 0}
        uniform = len(asked) == m * (m - 1) // 2 and len(set(asked.values())) == 1
        away = _distances(0, asked)
        shown, longest = len(away) == m, None
        if shown and len(asked) == m - 1:  # a tree: its longest path starts far from anywhere
            longest = 1 + max(_distances(max(away, key=away.__getitem__), asked).values())
        return cls("pairs", True, shown, uniform, longest)


def _distances(start: int, pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return how many pairs each alternative that can be reached is away."""
    found, layer, far = {start: 0}, {start}, 0
    while layer:
        far += 1
        met = {y for pair in pairs for x, y in (pair, pair[::-1]) if x in layer}
        layer = met - found.keys()
        found |= dict.fromkeys(layer, far)
    return found


@dataclass(frozen=True)
class Question:
    """A method, and the class of instances whose worst case is asked for; None: anything."""

    method: str
    setting: Setting
    law: Law
    beta: Fraction
    m: int | None = None
    """How many alternatives."""
    tau: Fraction | None = None
    """The KL budget; None in social choice too."""
    reference: bool = True
    """Whether the reference is free."""
    types: int | None = None
    """The most types of users; 0 where the users are fixed."""
    loose: bool = False
    """Whether only budgets that do not bind are asked about (RLHF and DPO)."""
    policies: str = "every"
    """Of the policies that the method allows, those that lose so much."""

    @classmethod
    def of(cls, instance: Instance, method: str, policies: str = "every") -> Question:
        """Return the class of an instance: all of its setting, β, m, τ, and kind of law.

        The uniform law is a class of its own; so are laws on the pairs of one tree, for RLHF and
        DPO, and for these the instances whose budgets do not bind, where that is so here.
        """
        m, reference = len(instance.alternatives), instance.reference
        law, rewarded = Law.of(instance.sampling, m), method in REWARDED
        if not law.uniform and not (rewarded and law.longest is not None):
            law = replace(law, fixed=False)
        return cls(
            method,
            instance.setting,
            law,
            instance.beta,
            m,
            None if reference is None else reference.kl_budget,
            loose=rewarded and loose(instance),
            policies=policies,
        )
