"""AG: rules that see margins in a finite precision have distortion at least (5/8−ε)β."""

from __future__ import annotations

from adversary.theory.sources import AG
from adversary.theory.theorem import COMMON, SOCIAL, Claim, Theorem

THEOREM = Theorem(
    key="ag-tournament",
    title="Deterministic tournament rules have distortion at least (5/8−ε)β",
    source=AG,
    place="finite-precision tournament rules",
    formula="(5/8−ε)·β for every constant ε > 0",
    assumptions="for large β, no number at a given β; for Copeland (1−ε)·β is more",
    subject="deterministic rules that see the margins of all contests in a fixed precision",
    claims=(Claim("lower", ("copeland",), SOCIAL, COMMON, None, limit="β → ∞"),),
)
