"""Bounds for every law and m: the constants of the theorems, within 1e-6, proved by the checker."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from adversary.bounding.kernels import prove_kernel
from adversary.bounding.multipliers import SLACK
from adversary.bounding.proving import Draft, Proved
from adversary.certificate.bound import Bound
from adversary.certificate.methods import METHODS
from adversary.theory.formulas import borda_rate, rate

BETAS = ("0.5", "1", "2", "4", "8", "16", "32")


def constant(method: str, setting: str, beta: float) -> float:
    """The distortion that the literature or the project's theorems give."""
    if method in ("maximal-lotteries", "nlhf"):
        return rate(beta)
    if setting == "alignment" and method != "copeland":
        return math.cosh(beta / 2) ** 2
    return borda_rate(beta)


def assert_checked(proved: Proved) -> None:
    """What was said of the document is what the checker's search says."""
    bound = Bound(proved.document)
    proof = bound.examine()
    assert proof.accepted
    assert proof.boxes == proved.boxes
    assert Fraction(bound.written) == proved.upper_bound
    assert bound.text == proved.text


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize(
    ("method", "setting"), [(name, s) for name, record in METHODS.items() for s in record.kernels]
)
def test_the_constants(method: str, setting: str, beta: str) -> None:
    proved = prove_kernel(Draft(Fraction(beta), method, setting))
    excess = float(proved.upper_bound) / constant(method, setting, float(beta)) - 1
    assert 0 < excess <= 1e-6
    assert_checked(proved)


@pytest.mark.parametrize("beta", ["0.01", "100", "256"])
@pytest.mark.parametrize("key", [("borda", "social-choice"), ("nlhf", "alignment"),
                                 ("copeland", "alignment"), ("ipo", "alignment")])  # fmt: skip
def test_extreme_temperatures(key: tuple[str, str], beta: str) -> None:
    proved = prove_kernel(Draft(Fraction(beta), *key))
    assert float(proved.upper_bound) / constant(*key, float(beta)) - 1 <= 1e-6


def test_the_slack_is_what_is_lost() -> None:
    draft = Draft(Fraction(4), "borda", "social-choice")
    for slack in (1e-3, 1e-5, SLACK):
        excess = float(prove_kernel(draft, slack).upper_bound) / borda_rate(4) - 1
        assert 0.1 * slack < excess < 1.1 * slack
