"""Paths and tournaments: suprema of the exact search, and all cases up to relabelling."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations, product

import numpy as np
import pytest

from adversary.bounding.outcomes import prove_path, prove_tournaments, tournaments
from adversary.bounding.proving import Draft
from adversary.columns.generation import solve
from adversary.theory import ghy_thm9
from adversary.theory.formulas import borda_rate, rate
from tests.bounding.test_kernels import assert_checked
from tests.columns import programs

_SLOW = pytest.mark.slow


@pytest.mark.parametrize("beta", ["2", "4", "8"])
@pytest.mark.parametrize("m", [*range(2, 7), *(pytest.param(m, marks=_SLOW) for m in (7, 8))])
def test_paths(m: int, beta: str) -> None:
    proved = prove_path(Draft(Fraction(beta), "rlhf", "social-choice"), m)
    exact = solve(programs.path(m, float(beta)), np.random.default_rng(0), accuracy=1e-8)
    assert exact is not None
    assert -1e-7 < float(proved.upper_bound) / exact.value - 1 <= 1e-4
    published = ghy_thm9.bound(float(beta), m)
    assert published is not None
    assert float(proved.upper_bound) >= published
    assert_checked(proved)


@pytest.mark.parametrize("m", [3, 4])
def test_tournaments(m: int) -> None:
    """The winner beats the best, K, or somebody who does, K(1+M)."""
    outcomes = list(prove_tournaments(Draft(Fraction(4), "copeland", "social-choice"), m))
    for proved in outcomes:
        beats = proved.document["outcome"]["beats"]
        won = ["abcd"[m - 1], "a"] in beats
        assert float(proved.upper_bound) == pytest.approx(
            rate(4) if won else borda_rate(4), rel=1e-6
        )
        assert_checked(proved)


@pytest.mark.parametrize(("m", "count"), [(2, 1), (3, 4), (4, 13), (5, 54)])
def test_every_tournament_is_there(m: int, count: int) -> None:
    found = set(tournaments(m))
    assert len(found) == count
    contests = list(combinations(range(m), 2))
    for turned in product((False, True), repeat=len(contests)):
        beats = [(y, x) if turn else (x, y) for (x, y), turn in zip(contests, turned, strict=True)]
        wins = Counter(x for x, _ in beats)
        if wins[m - 1] < max(wins.values()):
            continue
        orders = ((0, *order, m - 1) for order in permutations(range(1, m - 1)))
        same = [frozenset((order[x], order[y]) for x, y in beats) for order in orders]
        assert sum(frozenset(one) in same for one in found) == 1
