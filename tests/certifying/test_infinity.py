"""An infinite ratio is told from a large one in one place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from adversary.certificate import Verdict, check
from adversary.certifying.certify import certify
from adversary.certifying.infinity import infinite, proves_infinite
from adversary.interface.method import by_name
from adversary.theory import kl_path, kl_vertex
from adversary.theory.verdicts import compare

INSTANCES = Path(__file__).parents[2] / "instances"
LARGE = Fraction(10) ** 100


@pytest.mark.parametrize("path", sorted(INSTANCES.glob("*.json")), ids=lambda p: p.stem)
def test_the_library(path: Path) -> None:
    """Its certificates of a utility of 0 are those named so, and some that searches found."""
    if "infinite" in path.name:
        assert infinite(check(path))
        assert proves_infinite(path.read_text("utf-8"))
    elif "pairs" not in path.name:
        assert not infinite(check(path))


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict(True, "", "rlhf", Fraction(2), "every"), False),
        (Verdict(True, "", "rlhf", Fraction(2), "every", infinite=True), True),
        (Verdict(False, "", "rlhf", LARGE, "every"), False),
        (Verdict(True, "", "rlhf", at_most=LARGE), False),
        (Verdict(False, ""), False),
    ],
)
def test_verdicts(verdict: Verdict, expected: bool) -> None:
    """The proof counts, not the claim; what is refused proves nothing."""
    assert infinite(verdict) == expected


def test_certificates() -> None:
    """A certificate knows it without a file, and so does the verdict on an infinite theorem."""
    made = certify(kl_path.instance(2), by_name("rlhf"))
    assert made.infinite
    claim = made.instance, "rlhf", made.lower_bound, made.policies
    told = {c.theorem.key: str(c.verdict) for c in compare(*claim, made.infinite)}
    assert told["kl-path"] == "reached"
    assert {c.share for c in compare(*claim, True)} <= {1.0, float("inf")}
    large = certify(kl_vertex.instance(8, "1/1000", "1e-8"), by_name("rlhf"))
    assert not large.infinite
