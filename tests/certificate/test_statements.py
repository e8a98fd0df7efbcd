"""What an accepted line says is what is proved, and no two lines contradict each other."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flint import ctx

from adversary.certificate import Verdict, check
from adversary.certificate.model import values

from . import bounds
from .samples import CHECKER, parsed, sample

CYCLE = CHECKER / "bounds" / "accept" / "copeland-cycle-shared-wins.json"
WORSE = CHECKER / "accept" / "some-copeland-cycle-beside-a-bound.json"


def verdict(document: dict[str, Any], folder: Path) -> Verdict:
    """The verdict on a file with this content."""
    path = folder / "file.json"
    path.write_text(json.dumps(document), "utf-8")
    return check(path)


def test_a_cycle_is_no_bound_on_the_method():
    """The file and an instance with these majorities, on which Copeland is worse, are both true."""
    upper, lower = check(CYCLE), check(WORSE)
    assert upper.accepted
    assert lower.accepted
    assert lower.bound is not None
    assert upper.at_most is not None
    assert lower.bound > upper.at_most
    assert upper.message == (
        "copeland U('a') <= 2.074630479 * U('b') (every common law, m = 3, all users with these "
        "majorities); beta = 4, social choice; "
        "no bound on the distortion: others win as often as 'b'"
    )
    it = parsed(sample(WORSE.stem))
    assert upper.scope is not None
    assert (upper.scope.kind, upper.scope.outcome, upper.scope.sole) == (
        "outcome", "majorities", False,
    )  # fmt: skip
    number = {name: x for x, name in enumerate(it.alternatives)}
    with ctx.workprec(256):
        margins = values(it, it.contests)
    for first, second in upper.scope.beats:
        x, y = number[first], number[second]
        assert margins[x, y] >= 0 if x < y else margins[y, x] <= 0
    best, winner = (number[name or ""] for name in (upper.scope.best, upper.scope.winner))
    t = upper.at_most
    assert it.utility[best] * t.denominator <= it.utility[winner] * t.numerator


def test_a_sole_winner_is_a_bound_on_the_method(tmp_path: Path):
    document, _ = bounds.majorities("copeland", "4", [(0, 1), (0, 2), (1, 2)], 0, 2, 3)
    found = verdict(document, tmp_path)
    assert found.scope is not None
    assert found.scope.sole
    assert found.message.endswith(
        "; a bound on the distortion where these are strict and 'c' is the best"
    )


@pytest.mark.parametrize("path", sorted(CHECKER.rglob("accept/*.json")), ids=lambda path: path.stem)
def test_every_line_names_what_the_claim_depends_on(path: Path):
    document, found = json.loads(path.read_text("utf-8")), check(path)
    scope = found.scope
    assert scope is not None
    assert f"; beta = {document['beta']}, {scope.setting.replace('-', ' ')}" in found.message
    assert scope.beta == Fraction(document["beta"])
    m = "every m" if scope.alternatives is None else f"m = {len(scope.alternatives)}"
    assert m in found.message
    assert f"{scope.sampling} law" in found.message or "law on pairs" in found.message
    assert ("distortion <=" in found.message) == (scope.kind == "method")
    assert ("distortion >=" in found.message) == (scope.kind == "instance")
    assert (scope.kind == "outcome") == found.message.split(" ", 1)[1].startswith("U(")
    assert (found.policies is None) == (scope.kind != "instance")
    assert bool(scope.laws) == (not scope.sampling.startswith("every"))


def test_two_names_that_begin_alike_are_told_apart(tmp_path: Path):
    document, _ = bounds.majorities("copeland", "4", [(0, 1), (0, 2), (1, 2)], 0, 2, 3)
    long = {name: "x" * 60 + name for name in "abc"}
    text = json.dumps(document)
    for name, other in long.items():
        text = text.replace(json.dumps(name), json.dumps(other))
    found = verdict(json.loads(text), tmp_path)
    assert f"U('{'x' * 40}'...#2) <= " in found.message
    assert f"* U('{'x' * 40}'...#0) (" in found.message


@pytest.mark.parametrize("text", ["1." + "0" * 99, "0", "1/" + "3" * 99])
def test_a_claim_that_is_not_printed_whole_is_no_claim(text: str, tmp_path: Path):
    document = sample("borda-social-pairs")
    document["claim"]["distortion_at_least"] = text
    assert verdict(document, tmp_path).status == 2
