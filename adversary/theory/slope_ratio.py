"""In a KL ball Borda and IPO have distortion at most cosh²(β/2), whatever the budget.

The proof is in `kl_vertex`, whose instance reaches the bound in the limit.
"""

from __future__ import annotations

import math
import sys

from adversary.theory.sources import PROJECT
from adversary.theory.theorem import Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return cosh²(β/2); the largest float where it overflows."""
    if m is not None and m < 2:
        return None
    return math.cosh(beta / 2) ** 2 if beta < 700 else sys.float_info.max


THEOREM = Theorem(
    key="slope-ratio",
    title="Borda and IPO in a KL ball have distortion at most cosh²(β/2)",
    source=PROJECT,
    place="ratio of slopes",
    methods=("borda", "ipo"),
    setting="alignment",
    laws=("independent",),
    status="upper",
    formula="cosh²(β/2) = (e^β + 2 + e^(−β))/4",
    assumptions="independent pair law; any reference and budget",
    bound=bound,
)
