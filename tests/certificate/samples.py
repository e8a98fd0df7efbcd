"""The accepted files, as JSON objects to change."""

import copy
import json
from pathlib import Path
from typing import Any

from adversary.certificate import Document, lower
from adversary.certificate.reader import load

CHECKER = Path(__file__).parent.parent / "checker"


def sample(name: str) -> dict[str, Any]:
    """A fresh copy of tests/checker/accept/NAME.json."""
    return json.loads((CHECKER / "accept" / f"{name}.json").read_text("utf-8"))


def encode(document: dict[str, Any]) -> bytes:
    """The bytes of a file."""
    return json.dumps(document).encode()


def changed(name: str, path: str, value: Any) -> dict[str, Any]:
    """A sample with one entry replaced; the path has dots and list indices."""
    document = copy.deepcopy(sample(name))
    *way, last = path.split(".")
    place: Any = document
    for key in way:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[int(last) if isinstance(place, list) else last] = value
    return document


def parsed(document: dict[str, Any]) -> Document:
    """What the checker reads."""
    return lower.document(load(encode(document)))
