"""Parquet: the rows of CSV with their types. Needs the extra `export` (pyarrow)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from adversary.errors import InputError
from adversary.export.format import Format
from adversary.export.rows import COLUMNS, row
from adversary.export.source import Item
from adversary.figures.numbers import float_below


def write(items: Sequence[Item]) -> bytes:
    """Return the content of a Parquet file; certified bounds are doubles, rounded down.

    Raises InputError where pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        expected = "another format, or pyarrow: pip install 'distortion-adversary[export]'"
        raise InputError("to", "parquet", expected) from None
    types = {str: "string", float: "float64", int: "int64", bool: "bool", Fraction: "float64"}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    out = io.BytesIO()
    rows = [_typed(row(item)) for item in items]
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema), out)
    return out.getvalue()


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    bound = values["certified_bound"]
    return values | {"certified_bound": bound and float_below(bound)}


FORMAT = Format("parquet", "the rows of csv with types (pyarrow)", write, text=False)
