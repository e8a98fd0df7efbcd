"""The command line as a person or a script meets it: output, exit status, one line for an error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from adversary.problem.document import read
from adversary.version import __version__
from tests.cli.conftest import Run

FAST = ("--time-limit", "0.3")
METHODS = ["borda", "copeland", "dpo", "ipo", "maximal-lotteries", "nlhf", "rlhf"]
INSTANCE = {
    "format": "adversary-instance/1",
    "beta": "8",
    "alternatives": ["a", "b", "c"],
    "users": [
        {"weight": "1/3", "utilities": ["0", "1/2", "1"]},
        {"weight": "2/3", "utilities": ["1", "0.25", "1e-3"]},
    ],
    "sampling": {"kind": "independent", "weights": ["1/3", "1/3", "1/3"]},
    "reference": {"weights": ["1/2", "1/2", "0"], "kl_budget": "1/10"},
}


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    path = tmp_path / "i.json"
    path.write_text(json.dumps(INSTANCE))
    return path


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m adversary` as a process without standard input."""
    return subprocess.run(
        [sys.executable, "-m", "adversary", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def check_search_json(found: dict, method: str, file: str | None) -> None:
    """The object that `search --json` prints: the one place that knows its certified part."""
    assert found["method"] == method
    assert set(found) >= {
        "method",
        "beta",
        "certified_lower_bound",
        "numeric_distortion",
        "theory",
        "file",
        "seconds",
    }
    assert found["file"] == file
    assert float(found["numeric_distortion"]) >= 1  # "inf" is possible
    assert 0 < found["seconds"] < 60
    assert isinstance(found["theory"], list)
    bound = found["certified_lower_bound"]
    if bound is not None:
        assert isinstance(bound, str)
        assert 1 <= float(bound) <= float(found["numeric_distortion"]) * (1 + 1e-9)
    assert (bound is None) == (found["uncertified"] is not None)


def check_search_text(out: str, method: str) -> None:
    """What people read begins with the method and the number, and says what it is worth."""
    first = out.splitlines()[0]
    assert first.startswith(f"{method}: ")
    assert "distortion ≥ " in first
    assert "certified" in first


SEARCHES = [
    ("rlhf", "--beta", "8", "--alternatives", "3"),
    ("rlhf", "--beta", "8", "--alternatives", "3", "--kl", "free", "--out", "w.json"),
    ("nlhf", "--beta", "8", "--alternatives", "4", "--kl", "0.5", "--sampling", "pairs"),
    ("dpo", "--beta", "5/2", "--sampling", "user-dependent", "--kl", "1e-3", "--users", "2"),
    ("borda", "--beta", "2", "--sampling", "uniform", "--strategy", "evolution"),
    ("ipo", "--beta", "4", "--kl", "1"),
    ("copeland", "--beta", "4", "--alternatives", "4"),
]


@pytest.mark.parametrize("arguments", SEARCHES, ids=" ".join)
def test_search_for_people(run: Run, arguments: Sequence[str]) -> None:
    """A table with the bound, theory beside it, and the instance; nothing on standard error."""
    status, out, err = run("search", *arguments, *FAST)
    assert (status, err) == (0, "")
    check_search_text(out, arguments[0])
    assert "user type 1" in out
    assert ("KL budget" in out) == ("--kl" in arguments)
    assert "seed 0" in out


@pytest.mark.parametrize("arguments", SEARCHES, ids=" ".join)
def test_search_for_scripts(run: Run, arguments: Sequence[str]) -> None:
    """One JSON object on one line, and the file where one was asked for."""
    status, out, err = run("search", *arguments, *FAST, "--json")
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    file = "w.json" if "--out" in arguments else None
    check_search_json(json.loads(out), arguments[0], file)
    assert Path("w.json").exists() == (file is not None)


def test_search_judges_the_theorems(run: Run) -> None:
    """Each theorem has a verdict on the certified bound, for people and for scripts."""
    search = ("search", "nlhf", "--beta", "4")
    status, out, err = run(*search, "--json")
    assert (status, err) == (0, "")
    verdicts = {(t["key"], t["status"]): t["verdict"] for t in json.loads(out)["theory"]}
    assert verdicts == {
        ("ghy-thm3", "lower"): "above this bound",
        ("ghy-thm3-loser", "lower"): "reached",
        ("ghy-thm7", "lower"): "reached",
        ("ghy-thm7", "upper"): "reached",
    }
    lines = run(*search)[1].splitlines()
    for place, side, verdict in (("3, first half", "lower", "above this bound"),
                                 ("7", "lower", "reached"), ("7", "upper", "reached")):  # fmt: skip
        start = f"GHY Theorem {place}  "
        (line,) = [x for x in lines if x.startswith(start) and side in x.split()]
        assert line.endswith(verdict)


def test_a_fixed_law_is_beside_what_holds_for_it(run: Run) -> None:
    """No bound that needs another law: with the uniform one 4.1069 is the most at m = 3."""
    search = ("search", "borda", "--beta", "8", "--sampling", "uniform", *FAST)
    status, out, err = run(*search, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    bounds = {t["key"]: t["bound"] for t in found["theory"] if t["status"] == "lower"}
    assert "ghy-thm12" not in bounds
    assert max(bounds.values()) <= 4.1069
    assert "6.15359" not in run(*search)[1]


def test_a_contradiction_is_status_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an upper bound were lower than what is certified: an alarm, and the file all the same."""
    from dataclasses import replace
    from fractions import Fraction

    from adversary.searching import run as searching
    from adversary.theory import Known, ghy_thm7, verdicts

    low = Known(replace(ghy_thm7.THEOREM, claims=ghy_thm7.THEOREM.claims[:1]), Fraction("1.5"))
    for module in (searching, verdicts):
        monkeypatch.setattr(module, "known", lambda question: [low])
    for more in ((), ("--json",)):
        status, out, err = run("search", "nlhf", "--beta", "4", "--out", "w.json", *more)
        assert status == 1
        assert err == "alarm: nlhf contradicts an upper bound: GHY Theorem 7\n"
        assert "contradicts an upper bound" in out
        assert Path("w.json").exists()
        Path("w.json").unlink()


def test_the_five_commands_in_a_row(run: Run) -> None:
    """A search writes a file, `solve` reads it and finds the same number."""
    status, out, _ = run("search", "rlhf", "--beta", "8", "--kl", "free", "--out", "w.json",
                         *FAST, "--json")  # fmt: skip
    assert status == 0
    value = json.loads(out)["numeric_distortion"]
    assert len(read("w.json").instance.alternatives) == 3
    status, out, err = run("solve", "w.json", "--json")
    assert (status, err) == (0, "")
    rows = {row["method"]: row for row in json.loads(out)["methods"]}
    assert list(rows) == METHODS
    assert rows["rlhf"]["distortion_every"] == pytest.approx(value, rel=1e-9)
    assert all(abs(sum(row["policy"].values()) - 1) < 1e-9 for row in rows.values())
    status, out, err = run("solve", "w.json", "--method", "rlhf", "--method", "nlhf")
    assert (status, err) == (0, "")
    assert "rlhf" in out
    assert "borda" not in out


def test_same_seed_same_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs with one seed write the same instance; another seed another one."""
    from adversary.searching import run as module
    from adversary.searching.gradient import Gradient

    small = Gradient(restarts=8, steps=10, rounds=1)
    monkeypatch.setattr(module, "_strategy", lambda *_: small)
    for name, seed in (("1", "5"), ("2", "5"), ("3", "6")):
        assert run("search", "rlhf", "--beta", "3", "--seed", seed, "--out", name)[0] == 0
    assert read("1").instance == read("2").instance != read("3").instance


def test_an_old_file_is_replaced_whole(run: Run) -> None:
    """The output file may exist; no other file appears beside it."""
    Path("w.json").write_text("old")
    assert run("search", "borda", "--beta", "2", "--out", "w.json", *FAST)[0] == 0
    assert read("w.json").instance.beta == 2
    assert [p.name for p in Path().iterdir()] == ["w.json"]


def test_solve_one_instance(run: Run, instance: Path) -> None:
    """Every method's row: policy within the reference's support, ratio, status."""
    status, out, err = run("solve", str(instance))
    assert (status, err) == (0, "")
    for name in METHODS:
        assert any(line.startswith(f"{name} ") for line in out.splitlines())
    rows = json.loads(run("solve", str(instance), "--json")[1])["methods"]
    for row in rows:
        assert row["policy"]["c"] == 0
        assert row["status"] in ("solved", "tied")
        assert row["distortion_some"] >= row["distortion_every"] > 0
    assert rows[1]["policy"]["a"] == pytest.approx(rows[4]["policy"]["a"], rel=1e-9)


def test_solve_says_when_a_policy_is_undetermined(run: Run, instance: Path) -> None:
    """A disconnected pair law: null in JSON, a word for people, advice in both."""
    law = {"kind": "pairs", "weights": [["b", "c", "1"]]}
    instance.write_text(json.dumps(INSTANCE | {"sampling": law}))
    row = json.loads(run("solve", str(instance), "--method", "rlhf", "--json")[1])["methods"][0]
    assert row["distortion_every"] is None
    assert row["status"] == "disconnected"
    assert "not connected" in row["advice"]
    assert "undetermined" in run("solve", str(instance), "--method", "rlhf")[1]


def test_solve_prints_infinity_as_text(run: Run, instance: Path) -> None:
    """A method that earns nothing has an infinite ratio, which JSON cannot hold."""
    users = [{"weight": "1", "utilities": ["1", "0", "0"]}]
    law = {"kind": "pairs", "weights": [["b", "c", "1"]]}
    change = {"users": users, "sampling": law, "reference": None}
    instance.write_text(json.dumps(INSTANCE | change))
    row = json.loads(run("solve", str(instance), "--method", "borda", "--json")[1])["methods"][0]
    assert row["distortion_every"] == row["distortion_some"] == "inf"
    assert " infinite " in run("solve", str(instance), "--method", "borda")[1]


def test_solve_survives_a_method_that_fails(
    run: Run, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN and infinite residuals are null or text in JSON, and blank for people."""
    from adversary.interface import method
    from tests.searching.methods import Hopeless

    monkeypatch.setattr(method, "by_name", lambda _: Hopeless())
    status, out, err = run("solve", str(instance), "--method", "hopeless", "--json")
    assert (status, err) == (0, "")
    row = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["methods"][
        0
    ]
    assert row["policy"] == {"a": None, "b": None, "c": None}
    assert row["utility"] is row["distortion_every"] is None
    assert row["status"] == "failed"
    status, out, err = run("solve", str(instance), "--method", "hopeless")
    assert (status, err) == (0, "")
    assert "undetermined" in out


def test_methods(run: Run) -> None:
    """Names and summaries of the five."""
    status, out, err = run("methods")
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == METHODS
    found = json.loads(run("methods", "--json")[1])["methods"]
    assert [m["name"] for m in found] == METHODS
    assert all(m["summary"] for m in found)


@pytest.mark.parametrize("command", ["search", "solve", "certify", "simplify", "check"])
def test_help_shows_an_example(run: Run, command: str) -> None:
    """`--help` ends with a command to copy, and it is one of this program's."""
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"Example: adversary {command} " in " ".join(out.split())


def test_top_help_and_version(run: Run) -> None:
    """`--help` names the commands; `--version` prints the version alone."""
    status, out, _ = run("--help")
    assert status == 0
    assert all(command in out for command in ("search", "solve", "check", "methods"))
    assert run("--version") == (0, f"{__version__}\n", "")


def test_as_a_process(tmp_path: Path) -> None:
    """`python -m adversary` does the same, without a terminal or standard input."""
    out = tmp_path / "w.json"
    done = process("search", "rlhf", "--beta", "4", *FAST, "--json", "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    check_search_json(json.loads(done.stdout), "rlhf", str(out))
    done = process("solve", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert "maximal-lotteries" in done.stdout
    assert process("--version").stdout == f"{__version__}\n"


def test_errors_of_a_process(tmp_path: Path) -> None:
    """Exit status 2 and one line reach the shell."""
    for arguments in (("solve", str(tmp_path)), ("search", "rhlf", "--beta", "4"), ("serch",)):
        done = process(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1


def test_import_is_fast() -> None:
    """`--version` loads none of the heavy libraries."""
    code = (
        "import sys, adversary, adversary.cli\n"
        "heavy = {'torch', 'cvxpy', 'matplotlib', 'numpy', 'cma', 'scipy'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def assert_refused(found: tuple[int, str, str], *parts: str) -> None:
    """Exit status 2, nothing on standard output, one line that has all the parts."""
    status, out, err = found
    assert (status, out) == (2, ""), found
    assert err.startswith("adversary: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    for part in parts:
        assert part in err, (part, err)


def test_certify_and_check(run: Run, instance: Path) -> None:
    """An instance becomes a certificate that the checker accepts; a raised claim is rejected."""
    status, out, err = run("certify", "i.json", "--method", "rlhf", "--out", "c.json")
    assert (status, err) == (0, "")
    assert out.startswith("rlhf: certified distortion ≥ ")
    status, out, err = run("check", "c.json")
    assert (status, err) == (0, "")
    assert out.startswith("accepted: c.json: rlhf distortion >= ")
    content = json.loads(Path("c.json").read_text())
    content["claim"]["distortion_at_least"] = "1000"
    Path("c.json").write_text(json.dumps(content))
    assert run("check", "c.json")[0] == 1
    status, out, _ = run("check", "c.json", "--json")
    assert status == 1
    assert json.loads(out)["files"][0]["accepted"] is False


def test_certify_what_is_not_certifiable(run: Run, instance: Path) -> None:
    """A policy that the law does not determine: exit status 1 and one line, the file as it was."""
    law = {"kind": "pairs", "weights": [["b", "c", "1"]]}
    before = json.dumps(INSTANCE | {"sampling": law})
    instance.write_text(before)
    status, out, err = run("certify", "i.json", "--method", "rlhf", "--in-place")
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert instance.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("certify", "i.json"), ("method", "nothing", "--method")),
        (("certify", "i.json", "--method", "rlfh"), ("'rlfh'", "'rlhf'?")),
        (("certify", "i.json", "--method", "rlhf", "--policies", "all"), ("policies", "'all'")),
        (("certify", "i.json", "--method", "rlhf", "--out", "no/c"), ("out", "'no/c'")),
        (("certify", "no.json", "--method", "rlhf"), ("file", "'no.json'", "No such file")),
        (("simplify", "i.json", "--method", "rlhf", "--keep", "2"), ("keep", "'2'", "at most 1")),
        (("simplify", "i.json", "--method", "rlhf", "--keep", "0"), ("keep", "'0'", "above 0")),
        (("simplify", "i.json", "--method", "rlhf", "--keep", "x"), ("keep", "'x'", "exact")),
        (("check",), ("FILE",)),
    ],
    ids=lambda v: " ".join(v),
)
def test_wrong_requests_about_a_file(
    run: Run, instance: Path, arguments: Sequence[str], parts: Sequence[str]
) -> None:
    """The other commands refuse as plainly, and leave the file as it was."""
    before = instance.read_bytes()
    assert_refused(run(*arguments), *parts)
    assert [p.name for p in Path().iterdir()] == ["i.json"]
    assert instance.read_bytes() == before


RLHF = ("search", "rlhf", "--beta", "8")
BAD_REQUESTS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("search", "rhlf", "--beta", "8"), ("method", "'rhlf'", "expected 'rlhf'?")),
    (("search", "Maximal-Lottery", "--beta", "8"), ("'maximal-lotteries'?",)),
    (("search", "zzz", "--beta", "8"), ("method", "'zzz'", "borda, copeland, dpo")),
    (("search", "rlhf", "--beta", "0"), ("beta", "'0'", "above 0")),
    (("search", "rlhf", "--beta", "-1"), ("beta", "'-1'", "above 0")),
    (("search", "rlhf", "--beta", "nan"), ("beta", "'nan'", "exact number")),
    (("search", "rlhf", "--beta", "inf"), ("beta", "'inf'", "exact number")),
    (("search", "rlhf", "--beta", "1e9"), ("beta", "at most")),
    (("search", "rlhf", "--beta", "1/0"), ("beta", "'1/0'", "denominator")),
    (("search", "rlhf", "--beta", ""), ("beta", "''", "exact number")),
    (("search", "rlhf"), ("--beta",)),
    ((*RLHF, "--alternatives", "1"), ("alternatives", "'1'", "from 2 to")),
    ((*RLHF, "--alternatives", "-3"), ("alternatives", "'-3'", "from 2 to")),
    ((*RLHF, "--alternatives", "2.5"), ("--alternatives", "'2.5'", "whole number")),
    ((*RLHF, "--alternatives", "99999", "--sampling", "uniform"), ("alternatives", "'99999'")),
    ((*RLHF, "--users", "0"), ("users", "'0'", "from 1 to")),
    ((*RLHF, "--users", "x"), ("--users", "'x'", "whole number")),
    ((*RLHF, "--kl", "-1"), ("kl_budget", "'-1'", "at least 0")),
    ((*RLHF, "--kl", "much"), ("KL budget", "'much'", "exact number")),
    ((*RLHF, "--kl", "nan"), ("KL budget", "'nan'", "exact number")),
    ((*RLHF, "--sampling", "pair"), ("sampling", "'pair'", "independent, pairs, user-dependent")),
    ((*RLHF, "--strategy", "grad"), ("strategy", "'grad'", "auto, columns, gradient, evolution")),
    ((*RLHF, "--time-limit", "-1"), ("time limit", "'-1.0'", "above 0")),
    ((*RLHF, "--time-limit", "0"), ("time limit", "'0.0'", "above 0")),
    ((*RLHF, "--time-limit", "nan"), ("time limit", "'nan'", "above 0")),
    ((*RLHF, "--time-limit", "soon"), ("--time-limit", "'soon'", "seconds")),
    ((*RLHF, "--seed", "-1"), ("seed", "'-1'", "whole number")),
    ((*RLHF, "--seed", "1.5"), ("--seed", "'1.5'", "whole number")),
    ((*RLHF, "--seed", "99999999999999999999"), ("seed", "'99999999999999999999'")),
    ((*RLHF, "--out", "no/w.json"), ("out", "'no/w.json'", "directory that exists")),
    ((*RLHF, "--out", "."), ("out", "'.'", "not a directory")),
    ((*RLHF, "--out", "/dev/null"), ("out", "'/dev/null'", "regular file")),
    ((*RLHF, "--frobnicate"), ("--frobnicate",)),
    ((*RLHF, "extra"), ("extra",)),
    ((*RLHF, "--seed"), ("--seed", "argument")),
    (("solve", "missing.json"), ("file", "'missing.json'", "No such file")),
    (("solve", "."), ("file", "'.'", "regular file")),
    (("solve", "/dev/null"), ("file", "'/dev/null'", "regular file")),
    (("solve",), ("file",)),
    (("serch",), ("'serch'", "'search'")),
]


@pytest.mark.parametrize(("arguments", "parts"), BAD_REQUESTS, ids=lambda v: " ".join(v))
def test_wrong_requests(run: Run, arguments: Sequence[str], parts: Sequence[str]) -> None:
    """The line names the field, the value and what was expected; no file appears."""
    assert_refused(run(*arguments), *parts)
    assert list(Path().iterdir()) == []


def user(*utilities: object, weight: object = "1") -> dict:
    return {"weight": weight, "utilities": list(utilities)}


def reference(*weights: object, budget: object = "1") -> dict:
    return {"reference": {"weights": list(weights), "kl_budget": budget}}


def law(**fields: object) -> dict:
    return {"sampling": fields}


BAD_FILES: list[tuple[dict, tuple[str, ...]]] = [
    ({"beta": "0"}, ("beta", "'0'", "above 0")),
    ({"beta": "NaN"}, ("beta", "'NaN'", "exact number")),
    ({"beta": 8}, ("beta", "'8'", "as a string")),
    ({"beta": 0.1}, ("beta", "'0.1'", "as a string")),
    ({"format": "adversary-instance/2"}, ("format", "'adversary-instance/2'", "instance/1")),
    ({"format": None}, ("format", "instance/1")),
    ({"alternatives": ["a"]}, ("alternatives", "at least 2")),
    ({"alternatives": []}, ("alternatives", "at least 2")),
    ({"alternatives": ["a", "b", "a"]}, ("alternatives", "without duplicates")),
    ({"alternatives": ["a", "b", 3]}, ("alternatives", "'3'", "string")),
    ({"users": []}, ("users", "at least one")),
    ({"users": [user("0", "1/2", "2")]}, ("users[0].utilities[2]", "'2'", "[0, 1]")),
    ({"users": [user("0", "-1/9", "1")]}, ("users[0].utilities[1]", "'-1/9'", "[0, 1]")),
    ({"users": [user("0", "1")]}, ("users[0].utilities", "2 entries", "3, one for each")),
    ({"users": [user("0", "1", 0.5)]}, ("users[0].utilities[2]", "'0.5'", "as a string")),
    ({"users": [user("0", "1", "1", weight="0")]}, ("users.weight", "positive sum")),
    ({"users": [user("0", "1", "1", weight="-1")]}, ("users.weight[0]", "'-1'", "at least 0")),
    ({"users": [{"utilities": ["0", "0", "0"]}]}, ("users[0].weight", "nothing")),
    ({"users": [user("0", "0", "0") | {"name": "x"}]}, ("users[0].name", "no such field")),
    ({"gamma": "1"}, ("gamma", "'1'", "no such field")),
    (law(kind="independent", weights=["0", "0", "0"]), ("sampling.weights", "positive sum")),
    (law(kind="triples", weights=[]), ("sampling.kind", "'triples'", "'pairs'")),
    (law(kind="pairs", weights=[["a", "z", "1"]]), ("sampling.weights[0]", "'z'", "alternative")),
    (law(kind="user-dependent", laws=[]), ("sampling.laws", "0 laws", "one law for each")),
    (reference("0", "0", "0"), ("reference.weights", "positive sum")),
    (reference("1", "1", "1", budget="-1"), ("reference.kl_budget", "'-1'", "at least 0")),
    (reference("1", "1"), ("reference.weights", "2 entries", "3, one for each")),
]


@pytest.mark.parametrize(("change", "parts"), BAD_FILES, ids=lambda v: str(v)[:60])
def test_wrong_files(run: Run, instance: Path, change: dict, parts: Sequence[str]) -> None:
    """A file that is no instance names its field; a search's checks and a file's are the same."""
    instance.write_text(json.dumps(INSTANCE | change))
    assert_refused(run("solve", str(instance)), *parts)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ("JSON document",)),
        (b"{", ("JSON document",)),
        (b"[]", ("JSON object",)),
        (b"\xff\xfe", ("UTF-8",)),
        (b'{"beta": "1", "beta": "2"}', ("beta", "duplicate key")),
        (b'{"beta": NaN}', ("NaN",)),
        (b"[" * 100_000, ("nesting",)),
        (b'{"format": "line\\nbreak"}', ("format", "instance/1")),
        (b"\\documentclass{article}", ("JSON document",)),
    ],
)
def test_files_that_are_no_json_object(
    run: Run, instance: Path, content: bytes, parts: Sequence[str]
) -> None:
    """Any other file is refused in one line, also where its text would break the line."""
    instance.write_bytes(content)
    assert_refused(run("solve", str(instance)), "expected", *parts)


def test_an_unknown_method_for_solve(run: Run, instance: Path) -> None:
    """`solve --method` suggests the nearest name too."""
    assert_refused(run("solve", str(instance), "--method", "borde"), "'borde'", "'borda'?")


def test_a_search_that_finds_nothing_is_status_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the user's mistake: exit status 1, one line, no file."""
    from adversary.interface import method
    from tests.searching.methods import Hopeless

    monkeypatch.setattr(method, "by_name", lambda _: Hopeless())
    found = run("search", "hopeless", "--beta", "2", *FAST, "--out", "w.json")
    assert found[:2] == (1, "")
    assert found[2].count("\n") == 1
    assert list(Path().iterdir()) == []


def test_ctrl_c_keeps_the_best(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted search writes and prints what it has."""
    from adversary.searching.strategy import Incumbent

    offer = Incumbent.offer_exact

    def interrupted(self: Incumbent, *arguments: object) -> None:
        offer(self, *arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(Incumbent, "offer_exact", interrupted)
    status, out, _ = run("search", "borda", "--beta", "4", "--out", "w.json", "--json")
    assert status == 0
    assert json.loads(out)["stopped"] == "interrupted"
    assert read("w.json").instance.beta == 4
