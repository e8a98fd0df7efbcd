"""The class of instances that an instance, or a search, stands for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from adversary.problem.instance import (
    Independent,
    Instance,
    Pairs,
    UserDependent,
    UserType,
    all_pairs,
    uniform,
)
from adversary.theory import Law, Question, ghy_thm12, kl_vertex, path_law, user_dependent

ONE = Fraction(1)


def pairs(*asked: tuple[int, int], weight: object = 1) -> Pairs:
    return Pairs(tuple((x, y, Fraction(weight)) for x, y in asked))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("law", "m", "expected"),
    [
        (uniform(4), 4, Law("independent", True, uniform=True)),
        (Independent((ONE, ONE, 2 * ONE)), 3, Law("independent", True)),
        (Independent((ONE, ONE, 0 * ONE)), 3, Law("independent", True, shown=False)),
        (pairs(*all_pairs(4)), 4, Law("pairs", True, uniform=True)),
        (pairs((0, 1), (1, 2), (2, 3)), 4, Law("pairs", True, longest=4)),
        (pairs((0, 1), (0, 2), (0, 3)), 4, Law("pairs", True, longest=3)),
        (pairs((0, 1), (1, 2), (0, 2)), 4, Law("pairs", True, shown=False)),
        (pairs((0, 1), (2, 3)), 4, Law("pairs", True, shown=False)),
        (pairs((0, 1), (1, 2), (2, 3), (0, 3)), 4, Law("pairs", True)),
        (pairs((0, 1)), 2, Law("pairs", True, uniform=True, longest=2)),
        (UserDependent((pairs((0, 1)), pairs((0, 1)))), 2, Law("pairs", True, longest=2)),
        (UserDependent((uniform(2), pairs((0, 1)))), 2, Law("user-dependent", True)),
        (UserDependent((pairs((0, 1)), pairs((1, 2)))), 3, Law("user-dependent", True)),
    ],
)
def test_laws(law, m, expected):
    """A pair of mass 0 is not asked about; a tree is measured by its longest path."""
    assert Law.of(law, m) == expected
    if isinstance(law, Pairs) and len(law.weights) < m * (m - 1) // 2:
        there = [(x, y) for x, y, _ in law.weights]
        absent = next(xy for xy in all_pairs(m) if xy not in there)
        assert Law.of(Pairs((*law.weights, (*absent, 0 * ONE))), m) == expected


def test_instances_stand_for_all_of_their_kind():
    """But for the uniform law and, where only its pairs matter, a law on a tree."""
    free = Question.of(ghy_thm12.instance(4, "1e-3"), "borda")
    assert free == Question("borda", "social-choice", Law("independent"), 4 * ONE, 3)
    fixed = replace(ghy_thm12.instance(4, "1e-3"), sampling=uniform(3))
    assert Question.of(fixed, "borda").law == Law("independent", True, uniform=True)
    path = path_law.instance(4, "1e-3", 4)
    assert Question.of(path, "rlhf").law == Law("pairs", True, longest=4)
    assert Question.of(path, "borda").law == Law("pairs", False, longest=4)
    asked = Question.of(user_dependent.instance(4, 10), "rlhf", "some")
    assert (asked.law, asked.policies) == (Law("user-dependent"), "some")


def test_budgets():
    """τ is that of the instance; whether it binds matters to RLHF and DPO."""
    vertex = kl_vertex.instance(4, "1e-3", "1e-6")
    assert (Question.of(vertex, "rlhf").tau, Question.of(vertex, "rlhf").loose) == (1, True)
    assert not Question.of(vertex, "ipo").loose
    assert vertex.setting == "alignment"
    assert replace(vertex, reference=None).setting == "social-choice"


def test_a_law_that_hides_an_alternative_is_not_taken_for_one_that_shows_it():
    users = (UserType(ONE, (ONE, ONE, ONE)),)
    hidden = Instance(4 * ONE, ("a", "b", "c"), users, Independent((ONE, ONE, 0 * ONE)))
    assert not Question.of(hidden, "borda").law.shown
