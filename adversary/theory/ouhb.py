"""OUHB: with clipped rewards RLHF's distortion is polynomial where the data cover the reference."""

from __future__ import annotations

from adversary.theory.sources import OUHB
from adversary.theory.theorem import BALL, INDEPENDENT, Claim, Theorem

THEOREM = Theorem(
    key="ouhb",
    title="RLHF with a clipped reward has distortion of order βB",
    source=OUHB,
    place="upper and lower bounds",
    formula="Θ̃(βB + β), B = max over x of log(π_ref(x)/μ(x)); O(β) where π_ref = μ",
    assumptions="the order of growth, up to logarithms, in one regime of regularisation; no number "
    "at a given β (reported, not read in the paper)",
    subject="RLHF whose reward is clipped, no method of this program",
    claims=(
        Claim("lower", (), BALL, INDEPENDENT, None, limit="β → ∞"),
        Claim("upper", (), BALL, INDEPENDENT, None, limit="β → ∞"),
    ),
)
