"""Parquet: the rows of CSV with their types. Needs the extra `export` (pyarrow)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from adversary.errors import InputError
from adversary.exact import to_float
from adversary.export.format import Format
from adversary.export.rows import COLUMNS, row
from adversary.export.source import Item
from adversary.figures.numbers import float_below, is_double, plain


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
    numbers = {n: to_float(v) for n, v in values.items() if isinstance(v, Fraction)}
    if isinstance(bound, Fraction):
        numbers["certified_bound"] = float_below(bound)
    return values | numbers


def _doubles(item: Item, alone: bool) -> None:
    """Refuse a temperature or a budget that a double does not hold."""
    instance = item.document.instance
    numbers = {"beta": instance.beta}
    if instance.reference is not None:
        numbers["kl_budget"] = instance.reference.kl_budget
    for name, value in numbers.items():
        if not is_double(value):
            raise item.wrong(f"a {name} in the range of doubles, not {plain(value)}; csv has any")


FORMAT = Format(
    "parquet", "the rows of csv with types (pyarrow)", write, text=False, holds=_doubles
)
