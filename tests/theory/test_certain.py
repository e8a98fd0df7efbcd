"""What is certain of an instance: who beats whom, and whether the budget does not bind."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from adversary.interface.method import by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Independent, Instance, Pairs, Reference, UserType
from adversary.problem.population import Population
from adversary.theory import ghy_thm12, kl_vertex
from adversary.theory.certain import beats, loose

HALF = Reference((Fraction(1, 2), Fraction(1, 2), Fraction(0)), Fraction(1))


def test_majorities_are_certain_or_nothing():
    """In the cycle of Theorem 12 b beats a by 1e-40 of the votes; exact ties are no majorities."""
    a, b, c = range(3)
    cycle = ghy_thm12.instance(4, "1e-6")
    assert [beats(cycle, *xy) for xy in ((b, a), (c, b), (a, c))] == [True] * 3
    assert not any(beats(cycle, *xy) for xy in ((a, b), (b, c), (c, a), (a, a)))
    copies = ghy_thm12.instance(4, "1e-6", m=4)
    assert not beats(copies, 1, 2)
    assert not beats(copies, 2, 1)


@pytest.mark.parametrize("beta", [2, 32, 300])
def test_the_vertex_instances_have_loose_budgets(beta):
    """Also where the scores of a and b differ by far less than floats show."""
    found = kl_vertex.instance(beta, "1e-9", f"1e-{beta + 20}")
    assert loose(found)
    assert loose(replace(found, reference=replace(HALF, kl_budget=Fraction("0.694"))))
    assert not loose(replace(found, reference=replace(HALF, kl_budget=Fraction("0.693"))))
    assert not loose(kl_vertex.small_budget(beta, "1/10", "1e-9", "1/2", "1e-9"))


def test_nothing_is_certain_without_one_independent_law():
    found = kl_vertex.instance(4, "1e-3", "1e-6")
    assert loose(found)
    assert not loose(replace(found, reference=None))
    assert not loose(replace(found, sampling=Pairs(((0, 1, 1), (1, 2, 1)))))  # type: ignore[arg-type]
    assert not loose(replace(found, sampling=Independent((0, 1, 1))))  # type: ignore[arg-type]
    alone = Reference((0, 1, 0), Fraction(0))  # type: ignore[arg-type]
    assert loose(replace(found, reference=alone))


def test_ties():
    """Copies: each has mass enough for itself, or the reference must be asked for both."""
    users = (UserType(Fraction(1), (Fraction(1), Fraction(1), Fraction(0))),)
    law = Independent((Fraction(1),) * 3)
    same = Instance(Fraction(4), ("a", "b", "c"), users, law, HALF)
    assert loose(same)
    assert not loose(replace(same, reference=replace(HALF, kl_budget=Fraction(1, 2))))


def test_random_instances_agree_with_the_solver():
    """A budget that is certainly loose is so in floats, and the other way about, but for ties."""
    generator = torch.Generator().manual_seed(0)
    found = {True: 0, False: 0}
    for _ in range(120):
        draws = torch.randint(0, 20, (3, 4), generator=generator).tolist()
        masses = torch.randint(1, 9, (3, 4), generator=generator).tolist()
        users = tuple(UserType(Fraction(1 + k), tuple(Fraction(u, 19) for u in row))
                      for k, row in enumerate(draws))  # fmt: skip
        budget = Fraction(int(torch.randint(1, 40, (), generator=generator)), 20)
        reference = Reference(tuple(map(Fraction, masses[1])), budget)
        law = Independent(tuple(map(Fraction, masses[0])))
        instance = Instance(Fraction(3), ("a", "b", "c", "d"), users, law, reference)
        _, outcome = evaluate(Population.of(instance), by_name("rlhf"))
        alone = float(outcome.log_policy[0].exp().max()) == 1
        assert loose(instance) == alone
        found[alone] += 1
    assert min(found.values()) > 20
