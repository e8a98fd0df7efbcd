"""AG: Copeland has distortion at most 2K."""

from __future__ import annotations

from adversary.theory.formulas import rate
from adversary.theory.sources import AG
from adversary.theory.theorem import COMMON_LAWS, Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return 2K(β)."""
    return 2 * rate(beta) if m is None or m >= 2 else None


THEOREM = Theorem(
    key="ag-copeland-2k",
    title="Copeland has distortion at most 2K",
    source=AG,
    place="Copeland, upper bound",
    methods=("copeland",),
    setting="social-choice",
    laws=COMMON_LAWS,
    status="upper",
    formula="2K, K = (β/2)·coth(β/2)",
    assumptions="the same pair law for every user",
    bound=bound,
)
