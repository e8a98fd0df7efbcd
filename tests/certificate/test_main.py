"""The command line, and what a process costs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .samples import CHECKER

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
    assert result.returncode == 1
    assert result.stderr == ""


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
    total = 0
    for path in folder.glob("*.py"):
        lines = path.read_text().splitlines()
        assert len(lines) < 400
        total += len(lines)
        for line in lines:
            if line.startswith(("import ", "from ")):
                module = line.split()[1]
                known = module.split(".")[0] in {*sys.stdlib_module_names, "flint", ""}
                assert known, f"{path}: {line}"
    assert total <= 1500


@pytest.mark.slow
def test_process_time():
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        run(str(GOOD))
        best = min(best, time.perf_counter() - start)
    assert best < 0.3
