"""CSV: a row for each file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import ROUND_FLOOR
from typing import Any

from adversary.exact import rounded
from adversary.export.format import Format
from adversary.export.rows import COLUMNS, row
from adversary.export.source import Item


def write(items: Sequence[Item]) -> str:
    """Return a header and a row for each file; what is not known is empty.

    Certified bounds are decimals of at most 15 digits, rounded down.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_spelled(row(item)) for item in items)
    return out.getvalue()


def _spelled(values: dict[str, Any]) -> dict[str, Any]:
    bound = values["certified_bound"]
    return values | {"certified_bound": bound and rounded(bound, 15, ROUND_FLOOR)}


FORMAT = Format("csv", "a row for each file of a sweep", write)
