"""GHY Theorem 2: Borda has distortion at most K²."""

from __future__ import annotations

from adversary.theory.formulas import rate
from adversary.theory.sources import GHY
from adversary.theory.theorem import Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return K(β)²."""
    return rate(beta) ** 2 if m is None or m >= 2 else None


THEOREM = Theorem(
    key="ghy-thm2",
    title="Borda has distortion at most K²",
    source=GHY,
    place="Theorem 2",
    methods=("borda", "rlhf", "dpo", "ipo"),
    setting="social-choice",
    laws=("independent",),
    status="upper",
    formula="K², K = (β/2)·coth(β/2)",
    assumptions="independent pair law with full support",
    bound=bound,
)
