"""The loop of linear program and proof, and what is said where it fails."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpq

from adversary.bounding import multipliers, programs
from adversary.bounding.multipliers import rational, rounded_up, solved
from adversary.certificate.boxes import Proof
from adversary.columns import generation
from adversary.columns.program import Types
from adversary.errors import CertificateError
from adversary.theory.formulas import borda_rate

POINT = (fmpq(1, 2), fmpq(0), fmpq(1, 4))


def test_rounding() -> None:
    assert rounded_up(1 / 3) == Fraction("0.3333333334")
    assert rounded_up(2.0) == 2
    assert rational(2 / 3) == Fraction("0.6666666667")


def test_the_claim_and_the_signs() -> None:
    found = solved(programs.score(4.0), lambda claim, factors: Proof(True, None, 7))
    assert 0 < float(found.claim) / borda_rate(4) - 1 < 1e-6
    assert len(found.factors) == 2
    assert all(factor >= 0 for factor in found.factors)
    assert found.boxes == 7


def test_a_violating_point_is_the_next_column(monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[Types | None] = []

    def spy(program, generator, pool, *rest):
        pools.append(pool)
        return generation.solve(program, generator, pool, *rest)

    monkeypatch.setattr(multipliers, "solve", spy)
    proofs = iter([Proof(False, POINT, 3), Proof(True, None, 4)])
    solved(programs.score(4.0), lambda claim, factors: next(proofs))
    assert pools[0] is None
    assert pools[1] is not None
    assert pools[1].utilities[-1].tolist() == [0.5, 0, 0.25]


def test_a_point_is_named() -> None:
    with pytest.raises(CertificateError, match=r"positive at \(0\.5, 0, 0\.25\)"):
        solved(programs.score(4.0), lambda claim, factors: Proof(False, POINT, 3))


def test_the_boxes_are_named() -> None:
    with pytest.raises(CertificateError, match="not proved with 99 boxes"):
        solved(programs.score(4.0), lambda claim, factors: Proof(False, None, 99))


def test_no_bound() -> None:
    """Without a condition that lifts the winner nothing bounds the ratio."""
    program = programs.kernel(4.0, [{(0, 2): 1.0}])
    with pytest.raises(CertificateError, match="no finite dual value"):
        solved(program, lambda claim, factors: Proof(True, None, 1))
