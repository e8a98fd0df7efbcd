"""Certified bounds beside the theorems: reached, exceeded, and the alarm."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from shutil import copy

import pytest

from adversary.certifying.certify import certify
from adversary.cli import main
from adversary.interface.method import available, by_name
from adversary.problem.instance import Independent, Instance, Pairs, UserDependent, UserType
from adversary.results.rates import Setting
from adversary.sweeping import cell, matching
from adversary.sweeping.cell import Failure
from adversary.sweeping.directory import entries
from adversary.theory import (
    Question,
    all_theorems,
    ghy_thm12,
    kl_path,
    kl_vertex,
    known,
    path_law,
    verdicts,
)
from adversary.theory.verdicts import Verdict, compare, judge

INSTANCES = Path(__file__).parents[2] / "instances"
FILES = entries(INSTANCES)
ONE = Fraction(1)
USERS = (UserType(ONE, (ONE, 0 * ONE, 0 * ONE)),)
FLAT = Independent((ONE,) * 3)
SOCIAL = Instance(Fraction(4), ("a", "b", "c"), USERS, FLAT)
FREE = replace(SOCIAL, sampling=Independent((ONE, ONE, 2 * ONE)))


def found(
    instance: Instance, method: str, bound: object, policies: str = "every", infinite: bool = False
) -> dict[str, Verdict]:
    """Return the verdict of each theorem, of its upper side under '≤ key'."""
    compared = compare(instance, method, Fraction(bound), policies, infinite)  # type: ignore[arg-type]
    sides = {"lower": "", "upper": "≤ "}
    return {sides[c.theorem.status] + c.theorem.key: c.verdict for c in compared}


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry.path.stem)
def test_no_instance_contradicts_a_theorem(entry):
    """Every certified instance of the library is compared, and none raises the alarm."""
    claim = entry.instance, entry.method, entry.bound, entry.policies, entry.infinite
    assert not [c for c in compare(*claim) if c.verdict.alarm]


def test_constructions_reach_their_theorems():
    """Up to a per cent; of cosh²(β/2) only the project's own theorem says so much."""
    instance = ghy_thm12.instance(8, "1/1000")
    bound = certify(instance, by_name("borda")).lower_bound
    social = found(instance, "borda", bound)
    assert social["ghy-thm12"] is social["≤ borda-kernel"] is Verdict.REACHED
    assert social["≤ ghy-thm2"] is Verdict.NOT_REACHED
    instance = kl_vertex.instance(16, "1/1000", "1e-16")
    bound = certify(instance, by_name("rlhf")).lower_bound
    kl = found(instance, "rlhf", bound)
    assert kl["kl-vertex"] is kl["≤ kl-vertex"] is Verdict.REACHED
    assert kl["ghy-thm6"] is Verdict.ABOVE


@pytest.mark.parametrize(
    ("share", "verdict"),
    [
        ("0.9899999", Verdict.NOT_REACHED),
        ("0.99", Verdict.REACHED),
        ("0.9900001", Verdict.REACHED),
        ("0.98", Verdict.NOT_REACHED),
        ("1", Verdict.REACHED),
    ],
)
def test_reached_means_99_per_cent(share: str, verdict: Verdict):
    """Of the number that is printed, on both sides."""
    for status in ("lower", "upper"):
        (one,) = [k for k in known(Question.of(SOCIAL, "nlhf")) if k.theorem.key == "ghy-thm7"
                  and k.theorem.status == status]  # fmt: skip
        (judged,) = judge([one], Fraction(share) * one.value)  # type: ignore[operator]
        assert judged.verdict is verdict


def test_the_alarm():
    """More than an upper bound allows, by however little; the digits of a theorem raise none."""
    (most,) = [k.value for k in known(Question.of(SOCIAL, "nlhf")) if k.theorem.status == "upper"]
    rate = Fraction(most)
    assert found(SOCIAL, "nlhf", rate)["≤ ghy-thm7"] is Verdict.REACHED
    assert found(SOCIAL, "nlhf", rate * Fraction("1.000001"))["≤ ghy-thm7"] is Verdict.CONTRADICTED
    tiny = rate * (1 + Fraction(1, 10**30))
    assert found(SOCIAL, "nlhf", tiny)["≤ ghy-thm7"] is Verdict.CONTRADICTED
    assert found(SOCIAL, "nlhf", tiny)["ghy-thm7"] is Verdict.REACHED
    assert found(SOCIAL, "borda", 3 * rate)["≤ ag-borda-2k"] is Verdict.CONTRADICTED
    assert found(SOCIAL, "borda", 3 * rate, "some")["≤ ag-borda-2k"] is Verdict.CONTRADICTED
    assert [verdict for verdict in Verdict if verdict.alarm] == [Verdict.CONTRADICTED]


