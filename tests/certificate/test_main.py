"""The command line, and what a process costs."""

import json
import os
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adversary.certificate.__main__ import main

from .samples import CHECKER, sample

ROOT = Path(__file__).parent.parent.parent
GOOD = CHECKER / "accept" / "borda-social-pairs.json"
BAD = CHECKER / "reject" / "claim-a-million.json"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python -m adversary.certificate ARGUMENTS."""
    return subprocess.run(
        [sys.executable, "-m", "adversary.certificate", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def test_exit_status():
    assert run(str(GOOD)).returncode == 0
    assert run(str(GOOD), str(BAD), str(GOOD)).returncode == 1
    assert run(str(GOOD), "missing").returncode == 2
    assert run("missing", str(BAD)).returncode == 2
    assert run(str(ROOT)).returncode == 2
    nothing = run()
    assert nothing.returncode == 2
    assert nothing.stdout == ""
    assert nothing.stderr.startswith("usage")


def test_one_line_for_each_file():
    lines = run(str(GOOD), str(BAD), "no\nsuch").stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"accepted: {GOOD}: borda distortion >= ")
    assert lines[1].startswith(f"rejected: {BAD}: claim.distortion_at_least: ")
    assert lines[2] == r"rejected: no\nsuch: file: cannot be read: No such file or directory"


def test_a_terminal_without_unicode():
    result = run("ä☃", PYTHONIOENCODING="ascii")
    assert result.returncode == 2
    assert result.stderr == ""


@pytest.mark.parametrize("command", ["-m adversary.certificate", "-m adversary check",
                                     "-m adversary check --json"])  # fmt: skip
@pytest.mark.parametrize(("target", "status"), [("/dev/full", 2), ("&-", 0)])
def test_an_output_that_takes_nothing(command: str, target: str, status: int):
    line = f"exec {sys.executable} {command} {GOOD} >{target}"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == (status if "certificate" in command else 2)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


def test_a_pipe_that_is_closed():
    line = f"{sys.executable} -m adversary.certificate {GOOD} {GOOD} {GOOD}; echo $? >&2"
    pipe = subprocess.Popen(["sh", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, cwd=ROOT)  # fmt: skip
    assert pipe.stdout is not None
    assert pipe.stderr is not None
    pipe.stdout.close()
    error = pipe.stderr.read()
    pipe.stderr.close()
    pipe.wait()
    assert "Traceback" not in error
    assert error.splitlines()[-1] == "2"


IMITATION = "accepted: good.json: borda distortion >= 1e9 (every policy)"


@pytest.mark.parametrize(
    "name", [IMITATION, "x" + " " * 150 + IMITATION, "a\nb", "a\x1b[31m", "\u202e"]
)
def test_no_name_imitates_a_verdict(name: str, tmp_path: Path):
    """Neither a file nor an alternative, however the terminal folds the line."""
    document = sample("some-borda-tie-pairs")
    old = document["alternatives"][0]
    text = json.dumps(document).replace(json.dumps(old), json.dumps(name))
    wrong = text.replace('"distortion_at_least": "2"', '"distortion_at_least": "3"')
    for content, path in ((wrong, tmp_path / "x.json"), (text, tmp_path / f"{name[:200]}.json"),
                          (json.dumps({name: 1}), tmp_path / "y.json")):  # fmt: skip
        path.write_text(content, "utf-8")
        out = run(str(path)).stdout
        assert out.count("\n") == 1
        assert out.isascii()
        assert out[:-1].isprintable()
        assert "accepted: good.json" not in out
        assert "  " not in out


def test_nothing_heavy_is_loaded():
    code = (
        "import sys, adversary.certificate; "
        "print([m for m in sys.modules if m.split('.')[0] in ('numpy', 'torch', 'scipy')"
        " or m.startswith('adversary.') and not m.startswith('adversary.certificate')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = result.stdout.strip()
    assert "numpy" not in loaded
    assert "torch" not in loaded


def test_imports_only_the_standard_library_and_flint():
    folder = ROOT / "adversary" / "certificate"
    lines_of = {}
    for path in folder.glob("*.py"):
        lines = path.read_text().splitlines()
        lines_of[path.name] = len(lines)
        for line in lines:
            if line.startswith(("import ", "from ")):
                module = line.split()[1]
                known = module.split(".")[0] in {*sys.stdlib_module_names, "flint", ""}
                assert known, f"{path}: {line}"
    upper = lines_of.pop("bound.py") + lines_of.pop("boxes.py")
    assert upper <= 400
    assert sum(lines_of.values()) <= 850


@pytest.mark.slow
def test_process_time():
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        run(str(GOOD))
        best = min(best, time.perf_counter() - start)
    assert best < 0.3


def test_the_same_within_a_process(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert main([str(GOOD)]) == 0
    assert main([str(BAD), str(GOOD)]) == 1
    assert main([str(GOOD), str(tmp_path)]) == 2
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out.count("\n") == 5
    assert err.startswith("usage: ")
    long = tmp_path / ("x" * 200) / ("y" * 200)
    assert main([str(long)]) == 2
    assert capsys.readouterr().out.startswith("rejected: ...")


def test_an_output_that_fails(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Nothing more is checked, and the reason is told."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main([str(GOOD), str(GOOD)]) == 2
    assert capfd.readouterr().err == "standard output: No space left on device\n"
    monkeypatch.setattr(sys, "stdout", None)
    assert main([str(GOOD)]) == 0


def test_the_module_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["", str(GOOD)])
    monkeypatch.delitem(sys.modules, "adversary.certificate.__main__")
    with pytest.raises(SystemExit) as end:
        runpy.run_module("adversary.certificate", run_name="__main__")
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("accepted: ")
