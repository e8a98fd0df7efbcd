"""Sweeps: study files, what counts as done, failures, death at any moment, a cluster."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adversary import files, verbs
from adversary.certificate import check
from adversary.cli import main
from adversary.errors import CertificateError, InputError
from adversary.problem.document import read as read_document
from adversary.results.rates import rates
from adversary.sweeping import cell as cells
from adversary.sweeping import directory, pool
from adversary.sweeping.cell import Failure
from adversary.sweeping.run import Sweep, sweep
from adversary.sweeping.study import Cell, Study, read

STUDIES = Path(__file__).parents[2] / "instances" / "studies"
SHORT = (("restarts", 8), ("rounds", 1), ("steps", 15))
CELL = Cell("borda", Fraction(4), 3, "independent", "none", 4, "gradient", SHORT, 0)
STUDY = Study((CELL, replace(CELL, method="nlhf", kl=Fraction(1)), replace(CELL, seed=1)))
GRID = """
[[grid]]
methods = ["borda", "nlhf"]
beta = [4, "5/2"]
strategy = [{ name = "gradient", restarts = 16, steps = 60, rounds = 1 }]
"""


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """Run cells in this process; return those that were run."""
    ran: list[Cell] = []

    def local(waiting: list[Cell], _: int, limit: float | None) -> Iterator:
        for cell in waiting:
            ran.append(cell)
            yield cell, cells.run(cell, limit)

    monkeypatch.setattr(pool, "local", local)
    return ran


def test_grid(tmp_path: Path):
    """Every combination once, in one order, with defaults for what is left out."""
    path = tmp_path / "s.toml"
    path.write_text(f"time_limit = 60\n{GRID}{GRID}[[grid]]\nmethods = ['rlhf']\nbeta = [1]\n")
    study = read(path)
    assert study.time_limit == 60
    assert [(c.method, c.beta) for c in study.cells] == [
        ("borda", 4), ("borda", Fraction(5, 2)), ("nlhf", 4), ("nlhf", Fraction(5, 2)), ("rlhf", 1)
    ]  # fmt: skip
    last = study.cells[-1]
    assert (last.kl, last.sampling, last.users, last.strategy) == ("none", "independent", 4, "auto")


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.toml")), ids=lambda path: path.stem)
def test_examples_are_valid(path: Path):
    assert len(read(path).cells) > 10


def test_readme_shows_an_example():
    """The study of the README is the file that it names."""
    readme = (STUDIES.parent.parent / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"^```toml\n(\[\[grid\]\].*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert shown in (STUDIES / "small.toml").read_text("utf-8")


WRONG = {
    "": "grid: got 'nothing', expected [[grid]] tables",
    "grid = 3": "grid: got '3', expected [[grid]] tables",
    "grid = [3]": "grid[0]: got '3', expected a table",
    "[[grid]\n": "file: got",
    f"a = {'[' * 100_000}": "file: got",
    "time = 3": "time: got '3', expected only the keys time_limit, grid",
    "time_limit = 0\n[[grid]]\n": "time_limit: got '0', expected a number of seconds above 0",
    "[[grid]]\nbeta = [1]": "grid[0].methods: got 'nothing', expected a list",
    "[[grid]]\nmethods = 'rlhf'\nbeta = [1]": "grid[0].methods: got 'rlhf', expected a list",
    "[[grid]]\nmethods = []\nbeta = [1]": "grid[0].methods: got '[]', expected a list",
    "[[grid]]\nmethods = ['rlfh']\nbeta = [1]": "method: got 'rlfh', expected 'rlhf'?",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [0.5]": "grid[0].beta[0]: got '0.5', expected an exact",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [0]": "beta: got '0', expected a number above 0",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nbetas = [2]": "grid[0].betas: got '[2]', expected",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nkl = [-1]": "reference.kl_budget: got '-1'",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nkl = ['some']": "grid[0].kl[0]: got 'some'",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nusers = [true]": "grid[0].users[0]: got 'True'",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nalternatives = [1]": "grid[0].alternatives[0]:",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nsampling = ['odd']": "sampling: got 'odd'",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nstrategy = ['odd']": "grid[0].strategy[0].name:",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nstrategy = [{name = 'gradient', speed = 1}]":
        "grid[0].strategy[0].speed: got '1', expected only the keys name, restarts",
    "[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nstrategy = [{name = 'gradient', steps = 0.5}]":
        "grid[0].strategy[0].steps: got '0.5', expected a whole number above 0",
    f"[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nseeds = {[*range(100_001)]}":
        "grid[0]: got '100001 cells', expected at most 100000",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:60])
def test_wrong_studies(text: str, tmp_path: Path):
    """One line that names the field, the value and what was expected."""
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).startswith(WRONG[text])
    assert "\n" not in str(error.value)


def test_nothing_starts_where_a_study_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "s.toml"
    path.write_text("[[grid]]\nmethods = ['rlhf']\nbeta = [1]\nseeds = [-1]")
    with pytest.raises(SystemExit) as end:
        main(["sweep", str(path), "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_names_are_those_of_the_content():
    """Whatever changes the result changes the name; the name is the same on every machine."""
    others = [
        replace(CELL, method="rlhf"), replace(CELL, beta=Fraction(1, 3)), replace(CELL, users=3),
        replace(CELL, alternatives=4), replace(CELL, sampling="uniform"), replace(CELL, kl="free"),
        replace(CELL, kl=Fraction(1)), replace(CELL, strategy="auto", effort=()),
        replace(CELL, effort=(("steps", 5),)), replace(CELL, seed=2),
    ]  # fmt: skip
    assert len({cell.stem for cell in [CELL, *others]}) == len(others) + 1
    assert CELL.stem == "borda-kl-none-independent-m3-k4-beta4-seed0-cf353d12cbdd"
    long = replace(CELL, beta=Fraction(10**300 + 1, 10**300 + 7))
    assert "/" not in long.stem
    assert len(long.stem) < 200


def test_each_cell_is_done_once(tmp_path: Path, in_process: list[Cell]):
    """A second run does nothing; another order of cells writes the same bytes."""
    first = sweep(STUDY, tmp_path / "a")
    assert (first.certified, first.before, first.failed) == (3, 0, [])
    assert len(in_process) == 3
    before = contents(tmp_path / "a")
    second = sweep(STUDY, tmp_path / "a")
    assert (second.certified, second.before, len(in_process)) == (0, 3, 3)
    assert second.best == first.best
    sweep(Study(STUDY.cells[::-1]), tmp_path / "b")
    assert contents(tmp_path / "a") == before == contents(tmp_path / "b")
    for cell in STUDY.cells:
        file = tmp_path / "a" / f"{cell.stem}.json"
        assert check(file).accepted
        assert read_document(file).provenance["cell"] == cell.specification


def test_index_is_made_from_the_files(tmp_path: Path, in_process: list[Cell]):
    sweep(STUDY, tmp_path / "a")
    index = tmp_path / "a" / directory.INDEX
    lines = index.read_text().splitlines()
    assert lines[0].startswith("file,status,method,beta,")
    assert len(lines) == 4
    assert "nlhf,4,3,independent,1,4,gradient restarts=8 rounds=1 steps=15,0," in lines[-1]
    index.unlink()
    sweep(STUDY, tmp_path / "a")
    assert index.read_text().splitlines() == lines
    assert len(in_process) == 3


def test_a_foreign_file_is_named(tmp_path: Path, in_process: list[Cell]):
    """The index then waits; the cells are done all the same."""
    (tmp_path / "notes.json").write_text("{}")
    result = sweep(STUDY, tmp_path)
    assert (result.certified, result.failed) == (3, [])
    assert "notes.json" in str(result.unindexed)


def test_a_broken_file_is_done_again(tmp_path: Path, in_process: list[Cell]):
    """Truncated, or another cell's under this name: neither counts."""
    sweep(STUDY, tmp_path)
    before = contents(tmp_path)
    one, _, third = [tmp_path / f"{cell.stem}.json" for cell in STUDY.cells]
    third.write_bytes(one.read_bytes())
    one.write_bytes(one.read_bytes()[:200])
    assert sweep(STUDY, tmp_path).certified == 2
    assert contents(tmp_path) == before


