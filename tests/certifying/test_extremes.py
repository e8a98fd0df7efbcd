"""Extremes of every number a file may hold: each command answers rightly, or says why in one line.

The commands run in this process, as `adversary.cli.main` does from a shell.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adversary import certificate
from adversary.certifying.certify import RULES
from adversary.cli import main
from adversary.problem.document import read

METHODS = RULES
SECONDS = 10  # far above what any takes; a loop without an end is what this finds
BASE: dict[str, Any] = {
    "format": "adversary-instance/1",
    "beta": "4",
    "alternatives": ["a", "b", "c"],
    "users": [
        {"weight": "2", "utilities": ["1", "1/4", "0"]},
        {"weight": "3", "utilities": ["0", "1/2", "1"]},
    ],
    "sampling": {"kind": "independent", "weights": ["1", "2", "1"]},
    "reference": None,
}
BALL = {"weights": ["1", "2", "1"], "kl_budget": "1/10"}
ONE_TYPE = [{"weight": "1", "utilities": ["1/2", "0", "1"]}]


def variants() -> Iterator[tuple[str, dict[str, Any]]]:
    """What is changed of the base; the first word of the name says which number."""
    for beta in ("1e-4999", "1e-320", "1e-9", "800", "10000"):
        yield f"beta {beta}", {"beta": beta, "reference": BALL}
        yield f"beta {beta}, one type", {"beta": beta, "users": ONE_TYPE}
    for w in ("1e-4999", "1e4999", "1e-320"):
        yield f"user {w}", {"users": [BASE["users"][0] | {"weight": w}, BASE["users"][1]]}
        yield f"law {w}", {"sampling": {"kind": "independent", "weights": ["1", w, "1"]}}
        yield (
            f"pairs {w}",
            {"sampling": {"kind": "pairs", "weights": [["a", "b", "1"], ["b", "c", w]]}},
        )
        yield f"reference {w}", {"reference": BALL | {"weights": ["1", w, "1"]}}
    for tau in ("0", "1e-4999", "1e-320", "1e-300", "1e-30", "1e309", "1e4999"):
        yield f"budget {tau}", {"reference": BALL | {"kl_budget": tau}}
        faint = {"weights": ["1", "1e-300", "1"], "kl_budget": tau}
        yield f"budget {tau}, faint reference", {"reference": faint}
    for u in ("1e-4999", "1e-320"):
        tiny = [
            {"weight": "2", "utilities": [u, "0", "0"]},
            {"weight": "3", "utilities": ["0", "0", u]},
        ]
        yield f"utilities {u}", {"users": tiny}


CASES = dict(variants())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status and output of a command, which ends in time and without a traceback."""
    started = time.monotonic()
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    assert time.monotonic() - started < SECONDS
    out, err = capsys.readouterr()
    status = end.value.code or 0
    assert status in (0, 1, 2)
    assert "witness" not in err
    assert err.count("\n") <= (status != 0)
    assert status == 0 or err.startswith("adversary: ")
    return int(status), out, err


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "instance.json"
    path.write_text(json.dumps(BASE | CASES[request.param]))
    return path


@pytest.mark.parametrize("file", CASES, indirect=True)
def test_solve_and_show(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every method has an outcome, at most undetermined; nothing is NaN, and 0 of 0 is no 1."""
    status, out, _ = run(capsys, "solve", str(file), "--json")
    assert status == 0
    rows = json.loads(out)["methods"]
    assert {row["method"] for row in rows} >= set(METHODS)
    tiny = max(read(file).instance.average_utility) < Fraction(1, 10**300)
    for row in rows:
        assert row["status"] != "failed"
        assert (row["distortion_every"] is None) == tiny
        assert not tiny or row["best_utility"] is None
    for command in ("solve", "show"):
        status, out, _ = run(capsys, command, str(file))
        assert status == 0
        assert "nan" not in out


@pytest.mark.parametrize("file", CASES, indirect=True)
def test_certify(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is certified is what floats find, where they can tell; refusals name the digits."""
    out = file.with_name("certificate.json")
    _, text, _ = run(capsys, "solve", str(file), "--json")
    numeric = {row["method"]: row for row in json.loads(text)["methods"]}
    for method in METHODS:
        status, text, err = run(capsys, "certify", str(file), "--method", method, "--out", str(out),
                                "--json")  # fmt: skip
        if status:
            assert method in ("rlhf", "dpo")  # whose reward needs e^(−β), or β, to some digits
            assert "the checker's digits do not suffice" in err
            assert Fraction(json.loads(file.read_text())["beta"]) in (10_000, Fraction("1e-4999"))
            continue
        assert certificate.check(out).accepted
        bound = float(Fraction(json.loads(text)["certified_lower_bound"]))
        expected = numeric[method]["distortion_every"]
        if expected is not None and numeric[method]["status"] == "solved":
            assert bound == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["beta 1e-4999", "budget 1e-320", "budget 1e309", "user 1e-320",
                                  "utilities 1e-320"])  # fmt: skip
