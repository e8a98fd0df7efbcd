"""Prints the lowest declared version of each dependency, one pin a line, for pip.

    pip install -e '.[test]' --constraint <(python tests/lowest.py)

PyTorch is left at its newest: the index has older builds for graphics cards only, of gigabytes.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_FLOOR = re.compile(r"([a-z0-9-]+)>=([0-9.]+)")
_LEFT = ("torch", "pyright", "ruff")  # the last two check the code and never run with it


def pins() -> list[str]:
    """Return 'name==version' for what the project and its tests declare. Raises ValueError."""
    declared = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    found = []
    for requirement in declared["dependencies"] + declared["optional-dependencies"]["test"]:
        match = _FLOOR.match(requirement)
        if match is None:
            raise ValueError(f"{requirement}: expected a lowest version, as in name>=1.2")
        if match[1] not in _LEFT:
            found.append(f"{match[1]}=={match[2]}")
    return found


if __name__ == "__main__":
    print("\n".join(pins()))  # noqa: T201