def test_failures_are_recorded_and_tried_again(
    tmp_path: Path, in_process: list[Cell], monkeypatch: pytest.MonkeyPatch
):
    """No certificate, a fault of a method, too little time: the rest goes on."""
    truly = verbs.certify

    def certify(instance, method, **options):
        if method.name == "nlhf":
            raise CertificateError("none today")
        if options["provenance"]["seed"] == 1:
            raise ZeroDivisionError
        return truly(instance, method, **options)

    with monkeypatch.context() as patch:
        patch.setattr(verbs, "certify", certify)
        result = sweep(STUDY, tmp_path)
    assert result.certified == 1
    assert [reason for _, reason in result.failed] == [
        "no certificate: none today", "ZeroDivisionError"
    ]  # fmt: skip
    record = tmp_path / f"{STUDY.cells[1].stem}{directory.FAILED}"
    found = json.loads(record.read_text())
    assert found["cell"] == STUDY.cells[1].specification
    assert float(found["numeric_distortion"]) >= 1
    assert "failed" in (tmp_path / directory.INDEX).read_text()
    slow = sweep(replace(STUDY, time_limit=1e-9), tmp_path)
    assert [reason for _, reason in slow.failed] == ["time limit of 1e-09 s"] * 2
    again = sweep(STUDY, tmp_path)
    assert (again.before, again.certified, again.failed) == (1, 2, [])
    sweep(STUDY, tmp_path / "undisturbed")
    undisturbed = contents(tmp_path / "undisturbed")
    for file in (tmp_path / "undisturbed").iterdir():
        file.unlink()
    (tmp_path / "undisturbed").rmdir()
    assert contents(tmp_path) == undisturbed


