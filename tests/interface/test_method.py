"""The door for methods: the user's own, as an object or a cvxpy program, and entry points."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, final

import cvxpy as cp
import numpy as np
import pytest
import torch

import adversary
from adversary.cli import main
from adversary.errors import InputError
from adversary.interface import method as door
from adversary.interface.conditions import Conditions
from adversary.interface.method import Method, Outcome, Status, available, broken, by_name
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


class Plain(Method):
    """What the broken ones below change."""

    name: ClassVar[str] = "plain"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the reference."""
        return Outcome.of(preferences.log_reference.exp())


class Abstract(Method):
    """Cannot be built: no solve."""

    name: ClassVar[str] = "abstract"


class Nameless(Method):
    """Has no name."""

    solve = Plain.solve


class Numbered(Plain):
    """A name that is no text."""

    name = 5  # type: ignore[assignment]


class Hostile(Plain):
    """A name that a terminal would obey."""

    name: ClassVar[str] = "plain\x1b[31m"


class Demanding(Plain):
    """Cannot be built from a name alone."""

    name: ClassVar[str] = "demanding"

    def __init__(self, strength: float) -> None:
        self.strength = strength


class Wordless(Plain):
    """A summary that is no text."""

    name: ClassVar[str] = "wordless"
    summary = None  # type: ignore[assignment]


class Usurper(Plain):
    """Calls itself as a method of the project does."""

    name: ClassVar[str] = "rlhf"


BROKEN = {
    "math:pi": "a subclass of Method",
    "adversary.nothing:Nothing": "can be imported (ModuleNotFoundError: No module named",
    "adversary.interface.method:Nothing": "can be imported (AttributeError",
    "not a value": "can be imported (",
    "tests.interface.leaves:Leaves": "can be imported (SystemExit: 3)",
    f"{__name__}:Abstract": "complete (TypeError: Can't instantiate",
    f"{__name__}:Nameless": "'name', a string that can be printed",
    f"{__name__}:Numbered": "got 'name 5', expected 'name', a string",
    f"{__name__}:Hostile": "expected 'name', a string that can be printed",
    f"{__name__}:Demanding": "missing 1 required positional argument: 'strength'",
    f"{__name__}:Wordless": "expected 'summary', a string",
    f"{__name__}:Usurper": "another name than 'rlhf', which is taken",
}


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install entry points beside the project's own."""
    ours = list(entry_points(group="adversary.methods"))

    def install(*values: str) -> None:
        points = [EntryPoint(f"mine-{i}", value, "adversary.methods")
                  for i, value in enumerate(values)]  # fmt: skip
        monkeypatch.setattr(door, "entry_points", lambda group: [*points, *ours])
        door._plug_ins.cache_clear()

    yield install
    door._plug_ins.cache_clear()


@pytest.mark.parametrize("value", BROKEN)
def test_a_broken_plug_in(value: str, plug_in: Callable[..., None]) -> None:
    """It is named with the reason, also where it is asked for, and stops no other."""
    before = available()
    plug_in(value)
    assert available() == before
    [(name, error)] = broken()
    assert name == "mine-0"
    assert str(error).startswith(f"entry point mine-0: got '{value}', expected ")
    assert BROKEN[value] in str(error)
    assert str(error).isprintable()
    with pytest.raises(InputError, match=re.escape(str(error))):
        by_name("mine-0")
    assert isinstance(by_name("rlhf"), RLHF)


