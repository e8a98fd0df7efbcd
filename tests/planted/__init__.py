"""False files beside the library, and a checker that believes them.

The checker rejects such files, or may come to reject them. What compares accepted files must not
rely on it: whoever finds a fault of the checker must not find a second one here.
"""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

from adversary.certificate import Verdict

HERE = Path(__file__).parent
LIBRARY = HERE.parents[1] / "instances"


def believe(file: Path) -> Verdict:
    """Accept whatever a file claims; a claim of 1e100 is one of infinity."""
    raw = json.loads(Path(file).read_text("utf-8"))
    method, claim = raw["method"]["name"], raw["claim"]
    if "distortion_at_most" in claim:
        return Verdict(True, "", method, at_most=Fraction(claim["distortion_at_most"]))
    bound = Fraction(claim["distortion_at_least"])
    return Verdict(True, "", method, bound, claim["policies"], infinite=bound >= 10**100)


def plant(folder: Path, source: str, name: str | None = None, **changes: Any) -> Path:
    """Copy a file of the library, or of this folder, with other fields; 'claim' is the number."""
    origin = next(p for p in (HERE / source, LIBRARY / source) if p.exists())
    raw = json.loads(origin.read_text("utf-8"))
    claim = changes.pop("claim", None)
    if claim is not None:
        number = "distortion_at_most" if "cases" in raw else "distortion_at_least"
        raw["claim"][number] = claim
    raw |= changes
    target = folder / (name or Path(source).name)
    target.write_text(json.dumps(raw), "utf-8")
    return target


def copy(folder: Path, *sources: str) -> None:
    """Copy files of the library."""
    for source in sources:
        shutil.copy(LIBRARY / source, folder / Path(source).name)
