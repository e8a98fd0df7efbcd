"""What the README says is so: its Python runs, its commands exist, its table is complete."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from adversary.cli import main
from adversary.interface.method import available

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [code.strip() for language, code in BLOCKS if language == "sh"]


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_runs(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each block runs by itself, with a shorter search, and prints something sensible."""
    short, changed = re.subn(r"time_limit=\d+", "time_limit=0.5", code)
    assert changed == 1
    monkeypatch.chdir(tmp_path)
    exec(compile(short, "README.md", "exec"), {"__name__": "readme"})
    out = capsys.readouterr().out.splitlines()
    assert "True" in out[-1] or float(out[-1]) > 1


def test_there_is_a_method_in_ten_lines() -> None:
    """The first method of one's own, from its import to its search, without blank lines."""
    own = next(code for code in PYTHON if "adversary.Method" in code)
    assert len([line for line in own.splitlines() if line.strip()]) <= 10


def test_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of the first command is understood by the command line."""
    arguments = shlex.split(SHELL[0].split(".venv/bin/adversary ")[1])
    arguments += ["--time-limit", "0.5"]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert not end.value.code
    assert (tmp_path / "worst.json").exists()


def test_the_two_commands() -> None:
    """One installs and searches, one installs and tests; continuous integration runs the latter."""
    assert len(SHELL) == 2
    assert all(command.startswith("python3 -m venv .venv && ") for command in SHELL)
    assert SHELL[1].endswith("&& .venv/bin/python -m pytest")


def test_the_table_has_every_method() -> None:
    """One row for each method of the package."""
    rows = re.findall(r"^\| `([a-z-]+)` \|", TEXT, re.MULTILINE)
    own = [n for n, method in available().items() if method.__module__.startswith("adversary.")]
    assert sorted(rows) == own


def test_the_example_is_current() -> None:
    """The output shown comes from this version's search: certified, and accepted."""
    outputs = re.findall(
        r"<!-- search-output -->\n```text\n(.*?)```\n<!-- /search-output -->", TEXT, re.DOTALL
    )
    assert len(outputs) == 2
    bound = re.match(r"rlhf: certified distortion ≥ ([\d.]+)", outputs[0])
    assert bound is not None
    assert f"accepted: worst.json: rlhf distortion >= {bound[1]}" in outputs[1]
    for name in available():
        assert re.search(rf"^{name} ", outputs[1], re.MULTILINE)
