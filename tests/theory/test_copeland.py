"""Copeland's distortion is K(1+M): reached by copies in Theorem 12's instance, never exceeded."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from adversary.certificate import check
from adversary.certifying.certify import certify
from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Reference, UserType
from adversary.problem.population import Population
from adversary.theory import Law, Question, ghy_thm12
from adversary.theory.ag_copeland_2k import THEOREM as PUBLISHED
from adversary.theory.copeland import THEOREM, instance
from adversary.theory.formulas import borda_rate, rate


@pytest.mark.parametrize("beta", [1, 4, 20])
@pytest.mark.parametrize("m", [4, 5, 6])
def test_is_reached_in_the_limit(solve, beta, m):
    errors = []
    for epsilon in ("1e-2", "1e-4", "1e-6"):
        solved = solve(instance(beta, epsilon, m), "copeland")
        assert solved.status == Status.SOLVED
        assert solved.policy["c"] == 1
        errors.append(1 - solved.every / borda_rate(beta))
    assert 0 < errors[2] < errors[1] < errors[0]
    assert errors[2] < 1e-4


@pytest.mark.parametrize("beta", [1, 4, 20])
def test_four_alternatives_are_enough(beta):
    """The copies of b tie exactly, so c is alone."""
    made = certify(instance(beta, "1e-6"), by_name("copeland"))
    assert 0.9999 * borda_rate(beta) < made.lower_bound < borda_rate(beta)


def test_five_alternatives_need_no_tie(margin):
    """Copies of b that beat each other in a cycle: every contest has a winner, c is alone."""
    near = instance(4, "1e-3", 5)
    few, levels = Fraction(1, 10**12), (Fraction(1), Fraction(1, 2), Fraction(0))
    cycle = tuple(
        UserType(few, (Fraction(0), *levels[3 - k :], *levels[: 3 - k], Fraction(0)))
        for k in range(3)
    )
    found = replace(near, users=(*near.users, *cycle))
    for x, y in (("b", "b2"), ("b2", "b3"), ("b3", "b"), ("a", "c"), ("c", "b"), ("b3", "a")):
        assert margin(found, x, y) > 0
    made = certify(found, by_name("copeland"))
    assert 0.998 * borda_rate(4) < made.lower_bound < borda_rate(4)


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_lemma_of_the_uncovered_set(m):
    """Between a winner and any b lies a z with A(w,z) ≥ 0 ≥ A(b,z); half the contests are ties."""
    generator = torch.Generator().manual_seed(m)
    contests = torch.randint(-1, 2, (3000, m, m), generator=generator).triu(1)
    contests = contests - contests.transpose(1, 2)
    score = (contests + 1).sum(-1)
    steps = (contests >= 0).long()
    reached = steps @ steps > 0
    winners = score == score.amax(-1, keepdim=True)
    assert reached[winners].all()
    assert m < 5 or not reached.all()


@pytest.mark.parametrize("tau", ["0", "1/10", "5"])
def test_in_a_ball_of_any_size(solve, tau):
    """A reference with nearly all mass on the best alternative leaves the ratio as it is."""
    small = Fraction(1, 10**9)
    found = replace(
        instance(4, "1e-6", 5), reference=Reference((1 - 4 * small, *[small] * 4), Fraction(tau))
    )
    solved = solve(found, "copeland")
    assert solved.policy["c"] == 1
    assert 0.9999 * borda_rate(4) < solved.every < borda_rate(4)
    assert THEOREM.bound(4, 5, Fraction(tau)) == pytest.approx(borda_rate(4), rel=1e-14)


@pytest.mark.parametrize("beta", [1.0, 4.0, 12.0])
def test_is_not_exceeded_near_the_worst_instances(jitter, beta):
    """By no policy that Copeland allows; nor is the published 2K."""
    found, outcome = evaluate(jitter(instance(str(beta), "1e-2", 5), 3000, 5), by_name("copeland"))
    assert (outcome.status < Status.DISCONNECTED).all()
    limit = borda_rate(beta)
    assert 0.9 * limit < found.some.max().item() <= limit * (1 + 1e-9)
    published = PUBLISHED.bound(beta, 5)
    assert published is not None
    assert limit < published


@pytest.mark.parametrize(("m", "least"), [(2, 0.5), (3, 0.5), (4, 0.5), (7, 0.3)])
def test_is_not_exceeded_at_random(m, least):
    """2000 populations of few types with utilities over many orders of magnitude.

    With three alternatives or fewer a sole winner beats or ties all others: at most K.
    """
    generator = torch.Generator().manual_seed(m)
    n, k, beta = 2000, 3, 4.0
    scale = 10 ** (-4 * torch.rand(n, k, m, generator=generator, dtype=torch.float64))
    there = torch.rand(n, k, m, generator=generator) < 0.6
    weights = 10 ** (-4 * torch.rand(n, k, generator=generator, dtype=torch.float64))
    population = Population(
        beta=torch.full((n,), beta, dtype=torch.float64),
        log_weights=weights.log().log_softmax(-1),
        utilities=torch.where(there, scale, 0.0),
        log_mu=torch.full((n, m), 1 / m, dtype=torch.float64).log(),
    )
    found, outcome = evaluate(population, by_name("copeland"))
    limit = borda_rate(beta)
    usable = population.average_utility.amax(-1) > 0
    assert least * limit < found.some[usable].max().item() <= limit * (1 + 1e-9)
    if m < 4:
        class_ = Question("copeland", "social-choice", Law("independent"), Fraction(beta), m)
        assert THEOREM.said(class_, "lower") is None
        assert THEOREM.said(class_, "upper") is not None
        alone = usable & (outcome.status == Status.SOLVED)
        assert found.every[alone].max().item() <= rate(beta) * (1 + 1e-9)


def test_three_alternatives_are_enough_for_some_policy():
    """Each wins once: the bad one is allowed, and so is the best: not every policy loses."""
    verdict = check(Path(__file__).parents[1] / "planted" / "copeland-cycle-some.json")
    assert verdict.accepted
    assert verdict.policies == "some"
    assert verdict.bound is not None
    assert 0.999 * borda_rate(4) < verdict.bound < borda_rate(4)
    cycle = ghy_thm12.instance(4, "1e-6")
    assert certify(cycle, by_name("copeland")).lower_bound == pytest.approx(1, rel=1e-9)
    for policies, known in (("some", True), ("every", False)):
        asked = Question("copeland", "social-choice", Law("pairs"), Fraction(4), 3,
                         policies=policies)  # fmt: skip
        assert (THEOREM.said(asked, "lower") is not None) == known


def test_out_of_range():
    with pytest.raises(InputError, match=r"^m:"):
        instance(4, "1e-3", 3)