def test_simplify(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "instance.json"
    file.write_text(json.dumps(BASE | CASES[name]))
    for method in ("rlhf", "copeland"):
        arguments = ("simplify", str(file), "--method", method, "--keep", "0.9999", "--json")
        status, _, err = run(capsys, *arguments, "--out", str(tmp_path / "simple.json"))
        assert status == 0 or ("utilities" in name and err.startswith("adversary: users.utilities"))


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("rlhf", ("--beta", "1e-4999")),
        ("borda", ("--beta", "1e-320", "--strategy", "gradient")),
        ("nlhf", ("--beta", "10000", "--strategy", "gradient")),
        ("rlhf", ("--beta", "4", "--kl", "0", "--strategy", "gradient")),
        ("rlhf", ("--beta", "4", "--kl", "1e-30", "--strategy", "gradient")),
        ("nlhf", ("--beta", "4", "--kl", "1e309")),
    ],
)
def test_search(
    method: str, options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What wins has a distortion: an instance whose best utility is 0 has none."""
    out = tmp_path / "worst.json"
    time_limit = ("--time-limit", "0.5")
    status, text, _ = run(
        capsys, "search", method, *options, *time_limit, "--out", str(out), "--json"
    )
    assert status == 0
    assert Fraction(json.loads(text)["certified_lower_bound"]) >= Fraction("0.99999999999")
    assert max(read(out).instance.average_utility) > 0
    assert certificate.check(out).accepted


def test_a_bound_beyond_floats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A claim of 1e309 is shown and kept; its instance is solved and certified."""
    users = [
        {"weight": "0.999", "utilities": ["0", "0", "1/2", "1"]},
        {"weight": "1e-3", "utilities": ["0.01", "0", "0", "0"]},
    ]
    pairs = [["a", "c", "1"], ["b", "d", "1"], ["c", "d", "1"]]
    document = BASE | {
        "beta": "2",
        "alternatives": ["a", "b", "c", "d"],
        "users": users,
        "sampling": {"kind": "pairs", "weights": pairs},
        "reference": {"weights": ["1", "1", "0", "0"], "kl_budget": "1"},
    }
    file, out = tmp_path / "instance.json", tmp_path / "certificate.json"
    file.write_text(json.dumps(document))
    status, _, _ = run(capsys, "certify", str(file), "--method", "rlhf", "--out", str(out))
    assert status == 0
    claimed = json.loads(out.read_text())
    claimed["claim"]["distortion_at_least"] = "1e309"
    out.write_text(json.dumps(claimed))
    assert certificate.check(out).accepted
    for command in ("show", "solve"):
        status, text, _ = run(capsys, command, str(out))
        assert status == 0
        assert "inf" in text


def test_no_utility_no_distortion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All utilities on the reference's support are 0: no command gives a ratio."""
    users = [{"weight": "1", "utilities": ["0", "0", "1"]}]
    document = BASE | {"users": users, "reference": BALL | {"weights": ["1", "1", "0"]}}
    file = tmp_path / "instance.json"
    file.write_text(json.dumps(document))
    _, text, _ = run(capsys, "solve", str(file), "--json")
    assert all(row["distortion_every"] is None for row in json.loads(text)["methods"])
    for command in ("certify", "simplify"):
        arguments = (command, str(file), "--method", "rlhf", "--out", str(tmp_path / "out.json"))
        status, _, err = run(capsys, *arguments)
        assert status == 1
        assert "every policy has utility 0" in err
