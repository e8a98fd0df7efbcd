"""Where a certified ratio is infinite."""

from __future__ import annotations

from adversary.certificate import Verdict
from adversary.certificate.checker import BOUND_CAP


def is_infinite(verdict: Verdict | None) -> bool:
    """Return whether a claim is accepted for policies of utility 0.

    So is a claim of 10^100 and more, the largest bound that the checker names: files that hold
    such policies claim it.
    """
    if verdict is None or not verdict.accepted or verdict.bound is None:
        return False
    return verdict.infinite or verdict.bound >= BOUND_CAP
