"""`adversary export` and `adversary show`: output, files, exit status, one line for an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
    assert "\naccepted: rlhf distortion >= 706.997084548 (every policy); beta = 8, align" in out
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


BOUND = RLHF.parent / "bounds"
INFINITE = RLHF.parent / "rlhf-kl1-path-m4-infinite-beta2.json"


@pytest.mark.parametrize("name", [*TEXT, "parquet"])
def test_upper_bounds_are_refused_in_one_line(run: Run, name: str) -> None:
    status, out, err = run("export", next(BOUND.glob("*.json")), "--to", name, "--out", "file")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "upper bound" in err
    assert not Path("file").exists()


@pytest.mark.parametrize("name", [n for n in (*TEXT, "parquet") if formats()[n].takes != "one"])
def test_a_directory_exports_what_it_can(run: Run, name: str, tmp_path: Path) -> None:
    """An upper bound and a broken file are left out and named, with exit status 1."""
    Path("in").mkdir()
    for path in (RLHF, PAIRS, next(BOUND.glob("*.json"))):
        Path("in", path.name).write_bytes(path.read_bytes())
    Path("in", "z.json").write_text("{}")
    status, out, err = run("export", "in", "--to", name, "--out", "file")
    assert (status, out, err.count("\n")) == (1, "", 2)
    assert all(line.startswith("adversary: left out: ") for line in err.splitlines())
    assert "z.json" in err
    assert Path("file").stat().st_size > 100


def test_infinite_ratios(run: Run) -> None:
    assert (
        r"infinite distortion, $\infty$, for every policy"
        in run("export", INFINITE, "--to", "latex")[1]
    )
    assert ",inf,every,True," in run("export", INFINITE, "--to", "csv")[1]
    assert r"certified distortion $\infty$" in run("export", INFINITE, "--to", "tikz")[1]
    several = run("export", INFINITE, RLHF, "--to", "tikz")[1]
    assert r"nodes near coords={$\infty$}] coordinates {(2.0,1e4)}" in several
    assert "e100" not in several.lower()


NAMES = ["\x1b[31mred", "two\nlines", " outer "]


@pytest.mark.parametrize("name", [n for n in TEXT if n not in ("standalone", "bibtex")])
def test_no_control_character_gets_through(run: Run, name: str) -> None:
    content = json.loads(RLHF.read_text("utf-8")) | {"alternatives": NAMES}
    content["method"]["name"] = "\x1b[31mrlhf"
    del content["claim"], content["witness"]
    Path("in.json").write_text(json.dumps(content))
    out = run("export", "in.json", "--to", name)[1]
    assert out
    assert out.replace("\n", "").isprintable()
    if name == "preflib":
        assert "# ALTERNATIVE NAME 3:  outer \n" in out


def test_any_stream_gets_the_bytes_of_the_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adversary", "export", str(RLHF), "--to", "bibtex"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Gölz" in done.stdout.decode("utf-8")


EXTREMES = {
    "format": "adversary-instance/1",
    "beta": "1e-4999",
    "alternatives": ["a", "b", "c"],
    "users": [
        {"weight": "1", "utilities": ["0", "1", "1e-4999"]},
        {"weight": "1e-4999", "utilities": ["1", "1e-400", "0"]},
    ],
    "sampling": {"kind": "independent", "weights": ["1", "1e-4999", "1e4999"]},
    "reference": {"weights": ["1", "1e-4999", "0"], "kl_budget": "1e309"},
}


@pytest.mark.parametrize("name", [*TEXT, "parquet"])
def test_extreme_numbers_are_exported_or_refused(run: Run, name: str) -> None:
    """Never rounded to 0 or infinity in silence."""
    Path("in.json").write_text(json.dumps(EXTREMES))
    status, _, err = run("export", "in.json", "--to", name, "--out", "file")
    if name in ("parquet", "pref-voting", "standalone"):
        assert (status, err.count("\n")) == (2, 1)
        assert not Path("file").exists()
        return
    assert (status, err) == (0, "")
    text = Path("file").read_text("utf-8")
    assert {"csv": "1e-4999,3,2,1e+309", "latex": "10^{-4999}", "tikz": "10^{309}"}.get(
        name, ""
    ) in text
    if name == "preflib":
        assert "2, 1, 5e-5000\n" in text
