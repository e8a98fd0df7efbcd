"""What the package says of itself: its name, its version, the lowest versions it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import adversary
from tests.lowest import pins

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_one_version() -> None:
    """The citation and the README cite the version that this is."""
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.M)
    shown = re.search(r"version = \{(\S+)\}", (ROOT / "README.md").read_text("utf-8"))
    assert cited is not None
    assert shown is not None
    assert cited[1] == shown[1] == adversary.__version__


def test_no_line_installs_a_foreign_project() -> None:
    """The index has another project of the name `adversary`: no line may send people there."""
    assert PROJECT["name"] != "adversary"
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "notebooks").glob("*.ipynb")]
    files += (ROOT / "adversary").rglob("*.py")
    for path in files:
        lines = re.findall(r"pip install[^\n&`]*", path.read_text("utf-8"))
        assert [line for line in lines if re.search(r"(?<![-/])\badversary\b", line)] == []


def test_messages_name_extras_that_exist() -> None:
    """An extra that a message asks for is one that is declared."""
    text = "".join(p.read_text("utf-8") for p in (ROOT / "adversary").rglob("*.py"))
    named = re.findall(rf"{PROJECT['name']}\[(\w+)\]", text)
    assert named
    assert set(named) <= set(PROJECT["optional-dependencies"])


def test_every_dependency_has_a_floor() -> None:
    """Continuous integration installs the lowest versions, so each must be declared."""
    assert len(pins()) >= len(PROJECT["dependencies"]) - 1


def test_contributors_see_every_room() -> None:
    """The tree of CONTRIBUTING.md names each package."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rooms = [p.parent.name for p in (ROOT / "adversary").glob("*/__init__.py")]
    assert [room for room in rooms if f"\n{room}/ " not in text] == []
