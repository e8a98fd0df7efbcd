"""Certificates and instances in other formats, one file for each format.

Every module of this package with a `FORMAT` is found by itself. Exports read files, and never
search.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from adversary.errors import CertificateError, InputError
from adversary.export.format import Format
from adversary.export.source import Item, expanded, item

__all__ = ["Export", "Format", "by_name", "export", "formats"]


@dataclass(frozen=True)
class Export:
    """The content of a file in another format."""

    content: str | bytes
    left: tuple[str, ...] = ()
    """Why files of a directory have been left out: a line for each, which names it."""


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


def export(paths: Sequence[Path], form: Format) -> Export:
    """Return files (or all `*.json` of directories) in a format.

    A file of a directory that cannot be read, or not be held, is left out. Raises InputError or
    CertificateError where that is so of a file that `paths` names, or of all files.
    """
    if form.takes == "none":
        if paths:
            raise InputError("file", str(paths[0]), f"no file for {form.name}")
        return Export(form.write([]))
    if not paths:
        raise InputError("file", "nothing", f"a file to export to {form.name}")
    candidates = expanded(paths)
    items: list[Item] = []
    left: list[str] = []
    for path, named in candidates:
        try:
            found = item(path)
            form.holds(found, len(candidates) == 1)
        except (InputError, CertificateError) as error:
            if named:
                raise
            left.append(str(error))
        else:
            items.append(found)
    if not items:
        raise InputError("file", str(paths[0]), f"a file that {form.name} can hold ({left[0]})")
    if form.takes == "one" and len(items) > 1:
        raise InputError("file", f"{len(items)} files", f"one file for {form.name}")
    return Export(form.write(items), tuple(left))
