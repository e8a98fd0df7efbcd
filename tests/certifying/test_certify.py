"""The completer: what it refuses and why, what it writes, and how readable that is."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import pytest

from adversary import certificate
from adversary.certifying.certify import RULES, Certificate, certify
from adversary.certifying.proved import proved_bound
from adversary.errors import CertificateError, InputError
from adversary.interface.method import Method, Outcome, by_name
from adversary.interface.preferences import Preferences
from adversary.problem.document import read, to_json
from adversary.problem.instance import (
    Independent,
    Instance,
    Pairs,
    Reference,
    UserDependent,
    UserType,
    uniform,
)
from adversary.theory import ghy_thm12


def instance(reference: Reference | None = None, law: object = None) -> Instance:
    """Three alternatives, two types."""
    users = (UserType(2, ("0", "1/2", "1")), UserType(3, ("1", "3/4", "1/5")))  # type: ignore[arg-type]
    return Instance(4, ("a", "b", "c"), users, law or uniform(3), reference)  # type: ignore[arg-type]


BALL = Reference((1, 2, 1), "1/5")  # type: ignore[arg-type]


class Plugged(Method):
    """A plug-in without a rule."""

    name: ClassVar[str] = "plugged"

    def solve(self, preferences: Preferences) -> Outcome:
        """Return the reference."""
        return Outcome.of(preferences.log_reference.exp())


def test_the_rules_are_the_methods_of_the_checker():
    assert set(RULES) == set(certificate.METHODS)


def test_a_plug_in_without_a_rule_is_told_why():
    with pytest.raises(CertificateError, match=r"no rule for 'plugged'.*borda, copeland, dpo"):
        certify(instance(), Plugged())


def test_a_disconnected_law_is_told_why():
    with pytest.raises(CertificateError, match="not connected"):
        certify(instance(law=Pairs(((0, 1, Fraction(1)),))), by_name("rlhf"))
    reference = Reference((Fraction(1), Fraction(1), Fraction(0)), Fraction(1, 5))
    law = Pairs(((0, 1, Fraction(1)),))  # connects all that the reference supports
    assert certify(instance(reference, law), by_name("rlhf")).lower_bound > Fraction(99, 100)


def test_no_utility_no_distortion():
    users = (UserType(1, (0, 0, 1)),)  # type: ignore[arg-type]
    reference = Reference((1, 1, 0), 1)  # type: ignore[arg-type]
    worthless = Instance(1, ("a", "b", "c"), users, uniform(3), reference)  # type: ignore[arg-type]
    with pytest.raises(CertificateError, match="utility 0"):
        certify(worthless, by_name("borda"))


def test_policies_are_every_or_some():
    with pytest.raises(InputError, match="policies"):
        certify(instance(), by_name("borda"), "all")


@pytest.mark.parametrize("method", RULES)
@pytest.mark.parametrize("reference", [None, BALL])
@pytest.mark.parametrize("policies", ["every", "some"])
def test_the_written_file_is_accepted(
    method: str, reference: Reference | None, policies: str, tmp_path: Path
):
    path = tmp_path / "found.json"
    made = certify(instance(reference), by_name(method), policies, {"seed": 1, "note": "é"})
    made.save(path)
    verdict = certificate.check(path)
    assert verdict.accepted, verdict.message
    assert (verdict.method, verdict.policies) == (method, policies)
    assert verdict.bound == made.lower_bound
    content = read(path)
    assert content.instance == made.instance == instance(reference)
    assert content.provenance == {"seed": 1, "note": "é"}
    assert list(tmp_path.iterdir()) == [path]


def refused() -> Certificate:
    """A certificate with a raised claim."""
    made = certify(instance(), by_name("borda"))
    claim = {"distortion_at_least": "17", "policies": "every"}
    content = type(made.document)(made.instance, made.document.method, claim, made.document.witness)
    return Certificate(content, Fraction(17), "every")


def test_a_refused_file_is_not_written(tmp_path: Path):
    path = tmp_path / "found.json"
    with pytest.raises(CertificateError, match="the checker refuses"):
        refused().save(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("before")
    with pytest.raises(CertificateError):
        refused().save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_place_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="a directory that exists"):
        certify(instance(), by_name("borda")).save(tmp_path / "nowhere" / "found.json")


@pytest.mark.parametrize("method", RULES)
def test_claims_are_rounded_down_to_12_digits(method: str):
    made = certify(instance(BALL), by_name(method))
    content = json.dumps(to_dict(made)).encode()
    proved = proved_bound(content, 30)
    assert proved is not None
    assert made.lower_bound <= proved
    assert made.lower_bound > proved * (1 - Fraction(1, 10**10))
    digits = (made.document.claim or {})["distortion_at_least"].replace(".", "").lstrip("0")
    assert len(digits) <= 12


def to_dict(made: Certificate) -> dict[str, object]:
    """The certificate as a JSON object."""
    return json.loads(to_json(made.document))


@pytest.mark.parametrize("method", RULES)
def test_a_vertex_has_a_short_witness(method: str):
    witness = certify(instance(), by_name(method)).document.witness or {}
    role = "opponent" if method in ("maximal-lotteries", "nlhf") else "anchor"
    assert sorted(witness[role]) == ["0", "0", "1"]
    assert len(witness["multiplier"]) <= 6
    assert all(len(r) <= 21 for r in witness.get("reward", []))


@pytest.mark.parametrize("method", ["rlhf", "nlhf", "ipo"])
def test_an_interior_policy_has_a_witness_of_bounded_length(method: str):
    reference = Reference((1, 2, 1), "1/100")  # type: ignore[arg-type]
    witness = certify(instance(reference), by_name(method)).document.witness or {}
    texts = [t for v in witness.values() for t in (v if isinstance(v, list) else [v])]
    texts = [t["temperature"] if isinstance(t, dict) else t for t in texts]
    assert max(len(t) for t in texts) <= 60
    assert witness["smoothing"].startswith("1")


def test_infinite_distortion_is_claimed_as_the_largest_bound():
    users = (UserType(1, (1, 0)),)  # type: ignore[arg-type]
    law = UserDependent((Independent((0, 1)),))  # type: ignore[arg-type]
    nobody_saw_a = Instance(1, ("a", "b"), users, law)  # type: ignore[arg-type]
    made = certify(nobody_saw_a, by_name("borda"))
    assert made.lower_bound == 10**100


def test_a_tie_in_floats_is_decided_exactly():
    near = ghy_thm12.instance("8", "1e-12", None, None, 3)
    made = certify(near, by_name("rlhf"))
    best, worst = near.average_utility[0], near.average_utility[2]
    assert made.lower_bound == pytest.approx(best / worst, rel=1e-10)


def test_some_claims_of_a_tie_are_larger():
    users = (UserType(1, ("1", "1/2")), UserType(1, ("1/4", "3/4")))  # type: ignore[arg-type]
    law = UserDependent((Pairs(((0, 1, Fraction(1)),)), Pairs(((0, 1, Fraction(1)),))))
    tied = Instance(4, ("a", "b"), users, law)  # type: ignore[arg-type]
    same = [certify(tied, by_name("maximal-lotteries"), p).lower_bound for p in ("every", "some")]
    assert max(same) < 1 + Fraction(1, 10**9)  # equal differences: equal utilities
    never = UserDependent((Independent((1, 0)), Independent((0, 1))))  # type: ignore[arg-type]
    tied = Instance(4, ("a", "b"), (users[0],) * 2, never)  # type: ignore[arg-type]
    every, some = (
        certify(tied, by_name("maximal-lotteries"), p).lower_bound for p in ("every", "some")
    )
    assert every == pytest.approx(1, abs=1e-9)
    assert some == pytest.approx(2, abs=1e-9)