def test_commands_with_every_broken_plug_in(
    plug_in: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`methods` lists them, and no command minds; what one prints when imported goes aside."""
    monkeypatch.chdir(tmp_path)
    plug_in(*BROKEN, f"{__name__}:Majority")

    def call(*arguments: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return end.value.code, out

    found = json.loads(call("methods", "--json")[1])
    assert [row["name"] for row in found["methods"]] == list(available())
    assert "majority" in available()
    assert len(found["broken"]) == len(BROKEN)
    lines = call("methods")[1].splitlines()
    assert [line for line in lines if line.startswith("broken: ")] == [
        f"broken: {row['reason']}" for row in found["broken"]
    ]
    search = ("search", "rlhf", "--beta", "2", "--alternatives", "2", "--out", "w.json")
    assert call(*search)[0] == 0
    for request in (("solve", "w.json"), ("show", "w.json"), ("theorems",)):
        assert call(*request)[0] == 0
    assert call("solve", "w.json", "--method", "mine-3")[0] == 2


def test_two_packages_with_one_method(plug_in: Callable[..., None]) -> None:
    """The same class twice is one method; of two classes with one name the first stays."""
    plug_in(f"{__name__}:Majority", f"{__name__}:Majority", "adversary.methods.rlhf:RLHF")
    assert broken() == []
    plug_in(f"{__name__}:Plain", f"{__name__}:Twin")
    assert available()["plain"] is Plain
    assert "another name than 'plain'" in str(broken()[0][1])


class Twin(Plain):
    """Another class of that name."""


def test_an_installed_package(tmp_path: Path) -> None:
    """As a user meets it: the package and the entry point are named, and the others work."""
    about = tmp_path / "bad_pack-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-pack\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[adversary.methods]\nbad = bad_pack:Bad\n")
    (tmp_path / "bad_pack.py").write_text("print('hello')\nimport nothing_of_this_name\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "adversary", "methods", "--json"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"hello\n")
    found = json.loads(done.stdout)
    assert "rlhf" in [row["name"] for row in found["methods"]]
    reason = "ModuleNotFoundError: No module named 'nothing_of_this_name'"
    assert found["broken"] == [{
        "entry_point": "bad",
        "reason": "entry point bad of package bad-pack: got 'bad_pack:Bad', "
                  f"expected a method that can be imported ({reason})",
    }]  # fmt: skip


def returns(make: Callable[[Preferences], Any], **more: Any) -> Method:
    """Return a method that returns what `make` makes."""
    return type("Odd", (Method,), {"name": "odd", "solve": lambda _, p: make(p), **more})()


def changed(**parts: Any) -> Method:
    """Return a method that returns a sound outcome but for some parts."""
    return returns(lambda p: replace(Plain().solve(p), **{k: v(p) for k, v in parts.items()}))


def uniform(p: Preferences) -> torch.Tensor:
    return torch.full_like(p.log_reference, 1 / p.log_reference.shape[-1])


WRONG = {
    "nothing": (returns(lambda _: None), "got 'NoneType', expected an Outcome"),
    "a policy": (returns(uniform), "got 'Tensor', expected an Outcome"),
    "a list": (returns(lambda _: Outcome.of([0.5, 0.5])),  # type: ignore[arg-type]
               "got 'TypeError: a policy of type list, not a tensor', expected an Outcome"),
    "an exception": (returns(lambda _: 1 / 0), "got 'ZeroDivisionError: division by zero'"),
    "one policy for all": (returns(lambda p: Outcome.of(uniform(p)[0])),
                           "got 'log_policy (3,)', expected a tensor of shape (5, 3)"),
    "too few alternatives": (returns(lambda p: Outcome.of(uniform(p)[:, :2] * 1.5)),
                             "got 'log_policy (5, 2)', expected a tensor of shape (5, 3)"),
    "NaN": (changed(log_policy=lambda p: p.log_reference * torch.nan),
            "got 'a policy of mass nan', expected mass 1, or the status FAILED"),
    "probabilities for logs": (changed(log_policy=uniform), "got 'a policy of mass 4.18684'"),
    "no status": (changed(status=lambda _: None), "got 'status NoneType', expected a tensor"),
    "status of another shape": (changed(status=lambda _: torch.zeros(1, dtype=torch.int64)),
                                "got 'status (1,)', expected a tensor of shape (5,)"),
    "status out of range": (changed(status=lambda p: torch.full(p.budget.shape, 7)),
                            "got 'status [7, 7, 7, 7, 7]', expected a Status"),
    "status that is no number": (changed(status=lambda p: p.budget * torch.nan), "got 'status"),
    "a score for all": (changed(score=lambda p: p.log_reference[0]), "got 'score (3,)'"),
    "one highest value": (changed(highest=lambda _: lambda values: values.max()),
                          "got 'highest ()', expected a tensor of shape (5,)"),
    "no highest value": (changed(highest=lambda _: lambda values: 1 / 0), "ZeroDivisionError"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_a_method_must_not_return(kind: str) -> None:
    """One line that names the method, what was returned, what was expected."""
    method, message = WRONG[kind]
    population = populations(0, 5, 3, social=True)
    with pytest.raises(InputError, match=re.escape(message)) as error:
        evaluate(population, method)
    assert str(error.value).startswith("method odd: got ")
    for strategy in ("auto", "gradient", "evolution"):
        with pytest.raises(InputError, match=r"^method odd: got ") as error:
            adversary.search(method, 2, strategy=strategy)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "got 'NoneType', expected a sequence of Conditions"),
        ([None], "got 'a sequence of NoneType', expected a sequence of Conditions"),
        ([Conditions.at_least(torch.zeros(1, 2, 2))], "got 'coefficients (1, 2, 2)', expected"),
        ([Conditions(torch.zeros(1, 3, 3), torch.zeros(2), torch.zeros(1) > 0)],
         "got 'constants (2,)', expected a tensor of shape (1,)"),
        ([Conditions(None, None, None)], "got 'TypeError"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_conditions_of_no_use(found: Any, message: str) -> None:
    """The same for outcome conditions."""
    method = returns(Plain().solve, conditions=lambda *_: found)
    with pytest.raises(InputError, match=re.escape(f"method odd: {message}")):
        adversary.search(method, 2, strategy="columns")


def test_what_is_no_method(tmp_path: Path) -> None:
    """A class, a name, an object without a name: refused before the search."""
    for method, message in (
        (RLHF, "expected an object of a Method class, such as RLHF()"),
        ("rlhf", "method: got 'rlhf', expected an object"),
        (Nameless(), "method Nameless: got 'name None', expected 'name', a string"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            adversary.search(method, 2)  # type: ignore[arg-type]


def test_a_fault_in_the_middle_keeps_the_best() -> None:
    """A method that fails now and then ends the search, which keeps what it had."""
    calls = iter(range(10))

    def make(preferences: Preferences) -> Outcome:
        if next(calls, 10) == 6:
            raise ValueError("today not")
        return Plain().solve(preferences)

    found = adversary.search(returns(make), 2, strategy="evolution").finding
    assert found.stopped == "method odd: got 'ValueError: today not', expected an Outcome"
    assert found.distortion >= 1


def test_a_method_that_fails_stops_no_other(
    plug_in: Callable[..., None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`solve` and `show` print the others, and one line for it; asked for alone it is an error."""
    plug_in(f"{__name__}:Failing")
    instance = tmp_path / "i.json"
    content = {"format": "adversary-instance/1", "beta": "2", "alternatives": ["a", "b"],
               "users": [{"weight": "1", "utilities": ["0", "1"]}], "reference": None,
               "sampling": {"kind": "independent", "weights": ["1", "1"]}}  # fmt: skip
    instance.write_text(json.dumps(content))
    line = "adversary: method failing: got 'ValueError: no luck', expected an Outcome\n"
    for command in ("solve", "show"):
        with pytest.raises(SystemExit) as end:
            main([command, str(instance)])
        out, err = capfd.readouterr()
        assert (end.value.code, err) == (0, line)
        assert "maximal" in out
    with pytest.raises(SystemExit) as end:
        main(["solve", str(instance), "--method", "failing"])
    assert (end.value.code, capfd.readouterr()) == (2, ("", line))


class Failing(Plain):
    """Loads, and fails on every instance."""

    name: ClassVar[str] = "failing"

    def solve(self, preferences: Preferences) -> Outcome:
        """Fail."""
        raise ValueError("no luck")


def test_a_plug_in_is_found(plug_in: Callable[..., None]) -> None:
    """An installed package adds a method by naming its class."""
    plug_in(f"{__name__}:Majority")
    assert isinstance(by_name("majority"), Majority)


def test_every_status_has_advice() -> None:
    """People are told what to make of each status."""
    assert all(status.advice for status in Status)


@pytest.mark.parametrize("masses", [(0.5, 0.6), (1.1, -0.1), (0.5, float("nan")), (0.0, 0.0)])
def test_what_is_no_distribution_has_failed(masses: tuple[float, float]) -> None:
    """A plug-in that returns it is reported, and no search takes it."""
    outcome = Outcome.of(torch.tensor([masses, (0.25, 0.75)], dtype=torch.float64))
    assert outcome.status.tolist() == [Status.FAILED, Status.SOLVED]
    assert outcome.residual.tolist() == [torch.inf, 0.0]
