"""Whether a certified lower bound is infinite: the one place that says so."""

from __future__ import annotations

import os
import tempfile

from adversary import files
from adversary.certificate import Verdict, check
from adversary.certificate.checker import BOUND_CAP


def infinite(verdict: Verdict) -> bool:
    """Return whether a file proves that the policies it is about have utility 0.

    A certificate of that claims what the checker names at most.
    """
    largest = verdict.bound is not None and verdict.bound >= BOUND_CAP
    return verdict.accepted and (verdict.infinite or largest)


def proves_infinite(content: str) -> bool:
    """Return the same of a certificate's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "certificate.json")
        files.write_text(content, path)
        return infinite(check(path))