def test_an_interrupted_search_is_no_result(monkeypatch: pytest.MonkeyPatch):
    """Ctrl-C makes a search return what it has so far: that is not the cell's result."""
    from adversary.searching.gradient import Gradient

    truly = Gradient.run

    def run(self, space, method, seed, incumbent):
        truly(self, space, method, seed, incumbent)
        raise KeyboardInterrupt

    monkeypatch.setattr(Gradient, "run", run)
    with pytest.raises(KeyboardInterrupt):
        cells.run(CELL)


def interrupting(number: int) -> Callable[..., None]:
    def stop(*_: object) -> None:
        if number:
            os.kill(os.getpid(), number)
        raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("where", ["while a cell runs", "while one is written", "between"])
def test_an_interruption_keeps_what_is_done(
    where: str, tmp_path: Path, in_process: list[Cell], monkeypatch: pytest.MonkeyPatch
):
    """Every cell that has ended is a file, the index is written, the next run does the rest."""
    seen: list[object] = []

    def second_time(truly: Callable, arguments: tuple, at: int) -> object:
        seen.append(arguments)
        if len(seen) == at:
            raise KeyboardInterrupt
        return truly(*arguments)

    def report(state: Sweep) -> None:
        if where == "between":
            second_time(lambda _: None, (state,), 3)

    with monkeypatch.context() as patch:
        if where != "between":
            home, name = (cells, "run") if "runs" in where else (directory, "put")
            truly = getattr(home, name)
            patch.setattr(home, name, lambda *a: second_time(truly, a, 2))
        state = sweep(STUDY, tmp_path / "a", report=report)
    ended = 1 if "runs" in where else 2
    assert (state.stopped, state.certified, state.failed) == ("interrupted", ended, [])
    assert len(list((tmp_path / "a").glob("*.json"))) == ended
    assert len((tmp_path / "a" / directory.INDEX).read_text().splitlines()) == 1 + ended
    state = sweep(STUDY, tmp_path / "a")
    assert (state.stopped, state.before, state.certified) == ("finished", ended, 3 - ended)


