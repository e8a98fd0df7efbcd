"""Theorems on distortion, one file each, and the instances that prove the lower bounds.

Every module of this package with a `THEOREM` is found by itself; nothing is registered by hand.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from adversary.exact import to_float
from adversary.problem.instance import Instance
from adversary.theory.theorem import Theorem

__all__ = ["Theorem", "all_theorems", "applicable", "known"]


@cache
def all_theorems() -> tuple[Theorem, ...]:
    """Return every theorem, ordered by key."""
    modules = [import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    theorems = [m.THEOREM for m in modules if hasattr(m, "THEOREM")]
    return tuple(sorted(theorems, key=lambda theorem: theorem.key))


def applicable(
    method: str,
    setting: str,
    law: str,
    beta: float,
    m: int | None = None,
    tau: float | None = None,
) -> list[Theorem]:
    """Return the theorems that bound a method's worst case, ordered by key.

    `setting` is 'social-choice' or 'alignment', `law` the kind of the pair law; m or τ of None
    means that it is not fixed. The value is `theorem.bound(beta, m, tau)`, never None here.
    """
    return [t for t in all_theorems() if t.covers(method, setting, law, beta, m, tau)]


def known(instance: Instance, method: str) -> list[tuple[Theorem, float]]:
    """Return the theorems that bound a method's worst case with the β, m, law and τ of an instance.

    Each comes with its bound; ordered by key.
    """
    beta, m = float(instance.beta), len(instance.alternatives)
    reference = instance.reference
    tau = None if reference is None else to_float(reference.kl_budget)
    setting = "social-choice" if reference is None else "alignment"
    found = applicable(method, setting, instance.sampling.kind, beta, m, tau)
    return [(theorem, float(theorem.bound(beta, m, tau) or 0)) for theorem in found]
