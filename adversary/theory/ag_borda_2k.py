"""AG: Borda on rankings has distortion at most 2K."""

from __future__ import annotations

from adversary.theory.formulas import rate
from adversary.theory.sources import AG
from adversary.theory.theorem import Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return 2K(β)."""
    return 2 * rate(beta) if m is None or m >= 2 else None


THEOREM = Theorem(
    key="ag-borda-2k",
    title="Borda has distortion at most 2K",
    source=AG,
    place="Borda under Plackett–Luce",
    methods=("borda",),
    setting="social-choice",
    laws=("independent",),
    status="upper",
    formula="2K, K = (β/2)·coth(β/2)",
    assumptions="Plackett–Luce rankings, whose pairs are Bradley–Terry under the uniform law; "
    "for other independent laws it follows from K(1+M), as M < 1",
    bound=bound,
)
