"""What a search does: repeatable, interruptible, honest about failures and never above a proof."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch

import adversary
from adversary import DPO, NLHF, RLHF, Borda, MaximalLotteries, Method
from adversary.errors import InputError, SearchError
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Pairs, UserType
from adversary.problem.population import Population
from adversary.searching.evolution import Evolution
from adversary.searching.gradient import Gradient
from adversary.searching.run import Finding, find
from adversary.searching.space import FREE
from adversary.searching.strategy import Incumbent, Strategy
from tests.searching.methods import (
    Broken,
    ConvexProgram,
    Fading,
    Hopeless,
    Majority,
    Proportional,
)

SMALL_GRADIENT = Gradient(restarts=16, steps=25, rounds=2)
SMALL_EVOLUTION = Evolution(islands=2, population=12, generations=15)
STRATEGIES = [SMALL_GRADIENT, SMALL_EVOLUTION]


def bits(result: Finding) -> object:
    """All of a result but the clock."""
    return (
        result.instance,
        result.distortion.hex(),
        result.evaluations,
        [value.hex() for _, value in result.history],
    )


def k_bound(beta: float) -> float:
    """K(β), the worst case of NLHF and of maximal lotteries."""
    return beta / 2 / math.tanh(beta / 2)


def thm12(beta: float) -> float:
    """K·(1 + max over γ of S(γ) − γ), S(x) = tanh(βx/2)/tanh(β/2), on a grid of γ."""
    half = math.tanh(beta / 2)
    gains = (math.tanh(beta * i / 2e4) / half - i / 1e4 for i in range(10_001))
    return k_bound(beta) * (1 + max(gains))


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
@pytest.mark.parametrize("budget", [None, FREE], ids=["social-choice", "ball"])
def test_same_seed_same_bits(strategy: Strategy, budget: object) -> None:
    """Two runs agree in every bit, whatever the number of threads; another seed differs."""
    found = []
    for count in (1, 2, 5):
        torch.set_num_threads(count)
        found.append(find(RLHF(), 5, 4, kl_budget=budget, strategy=strategy, seed=11))
        assert torch.get_num_threads() == count
    assert bits(found[0]) == bits(found[1]) == bits(found[2])
    other = find(RLHF(), 5, 4, kl_budget=budget, strategy=strategy, seed=12)
    assert other.instance != found[0].instance


@pytest.mark.usefixtures("threads")
def test_same_bits_where_torch_would_use_threads() -> None:
    """A batch that is large enough for torch to split gives the same bits too."""
    found = []
    for count in (1, 2):
        torch.set_num_threads(count)
        strategy = Gradient(restarts=512, steps=4, rounds=1)
        found.append(find(RLHF(), 5, 6, users=8, kl_budget=1, strategy=strategy))
    assert bits(found[0]) == bits(found[1])


@pytest.mark.parametrize("name", ["gradient", "evolution"])
def test_the_time_limit_is_honoured(name: str) -> None:
    """A search of default size ends soon after its limit, with what it has."""
    started = time.monotonic()
    result = find(Borda(), 4, strategy=name, time_limit=0.7)
    assert 0.7 <= time.monotonic() - started < 6
    assert result.stopped == "time limit"
    assert result.seconds >= 0.7
    assert result.distortion > 1.2


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


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
@pytest.mark.parametrize("reports", [1, 9])
def test_an_interruption_keeps_the_best(strategy: Strategy, reports: int) -> None:
    """Ctrl-C returns the best so far, and a shorter run than the whole one."""
    stop = StopAfter(reports)
    threads = torch.get_num_threads()
    result = find(RLHF(), 5, strategy=strategy, progress=stop)
    assert result.stopped == "interrupted"
    assert len(stop.seen) == reports
    assert result.distortion >= stop.seen[-1] * (1 - 1e-6)
    assert result.history[-1][1] == stop.seen[-1]
    assert torch.get_num_threads() == threads
    whole = find(RLHF(), 5, strategy=strategy)
    assert whole.evaluations > result.evaluations
    assert whole.history[-1][1] >= stop.seen[-1]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
@pytest.mark.parametrize("garbage", ["nan", "last"])
def test_failed_elements_are_passed_over(strategy: Strategy, garbage: str) -> None:
    """A method that fails on half the instances is searched on the other half."""
    method = Broken(garbage)
    result = find(method, 5, strategy=strategy)
    population = Population.of(result.instance)
    margin = population.preferences().margin[0, 0, 1]
    assert float(margin) <= 0
    assert 1 < result.distortion < thm12(5) * (1 + 1e-9)
    measured, outcome = evaluate(population, method)
    assert result.distortion == float(measured.every[0])
    assert int(outcome.status[0]) in (0, 1)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_nothing_usable_is_a_search_error(strategy: Strategy) -> None:
    """No finite policy anywhere: an error that says so, not an instance."""
    with pytest.raises(SearchError, match="no instance"):
        find(Hopeless(), 5, strategy=strategy)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_a_disconnected_law_is_a_search_error(strategy: Strategy) -> None:
    """A fixed law that never determines the reward leaves nothing to report."""
    law = Pairs(((0, 1, Fraction(1)),))
    with pytest.raises(SearchError, match="no instance"):
        find(RLHF(), 5, sampling=law, strategy=strategy)


def test_an_incumbent_that_no_rounding_keeps_is_a_search_error() -> None:
    """The method works in the search and fails on the exact instance: nothing is claimed."""
    with pytest.raises(SearchError, match="rounding"):
        find(Fading(), 5, kl_budget=1, strategy=SMALL_EVOLUTION)


@pytest.mark.parametrize(
    ("method", "options", "strategy"),
    [
        (RLHF(), {}, "columns"),
        (NLHF(), {"kl_budget": 1}, "columns"),
        (NLHF(), {"users": 2}, "gradient"),  # too few for what the exact search may need
        (RLHF(), {"users": (UserType(Fraction(1), (Fraction(1), Fraction(0), Fraction(0))),)},
         "gradient"),
        (Proportional(), {}, "gradient"),
        (Majority(), {}, "evolution"),
        (ConvexProgram(), {}, "evolution"),
    ],
    ids=lambda v: v if isinstance(v, str) else getattr(v, "name", ""),
)  # fmt: skip
def test_auto_takes_what_the_method_allows(method: Method, options: dict, strategy: str) -> None:
    """Conditions are solved exactly, what is differentiable climbed, black boxes evolved."""
    result = find(method, 3, time_limit=0.05, **options)
    assert result.strategy == strategy
    assert result.method == method.name
    assert result.distortion >= 1


@pytest.mark.parametrize(
    ("method", "sampling", "budget"),
    [
        (MaximalLotteries(), "independent", None),
        (NLHF(), "independent", None),
        (NLHF(), "pairs", FREE),
        (NLHF(), "independent", "1/2"),
        (NLHF(), "pairs", 0),
    ],
)
@pytest.mark.parametrize("beta", ["1/1000", "3", "50"])
def test_a_proved_bound_is_never_passed(
    method: Method, sampling: str, budget: object, beta: str
) -> None:
    """NLHF, and maximal lotteries in social choice, stay below K(β) all along the search."""
    tiny = Gradient(restarts=16, steps=25, rounds=1)
    result = find(method, beta, sampling=sampling, kl_budget=budget, strategy=tiny)
    limit = k_bound(float(Fraction(beta))) * (1 + 1e-9)
    assert max(value for _, value in result.history) <= limit
    assert 1 - 1e-9 <= result.distortion <= limit


def test_theory_is_beside_the_result() -> None:
    """The published bounds of the setting come with their values."""
    result = find(RLHF(), 4, strategy=SMALL_GRADIENT)
    found = {theorem.key: value for theorem, value in result.theory}
    assert found["ghy-thm12"] == pytest.approx(thm12(4), rel=1e-6)
    ball = find(RLHF(), 10, kl_budget=1, strategy=SMALL_GRADIENT)
    found = {theorem.key: value for theorem, value in ball.theory}
    assert found["ghy-thm6"] == pytest.approx(math.exp(10) / 100, rel=1e-6)
    assert find(Majority(), 4, strategy=SMALL_EVOLUTION).theory == ()


def test_the_distortion_is_that_of_the_exact_instance() -> None:
    """The reported number is measured on the instance that is written, in few digits."""
    result = find(RLHF(), 5, kl_budget=FREE, strategy=SMALL_GRADIENT)
    measured, _ = evaluate(Population.of(result.instance), RLHF())
    assert result.distortion == float(measured.every[0])
    assert result.distortion >= result.history[-1][1] * (1 - 1e-6)


@pytest.mark.parametrize("method", [DPO(), Majority()], ids=lambda m: m.name)
def test_a_result_is_saved_and_read_back(method: Method, tmp_path: Path) -> None:
    """The file holds the instance, the method, and where it came from."""
    result = adversary.search(method, 5, kl_budget=FREE, strategy=SMALL_EVOLUTION, seed=3)
    path = tmp_path / "w.json"
    result.save(str(path))
    document = adversary.read(path)
    assert document.instance == result.instance
    assert document.method == {"name": method.name, "parameters": {}}
    assert document.provenance["seed"] == 3
    assert document.provenance["strategy"] == "evolution"


def test_a_method_without_a_rule_is_not_certified() -> None:
    """The checker knows nothing of a plug-in: a numeric result that says so."""
    result = adversary.search(Majority(), 5, strategy=SMALL_EVOLUTION)
    assert result.certificate is None
    assert result.uncertified
    assert result.distortion >= result.finding.distortion * (1 - 1e-6)


def test_fixed_users_are_searched_around() -> None:
    """Fixed users appear unchanged in the result; law and ball are found for them."""
    users = (
        UserType(Fraction(1, 3), (Fraction(0), Fraction(1, 2), Fraction(1))),
        UserType(Fraction(2, 3), (Fraction(1), Fraction(0), Fraction(1, 4))),
    )
    result = find(RLHF(), 5, users=users, kl_budget=FREE, strategy=SMALL_GRADIENT)
    assert result.instance.users == users
    assert result.distortion > 1.05


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("method", {"method": RLHF}),
        ("method", {"method": "rlhf"}),
        ("beta", {"beta": "nan"}),
        ("beta", {"beta": 0}),
        ("beta", {"beta": 0.5}),
        ("alternatives", {"alternatives": 1}),
        ("users", {"users": 0}),
        ("sampling", {"sampling": "pair"}),
        ("KL budget", {"kl_budget": "much"}),
        ("reference.kl_budget", {"kl_budget": -1}),
        ("strategy", {"strategy": "gradients"}),
        ("time limit", {"time_limit": 0.0}),
        ("time limit", {"time_limit": math.nan}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 1.5}),
        ("seed", {"seed": 2**63}),
    ],
)
def test_wrong_requests_name_their_field(field: str, request_: dict) -> None:
    """A wrong argument is an InputError before any search."""
    arguments = {"method": RLHF(), "beta": 3} | request_
    with pytest.raises(InputError) as caught:
        find(**arguments)
    assert caught.value.field == field


FULL = {"time_limit": 60.0, "seed": 0}


@pytest.mark.slow
@pytest.mark.parametrize("beta", [2, 4, 8])
@pytest.mark.parametrize("method", [RLHF(), Borda()], ids=lambda m: m.name)
def test_target_borda_and_rlhf_in_social_choice(method: Method, beta: int) -> None:
    """M = 3, 60 s: at least 95 % of the coefficient of GHY Theorem 12, which is the worst case."""
    found = find(method, beta, 3, **FULL).distortion
    assert 0.95 * thm12(beta) <= found <= thm12(beta) * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [3, 10])
@pytest.mark.parametrize("method", [NLHF(), MaximalLotteries()], ids=lambda m: m.name)
def test_target_nash(method: Method, beta: int) -> None:
    """M = 3, 60 s: at least 99 % of K(β), never above it."""
    result = find(method, beta, 3, **FULL)
    assert result.distortion >= 0.99 * k_bound(beta)
    assert max(value for _, value in result.history) <= k_bound(beta) * (1 + 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("method", [RLHF(), DPO()], ids=lambda m: m.name)
def test_target_in_the_ball(method: Method) -> None:
    """M = 3, β = 10, free KL ball, 60 s: at least ten times e^β/(44β)."""
    result = find(method, 10, 3, kl_budget=FREE, **FULL)
    assert result.distortion >= 10 * math.exp(10) / 440
