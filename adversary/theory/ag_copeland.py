"""AG: Copeland has distortion at least (1−ε)β, a statement for large β."""

from __future__ import annotations

from adversary.theory.sources import AG
from adversary.theory.theorem import COMMON, SOCIAL, Claim, Theorem

THEOREM = Theorem(
    key="ag-copeland",
    title="Copeland has distortion at least (1−ε)β",
    source=AG,
    place="Copeland, lower bound",
    formula="(1−ε)·β for every constant ε > 0",
    assumptions="for large β: at a given β it is no number, as K·(1+M) is at most (see copeland)",
    claims=(Claim("lower", ("copeland",), SOCIAL, COMMON, None, limit="β → ∞"),),
)
