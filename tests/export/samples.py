"""Files that the exports are tested on."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ALL = sorted((ROOT / "instances").glob("*.json"))
CHECKER = ROOT / "tests" / "checker"
RLHF = ROOT / "instances" / "rlhf-kl-free-beta8.json"
PAIRS = ROOT / "instances" / "rlhf-social-choice-pairs-m5-beta4.json"
AWKWARD_NAMES = ("a_b & 50% {x}", "#1 $ \\ ^~", '<c>|"d" -- it\'s')
AWKWARD = {
    "format": "adversary-instance/1",
    "beta": "8",
    "alternatives": AWKWARD_NAMES,
    "users": [
        {"weight": "1e-400", "utilities": ["0", "1/2", "1"]},
        {"weight": "2/3", "utilities": ["1", "0.25", "123456/1234567"]},
    ],
    "sampling": {
        "kind": "user-dependent",
        "laws": [
            {"kind": "independent", "weights": ["1/3", "1/3", "1/3"]},
            {
                "kind": "pairs",
                "weights": [[*AWKWARD_NAMES[:2], "1e-12"], [*AWKWARD_NAMES[1:], "1"]],
            },
        ],
    },
    "reference": {"weights": ["1/2", "1e-400", "0"], "kl_budget": "1/10"},
}


def _one_of_each() -> list[Path]:
    """Return a small file for each method, setting and kind of law."""
    found: dict[tuple[str, bool, str], Path] = {}
    for path in ALL:
        content = json.loads(path.read_text("utf-8"))
        bound = Fraction(content["claim"]["distortion_at_least"])
        if len(content["alternatives"]) <= 5 and bound < 10**6:
            key = content["method"]["name"], content["reference"] is None, content["sampling"]
            found.setdefault((key[0], key[1], key[2]["kind"]), path)
    return list(found.values())


INSTANCES = _one_of_each()


def awkward(folder: Path) -> Path:
    """Write an instance with special characters in its names and numbers below all floats."""
    path = folder / "awkward.json"
    path.write_text(json.dumps(AWKWARD))
    return path


def with_claim(path: Path, bound: str, folder: Path) -> Path:
    """Write a certificate with another claim."""
    content = json.loads(path.read_text("utf-8"))
    content["claim"]["distortion_at_least"] = bound
    changed = folder / f"changed-{path.name}"
    changed.write_text(json.dumps(content))
    return changed
