"""Short exact searches in the settings of the theorems, to hold the theorems against."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from adversary.interface.method import available
from adversary.searching.run import default_users
from adversary.sweeping.study import Cell
from adversary.theory import SIDES, Law, Question, Theorem, all_theorems

_BUDGET = Fraction(1)
_PLACES = ((3, 4), (5, 4), (3, 12))  # m and β: the first of which a theorem says something
_EFFORT = (("starts", 2), ("steps", 8))


def cells() -> list[Cell]:
    """Return the cells that concern at least one theorem, each once."""
    found = [cell for theorem in all_theorems() for cell in _cells(theorem)]
    return list(dict.fromkeys(found))


def _cells(theorem: Theorem) -> Iterator[Cell]:
    """Yield a cell for each method and setting: the first where most sides have a number."""
    for method, kl in product(theorem.methods, ("none", _BUDGET)):
        places = list(product(_PLACES, _laws(theorem)))
        sides = [_sides(theorem, method, kl, *place) for place in places]
        if method not in available() or not any(sides):
            continue
        (m, beta), law = places[sides.index(max(sides))]
        yield Cell(
            method=method,
            beta=Fraction(beta),
            alternatives=m,
            sampling=law,
            kl=kl,
            users=default_users(m, law),
            strategy="columns",
            effort=_EFFORT,
            seed=0,
        )


def _laws(theorem: Theorem) -> list[str]:
    """Return the laws to search: of each claim the first kind, or the uniform law."""
    named = ("uniform" if claim.law == "uniform" else claim.laws[0] for claim in theorem.claims)
    return list(dict.fromkeys(named))


def _sides(
    theorem: Theorem, method: str, kl: Fraction | str, place: tuple[int, int], law: str
) -> int:
    """Return how many sides of the theorem say something there."""
    m, beta = place
    setting = "social-choice" if kl == "none" else "alignment"
    budget = None if isinstance(kl, str) else kl
    question = Question(method, setting, Law.named(law), Fraction(beta), m, budget)
    return sum(theorem.said(question, side) is not None for side in SIDES)
