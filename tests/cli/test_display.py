"""What people read is whole: at 80 columns of a terminal, and in a pipe."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

from adversary.cli import display, layout, main
from adversary.problem.document import read
from adversary.problem.instance import Instance, Pairs, UserType, uniform

INSTANCES = Path(__file__).parents[2] / "instances"
HOSTILE = (
    *("\x00nul", "\x1b[31mred", "\x9b2J", "[red]b[/]", "[/]", "[link=http://x.org]c", ":smile:"),
    *("名前", "😀 d", "\u202ertl", "line\nbreak", "maximal-lotteries", "x" * 30),
)
SIZES = (
    *("rlhf-kl-free-beta8", "copeland-user-dependent-m3-beta4", "rlhf-kl1-path-m4-infinite-beta2"),
    *("borda-social-choice-m5-beta4", "path-law-m16-beta4", "rlhf-pairs-path-m32-beta4"),
)

Both = Callable[..., tuple[str, str]]


@pytest.fixture
def both(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Both:
    """Run a command as on a terminal of 80 columns and as in a pipe; return both outputs."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, status: int = 0) -> tuple[str, str]:
        found = []
        for columns in (80, None):
            monkeypatch.setattr(layout, "width", lambda columns=columns: columns)
            with pytest.raises(SystemExit) as end:
                main([str(a) for a in arguments])
            out, err = capfd.readouterr()
            assert int(end.value.code or 0) == status, err
            found.append(out)
        return found[0], found[1]

    return call


def words(text: str) -> Counter[str]:
    return Counter(word.rstrip(";:") for word in text.split())


def assert_whole(terminal: str, pipe: str, widest: int = 80) -> None:
    """No cut, no blank at an end, nothing to command a terminal, and the same words in both."""
    for text in (terminal, pipe):
        assert "…" not in text
        for line in text.splitlines():
            assert line == line.rstrip()
            assert line.isprintable()
    assert max(map(cell_len, terminal.splitlines())) <= widest
    assert words(pipe).keys() <= words(terminal).keys()


def hostile(names: Sequence[str], folder: Path) -> Path:
    """Write an instance with these names, no two numbers of which are the same."""
    m = len(names)
    content = {
        "format": "adversary-instance/1",
        "beta": "4",
        "alternatives": list(names),
        "users": [
            {"weight": f"0.{k + 1}", "utilities": [f"0.{k}{x + 10}7" for x in range(m)]}
            for k in range(2)
        ],
        "sampling": {"kind": "pairs", "weights": [
            [names[x], names[x + 1], f"{x + 1}"] for x in range(m - 1)
        ]},
        "reference": {"weights": ["1"] * m, "kl_budget": "1"},
    }  # fmt: skip
    path = folder / "hostile.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("name", SIZES)
def test_show(both: Both, name: str) -> None:
    """Every utility, weight and policy of the library's instances, small and large."""
    terminal, pipe = both("show", INSTANCES / f"{name}.json")
    assert_whole(terminal, pipe)
    instance = read(INSTANCES / f"{name}.json").instance
    for user in instance.users:
        assert words(terminal).keys() >= {layout.short(u) for u in user.utilities}
    assert len(pipe.splitlines()) <= len(instance.users) + 18


@pytest.mark.parametrize("names", [HOSTILE[:3], HOSTILE[3:6], HOSTILE[6:9], HOSTILE])
def test_names_are_printed_literally(both: Both, names: Sequence[str], tmp_path: Path) -> None:
    """Markup is text, control and escape characters are spelled, and nothing is lost."""
    terminal, pipe = both("solve", hostile(names, tmp_path))
    assert_whole(terminal, pipe)
    shown = [name if name.isprintable() else ascii(name)[1:-1] for name in names]
    for text in (terminal, pipe):
        for name in shown:
            assert text.count(name) >= 2  # the instance's table, and the policies'


