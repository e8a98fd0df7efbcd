"""Nothing in the library contradicts anything else in it, and planted contradictions are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adversary.problem.instance import all_pairs
from adversary.theory.certain import beats
from tests.contradictions import examine, main
from tests.planted import LIBRARY, believe, plant


def test_the_library_contradicts_nothing(capsys: pytest.CaptureFixture[str]):
    """Every pair of files whose scopes meet, and every theorem that applies to a file."""
    report = examine(LIBRARY)
    assert report.contradictions == []
    assert report.refused == []
    assert report.compared["lower beside upper bounds"] >= 140
    assert report.compared["lower bounds beside theorems"] >= 300
    assert report.compared["upper bounds beside theorems"] >= 200
    assert report.compared["theorems beside theorems"] >= 200
    assert capsys.readouterr().out == ""


PLANTED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "a lower bound above a kernel": [
        ("borda-social-choice-sharp-beta4.json", {"claim": "2.69"}),
        ("bounds/borda-social-choice-beta4.json", {}),
    ],
    "a kernel below a lower bound": [
        ("nlhf-pairs-sharp-beta4.json", {}),
        ("bounds/nlhf-every-budget-beta4.json", {"claim": "2.07"}),
    ],
    "some policy above a bound on every one": [
        ("copeland-cycle-some.json", {"claim": "2.69"}),
        ("bounds/copeland-social-choice-beta4.json", {}),
    ],
    "budgets that do not bind": [
        ("rlhf-kl1-sharp-beta4.json", {}),
        ("bounds/rlhf-vertex-beta4.json", {"claim": "14.1"}),
    ],
    "every budget": [
        ("ipo-kl0.1-m3-beta4.json", {}),
        ("bounds/ipo-every-budget-beta4.json", {"claim": "4"}),
    ],
    "the ends of a path, by other names": [
        ("path-rising.json", {}),
        ("bounds/rlhf-path-m4-beta4.json", {"claim": "3.7"}),
    ],
    "one law, by other names": [
        ("borda-uniform-sharp-m3-beta8.json", {}),
        ("bounds/borda-uniform-m3-beta8.json", {"claim": "4.1"}),
    ],
    "infinity": [
        ("ipo-kl1-sharp-beta4.json", {"claim": "1e100"}),
        ("bounds/ipo-every-budget-beta4.json", {}),
    ],
}


@pytest.mark.parametrize("files", PLANTED.values(), ids=PLANTED)
def test_planted_contradictions_are_found(tmp_path: Path, files: list[tuple[str, dict[str, Any]]]):
    """Two files, of which one is false: the pair is named, whoever believes them."""
    (lower, _), (upper, _) = files
    for source, changes in files:
        plant(tmp_path, source, **changes)
    report = examine(tmp_path, believe)
    assert report.compared["lower beside upper bounds"] == 1
    pair = [c for c in report.contradictions if Path(upper).name in c and Path(lower).name in c]
    assert len(pair) == 1


def test_a_tournament(tmp_path: Path):
    """Majorities of Copeland's, in the order of the outcome's own names."""
    from adversary.problem.document import read

    source = "copeland-social-choice-sharp-beta1.json"
    lower = plant(tmp_path, source)
    instance = read(lower).instance
    names, worth = dict(enumerate("vwxyz")), instance.average_utility
    contests = [(x, y) if beats(instance, x, y) else (y, x) for x, y in all_pairs(5)]
    assert all(beats(instance, *xy) for xy in contests)
    wins = [sum(first == x for first, _ in contests) for x in range(5)]
    winner, best = wins.index(max(wins)), worth.index(max(worth))
    for other, found in ((best, 1), (winner, 0)):
        outcome = {"beats": [[names[x], names[y]] for x, y in contests],
                   "winner": names[winner], "best": names[other]}  # fmt: skip
        plant(tmp_path, "bounds/copeland-social-choice-beta1.json", "upper.json", claim="1.1",
              alternatives=list(names.values())[::-1], outcome=outcome)  # fmt: skip
        assert examine(tmp_path, believe).compared["lower beside upper bounds"] == found


@pytest.mark.parametrize(
    ("source", "claim", "theorem"),
    [
        ("borda-social-choice-m3-beta4.json", "2.7", "borda-kernel"),
        ("rlhf-kl1-sharp-beta4.json", "14.2", "kl-vertex"),
        ("nlhf-kl1-m3-beta3.json", "1.66", "ghy-thm7"),
        ("rlhf-pairs-path-m5-beta4.json", "5.31", "path-law"),
        ("bounds/borda-social-choice-beta4.json", "2.6", "ghy-thm12"),
        ("bounds/rlhf-vertex-beta4.json", "14", "kl-vertex"),
        ("bounds/copeland-social-choice-beta8.json", "6", "copeland"),
        ("bounds/borda-uniform-m3-beta8.json", "4", "ghy-thm3-loser"),
    ],
)
def test_a_file_that_contradicts_a_theorem(tmp_path: Path, source: str, claim: str, theorem: str):
    """Whichever side it is on."""
    file = plant(tmp_path, source, claim=claim)
    found = [line for line in examine(tmp_path, believe).contradictions if file.name in line]
    assert any(theorem in line for line in found)


def test_what_does_not_meet_is_not_compared(tmp_path: Path):
    """Files that read like a contradiction and are none: about other laws, outcomes, policies."""
    for source in (
        "copeland-cycle-some.json",
        "copeland-cycle-at-most.json",  # of another winner
        "path-best-is-winner.json",  # of no loss
        "path-rising.json",
        "copeland-user-dependent-m3-beta4.json",  # 999999, and at most 2.68 under common laws
        "bounds/copeland-social-choice-beta4.json",
        "rlhf-kl1-pairs-m3-beta4.json",
        "bounds/rlhf-vertex-beta4.json",  # of independent laws
        "bounds/borda-uniform-m3-beta8.json",
        "borda-social-choice-sharp-beta8.json",  # of another law
    ):
        plant(tmp_path, source)
    report = examine(tmp_path, believe)
    assert report.contradictions == []
    assert report.compared["lower beside upper bounds"] == 1  # the cycle beside the kernel


def test_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """How many pairs, what was refused, and the exit status."""
    plant(tmp_path, "nlhf-pairs-sharp-beta4.json")
    assert main(tmp_path) == 0
    out = capsys.readouterr().out
    assert "lower bounds beside theorems: 1 pairs\n" in out
    assert out.endswith("0 contradictions\n")
    false = plant(tmp_path, "nlhf-pairs-sharp-beta4.json", "false.json", claim="3")
    assert main(tmp_path) == 1
    assert f"refused: {false}: " in capsys.readouterr().out
    assert json.loads(false.read_text("utf-8"))["claim"]["distortion_at_least"] == "3"
