"""GHY Corollary 4: the distortion of maximal lotteries is K."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from adversary.interface.method import Status, by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Reference
from adversary.problem.population import Population
from adversary.theory.formulas import rate
from adversary.theory.ghy_cor4 import THEOREM, instance


@pytest.mark.parametrize("beta", ["0.01", 1, 3, 10, 50])
@pytest.mark.parametrize("m", [2, 4])
def test_k_is_reached(solve, beta, m):
    theory = rate(float(Fraction(beta)))
    previous = 0.0
    for epsilon, xi in (("1e-2", "1.01"), ("1e-5", "1.00001"), ("1e-8", "1.00000001")):
        computed = solve(instance(beta, epsilon, xi, m), "maximal-lotteries").every
        assert previous <= computed <= theory * (1 + 1e-9)
        previous = computed
    assert previous == pytest.approx(theory, rel=1e-7)
    assert THEOREM.bound(Fraction(beta), m) == pytest.approx(theory, rel=1e-14)


@pytest.mark.parametrize("tau", ["0", "1/10", "3"])
def test_k_is_reached_in_a_ball_of_any_size(solve, tau):
    """The budget is ignored: the ball about s is small, and holds the best nevertheless."""
    near = Reference((1 - Fraction(1, 10**9), Fraction(1, 10**9)), Fraction(tau))
    solved = solve(replace(instance(4, "1e-6", "1.00001"), reference=near), "maximal-lotteries")
    assert solved.policy["s"] == 0
    assert solved.every == pytest.approx(rate(4), rel=1e-4)
    bound = THEOREM.bound(4, 2, Fraction(tau))
    assert bound == pytest.approx(rate(4), rel=1e-14)


@pytest.mark.parametrize("beta", [1.0, 4.0, 12.0])
def test_k_is_not_exceeded(beta):
    """4000 random populations with few types and utilities over many orders of magnitude."""
    generator = torch.Generator().manual_seed(7)
    n, k, m = 4000, 3, 3
    scale = 10 ** (-6 * torch.rand(n, k, m, generator=generator, dtype=torch.float64))
    there = torch.rand(n, k, m, generator=generator) < 0.7
    weights = 10 ** (-4 * torch.rand(n, k, generator=generator, dtype=torch.float64))
    population = Population(
        beta=torch.full((n,), beta, dtype=torch.float64),
        log_weights=weights.log().log_softmax(-1),
        utilities=torch.where(there, scale, 0.0),
        log_mu=torch.full((n, m), 1 / m, dtype=torch.float64).log(),
    )
    found, outcome = evaluate(population, by_name("maximal-lotteries"))
    solved = outcome.status == Status.SOLVED
    solved |= outcome.status == Status.TIED
    assert solved.float().mean() > 0.99
    computed, theory = found.every[solved].max().item(), rate(beta)
    assert 1.0 + 0.3 * (theory - 1) < computed <= theory * (1 + 1e-9)
