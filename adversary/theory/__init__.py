"""Theorems on distortion, one file each, and the instances that prove the lower bounds.

Every module of this package with a `THEOREM` is found by itself; nothing is registered by hand.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from adversary.theory.question import Law, Question
from adversary.theory.theorem import SIDES, Claim, Known, Theorem

__all__ = [
    "SIDES",
    "Claim",
    "Known",
    "Law",
    "Question",
    "Theorem",
    "all_theorems",
    "known",
    "strongest",
]


@cache
def all_theorems() -> tuple[Theorem, ...]:
    """Return every theorem, ordered by key."""
    modules = [import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    theorems = [m.THEOREM for m in modules if hasattr(m, "THEOREM")]
    return tuple(sorted(theorems, key=lambda theorem: theorem.key))


def known(question: Question) -> list[Known]:
    """Return what the theorems say of a class of instances, each side of a theorem for itself.

    Ordered by key, the lower bound of a theorem first.
    """
    found = (theorem.said(question, side) for theorem in all_theorems() for side in SIDES)
    return [one for one in found if one is not None]


def strongest(question: Question) -> tuple[Known | None, Known | None]:
    """Return the largest lower and the smallest upper bound among the theorems."""
    found = known(question)
    lower = [one for one in found if one.theorem.status == "lower"]
    upper = [one for one in found if one.theorem.status == "upper"]
    return (
        max(lower, key=lambda one: one.value, default=None),
        min(upper, key=lambda one: one.value, default=None),
    )
