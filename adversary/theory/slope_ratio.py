"""In a KL ball Borda and IPO have distortion at most cosh²(β/2), whatever the budget.

The proof is in `kl_vertex`, whose instance reaches the bound in the limit.
"""

from __future__ import annotations

from adversary.theory.constants import slope_ratio
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import BALL, INDEPENDENT, Claim, Theorem

THEOREM = Theorem(
    key="slope-ratio",
    title="Borda and IPO in a KL ball have distortion at most cosh²(β/2)",
    source=PROJECT,
    place="ratio of slopes",
    formula="cosh²(β/2) = (e^β + 2 + e^(−β))/4",
    assumptions="with kl-vertex it is the supremum over users, laws and references; for RLHF and "
    "DPO that says nothing where the budget binds",
    claims=(Claim("upper", ("borda", "ipo"), BALL, INDEPENDENT, slope_ratio, law="shown"),),
)
bound = THEOREM.bound
