"""What a theorem on distortion says, as data, and the one place that decides where it says it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Literal, NamedTuple

from flint import arb, ctx

from adversary.exact import INFINITE, rounded_down, rounded_up, to_float
from adversary.problem.instance import Instance, Setting
from adversary.theory.parameters import above, ball, below, working_precision
from adversary.theory.question import Kind, Law, Policies, Question
from adversary.theory.sources import Source

Side = Literal["lower", "upper"]
SIDES: tuple[Side, ...] = ("lower", "upper")
Bound = Callable[[Fraction, int | None], arb | float | None]
"""A bound at β and m, as a ball or as infinity; None where there is none. m of None: any number."""

BOTH: tuple[Setting, ...] = ("social-choice", "alignment")
SOCIAL: tuple[Setting, ...] = ("social-choice",)
BALL: tuple[Setting, ...] = ("alignment",)
INDEPENDENT: tuple[Kind, ...] = ("independent",)
PAIRS: tuple[Kind, ...] = ("pairs",)
COMMON: tuple[Kind, ...] = ("independent", "pairs")
"""The laws that are the same for every user."""
EVERY: tuple[Kind, ...] = ("independent", "pairs", "user-dependent")
USERS: tuple[Kind, ...] = ("user-dependent",)
WIDER: tuple[Kind, ...] = ("pairs", "user-dependent")
"""The laws that need not be independent."""


@dataclass(frozen=True)
class Claim:
    """One inequality of a theorem and its scope.

    'upper': on each instance of the scope the distortion of each policy that the method allows is
    at most the bound. 'lower': instances of the scope come arbitrarily near to the bound, or exceed
    it; besides the users they choose what `law` and `reference` say.
    """

    side: Side
    methods: tuple[str, ...]
    settings: tuple[Setting, ...]
    laws: tuple[Kind, ...]
    bound: Bound | None
    """None: the source gives no number at a given β and m."""
    law: Literal["any", "free", "shown", "uniform", "tree"] = "any"
    """'free': chosen by the instances; 'shown': every alternative is shown (a law on pairs connects
    them); 'tree': on the pairs of a tree, whose longest path counts in the place of m."""
    reference: Literal["any", "free"] = "any"
    least: int = 2
    """The smallest m, or number of alternatives on the longest path of a tree."""
    budget: Literal["any", "zero", "positive", "log 2"] = "any"
    """What τ must be, in a KL ball: 'log 2' is at least that."""
    loose: bool = False
    """Only where the budget does not bind."""
    types: int | None = 1
    """How many types of users the instances have; None: as many as alternatives."""
    policies: Policies = "every"
    derived: str = ""
    """Why the claim follows, where the source does not state it."""
    limit: str = ""
    """Where the source states no more than a limit: which."""

    @property
    def over(self) -> str:
        """Return in words what it ranges over besides the users, or where alone it holds."""
        if self.side == "lower":
            free = [name for name, need in (("laws", self.law), ("references", self.reference))
                    if need == "free"]  # fmt: skip
            return f"over {' and '.join(free)}" if free else ""
        narrow = {"tree": "laws on a tree", "uniform": "the uniform law"}.get(self.law, "")
        return "budgets that do not bind" if self.loose else narrow

    @property
    def in_words(self) -> str:
        """Return the claim's scope in a sentence: all its conditions."""
        named = {"social-choice": "social choice", "alignment": "KL ball"}
        laws = {"free": ", not fixed", "shown": ", every alternative shown", "uniform": ", uniform",
                "tree": ", on the pairs of a tree"}.get(self.law, "")  # fmt: skip
        budget = {"zero": "τ = 0", "positive": "τ > 0", "log 2": "τ ≥ log 2"}.get(self.budget, "")
        lower = self.side == "lower"
        types = "as many types of users" if self.types is None else f"{self.types} types of users"
        conditions = (
            " or ".join(named[setting] for setting in self.settings),
            f"law {' or '.join(self.laws)}{laws}",
            "reference not fixed" if self.reference == "free" else "",
            f"m ≥ {self.least}" if lower and self.bound else "",
            types.replace("1 types", "1 type") if lower and self.bound else "",
            budget,
            "budget not binding" if self.loose and not lower else "",
            "some policy" if self.policies == "some" else "",
            f"stated for {self.limit} only" if self.limit else "",
            f"derived: {self.derived}" if self.derived else "",
        )
        methods = ", ".join(self.methods) or "no method here"
        relation = "at least" if lower else "at most"
        return f"{relation}, {methods}: {'; '.join(filter(None, conditions))}"

    def value(self, question: Question) -> Fraction | float | None:
        """Return the bound, rounded in the safe direction to 40 digits, or infinity.

        None where the claim says nothing about the question.
        """
        size = question.law.longest if self._on_tree(question) else question.m
        if self.bound is None or not self._concerns(question, size):
            return None
        return _number(self.bound, question.beta, size, self.side)

    def _concerns(self, question: Question, size: int | None) -> bool:
        law, tau = question.law, question.tau
        return (
            question.method in self.methods
            and question.setting in self.settings
            and law.kind in self.laws
            and (size is None or size >= self.least)
            and (question.setting == "social-choice" or self._allows(tau))
            and (self._reached(question, size) if self.side == "lower" else self._covers(question))
        )

    def _allows(self, tau: Fraction | None) -> bool:
        """Whether the budget is in the scope; of a lower bound: whether some budget is."""
        if tau is None:
            return self.budget == "any" or (self.budget != "zero" and self.side == "lower")
        if self.budget == "log 2":
            with ctx.workprec(512):
                return bool(ball(tau) >= arb.const_log2())
        return {"any": True, "zero": tau == 0, "positive": tau > 0}[self.budget]

    def _reached(self, question: Question, size: int | None) -> bool:
        """Whether the instances of the lower bound are in the question's class."""
        law = question.law
        types = size if self.types is None else self.types
        given = {"any": law.kind != "user-dependent", "free": False, "shown": law.shown,
                 "uniform": law.uniform, "tree": self._on_tree(question)}  # fmt: skip
        return (
            self.policies == question.policies
            and (not law.fixed or given[self.law])
            and (self.reference == "any" or question.reference)
            and (question.types is None or (types is not None and types <= question.types))
            and (self.loose or not question.loose)
        )

    def _covers(self, question: Question) -> bool:
        """Whether the question's class is in the scope of the upper bound."""
        law = question.law
        fits = {"any": True, "free": True, "shown": law.shown, "uniform": law.uniform,
                "tree": self._on_tree(question)}  # fmt: skip
        return fits[self.law] and (question.loose or not self.loose)

    def _on_tree(self, question: Question) -> bool:
        return self.law == "tree" and question.law.fixed and question.law.longest is not None