def test_wide_letters_align() -> None:
    """Chinese and emoji take two columns each, combining letters none."""
    names = ("名前", "😀", "e\u0301e\u0301", "plain")
    lines = layout._aligned(
        [("", *names, "x"), ("a", "1", "2", "3", "4", "y"), ("b", *"5678", "y")]
    )
    ends = [{cell_len(line[: line.index(mark)]) for line, mark in zip(lines, marks, strict=True)}
            for marks in ("名15", "😀26", "e37", "p48", "xyy")]  # fmt: skip
    assert all(len(end) == 1 for end in ends)


@pytest.mark.parametrize("m", [3, 32, 256])
@pytest.mark.parametrize("types", [2, 40])
def test_many_alternatives_and_types(
    m: int, types: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is too wide is turned or goes on below; each number is there as often."""
    names = tuple(f"a{x}" for x in range(m))
    rows = [tuple(Fraction(1 + k * m + x, 10**5) for x in range(m)) for k in range(types)]
    law = Pairs(tuple((x, x + 1, Fraction(1)) for x in range(m - 1)))
    for sampling in (uniform(m), law):
        instance = Instance(
            Fraction(4), names, tuple(UserType(Fraction(1), r) for r in rows), sampling
        )
        monkeypatch.setattr(layout, "width", lambda: 80)
        display.print_instance(instance)
        terminal = capsys.readouterr().out
        monkeypatch.setattr(layout, "width", lambda: None)
        display.print_instance(instance)
        assert_whole(terminal, capsys.readouterr().out)
        found = words(terminal)
        assert all(found[layout.short(u)] >= 1 for row in rows for u in row)
        assert all(found[name] >= 1 for name in names)


COMMANDS = [
    ("table", "certificates"),
    ("theorems",),
    ("methods",),
    ("rates", "certificates"),
    ("check", INSTANCES / "path-law-m16-beta4.json"),
    ("certify", INSTANCES / "rlhf-kl-free-beta8.json", "--out", "c.json"),
    ("simplify", INSTANCES / "maximal-lotteries-social-choice-sharp-beta4.json", "--out", "s.json"),
    ("bound", "borda", "--beta", "4"),
    (
        "search",
        "maximal-lotteries",
        "--beta",
        "4",
        "--strategy",
        "evolution",
        "--time-limit",
        "0.3",
    ),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda a: a[0])
def test_commands(both: Both, arguments: tuple, tmp_path: Path) -> None:
    """Everything that people read, at 80 columns and in a pipe."""
    (tmp_path / "certificates" / "bounds").mkdir(parents=True)
    for pattern in ("*-path-*m[34]*-beta*.json", "bounds/rlhf-path-m[34]*.json"):
        for path in INSTANCES.glob(pattern):
            copy = tmp_path / "certificates" / path.relative_to(INSTANCES)
            copy.write_bytes(path.read_bytes())
    terminal, pipe = both(*arguments)
    if arguments[0] in ("bound", "simplify", "search"):  # other seconds, perhaps other results
        pipe = terminal
    assert_whole(terminal, pipe, 10**4 if arguments[0] in ("check", "certify") else 80)


def test_columns_of_a_terminal_count(tmp_path: Path) -> None:
    """A real terminal is told from a pipe."""
    command = [sys.executable, "-m", "adversary", "theorems"]
    environment = {**os.environ, "COLUMNS": "80"}
    pipe = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        content = b""
        try:
            while part := os.read(ours, 1 << 16):
                content += part
        except OSError:  # Linux: the other side is closed
            pass
        assert process.wait() == 0
    os.close(ours)
    assert_whole(content.decode().replace("\r\n", "\n"), pipe.stdout)
    assert max(map(len, pipe.stdout.splitlines())) > 80


@pytest.mark.parametrize(
    "command",
    [("table", "upper"), ("check", "lower"), ("check", "--json", "lower"), ("theorems",)],
    ids=" ".join,
)  # fmt: skip
def test_what_only_prints_a_bound_loads_no_search(command: tuple[str, ...]) -> None:
    """Rounding and tables need neither torch nor numpy."""
    places = {
        "lower": INSTANCES / "rlhf-kl-free-beta8.json",
        "upper": INSTANCES / "bounds" / "borda-social-choice-beta4.json",
    }
    arguments = [str(places.get(word, word)) for word in command]
    code = (
        "import sys\nfrom adversary.cli import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as end: status = end.code\n"
        "loaded = {'torch', 'numpy', 'scipy', 'mpmath'} & set(sys.modules)\n"
        "sys.exit(status or ', '.join(loaded) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"), ("1", "1"), ("1/2", "0.5"), ("1/3", "0.3333"), ("1e-4999", "1e-4999"),
        ("0.9999999", "1-1e-07"), ("0.999999999999", "1-1e-12"), ("1.0000001", "1+1e-07"),
        ("0.50000001", "0.5000"), ("0.12345", "0.1234"), ("1e4999", "1e+4999"),
    ],
)  # fmt: skip
def test_weights(value: str, shown: str) -> None:
    """A number that is not 0 or 1 is never printed as 0 or 1."""
    assert layout.short(Fraction(value)) == shown


def test_numeric_weights() -> None:
    """Of a float fifteen digits count; its noise is not shown."""
    values = (0.1, 1 - 2e-16, 1 - 1e-12, 1e-300, 0.5000001, float("inf"))
    shown = ["0.1", "1", "1-1e-12", "1e-300", "0.5000", "infinite"]
    assert [layout.short(value) for value in values] == shown


def result(bound: object, numeric: float, ceiling: float | None, infinite: bool = False) -> Any:
    """What a search found, as far as it is printed."""
    instance = Instance(
        Fraction(4), ("a", "b"), (UserType(Fraction(1), (Fraction(1), Fraction(0))),), uniform(2)
    )
    certificate = None
    if bound is not None:
        certificate = SimpleNamespace(lower_bound=Fraction(str(bound)), infinite=infinite,
                                      policies="every", instance=instance)  # fmt: skip
    limit = None if ceiling is None else SimpleNamespace(
        value=ceiling, outcome="one winner", limits=(), gap=0.0, multipliers=()
    )  # fmt: skip
    finding = SimpleNamespace(method="borda", strategy="columns", seed=0, evaluations=1, theory=[],
                              seconds=0.1, stopped="finished")  # fmt: skip
    return SimpleNamespace(finding=finding, instance=instance, distortion=numeric,
                           certificate=certificate, uncertified="no rule",
                           ceiling=limit, remark=None)  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    display.print_search(result(*arguments))
    return capsys.readouterr().out


def test_a_supremum_below_the_certified_bound_is_not_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two lines of one screen never contradict each other."""
    assert "supremum" in printed(capsys, "2.5", 2.5, 2.5)
    assert "supremum" not in printed(capsys, "2.5", 2.5, 2.4999)
    assert "supremum" not in printed(capsys, "1e100", float("inf"), 3.0, True)


def test_what_is_certified_and_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """The numeric value stands beside a certificate only where it says more, with the reason."""
    assert "numeric" not in printed(capsys, "2.5", 2.5 * (1 + 5e-7), None)
    lines = printed(capsys, "1.29304", 2.682587, None).splitlines()
    assert lines[0] == "borda: certified distortion ≥ 1.29304, every allowed policy"
    assert lines[1] == "distortion ≥ 2.68259, numeric, not certified: no rule"
    lines = printed(capsys, None, 2.682587, None).splitlines()
    assert lines[:2] == ["borda: distortion ≥ 2.68259 (numeric, not certified)",
                         "no certificate: no rule"]  # fmt: skip


def test_infinity_has_one_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Certified or numeric, nobody reads 1e+100 or inf."""
    line = printed(capsys, "1e100", float("inf"), None, True).splitlines()[0]
    assert line == "borda: certified distortion is infinite, every allowed policy"
    lines = printed(capsys, "1e12", float("inf"), None).splitlines()
    assert lines[:2] == ["borda: certified distortion ≥ 1e+12, every allowed policy",
                         "distortion ≥ infinite, numeric, not certified: no rule"]  # fmt: skip
