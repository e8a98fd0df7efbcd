"""GHY Theorem 2: Borda has distortion at most K²."""

from __future__ import annotations

from adversary.theory.constants import rate
from adversary.theory.sources import GHY
from adversary.theory.theorem import INDEPENDENT, SOCIAL, Claim, Theorem

_TREATED = ("borda", "rlhf", "dpo")

THEOREM = Theorem(
    key="ghy-thm2",
    title="Borda has distortion at most K²",
    source=GHY,
    place="Theorem 2",
    formula="K², K = (β/2)·coth(β/2)",
    assumptions="RLHF and DPO play what Borda plays under an independent law",
    claims=(
        Claim("upper", _TREATED, SOCIAL, INDEPENDENT, lambda b, m: rate(b) ** 2, law="shown"),
        Claim(
            *("upper", ("ipo",), SOCIAL, INDEPENDENT, lambda b, m: rate(b) ** 2),
            law="shown",
            derived="in social choice IPO plays what Borda plays",
        ),
    ),
)
bound = THEOREM.bound
