"""GHY Corollary 8: NLHF with a KL penalty in the place of a budget has distortion at most K."""

from __future__ import annotations

from adversary.theory.sources import GHY
from adversary.theory.theorem import BALL, COMMON, Claim, Theorem

THEOREM = Theorem(
    key="ghy-cor8",
    title="NLHF with a KL penalty has distortion at most K",
    source=GHY,
    place="Corollary 8",
    formula="K = (β/2)·coth(β/2)",
    assumptions="every penalty λ; against the best policy that is no further from the reference, "
    "in KL, than NLHF's own (reported, not read in the paper)",
    subject="NLHF with a penalty λ·KL in the place of a budget, no method of this program",
    claims=(Claim("upper", (), BALL, COMMON, None),),
)
