"""Verdicts, bounds and the precision loop."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from flint import arb, fmpq

from adversary.certificate import check, lower
from adversary.certificate.lower import PRECISIONS, certain, precisions
from adversary.certificate.reader import FILE_BYTES
from adversary.certifying.proved import CAP, proved_bound

from .samples import CHECKER, changed, encode, parsed, sample

INSTANCES = Path(__file__).parents[2] / "instances"


def test_verdict():
    verdict = check(CHECKER / "accept" / "some-borda-tie-pairs.json")
    assert verdict.message == (
        "borda distortion >= 2 (some policy); beta = 5, social choice, pairs law, m = 4"
    )
    assert (verdict.accepted, verdict.status, verdict.infinite) == (True, 0, False)
    assert (verdict.method, verdict.bound, verdict.policies) == ("borda", Fraction(2), "some")
    assert verdict.scope is not None
    assert (verdict.scope.kind, verdict.scope.sampling) == ("instance", "pairs")
    assert (verdict.scope.beta, verdict.scope.setting) == (5, "social-choice")
    assert verdict.scope.alternatives == tuple(sample("some-borda-tie-pairs")["alternatives"])


@pytest.mark.parametrize(
    "path", ["", "a\0b", "/nonexistent/file", "/dev/null", "/dev/zero", "/", "\udcff", "x" * 5000]
)
def test_paths_that_are_no_files(path: str):
    verdict = check(path)
    assert not verdict.accepted
    assert verdict.message.startswith("file: ")


def test_the_bound_is_just_below_the_first_that_is_rejected(tmp_path):
    name = "rlhf-alignment-interior-large-distortion"
    proved = proved_bound(encode(sample(name)), 15)
    assert proved is not None
    assert Fraction("1.9212210") < proved < Fraction("1.9212211")
    for bound, accepted in ((proved, True), (proved * (1 + Fraction(1, 10**13)), False)):
        path = tmp_path / "claim.json"
        path.write_bytes(encode(changed(name, "claim.distortion_at_least", str(bound))))
        assert check(path).accepted == accepted


def test_a_bound_that_has_no_end_is_capped():
    assert proved_bound(encode(sample("some-borda-tie-pairs"))) == 2
    document = changed("some-borda-tie-pairs", "users.0.utilities", ["1", "1/2", "0.5", "0"])
    document["users"][0]["utilities"] = ["1", "0", "1", "0"]
    assert proved_bound(encode(document)) == 1
    bound = proved_bound(encode(sample("borda-utility-zero-infinite-distortion")))
    assert bound is not None
    assert bound == CAP


def test_nothing_is_proved_by_a_policy_outside_the_ball():
    document = changed("rlhf-alignment-interior", "witness.optimum", ["1", "0", "0"])
    assert proved_bound(encode(document)) is None


def test_bounds_are_rounded_down():
    bound = proved_bound(encode(sample("rlhf-alignment-interior")), 3)
    assert bound == Fraction("1.00")


def test_precisions():
    assert precisions(parsed(sample("borda-social-pairs"))) == list(PRECISIONS)


def test_messages_hold_no_control_characters(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(encode(changed("borda-social-pairs", "alternatives", ["\n", "\udc80", ""])))
    assert check(path).message.isprintable()


@pytest.mark.parametrize("value", [arb("inf"), arb("nan"), arb("-inf"), arb(0, 1), arb(-1)])
def test_what_is_not_certain(value: arb):
    assert not certain(value)


@pytest.mark.parametrize("value", [arb(0), arb(2, 1), fmpq(0), fmpq(1, 3)])
def test_what_is_certain(value: arb | fmpq):
    assert certain(value)


@pytest.mark.parametrize("error", [RuntimeError("a: fault"), MemoryError(), RecursionError()])
def test_a_fault_of_the_checker_refuses(error: Exception, monkeypatch: pytest.MonkeyPatch):
    def fault(_: object) -> None:
        raise error

    monkeypatch.setattr(lower, "evidence", fault)
    verdict = check(CHECKER / "accept" / "borda-social-pairs.json")
    assert not verdict.accepted
    assert verdict.status == 1
    assert verdict.message.startswith(f"internal error: {type(error).__name__}")


def test_an_infinite_ratio_says_so():
    verdict = check(CHECKER / "accept" / "borda-utility-zero-infinite-distortion.json")
    assert verdict.accepted
    assert verdict.infinite
    assert verdict.message.endswith("; infinite: the utility of these policies is 0")


def test_the_library_claims_of_1e100_are_infinite():
    files = []
    for path in sorted(INSTANCES.glob("*.json")):
        if json.loads(path.read_text("utf-8"))["claim"]["distortion_at_least"] == "1e100":
            files.append(path)
    assert len(files) == 9
    assert all(check(path).infinite for path in files)


def test_a_file_that_is_too_large(tmp_path: Path):
    path = tmp_path / "x.json"
    path.write_bytes(b" " * (FILE_BYTES + 1))
    assert check(path).message == f"file: larger than {FILE_BYTES} bytes"


def test_a_claim_that_is_the_truth_does_not_climb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The best and the worst are the same number, which balls never tell."""
    document = changed("borda-social-pairs", "witness.multiplier", "0")
    document["claim"]["distortion_at_least"] = "1"
    seen, known = [], lower.evidence
    monkeypatch.setattr(lower, "evidence", lambda it: seen.append(it) or known(it))
    path = tmp_path / "x.json"
    path.write_bytes(encode(document))
    check(path)
    assert len(seen) <= 2
