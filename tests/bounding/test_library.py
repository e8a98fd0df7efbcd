"""The library of bounds: what is asked for is there, and is proved again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from adversary.bounding.find import bound
from adversary.bounding.library import requests, write
from adversary.certificate import check
from adversary.errors import CertificateError
from adversary.results.catalogue import bounds_markdown

FOLDER = Path(__file__).parent.parent.parent / "instances" / "bounds"
FILES = sorted(FOLDER.glob("*.json"))
REQUESTS = dict(requests())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_is_proved(path: Path) -> None:
    verdict = check(path)
    assert verdict.accepted, verdict.message
    assert verdict.method == REQUESTS[path.stem]["method"]


def test_every_request_has_its_file() -> None:
    assert [path.stem for path in FILES] == sorted(REQUESTS)


def test_table_is_generated_from_the_files() -> None:
    """`python -m adversary.results.catalogue instances` writes it."""
    assert (FOLDER / "README.md").read_text("utf-8") == bounds_markdown(FOLDER)


@pytest.mark.parametrize("name", list(REQUESTS)[:: len(REQUESTS) // 6])
def test_claims_are_those_of_this_version(name: str) -> None:
    claim = check(FOLDER / f"{name}.json").at_most
    assert claim is not None
    assert abs(bound(**REQUESTS[name]).upper_bound / claim - 1) < Fraction(1, 10**6)


def test_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "adversary.bounding.library.requests", lambda: [("a", {"method": "nlhf", "beta": "4"})]
    )
    write(tmp_path)
    assert check(tmp_path / "a.json").accepted


def test_a_refused_file_has_no_place(tmp_path: Path) -> None:
    text = (FOLDER / "nlhf-every-budget-beta4.json").read_text("utf-8")
    lowered = text.replace('"distortion_at_most": "2.07', '"distortion_at_most": "2.06')
    assert lowered != text
    (tmp_path / "false.json").write_text(lowered, "utf-8")
    with pytest.raises(CertificateError, match=r"false\.json"):
        bounds_markdown(tmp_path)