def test_upper_bounds_keep_to_their_assumptions():
    """Another law, or an alternative that is never shown, contradicts nothing."""
    pairs = replace(SOCIAL, sampling=Pairs(((0, 1, ONE), (1, 2, ONE), (0, 2, 2 * ONE))))
    assert not [key for key in found(pairs, "rlhf", 1000) if key.startswith("≤")]
    path = replace(SOCIAL, sampling=Pairs(((0, 1, ONE), (1, 2, ONE))))
    assert found(path, "rlhf", 1000)["≤ path-law"] is Verdict.CONTRADICTED
    hidden = replace(SOCIAL, sampling=Independent((0 * ONE, ONE, ONE)))
    assert not [key for key in found(hidden, "borda", 1000) if key.startswith("≤")]
    assert "≤ ghy-thm7" in found(hidden, "nlhf", 1)
    own = replace(SOCIAL, sampling=UserDependent((FLAT,)))
    assert not [key for key in found(own, "copeland", 1000) if key.startswith("≤")]


def test_vertices_only():
    """cosh²(β/2) bounds RLHF where the budget does not bind, and IPO everywhere."""
    vertex = kl_vertex.instance(4, "1e-3", "1e-6")
    assert found(vertex, "rlhf", 1000)["≤ kl-vertex"] is Verdict.CONTRADICTED
    assert vertex.reference is not None
    binding = replace(vertex, reference=replace(vertex.reference, kl_budget=Fraction("0.69")))
    assert not [key for key in found(binding, "rlhf", 1000) if key.startswith("≤")]
    assert found(binding, "ipo", 1000)["≤ slope-ratio"] is Verdict.CONTRADICTED


def test_lower_bounds_are_for_every_policy():
    """What some policy loses exceeds no bound that is for every policy."""
    assert "ghy-thm12" not in found(FREE, "borda", "2.7", "some")
    cycle = found(SOCIAL, "copeland", "2.6", "some")
    assert "ghy-thm3" not in cycle
    assert cycle["copeland"] is Verdict.NOT_REACHED


def test_exceeding_a_published_bound_is_rare():
    """It takes the strongest that a paper states for this very method, law, β and m."""
    assert found(FREE, "borda", "2.7")["ghy-thm12"] is Verdict.EXCEEDED
    others = found(FREE, "borda", "2.7")
    assert others["ghy-thm3"] is others["ghy-thm3-loser"] is Verdict.ABOVE  # m → ∞, and weaker
    assert found(FREE, "ipo", "2.7")["ghy-thm12"] is Verdict.ABOVE  # no paper treats IPO
    connected = Pairs(((0, 1, ONE), (1, 2, ONE), (0, 2, 2 * ONE)))
    pairs = replace(SOCIAL, sampling=connected)
    assert found(pairs, "borda", "2.7")["ghy-thm12"] is Verdict.ABOVE  # nor this law
    path = path_law.instance(4, "1e-3", 4)
    assert found(path, "rlhf", 3)["ghy-thm9"] is Verdict.ABOVE  # a statement for m → ∞
    vertex = kl_vertex.instance(12, "1e-3", "1e-9")
    assert found(vertex, "rlhf", 10**4)["ghy-thm6"] is Verdict.ABOVE  # m of order e^β
    own = replace(vertex, sampling=UserDependent((FLAT, FLAT)))
    assert found(own, "ipo", 10**9)["kl-vertex"] is Verdict.ABOVE  # this project's


def test_nothing_in_the_library_exceeds_what_a_paper_states():
    """Theorem 12 is sharp, so are those on NLHF; the rest is about limits, or other laws."""
    verdicts = {
        c.verdict
        for e in FILES
        for c in compare(e.instance, e.method, e.bound, e.policies, e.infinite)  # type: ignore[arg-type]
    }
    assert verdicts == {Verdict.REACHED, Verdict.NOT_REACHED, Verdict.ABOVE, Verdict.FINITE}


