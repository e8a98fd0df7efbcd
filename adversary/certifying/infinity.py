"""Whether a certified lower bound is infinite: the one place that says so."""

from __future__ import annotations

import os
import tempfile

from adversary import files
from adversary.certificate import Verdict, check


def infinite(verdict: Verdict) -> bool:
    """Return whether a file proves that the policies it is about have utility 0."""
    return verdict.accepted and verdict.infinite


def proves_infinite(content: str) -> bool:
    """Return the same of a certificate's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "certificate.json")
        files.write_text(content, path)
        return infinite(check(path))
