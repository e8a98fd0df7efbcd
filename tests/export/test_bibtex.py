"""Entries for the sources of the theorems that apply, and for the software."""

from __future__ import annotations

import re
from pathlib import Path

from adversary.export import bibtex
from adversary.export.source import load
from adversary.version import __version__
from tests.export.samples import PAIRS, RLHF, awkward

ENTRY = re.compile(r"@(\w+)\{(\w+),\n((?:  \w+ = \{.*\},?\n)+)\}\n")


def entries(path: Path) -> dict[str, tuple[str, str]]:
    text = bibtex.write(load([path]))
    found = {key: (kind, body) for kind, key, body in ENTRY.findall(text)}
    rest = ENTRY.sub("", text)
    assert all(not line or line.startswith("% ") for line in rest.splitlines()), rest
    return found


def test_the_sources_of_an_instance() -> None:
    found = entries(PAIRS)
    kind, paper = found["goelz2025distortion"]
    assert kind == "inproceedings"
    assert "author = {Paul Gölz and Nika Haghtalab and Kunhe Yang}" in paper
    assert "eprint = {2505.23749}" in paper
    assert "Theorem 9 (ghy-thm9)" in bibtex.write(load([PAIRS]))
    assert list(found)[-1] == "adversary"


def test_our_own_theorems_are_named_at_the_software() -> None:
    assert "(kl-vertex)" in bibtex.write(load([RLHF])).split("@misc{adversary")[0]


def test_the_software_is_always_there(tmp_path: Path) -> None:
    """Also for an instance that names no method, to which no theorem applies."""
    found = entries(awkward(tmp_path))
    assert list(found) == ["adversary"]
    assert f"version {__version__}" in found["adversary"][1]
