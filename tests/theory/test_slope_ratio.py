"""Borda and IPO in a KL ball stay below cosh²(β/2), whatever the budget."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from adversary.interface.method import Status, by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Reference
from adversary.theory import kl_vertex
from adversary.theory.slope_ratio import THEOREM, bound


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("beta", [1.0, 4.0, 10.0])
@pytest.mark.parametrize("tau", ["1", "1/10"])
def test_not_exceeded_near_the_worst_known_instance(jitter, method, beta, tau):
    near = kl_vertex.instance(str(beta), "1e-2", f"1e-{3 + int(beta) // 2}")
    near = replace(near, reference=Reference((1, 1, 0), Fraction(tau)))  # type: ignore[arg-type]
    found, outcome = evaluate(jitter(near, 2000, 3), by_name(method))
    assert (outcome.status < Status.DISCONNECTED).all()
    computed, theory = found.some.max().item(), bound(beta, 3, float(Fraction(tau)))
    assert theory is not None
    assert computed <= theory * (1 + 1e-9)
    if tau == "1":
        assert computed > 0.9 * theory


def test_with_the_lower_bound_it_is_exact():
    for beta, tau in ((0.1, 1), (4, None), (50, 0.7)):
        assert bound(beta, 3, tau) == pytest.approx(kl_vertex.bound(beta, 3, tau), rel=1e-15)
    assert bound(4, 2, 0.1) == pytest.approx(math.cosh(2) ** 2)
