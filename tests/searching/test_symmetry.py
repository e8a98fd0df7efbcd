"""Copies are one alternative of a smaller program; other names are no other outcome."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from adversary import Copeland
from adversary.columns.generation import solve
from adversary.columns.program import Types
from adversary.interface.conditions import Conditions, beating
from adversary.searching.run import find
from adversary.searching.symmetry import distinct, merged, narrow, widen
from adversary.theory.formulas import borda_rate
from tests.columns.programs import random_program, target, vertex

ALIKE = (0, 1, 1, 3, 1)


def test_merging_is_seeing_copies_only() -> None:
    """A merged program has the features that the whole has on types that value copies alike."""
    rng = np.random.default_rng(5)
    whole = random_program(rng, 5, 4.0)
    small = merged(whole, ALIKE)
    types = Types.plain(rng.random((20, 5))[:, list(ALIKE)])
    assert small.alternatives == 3
    for one, other in zip(small.features(narrow(types, ALIKE)), whole.features(types), strict=True):
        assert one == pytest.approx(other, abs=1e-14)
    assert merged(whole, None) is whole
    assert narrow(types, None) is types


def test_widening_keeps_the_value() -> None:
    """The solution in all alternatives has the value and the features of the merged one."""
    rng = np.random.default_rng(6)
    whole = random_program(rng, 5, 4.0)
    small = merged(whole, ALIKE)
    found = solve(small, rng)
    assert found is not None
    wide = widen(found, ALIKE)
    assert widen(found, None) is found
    assert wide.types.utilities.shape[1] == 5
    assert (wide.types.utilities == wide.types.utilities[:, list(ALIKE)]).all()
    plain = ~wide.types.tangent
    gain, cost, phi = whole.features(wide.types[plain])
    expected = small.features(found.types[plain])
    assert gain == pytest.approx(expected[0])
    assert cost == pytest.approx(expected[1])
    assert phi == pytest.approx(expected[2], abs=1e-12)


def renamed(conditions: Conditions, order: list[int]) -> Conditions:
    """Return the conditions with alternatives, and rows, in another order."""
    table = conditions.coefficients[:, order][:, :, order]
    return replace(conditions, coefficients=table.flip(0))


def test_other_names_are_no_other_conditions() -> None:
    """The winner and the best keep their names; others may swap theirs, and rows their order."""
    chain = beating([(0, 2), (2, 3), (3, 1)], 4)
    swapped = renamed(chain, [0, 1, 3, 2])
    assert list(distinct([chain, swapped], 0, 1)) == [0]
    assert list(distinct([chain, swapped], 0, 2)) == [0, 1]
    assert list(distinct([], 0, 1)) == []
    copies = [replace(chain, alike=alike) for alike in (None, (0, 1, 2, 2), (0, 1, 1, 3))]
    assert list(distinct(copies, 0, 1)) == [0, 1, 2]


@pytest.mark.parametrize(("m", "few"), [(4, 3), (5, 20), (6, 6)])
def test_few_of_copelands_outcomes_differ(m: int, few: int) -> None:
    """Of 65 outcomes of five alternatives less than a third are programs of their own."""
    flat = torch.full((m, m), -2 * np.log(m)).double()
    options = Copeland().conditions(target(flat, vertex(m, 0), np.zeros(m)))
    assert 2 <= len(list(distinct(options, 0, 1))) <= few


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("beta", "m"), [("1", 4), ("4", 4), ("4", 5), ("8", 6), ("1/2", 6)])
def test_copeland_is_as_bad_as_its_theorem(beta: str, m: int, seed: int) -> None:
    """From four alternatives on at least 99.9 % of K(1+M), with copies that tie exactly."""
    found = find(Copeland(), beta, m, seed=seed)
    limit = borda_rate(float(Fraction(beta)))
    assert 0.999 * limit <= found.distortion <= limit * (1 + 1e-9)
