"""What scripts read: infinity as "inf", and nothing that contradicts another field."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import pytest

from adversary.cli import main, report
from adversary.problem.document import read
from tests.cli.test_display import result

INSTANCES = Path(__file__).parents[2] / "instances"
INFINITE = "rlhf-kl1-path-m4-infinite-beta2.json"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    with pytest.raises(SystemExit) as end:
        main([*map(str, arguments), "--json"])
    assert not end.value.code
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one certificate, of an infinite ratio."""
    (tmp_path / INFINITE).write_bytes((INSTANCES / INFINITE).read_bytes())
    return tmp_path


def test_a_certified_bound_is_a_decimal_or_inf() -> None:
    assert report.bound_text(Fraction(5, 2), False) == "2.5"
    assert report.bound_text(Fraction(10) ** 100, True) == "inf"
    assert report.bound_text(Fraction(10) ** 100, False) == "1e100"


def test_numbers_that_json_does_not_hold() -> None:
    assert [report.finite(x) for x in (1.5, math.inf, math.nan)] == [1.5, "inf", None]


def test_search() -> None:
    """The supremum is left out where the certified bound is above it."""
    found = report.of_search(result("2.5", 2.5, 2.4), None)
    assert (found["certified_lower_bound"], found["supremum"]) == ("2.5", None)
    found = report.of_search(result("2.5", 2.5, 2.6), None)
    assert found["supremum"]["upper_bound"] == 2.6
    found = report.of_search(result("1e100", math.inf, None, True), None)
    assert (found["certified_lower_bound"], found["numeric_distortion"]) == ("inf", "inf")
    found = report.of_search(result(None, 2.0, 1.9), None)
    assert found["certified_lower_bound"] is None
    assert found["supremum"]["upper_bound"] == 1.9


def test_every_command_calls_infinity_so(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate of a policy of utility 0 in all that reads it."""
    from adversary.sweeping import matching

    monkeypatch.setattr(matching, "cells", list)  # no searches
    (row,) = run(capsys, "table", folder)["rows"]
    assert row["certified_lower_bound"]["bound"] == "inf"
    (rate,) = run(capsys, "rates", folder)["rates"]
    assert [point["bound"] for point in rate["points"]] == ["inf"]
    assert (rate["fitted"], rate["reading"]) == ([], "infinite")
    rows = run(capsys, "theorems", "--check", folder)["theorems"]
    compared = {row["key"]: found for row in rows for found in row["comparisons"]}
    assert {found["certified_lower_bound"] for found in compared.values()} == {"inf"}
    assert (compared["kl-path"]["published"], compared["kl-path"]["verdict"]) == ("inf", "reached")
    (verdict,) = run(capsys, "check", folder / INFINITE)["files"]
    assert (verdict["accepted"], verdict["infinite"]) == (True, True)
    methods = {row["method"]: row for row in run(capsys, "solve", folder / INFINITE)["methods"]}
    assert methods["rlhf"]["distortion_every"] == "inf"
    made = run(capsys, "certify", folder / INFINITE, "--out", folder / "again.json")
    assert made["certified_lower_bound"] == "inf"


def test_every_command_says_infinite(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People read one word, and never the number that stands for it in a file."""
    from adversary.sweeping import matching

    monkeypatch.setattr(matching, "cells", list)
    for command in (("table", folder), ("rates", folder), ("theorems", "--check", folder),
                    ("solve", folder / INFINITE), ("show", folder / INFINITE),
                    ("certify", folder / INFINITE, "--out", folder / "again.json")):  # fmt: skip
        with pytest.raises(SystemExit) as end:
            main([*map(str, command)])
        out = capsys.readouterr().out
        assert not end.value.code
        assert " infinite" in out
        assert "1e+100" not in out
        assert " inf " not in out
        assert "∞" not in out


def test_outcomes_name_what_is_not_finite() -> None:
    """An infinite ratio is 'inf' in both fields, the best utility a number."""
    from adversary.interface.method import by_name

    row = report.of_outcome(read(INSTANCES / INFINITE).instance, by_name("rlhf"))
    assert (row["distortion_every"], row["distortion_some"], row["utility"]) == ("inf", "inf", 0)
    assert row["best_utility"] > 0
