"""Certificates and instances in other formats, one file for each format.

Every module of this package with a `FORMAT` is found by itself. Exports read files, and never
search.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from adversary.errors import InputError
from adversary.export.format import Format
from adversary.export.source import load

__all__ = ["Format", "by_name", "export", "formats"]


@cache
def formats() -> dict[str, Format]:
    """Return all formats by name."""
    modules = [import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    found = [m.FORMAT for m in modules if hasattr(m, "FORMAT")]
    return {form.name: form for form in sorted(found, key=lambda form: form.name)}


def by_name(name: str) -> Format:
    """Return a format by name. Raises InputError."""
    if name not in formats():
        raise InputError("to", name, ", ".join(formats()))
    return formats()[name]


def export(paths: Sequence[Path], form: Format) -> str | bytes:
    """Return files (or all `*.json` of directories) in a format. Raises InputError."""
    if form.takes == "none":
        if paths:
            raise InputError("file", str(paths[0]), f"no file for {form.name}")
        return form.write([])
    if not paths:
        raise InputError("file", "nothing", f"a file to export to {form.name}")
    items = load(paths)
    if form.takes == "one" and len(items) > 1:
        raise InputError("file", f"{len(items)} files", f"one file for {form.name}")
    return form.write(items)
