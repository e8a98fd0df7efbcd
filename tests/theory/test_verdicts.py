"""Certified bounds beside the theorems: reached, exceeded, and the alarm."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from shutil import copy

import pytest

from adversary.certifying.certify import certify
from adversary.cli import main
from adversary.interface.method import available, by_name
from adversary.problem.instance import Independent, Instance, Pairs, UserDependent, UserType
from adversary.sweeping import cell, matching
from adversary.sweeping.cell import Failure
from adversary.sweeping.directory import entries
from adversary.theory import all_theorems, formulas, ghy_thm12, kl_vertex, verdicts
from adversary.theory.verdicts import Verdict, compare

INSTANCES = Path(__file__).parents[2] / "instances"
FILES = entries(INSTANCES)
USERS = (UserType(Fraction(1), (Fraction(1), Fraction(0), Fraction(0))),)
FLAT = Independent((Fraction(1),) * 3)
SOCIAL = Instance(Fraction(4), ("a", "b", "c"), USERS, FLAT)


def found(instance: Instance, method: str, bound: object, policies: str = "every"):
    """Return the verdict of each theorem."""
    return {c.theorem.key: c.verdict for c in compare(instance, method, bound, policies)}  # type: ignore[arg-type]


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry.path.stem)
def test_no_instance_contradicts_a_theorem(entry):
    """Every certified instance of the library is compared, and none raises the alarm."""
    compared = compare(entry.instance, entry.method, entry.bound, entry.policies)
    assert not [c for c in compared if c.verdict.alarm]


def test_constructions_reach_their_theorems():
    """Up to a per cent; of cosh²(β/2) only the project's own theorem says so much."""
    instance = ghy_thm12.instance(8, "1/1000")
    bound = certify(instance, by_name("borda")).lower_bound
    social = found(instance, "borda", bound)
    assert social["ghy-thm12"] is social["borda-kernel"] is Verdict.REACHED
    assert social["ghy-thm2"] is Verdict.NOT_REACHED
    instance = kl_vertex.instance(16, "1/1000", "1e-16")
    bound = certify(instance, by_name("rlhf")).lower_bound
    kl = found(instance, "rlhf", bound)
    assert kl["kl-vertex"] is Verdict.REACHED
    assert kl["ghy-thm6"] is Verdict.EXCEEDED


def test_the_alarm():
    """More than an upper or a tight bound allows; their floats' last digits raise none."""
    rate = Fraction(formulas.rate(4))
    assert found(SOCIAL, "nlhf", rate * Fraction(1 + 1e-12))["ghy-thm7"] is Verdict.REACHED
    assert found(SOCIAL, "nlhf", rate * Fraction("1.000001"))["ghy-thm7"] is Verdict.CONTRADICTED
    assert found(SOCIAL, "borda", 3 * rate)["ag-borda-2k"] is Verdict.CONTRADICTED
    assert found(SOCIAL, "borda", 3 * rate, "some")["ag-borda-2k"] is Verdict.CONTRADICTED
    assert Verdict.CONTRADICTED.alarm
    assert not Verdict.EXCEEDED.alarm


def test_upper_bounds_keep_to_their_assumptions():
    """Another law, or an alternative that is never shown, contradicts nothing."""
    pairs = replace(SOCIAL, sampling=Pairs(((0, 1, Fraction(1)), (1, 2, Fraction(1)))))
    assert "borda-kernel" not in found(pairs, "rlhf", Fraction(1000))
    hidden = replace(SOCIAL, sampling=Independent((Fraction(0), Fraction(1), Fraction(1))))
    assert not {"borda-kernel", "ghy-thm2", "ag-borda-2k"} & set(found(hidden, "borda", 1000))
    assert "ghy-thm7" in found(hidden, "nlhf", Fraction(1))


def test_lower_bounds_are_for_every_policy():
    """What some policy loses exceeds no published bound."""
    assert found(SOCIAL, "borda", Fraction("2.7"))["ghy-thm12"] is Verdict.EXCEEDED
    assert "ghy-thm12" not in found(SOCIAL, "borda", Fraction("2.7"), "some")


def test_an_infinite_bound_is_never_reached():
    """Whatever a certificate says is finite."""
    law = UserDependent((FLAT,))
    verdicts = found(replace(SOCIAL, sampling=law), "borda", Fraction(10**40))
    assert verdicts["user-dependent"] is Verdict.FINITE
    assert not Verdict.FINITE.alarm


