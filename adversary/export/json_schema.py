"""The JSON Schema of instance files."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from adversary.export.format import Format
from adversary.export.source import Item


def write(items: Sequence[Item]) -> str:
    """Return the schema that comes with the package."""
    return files("adversary").joinpath("instance.schema.json").read_text("utf-8")


FORMAT = Format("json-schema", "the JSON Schema of instance files; takes no file", write, "none")
