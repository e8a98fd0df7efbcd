"""What an accepted upper bound is about, and whether an instance is among it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

from adversary.exact import parse_rational
from adversary.problem.instance import Independent, Instance, PairLaw, Pairs, Setting
from adversary.theory import Law, Question
from adversary.theory.certain import beats, loose

COMMON = "every common"
INDEPENDENT = "every independent"


@dataclass(frozen=True)
class Scope:
    """All that the claim of an upper bound is about (BOUNDS 2); nothing is claimed beyond it."""

    method: str
    beta: Fraction
    setting: Setting
    sampling: str
    """'every common', 'every independent', or the kind of `law`."""
    law: PairLaw | None
    alternatives: tuple[str, ...] | None
    """None: any number."""
    outcome: str
    """'every'; 'vertex': budgets that do not bind; 'majorities' or 'reward': one outcome."""
    winner: str = ""
    """With majorities the claim is U(best) ≤ t·U(winner)."""
    best: str = ""
    beats: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, file: Path) -> Scope:
        """Return the scope of a file that the checker has accepted."""
        raw: dict[str, Any] = json.loads(file.read_text("utf-8"))
        names, outcome = raw["alternatives"], raw["outcome"]
        names = None if isinstance(names, str) else tuple(names)
        named: dict[str, Any] = {"outcome": outcome}
        if isinstance(outcome, dict):
            named = {"outcome": "majorities" if "beats" in outcome else "reward"}
        if named["outcome"] == "majorities":
            pairs = tuple((x, y) for x, y in outcome["beats"])
            named |= {"winner": outcome["winner"], "best": outcome["best"], "beats": pairs}
        law = None if names is None else _law(raw["sampling"], names)
        kinds = {"every": COMMON, "independent": INDEPENDENT}
        sampling = kinds[raw["sampling"]] if law is None else law.kind
        beta = parse_rational("beta", raw["beta"])
        return cls(raw["method"]["name"], beta, raw["setting"], sampling, law, names, **named)

    @property
    def path(self) -> bool:
        """Return whether it compares the ends of a path along which each beats the last."""
        return self.sampling == "pairs" and self.best == self.beats[0][1]

    def questions(self) -> list[Question]:
        """Return the classes of instances that it is about; none where it is about one outcome."""
        if self.outcome not in ("every", "vertex"):
            return []
        laws = [Law("independent"), Law("pairs")]
        if self.sampling == INDEPENDENT:
            laws = laws[:1]
        m = None if self.alternatives is None else len(self.alternatives)
        if self.law is not None and m is not None:
            laws = [Law.of(self.law, m)]
        loose = self.outcome == "vertex"
        return [Question(self.method, self.setting, law, self.beta, m, loose=loose) for law in laws]

    def covers(self, instance: Instance, method: str, policies: str = "every") -> bool:
        """Return whether it certainly bounds the distortion of these policies on the instance."""
        m = len(instance.alternatives)
        if (method, instance.beta, instance.setting) != (self.method, self.beta, self.setting):
            return False
        if self.alternatives is not None and m != len(self.alternatives):
            return False
        if not self._asks(instance.sampling):
            return False
        if self.outcome == "vertex":
            return loose(instance)
        if self.outcome == "majorities":
            return (policies == "every" or self._alone) and self._matches(instance)
        return self.outcome == "every"  # the reward of an instance is hardly ever a given one

    def _asks(self, law: PairLaw) -> bool:
        """Return whether the law is covered, up to the names of the alternatives."""
        if self.sampling == COMMON:
            return isinstance(law, Independent | Pairs)
        if isinstance(self.law, Pairs):  # a path: its masses do not matter, its pairs `_matches`
            return isinstance(law, Pairs)
        return isinstance(law, Independent) and (
            self.law is None or _shares(law) == _shares(self.law)
        )

    @property
    def _alone(self) -> bool:
        """Whether the method plays the winner and nothing else, where no contest is tied."""
        wins = [sum(x == first for first, _ in self.beats) for x in self.alternatives or ()]
        return self.sampling == "pairs" or wins.count(max(wins)) == 1

    def _matches(self, instance: Instance) -> bool:
        """Return whether the instance has these majorities in some order, and the best is best."""
        m, worth, law = len(instance.alternatives), instance.average_utility, instance.sampling
        wins = {(x, y) for x, y in permutations(range(m), 2) if beats(instance, x, y)}
        if isinstance(self.law, Pairs) and isinstance(law, Pairs):
            asked = {(x, y) for x, y, weight in law.weights if weight > 0}
            wins &= asked | {xy[::-1] for xy in asked}
            if len(asked) != len(self.beats):
                return False
        tops = [x for x in range(m) if worth[x] == max(worth)]

        def extends(places: dict[str, int]) -> bool:
            """Return whether the alternatives that have no place yet find theirs."""
            if len(places) == m:
                return True
            name = (self.alternatives or ())[len(places)]
            for x in tops if name == self.best else range(m):
                tried = {**places, name: x}
                known = ((a, b) for a, b in self.beats if name in (a, b) and {a, b} <= tried.keys())
                fits = x not in places.values() and all((tried[a], tried[b]) in wins
                                                        for a, b in known)  # fmt: skip
                if fits and extends(tried):
                    return True
            return False

        return extends({})


def _shares(law: PairLaw) -> list[Fraction]:
    """Return the normalised weights of an independent law, in order of size."""
    assert isinstance(law, Independent)
    return sorted(weight / sum(law.weights) for weight in law.weights)


def _law(value: Any, names: tuple[str, ...]) -> PairLaw | None:
    if isinstance(value, str):
        return None
    if value["kind"] == "independent":
        return Independent(tuple(parse_rational("sampling", w) for w in value["weights"]))
    place = names.index
    pairs = ((place(x), place(y), parse_rational("sampling", w)) for x, y, w in value["weights"])
    return Pairs(tuple((min(x, y), max(x, y), w) for x, y, w in pairs))
