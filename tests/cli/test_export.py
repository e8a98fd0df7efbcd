"""`adversary export` and `adversary show`: output, files, exit status, one line for an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from adversary.cli import main
from adversary.export import formats
from tests.export.samples import INSTANCES, PAIRS, RLHF, awkward, with_claim

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return int(end.value.code or 0), out, err

    return call


TEXT = [name for name, form in formats().items() if form.text and form.takes != "none"]


@pytest.mark.parametrize("name", TEXT)
def test_standard_output_and_file_hold_the_same(run: Run, name: str) -> None:
    status, out, err = run("export", RLHF, "--to", name)
    assert (status, err) == (0, "")
    assert run("export", RLHF, "--to", name, "--out", "file") == (0, "", "")
    assert Path("file").read_text("utf-8") == out
    assert out.endswith("\n")
    status, found, _ = run("export", RLHF, "--to", name, "--json")
    assert json.loads(found) == {"to": name, "file": None, "text": out}


def test_the_help_names_every_format(run: Run) -> None:
    shown = run("export", "--help")[1]
    assert not [name for name in formats() if name not in shown]


def test_parquet_goes_to_a_file(run: Run) -> None:
    assert run("export", INSTANCES[0].parent, "--to", "parquet", "--out", "t.parquet")[0] == 0
    assert Path("t.parquet").read_bytes().startswith(b"PAR1")


def test_schema(run: Run) -> None:
    status, out, _ = run("export", "--to", "json-schema")
    assert status == 0
    assert out == files("adversary").joinpath("instance.schema.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("export", RLHF, "--to", "word"), ("to", "'word'", "latex")),
        (("export", RLHF, "--to", "parquet"), ("out", "--out FILE")),
        (("export", "--to", "csv"), ("file", "nothing")),
        (("export", RLHF, "--to", "json-schema"), ("file", "no file")),
        (("export", RLHF, PAIRS, "--to", "preflib"), ("file", "2 files", "one file")),
        (("export", "no.json", "--to", "csv"), ("file", "no.json", "No such file")),
        (("export", ".", "--to", "csv"), ("file", "'.'", "*.json")),
        (("export", RLHF, "--to", "csv", "--out", "no/f"), ("out", "'no/f'")),
        (("export", RLHF), ("--to",)),
        (("show", RLHF, "--figure", "f.gif"), ("figure", "'f.gif'", ".pdf")),
        (("show", RLHF, "--figure", "no/f.pdf"), ("no/f.pdf", "directory that exists")),
        (("show", "no.json"), ("file", "no.json", "No such file")),
        (("show", "."), ("file", "'.'", "not a directory")),
    ],
    ids=str,
)
def test_wrong_requests(run: Run, arguments: tuple, parts: tuple[str, ...]) -> None:
    status, out, err = run(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("adversary: ")
    for part in parts:
        assert part in err
    assert list(Path().iterdir()) == []


def test_a_broken_file_stops_the_export(run: Run, tmp_path: Path) -> None:
    """Nothing is written of the files before it."""
    (tmp_path / "z.json").write_text("{}")
    status, out, err = run("export", RLHF, "z.json", "--to", "csv", "--out", "t.csv")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert not Path("t.csv").exists()


@pytest.mark.parametrize("name", ["latex", "standalone", "tikz"])
def test_a_refused_claim_is_status_1(run: Run, name: str, tmp_path: Path) -> None:
    status, out, err = run("export", with_claim(RLHF, "1e6", tmp_path), "--to", name)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "proves only" in err


def test_show(run: Run) -> None:
    status, out, err = run("show", RLHF, "--figure", "f.pdf")
    assert (status, err) == (0, "")
    assert out.startswith("                  weight ")
    assert "\naccepted: rlhf distortion >= 706.997084548 (every policy)\n" in out
    for method in ("borda", "nlhf", "rlhf"):
        assert f"\n{method} " in out
    assert Path("f.pdf").read_bytes().startswith(b"%PDF")


def test_show_says_what_is_not_proved(run: Run, tmp_path: Path) -> None:
    assert "\nrejected: claim." in run("show", with_claim(RLHF, "1e6", tmp_path))[1]
    assert "\nno claim\n" in run("show", awkward(tmp_path))[1]


def test_show_json(run: Run) -> None:
    status, out, _ = run("show", RLHF, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["claim"]["accepted"] is True
    assert {row["method"] for row in found["methods"]} >= {"rlhf", "borda"}
