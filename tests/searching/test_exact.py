"""The exact search: its gradient, the values that theory knows, and how it ends."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from adversary import DPO, IPO, NLHF, RLHF, Borda, Copeland, MaximalLotteries, Method
from adversary.errors import InputError
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Independent, Pairs, UserDependent, UserType
from adversary.problem.population import Population
from adversary.searching import exact
from adversary.searching.ceiling import ceiling
from adversary.searching.exact import Columns, _look, _starts, searchable
from adversary.searching.run import Finding, find
from adversary.searching.space import FREE, SearchSpace
from adversary.searching.strategy import Incumbent
from adversary.theory.formulas import borda_rate, rate
from adversary.theory.kl_vertex import bound as ball_rate
from tests.searching.methods import Proportional

SMALL = Columns(starts=1, steps=8)
METHODS = [Borda(), Copeland(), DPO(), IPO(), MaximalLotteries(), NLHF(), RLHF()]
ONE = Fraction(1)
PATH = Pairs(((0, 1, ONE), (1, 2, ONE)))


def space(law: object = "independent", ball: object = None, m: int = 3) -> SearchSpace:
    """Return a space with free users; with a ball the reference is free too."""
    reference = None if ball is None else FREE
    return SearchSpace(Fraction(4), m, 12, law, reference, ball)  # type: ignore[arg-type]


FIFTH = Fraction(1, 5)
FEW = [
    (RLHF(), "independent", FIFTH),
    (RLHF(), "user-dependent", None),
    (RLHF(), PATH, FIFTH),
    (NLHF(), "independent", FIFTH),
]
REST = [
    (method, law, ball)
    for method in (RLHF(), IPO(), NLHF())
    for law in ("independent", "pairs", "user-dependent", PATH)
    for ball in (None, FIFTH)
    if (method, law, ball) not in FEW
]


@pytest.mark.parametrize(
    ("method", "law", "ball"),
    [*FEW, *(pytest.param(*case, marks=pytest.mark.slow) for case in REST)],
    ids=lambda v: v.name if isinstance(v, Method) else None,
)
def test_slopes_by_finite_differences(method: Method, law: object, ball: object) -> None:
    """The dual's gradient of log value, in every coordinate that moves, at every kind of place."""
    generator = torch.Generator().manual_seed(3)
    step, seen = 1e-3, set()
    for place in _starts(space(law, ball), method, generator, 2):
        pattern = place.frame.pattern
        kind = (pattern.interior, pattern.path)
        if kind in seen:
            continue
        rng = np.random.default_rng(0)
        centre = _look(place, method, rng, None, 1e-9, 1e6)
        if centre is None or not centre.solution.solved:
            continue
        seen.add(kind)
        low, high = place.frame.limits
        inner = (place.point > low + step) & (place.point < high - step) & place.frame.moving
        for i in torch.nonzero(inner).flatten().tolist():
            logs = []
            for sign in (1, -1):
                point = place.point.clone()
                point[i] += sign * step
                near = replace(place, point=point)
                view = _look(near, method, rng, centre.solution, 1e-9, 1e6)
                assert view is not None
                logs.append(math.log(view.value))
            measured = (logs[0] - logs[1]) / (2 * step)
            assert float(centre.slope[i]) == pytest.approx(measured, rel=1e-2, abs=3e-4)
    if law != "user-dependent":
        assert seen


@pytest.mark.parametrize(
    ("method", "beta", "m", "options", "least", "most"),
    [
        (Borda(), 4, 3, {}, 0.999, borda_rate(4)),
        (RLHF(), 4, 3, {}, 0.999, borda_rate(4)),
        (DPO(), 2, 3, {}, 0.999, borda_rate(2)),
        (RLHF(), 8, 3, {"kl_budget": FREE}, 0.999, math.cosh(4) ** 2),
        (IPO(), 8, 3, {"kl_budget": FREE}, 0.999, math.cosh(4) ** 2),
        (NLHF(), 3, 3, {}, 0.999, rate(3)),
        (NLHF(), 3, 3, {"kl_budget": FREE}, 0.999, rate(3)),
        (NLHF(), 10, 2, {"sampling": "pairs"}, 0.999, rate(10)),
        (MaximalLotteries(), 10, 3, {}, 0.999, rate(10)),
        (Copeland(), 4, 3, {}, 0.999, rate(4)),
        (Copeland(), 4, 5, {}, 0.999, borda_rate(4)),
        (RLHF(), 4, 5, {"sampling": "pairs"}, 0.998, 5.3022818),
        (RLHF(), 4, 3, {"sampling": PATH}, 0.999, borda_rate(4)),
        (Borda(), 4, 2, {}, 0.999, rate(4)),
    ],
    ids=lambda v: v.name if isinstance(v, Method) else "",
)
def test_a_small_search_reaches_what_theory_knows(
    method: Method, beta: int, m: int, options: dict, least: float, most: float
) -> None:
    """One start of eight steps: nearly the worst case, never more; so is its ceiling."""
    found = find(method, beta, m, strategy=SMALL, **options)
    assert found.strategy == "columns"
    assert found.stopped == "finished"
    assert least * most <= found.distortion <= most * (1 + 1e-7)
    top = ceiling(found.instance, method)
    assert top is not None
    assert (1 - 1.001e-3) * top.value <= found.distortion <= top.value
    assert 0 <= top.gap <= 1e-6
    measured, _ = evaluate(Population.of(found.instance), method)
    assert found.distortion == float(measured.every[0])


