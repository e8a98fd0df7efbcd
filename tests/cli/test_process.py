"""Every command on streams that are closed, full or not UTF-8, on hostile names, under signals."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adversary.certificate import check
from adversary.certifying.certify import certify
from adversary.cli import app, main
from adversary.interface.method import by_name
from adversary.problem.document import read
from adversary.sweeping import cell as cells
from adversary.sweeping import pool
from tests.cli.conftest import Run

INSTANCE = {
    "format": "adversary-instance/1",
    "beta": "4",
    "alternatives": ["a", "β", "c"],
    "users": [
        {"weight": "2e-4", "utilities": ["0", "1", "0"]},
        {"weight": "1", "utilities": ["1e-4", "0", "0"]},
        {"weight": "2.074e-4", "utilities": ["0", "47/86", "1"]},
    ],
    "sampling": {"kind": "independent", "weights": ["1e-9", "1e-9", "1"]},
    "reference": None,
}
STUDY = "[[grid]]\nmethods = ['borda']\nbeta = [2]\nstrategy = [{name = 'columns', steps = 1}]"
COMMANDS: dict[str, tuple[str, ...]] = {
    "search": ("borda", "--beta", "2", "--alternatives", "2", "--out", "new"),
    "solve": ("i.json",),
    "methods": (),
    "certify": ("i.json", "--method", "borda", "--out", "new"),
    "simplify": ("d/c.json", "--keep", "0.999999", "--out", "new"),
    "check": ("d/c.json",),
    "bound": ("nlhf", "--beta", "2", "--out", "new"),
    "table": ("d",),
    "export": ("d", "--to", "csv"),
    "show": ("d/c.json",),
    "sweep": ("s.toml", "--out", "new"),
    "rates": ("d",),
    "theorems": (),
}
WRITERS = [name for name, arguments in COMMANDS.items() if "--out" in arguments]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("certificate") / "i.json"
    path.write_text(json.dumps(INSTANCE), "utf-8")
    certify(read(path).instance, by_name("borda")).save(path)
    return path.read_text("utf-8")


@pytest.fixture
def ready(run: Run, certificate: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Have what the commands read; cells of a study run in this process."""
    Path("i.json").write_text(json.dumps(INSTANCE), "utf-8")
    Path("s.toml").write_text(STUDY)
    Path("d").mkdir()
    Path("d/c.json").write_text(certificate, "utf-8")

    def local(waiting: list, _: int, limit: float | None) -> Iterator:
        yield from ((cell, cells.run(cell, limit)) for cell in waiting)

    monkeypatch.setattr(pool, "local", local)
    return run


def test_every_command_is_here() -> None:
    """A new command joins these tests."""
    named = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    assert named == set(COMMANDS)


def full() -> io.TextIOWrapper:
    return open("/dev/full", "w", encoding="utf-8")