def test_a_search_interrupted_on_a_worker_fails_there():
    """A KeyboardInterrupt that a worker sends is not the sweep's own."""
    with ThreadPoolExecutor(1) as executor:

        def submit(*_: object) -> Future:
            return truly(interrupting(0))

        truly, executor.submit = executor.submit, submit  # type: ignore[method-assign]
        [(_, outcome)] = pool._ended(executor, deque([CELL]), 1, None)
    assert outcome == Failure("KeyboardInterrupt")


def test_a_full_disk_costs_only_what_does_not_fit(
    tmp_path: Path, in_process: list[Cell], monkeypatch: pytest.MonkeyPatch
):
    truly = os.replace

    def full(source, target):
        if "nlhf" in str(target):
            raise OSError(errno.ENOSPC, "No space left on device")
        truly(source, target)

    monkeypatch.setattr(files.os, "replace", full)
    result = sweep(STUDY, tmp_path)
    assert result.certified == 2
    assert [name for name, _ in result.failed] == [STUDY.cells[1].stem]
    assert "No space left on device" in result.failed[0][1]
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".csv"}


def test_directories_of_no_use(tmp_path: Path, in_process: list[Cell]):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "no" / "parent", Path("/proc/adversary")):
        with pytest.raises(InputError, match=r"^out: got"):
            sweep(STUDY, path)
    with (
        directory.opened(tmp_path),
        pytest.raises(InputError, match="a directory that no other sweep is writing"),
    ):
        sweep(STUDY, tmp_path)
    assert not in_process
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file"]


def test_leftovers_of_a_killed_run_go(tmp_path: Path, in_process: list[Cell]):
    """What nobody can be writing any more, and the record of a failure that was mended."""
    sweep(STUDY, tmp_path)
    before = contents(tmp_path)
    old, young = (tmp_path / f".{CELL.stem}.json.{name}.unfinished" for name in ("old", "young"))
    backup, record = tmp_path / ".notes.json.bak", tmp_path / f"{CELL.stem}{directory.FAILED}"
    for file in (old, young, backup, record):
        file.touch()
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))
    sweep(STUDY, tmp_path)
    young.unlink()  # another host may have been at it
    backup.unlink()  # it is not ours
    assert contents(tmp_path) == before


REFUSALS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EINVAL, errno.EIO)


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_a_file_system_without_locks(
    number: int, tmp_path: Path, in_process: list[Cell], monkeypatch: pytest.MonkeyPatch
):
    """NFS, FUSE and others: the sweep does without."""

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(directory.fcntl, "flock", flock)
    assert sweep(Study(STUDY.cells[:1]), tmp_path).certified == 1


def test_two_hosts_that_do_not_see_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A second sweep in the middle of the first, of the same cells and of others: nothing is lost.

    One of the two fails where the other succeeds, and either order of the two leaves no record.
    """
    monkeypatch.setattr(directory.fcntl, "flock", lambda *_: None)
    shared, others = tmp_path / "shared", Study((*STUDY.cells[1:], replace(CELL, seed=2)))
    unfinished = shared / f".{CELL.stem}.json.abc.unfinished"
    inner: list[Sweep] = []

    def local(waiting: list[Cell], _: int, limit: float | None) -> Iterator:
        first = not inner
        for number, cell in enumerate(waiting):
            outcome = cells.run(cell, limit)
            if first and number == 1:
                inner.append(Sweep(0))
                unfinished.touch()  # as if this host were writing it
                inner.append(sweep(others, shared))
                assert unfinished.exists()
                unfinished.unlink()
            fails = (cell.seed, cell.method) == ((1, "borda") if first else (0, "nlhf"))
            yield cell, Failure("out of memory") if fails else outcome

    monkeypatch.setattr(pool, "local", local)
    outer = sweep(STUDY, shared)
    assert (inner[1].certified, len(inner[1].failed)) == (2, 1)
    assert (outer.certified, len(outer.failed)) == (2, 1)
    again = sweep(Study((*STUDY.cells, others.cells[-1])), shared)
    assert (again.before, again.certified) == (4, 0)
    assert {file.suffix for file in shared.iterdir()} == {".json", ".csv"}
    rows = (shared / directory.INDEX).read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["certified"] * 4


def test_a_record_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another host mends a failure while this one makes the index."""
    directory.put(tmp_path, CELL, Failure("no time"))
    truly = Path.read_text

    def read_text(self: Path, *arguments: str) -> str:
        self.unlink()
        return truly(self, *arguments)

    assert len(directory.entries(tmp_path)) == 1
    monkeypatch.setattr(Path, "read_text", read_text)
    assert directory.entries(tmp_path) == []


