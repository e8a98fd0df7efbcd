"""What an export format is, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from adversary.export.source import Item


def anything(item: Item, alone: bool) -> None:
    """Hold every instance, whatever it claims."""


def proved(item: Item, alone: bool) -> None:
    """Hold what makes no claim, or one that it proves."""
    item.must_be_accepted()


@dataclass(frozen=True)
class Format:
    """A format that files are written in: text, or bytes where it is no text."""

    name: str
    summary: str
    write: Callable[[Sequence[Item]], str | bytes]
    takes: Literal["none", "one", "several"] = "several"
    """How many files one export can hold."""
    text: bool = True
    holds: Callable[[Item, bool], object] = anything
    """Raises InputError or CertificateError where it cannot hold a file, alone or with others."""