def unread() -> io.TextIOWrapper:
    """Return a pipe whose reader has gone, as in `| head -0`."""
    reader, writer = os.pipe()
    os.close(reader)
    return open(writer, "w", encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_standard_output_fails(
    command: str,
    ready: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line and exit status 2; a file that was to be written is there."""
    for stream, reason in ((full, "No space left on device"), (unread, "Broken pipe")):
        with monkeypatch.context() as patch, stream() as broken:
            patch.setattr(sys, "stdout", broken)
            status, _, err = ready(command, *COMMANDS[command])
            assert sys.stdout is broken
        assert (status, err) == (2, f"adversary: standard output: {reason}\n")
        assert Path("new").exists() == (command in WRITERS)


@pytest.mark.parametrize("command", COMMANDS)
def test_standard_error_fails(command: str, ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be said, and nothing else changes."""
    with monkeypatch.context() as patch, full() as broken:
        patch.setattr(sys, "stderr", broken)
        assert ready(command, *COMMANDS[command])[0] == 0
        assert ready(command, "--frobnicate")[0] == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stream_without_the_letters(
    command: str, ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an encoding lacks is spelled out, and JSON stays JSON."""
    for encoding, more in (("ascii", ()), ("ascii", ("--json",)), ("latin-1", ("--json",))):
        with monkeypatch.context() as patch, open("printed", "w", encoding=encoding) as stream:
            patch.setattr(sys, "stdout", stream)
            assert ready(command, *COMMANDS[command], *more)[::2] == (0, "")
        printed = Path("printed").read_bytes()
        assert printed.isascii() or command == "export"  # the bytes of a file are a file's
        if more:
            assert isinstance(json.loads(printed), dict)


HOSTILE = "x\x1b[31m\x07\x9b2J\n\u202ey"


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_names_in_errors(command: str, ready: Run) -> None:
    """A name of a file, a method, an option or a value: one line that no terminal obeys."""
    arguments = COMMANDS[command]
    requests = [(command, *arguments, f"--{HOSTILE}"), (f"{command}{HOSTILE}",)]
    for i, word in enumerate(arguments):
        if not word.startswith("--"):
            requests.append((command, *arguments[:i], HOSTILE, *arguments[i + 1 :]))
    Path("bad").mkdir()
    Path("bad", f"{HOSTILE}.json").write_text("{")
    Path("bad", f"{HOSTILE}.failed").write_text("{")
    for place in (f"bad/{HOSTILE}.json", "bad"):
        requests += [(command, *(place if w in ("i.json", "d/c.json", "d") else w
                                 for w in arguments))]  # fmt: skip
    for request in requests:
        status, _, err = ready(*request)
        if status:
            assert err.count("\n") == 1 or command == "check", request
        assert all(line.isprintable() for line in err.splitlines()), request
        assert "Traceback" not in err


@pytest.mark.parametrize("command", COMMANDS)
def test_places_that_cannot_be_read(command: str, ready: Run) -> None:
    """A name that is too long, a file as a folder: one line."""
    arguments = COMMANDS[command]
    places = [
        i for i, word in enumerate(arguments) if word in ("i.json", "d/c.json", "d", "s.toml")
    ]
    for i in places:
        for place in ("x" * 300, "i.json/x"):
            status, _, err = ready(command, *arguments[:i], place, *arguments[i + 1 :])
            assert (status, command) in ((2, command), (1, "check"))
            assert err.count("\n") == (command != "check")


@pytest.mark.parametrize("command", WRITERS)
def test_where_it_is_written(command: str, ready: Run) -> None:
    """The line that says so is as safe as the others."""
    arguments = [word if word != "new" else HOSTILE for word in COMMANDS[command]]
    status, out, err = ready(command, *arguments)
    assert (status, err) == (0, "")
    assert Path(HOSTILE).exists()
    assert all(line.isprintable() for line in out.splitlines())
    if command != "sweep":
        assert out.splitlines()[-1] == f"written to {ascii(HOSTILE)[1:-1]}"


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize("place", ["no/file", "i.json/file", "/proc/file", "/dev/null", "d"])
def test_no_work_for_a_place_of_no_use(
    command: str, place: str, ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused before the search."""
    if (command, place) == ("sweep", "d"):
        return  # a directory is what it wants

    def work(*_: object, **__: object) -> None:
        raise AssertionError("the work was done")

    for name in ("verbs.search", "verbs.simplify", "certifying.certify.certify",
                 "bounding.find.bound", "sweeping.pool.local"):  # fmt: skip
        monkeypatch.setattr(f"adversary.{name}", work)
    arguments = [place if word == "new" else word for word in COMMANDS[command]]
    status, out, err = ready(command, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"adversary: out: got '{place}")
    assert err.count("\n") == 1


FIGURES = {"show": "d/c.json", "table": "d", "rates": "d"}


@pytest.mark.parametrize("command", FIGURES)
def test_figures(command: str, ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for figures: refused before the work; what fails after it is printed first."""
    for place in ("no/f.pdf", "/proc/f.pdf", "f.doc"):
        status, out, err = ready(command, FIGURES[command], "--figure", place)
        assert (status, out) == (2, "")
        assert err.startswith(f"adversary: figure: got '{place}', expected")
    Path("f.png").mkdir()
    if command == "rates":  # which draws a second file
        assert "f.png" in ready(command, "d", "--figure", "f.pdf")[2]
    Path("f.png").rmdir()
    plain = ready(command, FIGURES[command])
    disk_is_full(monkeypatch)
    status, out, err = ready(command, FIGURES[command], "--figure", "f.pdf")
    assert (status, out) == (2, plain[1])
    assert err == ("adversary: file: got 'f.pdf', expected a writable file "
                   "(No space left on device)\n")  # fmt: skip


def disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("adversary.files.os.replace", replace)


@pytest.mark.parametrize("command", sorted({*WRITERS} - {"sweep"}))
@pytest.mark.parametrize("as_json", [False, True])
def test_what_cannot_be_written_is_printed(
    command: str, as_json: bool, ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full in the end costs the file, not the result; the old file stays."""
    Path("new").write_text("old")
    disk_is_full(monkeypatch)
    status, out, err = ready(command, *COMMANDS[command], *["--json"] * as_json)
    assert status == 2
    assert "No space left on device" in err
    assert err.count("\n") == 1
    assert Path("new").read_text() == "old"
    assert "written to" not in out
    if as_json:
        assert json.loads(out)["file"] is None
    else:
        assert "certified distortion ≥" in out or "distortion <=" in out


@pytest.mark.parametrize("command", sorted({*WRITERS, "export"} - {"sweep"}))
@pytest.mark.parametrize("as_json", [False, True])
def test_standard_output_as_file(command: str, as_json: bool, ready: Run) -> None:
    """`--out -`: the file's bytes and nothing else; what is printed goes to standard error."""
    arguments = [*COMMANDS[command], *(("--out", "new") if command == "export" else ())]
    assert ready(command, *arguments)[0] == 0
    to_stdout = [word if word != "new" else "-" for word in arguments]
    status, out, err = ready(command, *to_stdout, *["--json"] * as_json)
    assert status == 0
    assert out.encode() == Path("new").read_bytes()
    assert not Path("-").exists()
    assert "written to" not in err
    if as_json:
        assert json.loads(err)["file"] == "-"
    elif command != "export":
        assert "certified distortion ≥" in err or "distortion <=" in err


def test_standard_output_holds_one_file(ready: Run) -> None:
    """A sweep and a bound of several outcomes have more; the bound is printed all the same."""
    assert ready("sweep", "s.toml", "--out", "-")[:2] == (2, "")
    request = ("bound", "copeland", "--beta", "4", "--alternatives", "3", "--out", "-")
    status, out, err = ready(*request)
    assert (status, out) == (2, "")
    assert err.startswith("proved: copeland")
    assert "expected a file, as there are 4 to write" in err.splitlines()[-1]


def test_a_full_disk_behind_standard_output(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is lost, the result is not."""
    with monkeypatch.context() as patch, full() as broken:
        patch.setattr(sys, "stdout", broken)
        status, _, err = ready("certify", "i.json", "--method", "borda", "--out", "-")
    assert status == 2
    first, last = err.splitlines()
    assert first.startswith("borda: certified distortion ≥ ")
    assert last == "adversary: standard output: No space left on device"


@pytest.mark.parametrize("command", ["certify", "simplify"])
def test_a_file_is_replaced_when_it_is_said(command: str, ready: Run) -> None:
    """Neither --out nor --in-place: nothing is done. Both: neither."""
    request = (command, "i.json", "--method", "borda")
    before = Path("i.json").read_bytes()
    for more in ((), ("--out", "new", "--in-place")):
        status, out, err = ready(*request, *more)
        assert (status, out) == (2, "")
        assert "--in-place" in err
        assert Path("i.json").read_bytes() == before
        assert not Path("new").exists()
    status, out, err = ready(*request, "--in-place")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == "written to i.json"
    assert check("i.json").accepted


def test_outcomes_replace_no_file_that_is_not_named(ready: Run) -> None:
    """Of several files the user names the first; another one's place is not taken."""
    request = ("bound", "copeland", "--beta", "4", "--alternatives", "3", "--out", "b.json")
    assert ready(*request)[0] == 0
    assert ready(*request)[0] == 0  # the same files once more
    Path("b-3.json").write_text("mine")
    Path("b.json").write_text("old")
    status, out, err = ready(*request)
    assert status == 2
    assert out.startswith("proved: copeland")
    assert "b-3.json" in err
    assert (Path("b-3.json").read_text(), Path("b.json").read_text()) == ("mine", "old")


def stop(*_: object, number: int = signal.SIGTERM) -> None:
    """Be stopped as `timeout` stops a process: twice."""
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_search_keeps_the_best(
    ready: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """In the search itself, and in the simplification and the certification that follow it."""
    from adversary import verbs
    from adversary.searching.strategy import Incumbent

    offer, reduce = Incumbent.offer_exact, verbs.reduce

    def offered(self: Incumbent, *arguments: object) -> None:
        offer(self, *arguments)  # type: ignore[arg-type]
        stop(number=number)

    def reduced(*arguments: object, **options: object) -> object:
        reports = iter([None, None])

        def values(*arguments: object) -> list[float]:
            if next(reports, "no more"):
                stop(number=number)
            return truly(*arguments)  # type: ignore[arg-type]

        truly = sys.modules["adversary.searching.simplify"].values
        with monkeypatch.context() as patch:
            patch.setattr("adversary.searching.simplify.values", values)
            return reduce(*arguments, **options)  # type: ignore[arg-type]

    def certified(*arguments: object, **options: object) -> object:
        stop(number=number)
        return certify(*arguments, **options)  # type: ignore[arg-type]

    request = ("search", "borda", "--beta", "4", "--time-limit", "0.3", "--out", "w.json", "--json")
    for place, substitute in (("searching.strategy.Incumbent.offer_exact", offered),
                              ("verbs.reduce", reduced), ("verbs.certify", certified)):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(f"adversary.{place}", substitute)
            status, out, err = ready(*request)
        assert (status, err) == (0, "adversary: interrupted\n"), place
        found = json.loads(out)
        assert found["stopped"] == "interrupted"
        assert (found["certified_lower_bound"] is None) == (place == "verbs.certify")
        assert read("w.json").instance.beta == 4
        Path("w.json").unlink()
    assert signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


def test_a_simplification_keeps_the_simplest(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped half-way it keeps what it has, at the share that was asked for."""
    from adversary.searching import simplify

    users = [*INSTANCE["users"], {"weight": "1e-9", "utilities": ["0.123", "0.456", "0.789"]}]
    Path("i.json").write_text(json.dumps(INSTANCE | {"users": users}))
    assert ready("certify", "i.json", "--method", "borda", "--out", "c.json")[0] == 0
    simpler, fewer = simplify._without_types, iter([None])

    def without_types(instance: object) -> object:
        if next(fewer, "no more"):
            stop()
        return simpler(instance)  # type: ignore[arg-type]

    monkeypatch.setattr(simplify, "_without_types", without_types)
    request = ("simplify", "c.json", "--keep", "0.9", "--out", "s.json", "--json")
    status, _, err = ready(*request)
    assert (status, err) == (0, "adversary: interrupted\n")
    before, after = check("c.json").bound, check("s.json").bound
    assert before is not None
    assert after is not None
    assert after >= before * 9 / 10
    assert len(read("s.json").instance.users) < len(users)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_has_nothing_to_keep_says_so(
    ready: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """One line, and the exit status of that signal."""

    def read_it(_: object) -> None:
        stop(number=number)

    monkeypatch.setattr("adversary.problem.document.read", read_it)
    found = ready("certify", "i.json", "--method", "borda", "--out", "new")
    assert found == (128 + number, "", "adversary: interrupted\n")
    assert not Path("new").exists()


def test_a_series_of_searches_stops_as_a_whole(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`theorems --check` does not go on with the next search."""
    from adversary.searching.exact import Columns

    started = []

    def run(*arguments: object) -> None:
        started.append(arguments)
        stop()

    monkeypatch.setattr(Columns, "run", run)
    assert ready("theorems", "--check") == (143, "", "adversary: interrupted\n")
    assert len(started) == 1


def test_a_library_that_a_signal_cut_short(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that swallows the interruption and then fails is no bug of anybody's."""

    def swallow(_: object) -> None:
        try:
            stop()
        except KeyboardInterrupt:
            raise AttributeError("partially initialized module") from None

    monkeypatch.setattr("adversary.problem.document.read", swallow)
    assert ready("solve", "i.json") == (143, "", "adversary: interrupted\n")


SHELL = f"{sys.executable} -m adversary --help"


@pytest.mark.parametrize(
    ("command", "status", "line"),
    [
        (f"{SHELL} >&-", 2, "adversary: standard output: Bad file descriptor\n"),
        (f"{SHELL} >/dev/full", 2, "adversary: standard output: No space left on device\n"),
        (f"{SHELL} 2>&- >/dev/null <&-", 0, ""),
        (f"{SHELL} 2>/dev/full >/dev/full", 2, ""),
        (f"{SHELL}x >&- 2>&-", 2, ""),
        (f"set -o pipefail; {SHELL} | head -0", 2,
         "adversary: standard output: Broken pipe\n"),
    ],
)  # fmt: skip
def test_in_a_shell(command: str, status: int, line: str) -> None:
    """What no test in this process can do: streams that are closed from the start."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (status, line)


def test_no_file_becomes_a_standard_stream(tmp_path: Path) -> None:
    """With the three closed, the next file to be opened would be taken for one of them."""
    code = (
        "import sys; from adversary.cli import main, process; from pathlib import Path\n"
        "with process.streams():\n"
        f"    file = open({str(tmp_path / 'file')!r}, 'w')\n"
        "    print('lost', file=sys.stderr, flush=True)\n"
        "    file.write(str(file.fileno() > 2)); file.close()\n"
    )
    subprocess.run(["bash", "-c", f'{sys.executable} -c "$0" <&- >&- 2>&-', code], timeout=60)
    assert (tmp_path / "file").read_text() == "True"


def test_main_leaves_the_process_as_it_was(ready: Run) -> None:
    """Streams and handlers of a caller in Python are the caller's."""
    before = sys.stdout, sys.stderr, signal.getsignal(signal.SIGTERM)
    ready("methods")
    with pytest.raises(SystemExit):
        main(["serch"])
    assert (sys.stdout, sys.stderr, signal.getsignal(signal.SIGTERM)) == before