def test_every_theorem_has_its_searches():
    """For each method that is there, a cell on which the theorem has something to say."""
    cells = matching.cells()
    assert len(set(cells)) == len(cells)
    assert all(c.strategy == "columns" for c in cells)
    for theorem in all_theorems():
        for method in set(theorem.methods) & set(available()):
            mine = [c for c in cells if c.method == method
                    and theorem.covers(method, "social-choice" if c.kl == "none" else "alignment",
                                       c.sampling, float(c.beta), c.alternatives,
                                       None if c.kl == "none" else float(c.kl))]  # fmt: skip
            assert mine, (theorem.key, method)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["theorems", *arguments])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_list(capsys: pytest.CaptureFixture[str]):
    status, out, err = run(capsys)
    assert (status, err) == (0, "")
    for theorem in all_theorems():
        assert f"{theorem.key}: {theorem.title}\n" in out
    status, out, err = run(capsys, "--json")
    rows = json.loads(out)["theorems"]
    assert [row["key"] for row in rows] == [t.key for t in all_theorems()]
    assert set(rows[0]) >= {"title", "source", "status", "setting", "formula", "assumptions"}
    status, out, err = run(capsys, str(INSTANCES))
    assert (status, out) == (2, "")
    assert "--check" in err


@pytest.fixture
def one_search(monkeypatch: pytest.MonkeyPatch):
    """Only the first of the searches."""
    only = matching.cells()[0]
    monkeypatch.setattr(matching, "cells", lambda: [only])


def test_check(capsys: pytest.CaptureFixture[str], one_search: None, tmp_path: Path):
    """Each theorem beside the certificate that comes nearest, and all of them as JSON."""
    names = ("kl-vertex-construction-beta8", "maximal-lotteries-social-choice-beta10",
             "rlhf-social-choice-user-dependent-beta2")  # fmt: skip
    for name in names:
        copy(INSTANCES / f"{name}.json", tmp_path)
    status, out, err = run(capsys, "--check", str(tmp_path))
    assert (status, err) == (0, "")
    line = next(line for line in out.splitlines() if line.startswith("ghy-cor4"))
    assert line.split()[-2:] == ["reached", "maximal-lotteries-social-choice-beta10.json"]
    rows = [line.split() for line in out.splitlines()]
    vertex = next(row for row in rows if row[:3] == ["kl-vertex", "lower", "rlhf"])
    assert vertex[-2:] == ["reached", "kl-vertex-construction-beta8.json"]
    assert ["copeland", "tight", "copeland", "KL", "ball", "nothing", "certified"] in rows
    assert any("infinite" in row for row in rows)
    status, out, _ = run(capsys, "--check", str(tmp_path), "--json")
    report = json.loads(out)
    assert (status, report["contradictions"], report["refused"]) == (0, 0, [])
    compared = [c for row in report["theorems"] for c in row["comparisons"]]
    assert any(c["from"] == "search" for c in compared)
    assert {c["verdict"] for c in compared if c["published"] == "inf"} == {str(Verdict.FINITE)}
    assert all(float(c["certified_lower_bound"]) >= 1 for c in compared)


def test_check_raises_the_alarm(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, one_search: None
):
    """If a bound of the literature were lower than what is certified."""
    for theorem in all_theorems():
        if theorem.key == "ghy-thm7":
            lowered = replace(theorem, bound=lambda beta, m=None, tau=None: 1.5)
    monkeypatch.setattr(verdicts, "known", lambda instance, method: [(lowered, 1.5)])
    status, _, err = run(capsys, "--check", str(INSTANCES))
    assert status == 1
    assert "alarm: " in err
    assert "contradicts an upper bound: GHY Theorem 7" in err


def test_check_refuses_false_files(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    one_search: None,
):
    """Exit status 1 for a claim that is not proved, and for a search without a certificate."""
    source = FILES[0].path.read_text("utf-8")
    false = source.replace('"distortion_at_least": "', '"distortion_at_least": "9')
    (tmp_path / "false.json").write_text(false, "utf-8")
    monkeypatch.setattr(cell, "run", lambda cell: Failure("nothing found"))
    status, _, err = run(capsys, "--check", str(tmp_path))
    assert status == 1
    assert "false.json: " in err
    assert ": nothing found" in err
