"""The coordinates of a search: what is free, how far it reaches, what is left alone."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from itertools import pairwise

import pytest
import torch

from adversary.errors import InputError
from adversary.problem.instance import (
    Independent,
    Instance,
    PairLaw,
    Pairs,
    Reference,
    UserDependent,
    UserType,
    all_pairs,
)
from adversary.problem.population import Population
from adversary.searching.space import FREE, LAWS, MAX_ALTERNATIVES, MAX_USERS, SearchSpace

BETA = Fraction(5)
THIRDS = (Fraction(1, 3), Fraction(0), Fraction(2, 3))
USERS = (
    UserType(Fraction(1, 7), (Fraction(0), Fraction(1, 3), Fraction(1))),
    UserType(Fraction("1e-13"), (Fraction(1), Fraction(0), Fraction("1e-12"))),
)
FIXED_LAWS: dict[str, PairLaw] = {
    "independent": Independent(THIRDS),
    "pairs": Pairs(((0, 1, Fraction(1, 3)), (1, 2, Fraction("1e-12")))),
    "user-dependent": UserDependent((Independent(THIRDS), Pairs(((0, 2, Fraction(1)),)))),
}


def drawn(space: SearchSpace, count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    return space.random(count, torch.Generator().manual_seed(7))


def assert_same(one: Population, other: Population, size: float) -> None:
    """Every tensor of both agrees to an absolute error of `size` (−inf only with −inf)."""
    for name in (f.name for f in fields(Population)):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None), name
        if mine is not None:
            same = torch.isclose(mine, theirs.expand_as(mine), rtol=size, atol=size)
            assert bool(same.all()), (name, mine, theirs)


def settings() -> list[tuple[object, object]]:
    return [(None, None), (FREE, FREE), (FREE, Fraction(1, 2)), (THIRDS, FREE), (THIRDS, 0)]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("alignment", settings())
def test_population_agrees_with_the_exact_instance(
    law: str, alignment: tuple[object, object]
) -> None:
    """What the strategies climb on is what the written instance says, zeros included."""
    reference, budget = alignment
    budget = Fraction(budget) if isinstance(budget, int) else budget
    space = SearchSpace(BETA, 3, 2, law, reference, budget)  # type: ignore[arg-type]
    points, support = drawn(space, 16)
    assert points.shape == (16, space.dimension)
    if reference is FREE:
        assert not bool(support.all())
    population = space.population(points, support)
    exact = [list(space.instances(p, s))[-1] for p, s in zip(points, support, strict=True)]
    assert_same(population, Population.of(*exact), 1e-12)
    if reference is FREE:
        zeros = torch.tensor([[w == 0 for w in i.reference.weights] for i in exact if i.reference])
        assert torch.equal(zeros, ~support)


@pytest.mark.parametrize("law", LAWS)
def test_tiny_utilities_and_masses_are_reachable(law: str) -> None:
    """Utilities and masses of 1e-12 and 1 − 1e-12 keep their accuracy, also in the instance."""
    space = SearchSpace(BETA, 3, 2, law, FREE, FREE)
    low, high = space.limits
    tiny = 1e-12
    point = torch.zeros(space.dimension, dtype=torch.float64)
    goal = torch.tensor([[tiny, 1 - tiny, 0.5], [1e-20, 0.25, 1e-15]], dtype=torch.float64)
    point[space.parts["utilities"][0]] = goal.logit().flatten()
    for name in ("weights", "law", "reference"):
        point[space.parts[name][0]] = 0.0
        point[space.parts[name][0].start] = torch.tensor(tiny).double().log()
    point[space.parts["budget"][0]] = torch.tensor(1e-9).double().log()
    assert bool(((low < point) & (point < high)).all())
    support = torch.ones(3, dtype=torch.bool)
    population = space.population(point[None], support[None])[0]
    torch.testing.assert_close(population.utilities, goal, rtol=1e-12, atol=0)
    share = population.log_weights.exp()[0]
    torch.testing.assert_close(share, torch.tensor(tiny).double(), rtol=1e-11, atol=0)
    assert population.budget is not None
    assert float(population.budget) == pytest.approx(1e-9, rel=1e-12)
    instance = list(space.instances(point, support))[-1]
    assert float(instance.users[0].utilities[0]) == pytest.approx(tiny, rel=1e-12)
    assert 0 < 1 - instance.users[0].utilities[1] < 2 * tiny
    assert float(instance.users[0].weight) == pytest.approx(tiny, rel=1e-12)
    assert instance.reference is not None
    assert float(instance.reference.weights[0]) == pytest.approx(tiny, rel=1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_limits_give_valid_instances(law: str) -> None:
    """Each corner of the box is an instance with probabilities and utilities in range."""
    space = SearchSpace(BETA, 3, 2, law, FREE, FREE)
    support = torch.ones(3, dtype=torch.bool)
    for corner in space.limits:
        population = space.population(corner[None], support[None])
        assert bool(((population.utilities > 0) & (population.utilities <= 1)).all())
        assert bool(torch.isfinite(population.log_weights).all())
        assert all(isinstance(i, Instance) for i in space.instances(corner, support))


def test_instances_have_ever_more_digits() -> None:
    """The spellings go from short to exact, each nearer to the coordinates."""
    space = SearchSpace(BETA, 3, 2)
    points, support = drawn(space, 1)
    goal = space.population(points, support).utilities
    found = [Population.of(i).utilities for i in space.instances(points[0], support[0])]
    errors = [float((utilities - goal).abs().max()) for utilities in found]
    assert len(errors) == 16
    assert errors[0] > 1e-4
    assert errors[-1] == 0.0
    assert all(later <= 0.5 * sooner + 1e-16 for sooner, later in pairwise(errors[::2]))


def test_fixed_users_stay() -> None:
    """Fixed users: no coordinates, the same tensors at every point, the same exact types."""
    space = SearchSpace(BETA, 3, USERS, "pairs", FREE, FREE)
    assert set(space.parts) == {"law", "reference", "budget"}
    points, support = drawn(space)
    population = space.population(points, support)
    fixed = Population.of(Instance(BETA, ("a", "b", "c"), USERS, Independent(THIRDS)))
    assert torch.equal(population.utilities, fixed.utilities.expand_as(population.utilities))
    assert torch.equal(population.log_weights, fixed.log_weights.expand_as(population.log_weights))
    assert all(i.users == USERS for i in space.instances(points[0], support[0]))


@pytest.mark.parametrize("law", LAWS)
def test_fixed_law_stays(law: str) -> None:
    """A fixed law of each kind: no coordinates, the same tensor, the same exact law."""
    space = SearchSpace(BETA, 3, 2, FIXED_LAWS[law], FREE, FREE)
    assert set(space.parts) == {"utilities", "weights", "reference", "budget"}
    points, support = drawn(space)
    population = space.population(points, support)
    fixed = Population.of(Instance(BETA, ("a", "b", "c"), USERS, FIXED_LAWS[law]))
    for name in ("log_mu", "log_nu", "log_nu_by_user"):
        mine, theirs = getattr(population, name), getattr(fixed, name)
        assert (mine is None) == (theirs is None)
        assert mine is None or torch.equal(mine, theirs.expand_as(mine))
    expected = Instance(BETA, ("a", "b", "c"), USERS, FIXED_LAWS[law]).sampling
    assert all(i.sampling == expected for i in space.instances(points[0], support[0]))


def test_fixed_reference_stays() -> None:
    """A fixed reference with a zero: no coordinates, support ignored, the same weights."""
    space = SearchSpace(BETA, 3, 2, "independent", THIRDS, FREE)
    assert set(space.parts) == {"utilities", "weights", "law", "budget"}
    points, support = drawn(space)
    assert bool(support.all())
    population = space.population(points, support)
    assert population.log_reference is not None
    expected = torch.tensor([1 / 3, 0.0, 2 / 3], dtype=torch.float64).expand(len(points), 3)
    torch.testing.assert_close(population.log_reference.exp(), expected, rtol=1e-15, atol=0)
    found = list(space.instances(points[0], support[0]))
    assert all(i.reference is not None and i.reference.weights == THIRDS for i in found)


@pytest.mark.parametrize("budget", ["0", "1/3", "1e6"])
def test_fixed_budget_stays(budget: str) -> None:
    """A fixed budget: no coordinate, the same number."""
    space = SearchSpace(BETA, 3, 2, "independent", FREE, Fraction(budget))
    assert set(space.parts) == {"utilities", "weights", "law", "reference"}
    points, support = drawn(space)
    population = space.population(points, support)
    assert population.budget is not None
    assert population.budget.tolist() == [float(Fraction(budget))] * len(points)
    found = list(space.instances(points[0], support[0]))
    assert all(i.reference is not None and i.reference.kl_budget == Fraction(budget) for i in found)


def test_social_choice_has_no_reference() -> None:
    """Without a reference neither tensor nor instance has one."""
    space = SearchSpace(BETA, 3, 2)
    points, support = drawn(space, 2)
    population = space.population(points, support)
    assert population.log_reference is None
    assert population.budget is None
    assert all(i.reference is None for i in space.instances(points[0], support[0]))


def test_free_supports_vary_and_keep_two() -> None:
    """A free reference has zeros in places; two alternatives always remain."""
    _, support = drawn(SearchSpace(BETA, 3, 2, "independent", FREE, FREE), 512)
    sizes = support.sum(-1)
    assert set(sizes.tolist()) == {2, 3}
    assert 0.2 < float((sizes == 2).double().mean()) < 0.8


def test_random_points_span_orders_of_magnitude() -> None:
    """Random utilities and weights go below 1e-3, and utilities come near 1."""
    space = SearchSpace(BETA, 4, 5)
    population = space.population(*drawn(space, 256))
    assert float(population.utilities.min()) < 1e-3
    assert float(population.utilities.max()) > 1 - 1e-3
    assert float(population.log_weights.exp().min()) < 1e-3


def test_population_is_differentiable_in_every_free_part() -> None:
    """Each free part has an influence on the tensors."""
    space = SearchSpace(BETA, 3, 2, "user-dependent", FREE, FREE)
    points, support = drawn(space, 1)
    support = torch.ones_like(support)
    points.requires_grad_()
    population = space.population(points, support)
    assert population.log_nu_by_user is not None
    assert population.log_reference is not None
    assert population.budget is not None
    total = (
        population.utilities.sum()
        + population.log_weights.square().sum()
        + population.log_nu_by_user.clamp(min=-99).square().sum()
        + population.log_reference.square().sum()
        + population.budget.sum()
    )
    (slope,) = torch.autograd.grad(total, points)
    assert bool(slope.isfinite().all())
    assert bool((slope != 0).all())


WRONG: list[tuple[str, str, dict[str, object]]] = [
    ("beta", "0", {"beta": 0}),
    ("beta", "-1", {"beta": "-1"}),
    ("beta", "nan", {"beta": "nan"}),
    ("beta", "2.0", {"beta": 2.0}),
    ("alternatives", "1", {"alternatives": 1}),
    ("alternatives", str(MAX_ALTERNATIVES + 1), {"alternatives": MAX_ALTERNATIVES + 1}),
    ("users", "0", {"users": 0}),
    ("users", str(MAX_USERS + 1), {"users": MAX_USERS + 1}),
    ("users", "[]", {"users": ()}),
    ("sampling", "pair", {"sampling": "pair"}),
    ("sampling.weights", "2 entries", {"sampling": Independent((Fraction(1), Fraction(1)))}),
    ("reference", "None", {"budget": Fraction(1)}),
    ("reference", "FREE", {"reference": FREE}),
    ("reference.weights", "['0', '0', '0']", {"reference": (0, 0, 0), "budget": FREE}),
    ("reference.kl_budget", "-1/2", {"reference": FREE, "budget": Fraction(-1, 2)}),
]


@pytest.mark.parametrize(("field", "value", "change"), WRONG)
def test_wrong_requests(field: str, value: str, change: dict[str, object]) -> None:
    """A space that makes no sense names the field and the value."""
    request: dict[str, object] = {"beta": BETA, "alternatives": 3, "users": 2} | change
    with pytest.raises(InputError) as caught:
        SearchSpace(**request)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert value in str(caught.value)


def test_nothing_free_is_an_error() -> None:
    """All parts fixed leaves nothing to search."""
    space = SearchSpace(BETA, 3, USERS, FIXED_LAWS["pairs"], THIRDS, Fraction(1))
    with pytest.raises(InputError, match="at least one free part"):
        _ = space.dimension


def test_many_alternatives_have_names_and_all_pairs() -> None:
    """Beyond 26 alternatives the names stay distinct and every pair has a weight."""
    space = SearchSpace(BETA, 30, 2, "pairs")
    points, support = drawn(space, 1)
    instance = next(space.instances(points[0], support[0]))
    assert len(set(instance.alternatives)) == 30
    assert isinstance(instance.sampling, Pairs)
    assert len(instance.sampling.weights) == len(all_pairs(30)) == 435


def test_a_space_can_be_narrowed() -> None:
    """Fixing the users of a space keeps the rest free."""
    space = SearchSpace(BETA, 3, 2, "pairs")
    narrow = replace(space, users=USERS)
    assert set(space.parts) - set(narrow.parts) == {"utilities", "weights"}
    reference = Reference(THIRDS, Fraction(1))
    assert replace(space, reference=reference.weights, budget=Fraction(1)).dimension == (
        space.dimension
    )


def test_locate_keeps_the_support() -> None:
    """An alternative without reference mass is outside the support, and comes back without mass."""
    space = SearchSpace(Fraction(2), 3, 2, reference=FREE, budget=Fraction(1))
    point = torch.zeros(space.dimension, dtype=torch.float64)
    support = torch.tensor([True, False, True])
    instance = list(space.instances(point, support))[-1]
    located, found = space.locate(instance)
    assert found.tolist() == support.tolist()
    again = list(space.instances(located, found))[-1]
    assert again.reference is not None
    assert [mass > 0 for mass in again.reference.weights] == support.tolist()
