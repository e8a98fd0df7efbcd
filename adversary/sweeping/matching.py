"""Short exact searches in the settings of the theorems, to hold the theorems against."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from adversary.interface.method import available
from adversary.searching.run import default_users
from adversary.sweeping.study import Cell
from adversary.theory import Theorem, all_theorems

_BUDGET = Fraction(1)
_PLACES = ((3, 4), (5, 4), (3, 12))  # m and β: the first of which a theorem says something
_EFFORT = (("starts", 2), ("steps", 8))


def cells() -> list[Cell]:
    """Return the cells that concern at least one theorem, each once."""
    found = [cell for theorem in all_theorems() for cell in _cells(theorem)]
    return list(dict.fromkeys(found))


def _cells(theorem: Theorem) -> Iterator[Cell]:
    settings = {"social-choice": ["none"], "alignment": [_BUDGET], "both": ["none", _BUDGET]}
    for method in theorem.methods:
        for kl in settings[theorem.setting]:
            tau = None if isinstance(kl, str) else float(kl)
            place = next((p for p in _PLACES if theorem.bound(p[1], p[0], tau) is not None), None)
            if place is None or method not in available():
                continue
            (m, beta), law = place, theorem.laws[0]
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
