"""AG: Borda on rankings has distortion at most 2K."""

from __future__ import annotations

from adversary.theory.constants import rate
from adversary.theory.sources import AG
from adversary.theory.theorem import INDEPENDENT, SOCIAL, Claim, Theorem

THEOREM = Theorem(
    key="ag-borda-2k",
    title="Borda has distortion at most 2K",
    source=AG,
    place="Borda under Plackett–Luce",
    formula="2K, K = (β/2)·coth(β/2)",
    assumptions="Plackett–Luce rankings, whose pairs are Bradley–Terry under the uniform law",
    claims=(
        Claim("upper", ("borda",), SOCIAL, INDEPENDENT, lambda b, m: 2 * rate(b), law="uniform"),
        Claim(
            *("upper", ("borda",), SOCIAL, INDEPENDENT, lambda b, m: 2 * rate(b)),
            law="shown",
            derived="for laws that are not uniform it follows from K·(1+M), as M < 1",
        ),
    ),
)
bound = THEOREM.bound
