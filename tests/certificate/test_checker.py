"""Verdicts, bounds and the precision loop."""

from fractions import Fraction

import pytest

from adversary.certificate import Verdict, check, parse, proved_bound
from adversary.certificate.checker import BOUND_CAP, _precisions

from .samples import CHECKER, changed, encode, sample


def test_verdict():
    verdict = check(CHECKER / "accept" / "some-borda-tie-pairs.json")
    message = "borda distortion >= 2 (some policy)"
    assert verdict == Verdict(True, message, "borda", Fraction(2), "some")


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
    assert 10**60 < bound <= BOUND_CAP


def test_nothing_is_proved_by_a_policy_outside_the_ball():
    document = changed("rlhf-alignment-interior", "witness.optimum", ["1", "0", "0"])
    assert proved_bound(encode(document)) is None


def test_bounds_are_rounded_down():
    bound = proved_bound(encode(sample("rlhf-alignment-interior")), 3)
    assert bound == Fraction("1.00")


def test_precisions():
    assert _precisions(parse(encode(sample("borda-social-pairs"))))[-1] == 4096


def test_messages_hold_no_control_characters(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(encode(changed("borda-social-pairs", "alternatives", ["\n", "\udc80", ""])))
    assert check(path).message.isprintable()