def widened(claim: Claim) -> tuple[Claim, Claim]:
    """Return a lower bound on common laws, and on laws that depend on the user: some are common."""
    return claim, replace(claim, laws=USERS, derived="the types' laws may be the same")


@cache
def _number(bound: Bound, beta: Fraction, m: int | None, side: Side) -> Fraction | float | None:
    with working_precision(beta):
        found = bound(beta, m)
        if found is None or not isinstance(found, arb):
            return found
        return below(found) if side == "lower" else above(found)


@dataclass(frozen=True)
class Theorem:
    """A statement on the worst-case distortion of some methods."""

    key: str
    """Short name, unique: 'ghy-thm3'."""
    title: str
    source: Source
    place: str
    """Where in the source: 'Theorem 3'."""
    formula: str
    assumptions: str
    """What the claims do not say of themselves."""
    claims: tuple[Claim, ...]
    subject: str = ""
    """What the theorem is about, where that is no method, or no setting, of this program."""
    construction: Callable[..., Instance] | None = None
    """Builds the instances that show the lower bound, where there are some."""

    @property
    def citation(self) -> str:
        """Return the citation key of the source."""
        return self.source.citation

    @property
    def status(self) -> str:
        """'lower', 'upper', or 'tight' where both are claimed."""
        sides = {claim.side for claim in self.claims}
        return sides.pop() if len(sides) == 1 else "tight"

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods, those that the source treats before those that are derived."""
        ordered = sorted(self.claims, key=lambda claim: claim.derived != "")
        return tuple(dict.fromkeys(method for claim in ordered for method in claim.methods))

    @property
    def derived(self) -> dict[str, str]:
        """Return the methods that the source does not treat, each with the reason."""
        stated = {m for claim in self.claims if not claim.derived for m in claim.methods}
        claims = reversed(self.claims)
        return {m: c.derived for c in claims for m in c.methods if m not in stated}

    @property
    def setting(self) -> str:
        """'social-choice', 'alignment' or 'both'."""
        settings = {setting for claim in self.claims for setting in claim.settings}
        return settings.pop() if len(settings) == 1 else "both"

    @property
    def laws(self) -> tuple[Kind, ...]:
        """Return the kinds of pair laws, that of the first claim first."""
        return tuple(dict.fromkeys(kind for claim in self.claims for kind in claim.laws))

    def said(self, question: Question, side: Side) -> Known | None:
        """Return the strongest thing that one side of the theorem says; None if nothing."""
        found = [
            Known(replace(self, claims=(claim,)), value)
            for claim in self.claims
            if claim.side == side and (value := claim.value(question)) is not None
        ]
        strongest = max if side == "lower" else min
        return strongest(found, key=lambda known: known.value, default=None)

    def bound(
        self, beta: Fraction | float, m: int | None = None, tau: Fraction | float | None = None
    ) -> float | None:
        """Return the first number that a claim gives, on laws of its first kind.

        A float, rounded in the safe direction: for a lower bound at most the largest float, for an
        upper bound infinity beyond it. With a budget τ claims on a KL ball alone are asked.
        """
        for claim in self.claims:
            setting = claim.settings[0] if tau is None else "alignment"
            law = Law(claim.laws[0], fixed=claim.law == "uniform", uniform=claim.law == "uniform")
            question = Question(
                claim.methods[0] if claim.methods else "",
                setting,
                law,
                Fraction(beta),
                m,
                None if tau is None else Fraction(tau),
                loose=claim.loose,
                policies=claim.policies,
            )
            value = claim.value(question)
            if value is not None:
                return Known(replace(self, claims=(claim,)), value).directed
        return None


class Known(NamedTuple):
    """One side of a theorem, as a theorem of one claim, and its number where it applies."""

    theorem: Theorem
    value: Fraction | float
    """Rounded in the safe direction, exact; or infinity."""

    @property
    def claim(self) -> Claim:
        """Return the claim that applies."""
        return self.theorem.claims[0]

    @property
    def directed(self) -> float:
        """Return the nearest float that is not beyond the value: not above a lower bound."""
        value, found = self.value, to_float(self.value)
        if self.claim.side == "lower":
            return math.nextafter(found, 0) if found > value else found
        return math.nextafter(found, math.inf) if found < value else found

    @property
    def text(self) -> str:
        """Return the number in six digits, rounded in the direction in which it stays true."""
        if not isinstance(self.value, Fraction):
            return INFINITE
        return (rounded_down if self.claim.side == "lower" else rounded_up)(self.value)