def test_the_uniform_law_is_a_class_of_its_own():
    """As where it is fixed for a search: bounds that need another law are not 'not reached'."""
    assert "ghy-thm12" not in found(SOCIAL, "borda", 2)
    assert found(FREE, "borda", 2)["ghy-thm12"] is Verdict.NOT_REACHED


def test_infinity():
    """An infinite bound is reached by an infinite ratio alone; finite bounds are passed by it."""
    own = replace(SOCIAL, sampling=UserDependent((FLAT,)))
    assert found(own, "borda", 10**40)["user-dependent"] is Verdict.FINITE
    assert not Verdict.FINITE.alarm
    ball = kl_path.instance(4)
    infinite = found(ball, "rlhf", 10**100, infinite=True)
    assert infinite["kl-path"] is Verdict.REACHED
    assert infinite["ghy-thm9"] is infinite["path-law"] is Verdict.ABOVE
    assert found(FREE, "borda", 10**100, infinite=True)["≤ borda-kernel"] is Verdict.CONTRADICTED
    assert found(FREE, "borda", 10**100, infinite=True)["ghy-thm12"] is Verdict.EXCEEDED
    shares = {
        c.theorem.key: c.share for c in compare(ball, "rlhf", Fraction(10**100), "every", True)
    }
    assert shares["kl-path"] == 1
    assert shares["path-law"] == math.inf
    (beside,) = [c for c in compare(own, "borda", Fraction(5)) if c.theorem.key == "user-dependent"]
    assert (beside.share, beside.text) == (0, "infinite")


def test_beyond_floats():
    """`certified 1.2e312`, cosh²(360) = 1.23e312: close, not reached, and nothing overflows."""
    vertex = kl_vertex.instance(720, "1e-6", "1e-330")
    kl = {c.theorem.status: c for c in compare(vertex, "ipo", Fraction("1.2e312"))}
    assert {c.verdict for c in kl.values()} == {Verdict.NOT_REACHED}
    assert [c.text for c in kl.values()] == ["1.23017e+312", "1.23018e+312"]
    assert all(0.97 < c.share < 0.98 for c in kl.values())
    assert compare(vertex, "ipo", Fraction("1.231e312"))[1].verdict is Verdict.CONTRADICTED


def test_every_theorem_with_a_number_has_its_searches():
    """For each method that is there, a cell on which the theorem has something to say."""
    cells = matching.cells()
    assert len(set(cells)) == len(cells)
    assert all(c.strategy == "columns" for c in cells)
    for theorem in all_theorems():
        if all(claim.bound is None for claim in theorem.claims):
            continue
        for method in set(theorem.methods) & set(available()):
            mine = [
                c
                for c in cells
                if c.method == method
                and theorem.key
                in [
                    k.theorem.key
                    for k in known(Setting(method, c.kl, c.sampling, c.alternatives).question(4))
                ]
            ]
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
    rows = [line.split() for line in out.splitlines()]
    for key, side, method, name in (
        ("ghy-cor4", "lower", "maximal-lotteries", "maximal-lotteries-social-choice-beta10"),
        ("ghy-cor4", "upper", "maximal-lotteries", "maximal-lotteries-social-choice-beta10"),
        ("kl-vertex", "lower", "rlhf", "kl-vertex-construction-beta8"),
        ("kl-vertex", "upper", "rlhf", "kl-vertex-construction-beta8"),
    ):
        there = [row[-2:] for row in rows if row[:3] == [key, side, method]]
        assert ["reached", f"{name}.json"] in there
    assert ["copeland", "lower", "copeland", "KL", "ball", "nothing", "certified"] in rows
    assert ["ag-copeland", "lower", "copeland", "social", "choice", "no", "number"] in rows
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
    (upper,) = [k for k in known(Question.of(SOCIAL, "nlhf")) if k.theorem.key == "ghy-thm7"
                and k.theorem.status == "upper"]  # fmt: skip
    lowered = upper._replace(value=Fraction("1.5"))
    monkeypatch.setattr(verdicts, "known", lambda question: [lowered])
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
