"""The door for methods: the user's own, as an object or a cvxpy program, and entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any, ClassVar, final

import cvxpy as cp
import numpy as np
import pytest
import torch

from adversary.errors import InputError
from adversary.interface import method as door
from adversary.interface.method import Method, Outcome, Status, available, by_name
from adversary.interface.preferences import Preferences
from adversary.methods.nlhf import NLHF
from adversary.methods.rlhf import RLHF
from adversary.problem.distortion import evaluate
from tests.generators import populations


@final
class Majority(Method):
    """A user's own method, in ten lines: uniform over those with the most majority wins."""

    name: ClassVar[str] = "majority"

    def solve(self, preferences: Preferences) -> Outcome:
        """Count wins, and halves for ties."""
        wins = preferences.margin.sign().sum(-1)
        best = (wins == wins.amax(-1, keepdim=True)).double()
        return Outcome.of(best / best.sum(-1, keepdim=True))


@final
class ByProgram(Method):
    """A user's method stated as a convex program: NLHF's game, one instance at a time."""

    name: ClassVar[str] = "by-program"

    def solve(self, preferences: Preferences) -> Outcome:
        """Solve max t with Aᵀπ ≥ t over the simplex for each element."""
        rows = []
        for margin in preferences.margin.numpy():
            policy, t = cp.Variable(len(margin), nonneg=True), cp.Variable()
            unbeaten: list[Any] = [cp.sum(policy) == 1, policy @ margin >= t]
            cp.Problem(cp.Maximize(t), unbeaten).solve()
            rows.append(np.asarray(policy.value))
        return Outcome.of(torch.from_numpy(np.stack(rows)).clamp(min=0))


def test_own_method_as_object() -> None:
    """Ten lines give distortions that are consistent with the policy."""
    population = populations(0, 20, 4, social=True)
    found, outcome = evaluate(population, Majority())
    assert (outcome.status == Status.SOLVED).all()
    assert (outcome.residual == 0).all()
    utility = population.average_utility
    expected = utility.amax(-1) / (outcome.log_policy.exp() * utility).sum(-1)
    assert (found.every - expected).abs().max() <= 1e-12
    assert torch.equal(found.every, found.some)


def test_own_method_as_cvxpy_program() -> None:
    """A method stated as a program gives the distortion of ours up to the program's accuracy."""
    population = populations(1, 10, 3, social=True)
    by_program, _ = evaluate(population, ByProgram())
    ours, _ = evaluate(population, NLHF())
    assert (by_program.every - ours.every).abs().max() <= 1e-5


def test_a_policy_that_is_not_finite_has_failed() -> None:
    """NaN from a user's method is reported, not compared."""
    outcome = Outcome.of(torch.tensor([[0.5, 0.5], [float("nan"), 1.0]]).double())
    assert outcome.status.tolist() == [Status.SOLVED, Status.FAILED]
    assert outcome.residual.tolist() == [0.0, float("inf")]


def test_incomplete_methods_cannot_be_built() -> None:
    """`solve` is required."""

    class Nothing(Method):
        """No solve."""

        name: ClassVar[str] = "nothing"

    with pytest.raises(TypeError, match="solve"):
        Nothing()  # pyright: ignore


def test_entry_points() -> None:
    """The project's own methods come through the same door as everybody's."""
    assert set(available()) >= {
        "borda",
        "copeland",
        "dpo",
        "ipo",
        "maximal-lotteries",
        "nlhf",
        "rlhf",
    }
    assert isinstance(by_name("rlhf"), RLHF)
    assert all(cls.name == name and cls.summary for name, cls in available().items())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rlfh", "method: got 'rlfh', expected 'rlhf'?"),
        ("NLHF", "expected 'nlhf'?"),
        ("maximal_lotteries", "expected 'maximal-lotteries'?"),
        ("xyz123", "got 'xyz123', expected .*borda, "),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    """An unknown method is answered with the nearest name, or with all of them."""
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        by_name(name)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("math:pi", "a subclass of Method"),
        ("adversary.nothing:Nothing", "can be imported .ModuleNotFoundError"),
        ("adversary.interface.method:Nothing", "can be imported .AttributeError"),
    ],
)
def test_broken_entry_points(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    """A plug-in that is broken is named, not a traceback."""
    point = EntryPoint("broken", value, "adversary.methods")
    monkeypatch.setattr(door, "entry_points", lambda group: [point])
    available.cache_clear()
    try:
        with pytest.raises(InputError, match=f"entry point broken: .*{message}"):
            available()
    finally:
        available.cache_clear()


def test_a_plug_in_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package adds a method by naming its class."""
    point = EntryPoint("majority", f"{__name__}:Majority", "adversary.methods")
    monkeypatch.setattr(door, "entry_points", lambda group: [point])
    available.cache_clear()
    try:
        assert isinstance(by_name("majority"), Majority)
    finally:
        available.cache_clear()


def test_every_status_has_advice() -> None:
    """People are told what to make of each status."""
    assert all(status.advice for status in Status)


@pytest.mark.parametrize("masses", [(0.5, 0.6), (1.1, -0.1), (0.5, float("nan")), (0.0, 0.0)])
def test_what_is_no_distribution_has_failed(masses: tuple[float, float]) -> None:
    """A plug-in that returns it is reported, and no search takes it."""
    outcome = Outcome.of(torch.tensor([masses, (0.25, 0.75)], dtype=torch.float64))
    assert outcome.status.tolist() == [Status.FAILED, Status.SOLVED]
    assert outcome.residual.tolist() == [torch.inf, 0.0]
