"""CSV: a row for each file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import ROUND_FLOOR
from fractions import Fraction
from typing import Any

from adversary.export.format import Format
from adversary.export.rows import COLUMNS, row
from adversary.export.source import Item
from adversary.figures.numbers import plain, short


def write(items: Sequence[Item]) -> str:
    """Return a header and a row for each file; what is not known is empty.

    Numbers have any exponent; certified bounds are decimals of at most 15 digits, rounded down.
    An infinite ratio is `inf`.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    for item in items:
        writer.writerow({name: _spelled(name, value) for name, value in row(item).items()})
    return out.getvalue()


def _spelled(name: str, value: Any) -> Any:
    if not isinstance(value, Fraction):
        return value
    return plain(value, 15, ROUND_FLOOR) if name == "certified_bound" else short(value)


FORMAT = Format("csv", "a row for each file of a sweep", write)
