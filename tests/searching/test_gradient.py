"""Gradient ascent: finite slopes everywhere, sound bookkeeping, and what few steps reach."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from adversary import DPO, IPO, NLHF, RLHF, Borda, Copeland, MaximalLotteries, Method
from adversary.problem.instance import UserType
from adversary.searching.gradient import Gradient
from adversary.searching.run import find
from adversary.searching.space import FREE, LAWS, SearchSpace
from adversary.searching.strategy import Incumbent, assess
from tests.searching.methods import Proportional

METHODS = [Borda(), Copeland(), DPO(), IPO(), MaximalLotteries(), NLHF(), RLHF()]
SETTINGS = [(None, None), (FREE, FREE), (FREE, Fraction(0)), (FREE, Fraction(10**6))]


def extreme(space: SearchSpace) -> tuple[torch.Tensor, torch.Tensor]:
    """Corners and faces of the box of coordinates, equal coordinates, random ones between."""
    low, high = space.limits
    generator = torch.Generator().manual_seed(3)
    points, support = space.random(48, generator)
    side = torch.rand(points.shape, generator=generator)
    corners = torch.where(side < 0.5, low, high)
    points[:16] = corners[:16]
    points[16:32] = torch.where(side[16:32] < 0.3, corners[16:32], points[16:32])
    points[32], points[33], points[34] = low, high, 0.0
    return points.clamp(low, high), support


@pytest.mark.parametrize("alignment", SETTINGS)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_slopes_are_finite_on_extreme_points(
    method: Method, law: str, alignment: tuple[object, object]
) -> None:
    """The log-ratio has a finite gradient wherever the method's policy is determined."""
    space = SearchSpace(Fraction(8), 3, 3, law, *alignment)  # type: ignore[arg-type]
    points, support = extreme(space)
    points.requires_grad_()
    result, _, _ = assess(space.population(points, support), method)
    goal = result.best.clamp(min=1e-300).log() - result.achieved.clamp(min=1e-300).log()
    usable = goal.isfinite() & result.every.isfinite()
    assert int(usable.sum()) >= 24
    (slope,) = torch.autograd.grad(torch.where(usable, goal, 0.0).sum(), points)
    assert bool(slope[usable].isfinite().all())


def test_a_ratio_is_never_below_one_on_extreme_points() -> None:
    """What the ascent climbs is a distortion: at least 1, up to rounding."""
    for method in METHODS:  # those that ignore the budget may do better
        ball = None if isinstance(method, Borda | Copeland | MaximalLotteries) else FREE
        space = SearchSpace(Fraction(8), 3, 3, "independent", ball, ball)
        with torch.no_grad():
            result, _, _ = assess(space.population(*extreme(space)), method)
        found = result.every[~result.every.isnan()]
        assert bool((found >= 1 - 1e-9).all())


@pytest.mark.parametrize(
    ("method", "share", "small"),
    [
        (Borda(), 0.85, Gradient(restarts=32, steps=160, rounds=3)),
        (RLHF(), 0.85, Gradient(restarts=32, steps=160, rounds=3)),
        (NLHF(), 0.8, Gradient(restarts=16, steps=100, rounds=1)),
        (MaximalLotteries(), 0.8, Gradient(restarts=16, steps=100, rounds=1)),
        (IPO(), 0.85, Gradient(restarts=32, steps=160, rounds=3)),
        (Copeland(), 0.4, Gradient(restarts=16, steps=100, rounds=1)),  # K, of 2K, for m = 3
    ],
    ids=lambda value: value.name if isinstance(value, Method) else "",
)
def test_few_steps_come_near_the_theorem(method: Method, share: float, small: Gradient) -> None:
    """A small search reaches most of the tight bound, and never passes it."""
    result = find(method, 4, strategy=small, seed=3)
    tight = min(value for t, value in result.theory if t.status in ("tight", "upper"))
    assert share * tight <= result.distortion <= tight * (1 + 1e-9)


@pytest.mark.parametrize("method", [RLHF(), DPO(), IPO()], ids=lambda m: m.name)
def test_few_steps_pass_the_published_bound_in_the_ball(method: Method) -> None:
    """With a free KL ball a small search beats twice e^β/(44β) at β = 10."""
    small = Gradient(restarts=48, steps=120, rounds=2)
    result = find(method, 10, kl_budget=FREE, strategy=small)
    assert result.distortion > 2 * math.exp(10) / 440


def test_a_plug_in_is_climbed() -> None:
    """A differentiable method that the package has never seen improves a lot by steps."""
    start = find(Proportional(), 8, strategy=Gradient(restarts=16, steps=1, rounds=1))
    result = find(Proportional(), 8, strategy=Gradient(restarts=16, steps=200, rounds=1))
    assert result.distortion > 1.3 * start.distortion


def test_only_true_ratios_are_recorded() -> None:
    """The incumbent's value is the exact method's ratio at its point, not a smoothed one."""
    space = SearchSpace(Fraction(6), 3, 4)
    incumbent = Incumbent()
    Gradient(restarts=16, steps=40, rounds=2).run(space, RLHF(), 0, incumbent)
    assert incumbent.point is not None
    assert incumbent.support is not None
    with torch.no_grad():
        population = space.population(incumbent.point[None], incumbent.support[None])
        result, _, _ = assess(population, RLHF())
    assert incumbent.value == pytest.approx(float(result.every[0]), rel=1e-9)
    values = [value for _, value in incumbent.history]
    assert values == sorted(values)
    assert values[-1] == incumbent.value


def test_a_search_without_progress_stops() -> None:
    """Users who like everything equally: ratio 1 everywhere; one round and the patience."""
    users = (UserType(Fraction(1), (Fraction(1, 2),) * 3),)
    patient = Gradient(restarts=4, steps=3, rounds=20, patience=2)
    result = find(RLHF(), 2, users=users, kl_budget=1, strategy=patient)
    assert result.distortion == pytest.approx(1, abs=1e-12)
    assert result.evaluations == 4 * 3 * 3
    assert result.stopped == "finished"


def test_replacement_keeps_the_best_and_starts_half_afresh() -> None:
    """The best eighth stays bit for bit with its support; NaN is never among it."""
    space = SearchSpace(Fraction(6), 3, 2, "independent", FREE, FREE)
    generator = torch.Generator().manual_seed(0)
    points, support = space.random(64, generator)
    values = torch.arange(64.0).double()
    values[60:] = torch.nan
    new, new_support, fresh = Gradient()._replace(space, values, points, support, generator)
    best = torch.arange(59, 51, -1)
    low, high = space.limits
    assert torch.equal(new[:8], points[best].clamp(low, high))
    assert torch.equal(new_support[:8], support[best])
    assert fresh.tolist() == [False] * 32 + [True] * 32
    assert not bool((new[32:, None] == points[None]).all(-1).any())
    assert bool(((new >= low) & (new <= high)).all())


def test_a_round_returns_each_restarts_best() -> None:
    """More steps never lower what a restart has reached."""
    space = SearchSpace(Fraction(6), 3, 3)
    points, support = space.random(8, torch.Generator().manual_seed(5))
    reached = []
    for steps in (1, 30):
        generator = torch.Generator().manual_seed(1)
        fresh = torch.ones(8, dtype=torch.bool)
        values, _ = Gradient(steps=steps)._ascend(
            space, Borda(), points, support, fresh, 0, generator, Incumbent()
        )
        reached.append(values)
    assert bool((reached[1] >= reached[0]).all())
    assert bool((reached[1] > reached[0]).any())
