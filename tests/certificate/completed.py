"""Documents as instances, and instances completed into certificates, for tests."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from adversary.certifying.certify import Certificate, certify
from adversary.interface.method import by_name
from adversary.problem.document import read, to_json
from adversary.problem.instance import Instance


def instance_of(document: dict[str, Any]) -> Instance:
    """The instance of a document."""
    parts = {k: v for k, v in document.items() if k not in ("claim", "witness")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "instance.json"
        path.write_text(json.dumps(parts), "utf-8")
        return read(path).instance


def complete(document: dict[str, Any], policies: str = "every") -> Certificate:
    """The certificate for the document's method."""
    return certify(instance_of(document), by_name(document["method"]["name"]), policies)


def completed(document: dict[str, Any], policies: str = "every") -> dict[str, Any]:
    """The same as a JSON object."""
    return json.loads(to_json(complete(document, policies).document))
