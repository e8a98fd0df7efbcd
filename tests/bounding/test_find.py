"""The verb `bound`: which rule a request leads to, what is refused, what is written."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import adversary
from adversary.bounding.find import UpperBound, bound
from adversary.bounding.proving import Proved
from adversary.certificate import check
from adversary.errors import CertificateError, InputError
from adversary.problem.instance import Independent, uniform
from tests.bounding.test_rewards import CASES

INDEPENDENT = "every independent law, every m"
COMMON = "every common law, every m"
WEIGHTS = Independent((Fraction(1), Fraction(2), Fraction(4)))


@pytest.mark.parametrize(
    ("method", "request_", "covers"),
    [
        ("rlhf", {}, INDEPENDENT),
        ("borda", {"sampling": "independent"}, INDEPENDENT),
        ("dpo", {"alternatives": 5}, INDEPENDENT),
        ("ipo", {"kl_budget": 1}, f"{INDEPENDENT}, every reference, every budget"),
        ("rlhf", {"kl_budget": "free"}, f"{INDEPENDENT}, every reference, budget not binding"),
        ("nlhf", {"kl_budget": "every"}, f"{COMMON}, every reference, every budget"),
        ("maximal-lotteries", {"sampling": "uniform", "alternatives": 4}, COMMON),
        (
            "copeland",
            {"kl_budget": "1/2", "alternatives": 9},
            f"{COMMON}, every reference, every budget",
        ),
        ("rlhf", {"sampling": "uniform", "alternatives": 4}, "this independent law, m = 4"),
        ("borda", {"sampling": WEIGHTS}, "this independent law, m = 3"),
        ("borda", {"sampling": "0,2,4"}, "this independent law, m = 3"),
        (
            "ipo",
            {"sampling": WEIGHTS, "kl_budget": 1},
            f"{INDEPENDENT}, every reference, every budget",
        ),
    ],
)
def test_what_is_covered(method: str, request_: dict, covers: str, tmp_path: Path) -> None:
    result = bound(method, **{"beta": 4, **request_})
    claim = result.document["claim"]["distortion_at_most"]
    assert result.text.startswith(f"{method} distortion <= {claim} ({covers}); beta = 4, ")
    assert_saved(result, tmp_path)


def assert_saved(result: UpperBound, folder: Path) -> None:
    """The checker accepts every file, and the first has the largest bound."""
    assert Fraction(result.document["claim"]["distortion_at_most"]) == result.upper_bound
    result.save(folder / "bound.json")
    for path in result.paths(folder / "bound.json"):
        assert check(path).accepted
    assert check(folder / "bound.json").at_most == result.upper_bound


@pytest.mark.parametrize(
    ("method", "request_", "compared"),
    [
        ("copeland", {"alternatives": 3}, ("U('a')", "U('c')", "every common law, m = 3")),
        (
            "dpo",
            {"sampling": "pairs-path", "alternatives": 4},
            ("U('a')", "U('d')", "this law on pairs, m = 4"),
        ),
        (
            "dpo",
            {"beta": CASES[0].beta, "outcome": CASES[0]},
            ("U(comparison)", "U(policy)", "this independent law, m = 3"),
        ),
    ],
)
def test_an_outcome_is_no_bound_on_the_method(
    method: str, request_: dict, compared: tuple[str, str, str], tmp_path: Path
) -> None:
    result = bound(method, **{"beta": 4, **request_})
    claim = result.document["claim"]["distortion_at_most"]
    best, winner, covers = compared
    assert result.text.startswith(f"{method} {best} <= {claim} * {winner} ({covers}, ")
    assert "distortion <=" not in result.text
    assert_saved(result, tmp_path)


@pytest.mark.parametrize(
    ("method", "request_", "field", "expected"),
    [
        ("plurality", {}, "method", "borda, copeland"),
        ("rlhf", {"beta": "x"}, "beta", "exact number"),
        ("rlhf", {"beta": 257}, "beta", "at most 256"),
        ("rlhf", {"beta": 0}, "beta", "above 0"),
        ("rlhf", {"alternatives": 1}, "alternatives", "from 2 to 64"),
        ("rlhf", {"alternatives": "few"}, "alternatives", "from 2 to 64"),
        ("rlhf", {"kl_budget": -1}, "kl", "at least 0"),
        ("rlhf", {"kl_budget": "most"}, "kl", "exact number"),
        ("borda", {"kl_budget": 1}, "kl", "no bound in a KL ball"),
        ("rlhf", {"sampling": "every"}, "sampling", "'pairs-path', 'independent'"),
        ("rlhf", {"sampling": "pairs"}, "sampling", "'pairs-path', 'independent'"),
        ("nlhf", {"sampling": "user-dependent"}, "sampling", "'every', 'independent'"),
        ("rlhf", {"sampling": "uniform"}, "alternatives", "a number"),
        ("rlhf", {"sampling": WEIGHTS, "alternatives": 4}, "sampling", "4 weights"),
        ("rlhf", {"sampling": "1,0"}, "sampling", "positive weights"),
        ("borda", {"sampling": "1,-1"}, "sampling", "at least 0"),
        ("borda", {"sampling": "0,0"}, "sampling", "not all 0"),
        ("borda", {"sampling": uniform(65)}, "sampling", "from 2 to 64"),
        ("rlhf", {"sampling": "pairs-path"}, "alternatives", "from 2 to 8"),
        ("rlhf", {"sampling": "pairs-path", "alternatives": 9}, "alternatives", "from 2 to 8"),
        ("borda", {"sampling": "pairs-path", "alternatives": 4}, "sampling", "'independent'"),
        ("dpo", {"sampling": "pairs-path", "alternatives": 4, "kl_budget": 1}, "kl", "social"),
        ("copeland", {"alternatives": 6}, "alternatives", "at most 5"),
        ("ipo", {"outcome": CASES[0]}, "outcome", "dpo or rlhf"),
        ("rlhf", {"outcome": CASES[0]}, "beta", "2, as in the outcome's instance"),
        ("rlhf", {"outcome": CASES[0], "beta": 2, "kl_budget": 1}, "kl", "nothing"),
        ("rlhf", {"outcome": CASES[0], "beta": 2, "alternatives": 3}, "alternatives", "nothing"),
    ],
)
def test_what_is_refused(method: str, request_: dict, field: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected) as caught:
        bound(method, **{"beta": 4, **request_})
    assert caught.value.field == field


def test_the_worst_outcome_comes_first(tmp_path: Path) -> None:
    result = adversary.bound(adversary.Copeland(), 4, alternatives=3)
    bounds = [outcome.upper_bound for outcome in result.outcomes]
    assert bounds == sorted(bounds, reverse=True)
    assert result.upper_bound == bounds[0] > bounds[1]
    assert result.boxes == sum(outcome.boxes for outcome in result.outcomes)
    result.save(tmp_path / "c.json")
    assert {path.name for path in tmp_path.iterdir()} == {
        f"c{i}.json" for i in ("", "-2", "-3", "-4")
    }
    assert json.loads((tmp_path / "c.json").read_text("utf-8")) == result.document


def test_nothing_unproved_is_written(tmp_path: Path) -> None:
    document = dict(bound("nlhf", 4).document)
    document["claim"] = {"distortion_at_most": "2"}
    result = UpperBound((Proved(document, Fraction(2), "", 1),), 0.0)
    with pytest.raises(CertificateError, match="the checker refuses the file"):
        result.save(tmp_path / "false.json")
    assert not list(tmp_path.iterdir())


def test_torch_is_not_loaded() -> None:
    """It would take longer to load than the proof."""
    code = "import sys, adversary; adversary.bound('rlhf', 4); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
