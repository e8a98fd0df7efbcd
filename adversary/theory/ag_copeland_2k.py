"""AG: Copeland has distortion at most 2K."""

from __future__ import annotations

from adversary.theory.constants import rate
from adversary.theory.sources import AG
from adversary.theory.theorem import COMMON, SOCIAL, Claim, Theorem

THEOREM = Theorem(
    key="ag-copeland-2k",
    title="Copeland has distortion at most 2K",
    source=AG,
    place="Copeland, upper bound",
    formula="2K, K = (β/2)·coth(β/2)",
    assumptions="Plackett–Luce rankings; Copeland sees the margins alone, which are the same under "
    "every common law",
    claims=(Claim("upper", ("copeland",), SOCIAL, COMMON, lambda b, m: 2 * rate(b)),),
)
bound = THEOREM.bound
