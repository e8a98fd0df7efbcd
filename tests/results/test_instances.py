"""The library of instances: every claim is proved again, and the table is that of the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from adversary.certificate import check
from adversary.errors import CertificateError
from adversary.problem.document import read
from adversary.results.catalogue import markdown

FOLDER = Path(__file__).parents[2] / "instances"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_is_proved(path: Path):
    verdict = check(path)
    assert verdict.accepted, verdict.message


def test_table_is_generated_from_the_files():
    """`python -m adversary.results.catalogue instances` writes it."""
    assert (FOLDER / "README.md").read_text("utf-8") == markdown(FOLDER)


def test_every_method_and_setting_is_there():
    found = set()
    for path in FILES:
        document = read(path)
        found.add(((document.method or {})["name"], document.instance.reference is None))
    methods = ("borda", "copeland", "dpo", "ipo", "maximal-lotteries", "nlhf", "rlhf")
    assert found >= {(method, social) for method in methods for social in (True, False)}


def test_a_refused_file_has_no_place(tmp_path: Path):
    """A claim raised by a tenth is not tabulated."""
    text = (
        FILES[0].read_text("utf-8").replace('"distortion_at_least": "', '"distortion_at_least": "9')
    )
    (tmp_path / "false.json").write_text(text, "utf-8")
    with pytest.raises(CertificateError, match=r"false\.json"):
        markdown(tmp_path)