@pytest.mark.parametrize(
    "method",
    [
        NLHF(),
        RLHF(),
        *(
            pytest.param(method, marks=pytest.mark.slow)
            for method in (Borda(), Copeland(), DPO(), IPO(), MaximalLotteries())
        ),
    ],
    ids=lambda m: m.name,
)
def test_laws_of_their_own_are_as_bad_as_one_wants(method: Method) -> None:
    """User-dependent laws have no bound: the cap is reached."""
    found = find(method, 4, 3, sampling="user-dependent", strategy=Columns(2, 8), seed=0)
    assert found.distortion >= 0.9e6
    top = ceiling(found.instance, method)
    assert top is None or top.value >= found.distortion


@pytest.mark.parametrize("beta", ["1/1000", "1/2", "20", "50"])
@pytest.mark.parametrize(
    ("method", "most"), [(NLHF(), rate), (Borda(), borda_rate)], ids=["nlhf", "borda"]
)
def test_any_temperature(method: Method, most: object, beta: str) -> None:
    """From nearly linear users to nearly deterministic ones; a proved bound is never passed."""
    limit = most(float(Fraction(beta)))  # type: ignore[operator]
    found = find(method, beta, 3, strategy=SMALL)
    assert 0.99 * limit <= found.distortion <= limit * (1 + 1e-7)


@pytest.mark.parametrize("tau", ["1/100", "1/2", "2"])
@pytest.mark.parametrize("method", [NLHF(), IPO()], ids=lambda m: m.name)
def test_small_balls_stay_below_the_bounds(method: Method, tau: str) -> None:
    """A budget that binds: interior policies are tried, and no proof is contradicted."""
    limit = rate(3) if method.name == "nlhf" else math.cosh(1.5) ** 2
    found = find(method, 3, 3, kl_budget=tau, strategy=Columns(1, 4))
    assert 1 <= found.distortion <= limit * (1 + 1e-7)
    assert found.instance.reference is not None
    assert found.instance.reference.kl_budget == Fraction(tau)


def test_fixed_parts_stay() -> None:
    """A fixed law and a fixed reference appear in the instance, unchanged."""
    law = Independent((ONE, Fraction(2), Fraction(3)))
    reference = (ONE, ONE, Fraction(0))
    found = find(RLHF(), 4, sampling=law, reference=reference, kl_budget=2, strategy=SMALL)
    assert found.instance.sampling == law
    assert found.instance.reference is not None
    assert found.instance.reference.weights == reference
    assert found.distortion > 2


def test_no_more_types_than_asked_for() -> None:
    """The number of user types is kept."""
    found = find(Borda(), 4, 3, users=3, strategy=SMALL)
    assert len(found.instance.users) <= 3


def bits(result: Finding) -> object:
    """All of a result but the clock."""
    values = [value.hex() for _, value in result.history]
    return result.instance, result.distortion.hex(), result.evaluations, values


def test_same_seed_same_bits() -> None:
    """Whatever the number of threads."""
    before, found = torch.get_num_threads(), []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(find(RLHF(), 5, 3, kl_budget=1, strategy=Columns(1, 3), seed=11))
    finally:
        torch.set_num_threads(before)
    assert bits(found[0]) == bits(found[1])
    other = find(RLHF(), 5, 3, kl_budget=1, strategy=Columns(1, 3), seed=12)
    assert other.instance != found[0].instance