def test_a_full_disk_hides_no_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where not even the record of a failure can be written, both reasons are told."""

    def local(waiting: list[Cell], *_: object) -> Iterator:
        yield from ((cell, Failure("no certificate: none today")) for cell in waiting)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pool, "local", local)
    monkeypatch.setattr(files.os, "fsync", full)
    state = sweep(Study((CELL,)), tmp_path)
    [(name, reason)] = state.failed
    assert name == CELL.stem
    assert "No space left on device" in str(state.unindexed)
    assert reason.startswith("no certificate: none today; file: got ")
    assert reason.endswith("(No space left on device)")
    assert list(tmp_path.iterdir()) == []


def deadly(cell: Cell, _: float | None) -> Failure:
    """Kill the process that runs seed 1; others last a little."""
    if cell.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)
    return Failure("alive")


@pytest.mark.slow
def test_a_dead_process_costs_one_cell(monkeypatch: pytest.MonkeyPatch):
    """Those that ran beside it run again."""
    monkeypatch.setattr(pool, "run", deadly)
    waiting = [replace(CELL, seed=seed) for seed in range(3)]
    found = {cell.seed: outcome for cell, outcome in pool.local(waiting, 2, None)}
    assert len(found) == 3
    assert isinstance(found[1], Failure)
    assert "process died" in found[1].reason
    assert all(found[seed] == Failure("alive") for seed in (0, 2))


def started(study: Path, out: Path, *more: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "adversary", "sweep", str(study), "--out", str(out), *more]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **options)


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "s.toml"
    path.write_text(GRID)
    return path


def test_killed_and_run_again(tmp_path: Path, study: Path, in_process: list[Cell]):
    """The files of a run killed on two workers and finished on one are those of one run."""
    killed = tmp_path / "killed"
    run = started(study, killed, "--workers", "2")
    until(lambda: killed.is_dir() and any(killed.glob("*.json")))
    run.kill()
    run.communicate()
    assert not (killed / directory.INDEX).exists()
    whole = sweep(read(study), tmp_path / "whole")
    assert (whole.certified, whole.before, whole.failed) == (4, 0, [])
    in_process.clear()
    again = sweep(read(study), killed)
    assert 0 < len(in_process) == again.certified < 4
    assert contents(killed) == contents(tmp_path / "whole")


def test_stopped_with_all_its_processes(tmp_path: Path, study: Path, in_process: list[Cell]):
    """As `timeout`, a terminal or a service manager does it: the whole group is signalled."""
    out = tmp_path / "out"
    run = started(study, out, "--workers", "2", start_new_session=True)
    until(lambda: out.is_dir() and any(out.glob("*.json")), seconds=120)
    os.killpg(run.pid, signal.SIGTERM)
    printed, said = run.communicate(timeout=120)
    assert (run.returncode, said) == (143, "adversary: interrupted\n")
    assert "what is certified stays" in printed
    done = len(list(out.glob("*.json")))
    assert f"{out}: 4 cells, {done} certified, 0 certified before, 0 failed" in printed
    assert len((out / directory.INDEX).read_text().splitlines()) == 1 + done
    again = sweep(read(study), out)
    assert (again.before, again.certified) == (done, 4 - done)


def test_command(tmp_path: Path, study: Path, in_process: list[Cell],
                 capsys: pytest.CaptureFixture[str]):  # fmt: skip
    """A summary, or one JSON object; exit status 1 where a cell failed."""
    arguments = ["sweep", str(study), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--json"])
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    report = json.loads(out)
    assert (report["cells"], report["certified"], report["failed"]) == (4, 4, [])
    assert report["best"]["beta"] == "4"
    next((tmp_path / "out").glob("nlhf*.json")).unlink()
    study.write_text(f"time_limit = 1e-9\n{GRID}")
    with pytest.raises(SystemExit) as end:
        main(arguments)
    out, err = capsys.readouterr()
    assert end.value.code == 1
    assert "4 cells, 0 certified, 3 certified before, 1 failed" in out
    assert err.startswith("failed: nlhf-kl-none-")
    assert err.endswith(": time limit of 1e-09 s\n")


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with open(os.devnull, "w") as nowhere:
        found = subprocess.Popen([sys.executable, *arguments], stdout=nowhere, stderr=nowhere)
    try:
        yield found
    finally:
        found.kill()
        found.wait()


@pytest.mark.slow
def test_on_a_cluster_that_loses_a_worker(tmp_path: Path, study: Path, in_process: list[Cell]):
    """A dask scheduler and two workers on loopback; one is killed in mid-run."""
    about = tmp_path / "scheduler.json"
    scheduler = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                 "--no-dashboard", "--scheduler-file", str(about))  # fmt: skip
    worker = ("-m", "distributed.cli.dask_worker", "--scheduler-file", str(about), "--nthreads",
              "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")  # fmt: skip
    out = tmp_path / "cluster"
    with process(*scheduler):
        until(lambda: about.exists() and about.stat().st_size > 0)
        address = json.loads(about.read_text())["address"]
        with (
            process(*worker, "--local-directory", str(tmp_path / "w1")) as one,
            process(*worker, "--local-directory", str(tmp_path / "w2")),
        ):
            run = started(study, out, "--scheduler", address)
            until(lambda: out.is_dir() and any(out.glob("*.json")))
            one.kill()
            printed, _ = run.communicate(timeout=120)
    assert run.returncode == 0, printed
    sweep(read(study), tmp_path / "local")
    assert contents(out) == contents(tmp_path / "local")


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch):
    for address in ("nonsense", "tcp://127.0.0.1:1"):
        monkeypatch.setattr(pool, "_PATIENCE", 0.5)
        with pytest.raises(InputError, match=re.escape(f"scheduler: got '{address}'")):
            list(pool.cluster([CELL], address, None))


ODD = (None, [], {}, "x", 5, 1.5, float("inf"), "inf", [1], {"a": []}, "\x1b", True, "9" * 5000)


def test_records_that_no_sweep_wrote(tmp_path: Path):
    """Whatever stands in a record or in a certificate's provenance, it is read or named."""
    certificate = json.loads(next((STUDIES.parent).glob("borda-*.json")).read_text())
    specification = CELL.specification
    cells_ = [*ODD, *({**specification, key: odd} for key in specification for odd in ODD)]
    sound = {"cell": specification, "reason": "none", "numeric_distortion": "2"}
    records = [{**sound, "cell": cell} for cell in cells_]
    records += [{**sound, key: odd} for key in sound for odd in ODD]
    contents = [json.dumps(record) for record in [*records, *ODD]] + ["[" * 100_000]
    for number, (suffix, texts) in enumerate((
        (".failed", contents),
        (".json", [json.dumps({**certificate, "provenance": {"cell": cell}}) for cell in cells_]),
    )):  # fmt: skip
        folder = tmp_path / str(number)
        folder.mkdir()
        said = []
        for text in texts:
            (folder / f"z{suffix}").write_text(text)
            try:
                rates(directory.entries(folder))
                directory.write_index(folder)
            except InputError as error:
                said.append(str(error))
        assert all(line.isprintable() for line in said)
        assert suffix == ".failed" or all("no such number" in line for line in said)


def test_an_index_that_no_sweep_wrote(tmp_path: Path, in_process: list[Cell]):
    """The user's own table stays, and the sweep says so before it starts."""
    (tmp_path / directory.INDEX).write_text("name,price\n")
    with pytest.raises(InputError, match="expected no file but the index of a sweep"):
        sweep(STUDY, tmp_path)
    assert not in_process
    assert (tmp_path / directory.INDEX).read_text() == "name,price\n"
