"""The command `bound`: output, files, exit status, one line for an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from adversary.certificate import check
from adversary.cli import main
from tests.bounding.test_rewards import CASES

README = Path(__file__).parents[2] / "README.md"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call `adversary bound` in an empty folder; return exit status and both outputs."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["bound", *arguments])
        out, err = capfd.readouterr()
        return int(end.value.code or 0), out, err

    return call


def test_for_people(run: Run) -> None:
    status, out, err = run("rlhf", "--beta", "8", "--out", "b.json")
    assert (status, err) == (0, "")
    first, second, third = out.splitlines()
    assert first == f"proved: {check('b.json').message}"
    assert "boxes" in second
    assert third == "written to b.json"


def test_for_scripts(run: Run) -> None:
    status, out, _ = run("nlhf", "--beta", "5/2", "--kl", "every", "--out", "b.json", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["method"] == "nlhf"
    assert found["beta"] == "5/2"
    assert found["setting"] == "alignment"
    assert found["file"] == "b.json"
    assert found["files"] == ["b.json"]
    assert found["outcomes"] == 1
    assert 0 < found["seconds"] < 60
    written = json.loads(Path("b.json").read_text("utf-8"))
    assert found["certified_upper_bound"] == written["claim"]["distortion_at_most"]
    assert check("b.json").accepted


def test_several_outcomes(run: Run) -> None:
    status, out, _ = run("copeland", "--beta", "4", "--alternatives", "3", "--out", "c.json")
    assert status == 0
    assert "the worst of 4 outcomes" in out
    assert out.endswith("written to c.json, c-2.json, c-3.json, c-4.json\n")
    assert sorted(path.name for path in Path().iterdir()) == [
        "c-2.json", "c-3.json", "c-4.json", "c.json"]  # fmt: skip


def test_an_outcome(run: Run, tmp_path: Path) -> None:
    CASES[0].save(tmp_path / "i.json")
    status, out, _ = run("dpo", "--beta", "2", "--outcome", "i.json", "--out", "b.json", "--json")
    assert status == 0
    assert "U(comparison) <= " in json.loads(out)["text"]
    assert check("b.json").accepted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rlfh", "--beta", "8"), "method: got 'rlfh', expected one of borda"),
        (("rlhf", "--beta", "x"), "beta: got 'x', expected an exact number"),
        (("rlhf", "--beta", "8", "--sampling", "every"), "sampling: got 'every', expected"),
        (("borda", "--beta", "8", "--kl", "1"), "kl: got '1', expected none"),
        (("rlhf", "--beta", "8", "--alternatives", "x"), "alternatives: got 'x', expected"),
        (("rlhf", "--beta", "8", "--outcome", "none.json"), "file: got 'none.json', expected"),
        (("rlhf", "--beta", "8", "--out", "no/b.json"), "out: got 'no/b.json', expected"),
        (("rlhf",), "Missing option '--beta'"),
    ],
)
def test_wrong_requests(run: Run, arguments: tuple[str, ...], message: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"adversary: {message}")
    assert err.count("\n") == 1
    assert not list(Path().iterdir())


def test_not_proved(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adversary.bounding.proving.BOXES", 2)
    status, out, err = run("rlhf", "--beta", "8", "--out", "b.json")
    assert (status, out, err) == (1, "", "adversary: not proved with 2 boxes\n")
    assert not list(Path().iterdir())


def test_a_directory_in_the_way(run: Run) -> None:
    """Nothing is written where one of several files cannot be."""
    Path("c-3.json").mkdir()
    status, _, err = run("copeland", "--beta", "4", "--alternatives", "3", "--out", "c.json")
    assert status == 2
    assert "c-3.json" in err
    assert [path.name for path in Path().iterdir()] == ["c-3.json"]


def test_the_readme_is_current(run: Run) -> None:
    text = README.read_text("utf-8")
    shown = re.findall(r"^\$ adversary bound (.*)\n(proved: .*)\n", text, re.MULTILINE)
    assert len(shown) == 4
    number = re.compile(r"(?<=<= )[\d.]+")  # its last digit may differ between machines
    for arguments, first in shown:
        printed = run(*arguments.split())[1].splitlines()[0]
        assert number.sub("", printed) == number.sub("", first)
        found, said = (float(number.findall(line)[0]) for line in (printed, first))
        assert found == pytest.approx(said, rel=2e-7)