class StopAfter:
    """Interrupts a search as Ctrl-C does, at its n-th report."""

    def __init__(self, reports: int) -> None:
        self.left = reports
        self.seen: list[float] = []

    def __call__(self, incumbent: Incumbent) -> None:
        self.seen.append(incumbent.value)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_an_interruption_keeps_the_best() -> None:
    """Ctrl-C after the first instance returns it."""
    stop = StopAfter(1)
    result = find(RLHF(), 5, kl_budget=1, strategy=SMALL, progress=stop)
    assert result.stopped == "interrupted"
    assert result.distortion == stop.seen[-1] > 1


def test_the_time_limit_is_honoured() -> None:
    """A search of default size ends soon after its limit, with what it has."""
    started = time.monotonic()
    result = find(RLHF(), 4, kl_budget=1, strategy="columns", time_limit=1.5)
    assert time.monotonic() - started < 8
    assert result.stopped == "time limit"
    assert result.distortion > 1.2


def test_when_time_is_up_nothing_more_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """One place is looked at: no second step, no second place, no second heat."""
    looks: list[float] = []

    def counted(place, method, rng, near, accuracy, cap):
        looks.append(accuracy)
        return _look(place, method, rng, near, accuracy, cap)

    monkeypatch.setattr(exact, "_look", counted)
    incumbent = Incumbent(deadline=0.0)
    Columns().run(space(), Borda(), 0, incumbent)
    assert looks.count(exact._ROUGH) == 1
    assert incumbent.value > 1


def test_progress_is_told() -> None:
    """The share done rises to 1."""
    shares: list[float] = []
    small = Columns(starts=1, steps=2)
    find(NLHF(), 4, kl_budget=1, strategy=small, progress=lambda i: shares.append(i.share_done))
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1


USERS = (UserType(ONE, (ONE, Fraction(0), Fraction(0))),)


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (RLHF(), {"users": USERS}, "users, or their own pair laws, are fixed"),
        (RLHF(), {"sampling": UserDependent((PATH,) * 4)}, "users, or their own pair laws"),
        (Proportional(), {}, "a method with outcome conditions here, unlike 'proportional'"),
        (RLHF(), {"reference": (ONE, Fraction(0), Fraction(0)), "kl_budget": 1}, "unlike 'rlhf'"),
    ],
)
def test_what_cannot_be_searched_exactly(method: Method, options: dict, message: str) -> None:
    """An InputError before any search; `auto` takes another strategy."""
    with pytest.raises(InputError, match=message) as caught:
        find(method, 4, strategy="columns", **options)
    assert caught.value.field == "strategy"
    auto = find(method, 4, strategy="auto", time_limit=0.05, **options)
    assert auto.strategy == "gradient"


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_every_method_of_the_package_is_searched_exactly(method: Method) -> None:
    """In social choice and in a ball."""
    assert searchable(method, space())
    assert searchable(method, space(ball=ONE))
    assert not searchable(Proportional(), space())


FULL = {"time_limit": 60.0, "seed": 0}


@pytest.mark.slow
@pytest.mark.parametrize("beta", [2, 8, 16])
@pytest.mark.parametrize("method", [RLHF(), DPO(), Borda()], ids=lambda m: m.name)
def test_target_in_social_choice(method: Method, beta: int) -> None:
    """M = 3: 99.9 % of K(1+M)."""
    found = find(method, beta, 3, **FULL).distortion
    assert 0.999 * borda_rate(beta) <= found <= borda_rate(beta) * (1 + 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [2, 8, 12])
@pytest.mark.parametrize("law", ["independent", "pairs"])
def test_target_in_the_ball(beta: int, law: str) -> None:
    """M = 3, free KL ball: 99.9 % of cosh²(β/2), under a law on pairs 99 %."""
    found = find(RLHF(), beta, 3, kl_budget=FREE, sampling=law, **FULL).distortion
    share = 0.999 if law == "independent" else 0.99  # scores outside the support converge slowly
    assert found >= share * (ball_rate(beta) or math.inf)


@pytest.mark.slow
@pytest.mark.parametrize(("m", "value"), [(3, 2.68258764), (4, 3.76952195), (5, 5.30228183)])
def test_target_on_pairs(m: int, value: float) -> None:
    """RLHF under a pair law, β = 4: at least the path's supremum, up to the slack."""
    assert find(RLHF(), 4, m, sampling="pairs", **FULL).distortion >= 0.999 * value
