"""CSV and Parquet: one row for each file, with the checker's verdict."""

from __future__ import annotations

import csv
import io
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from adversary.certificate import check
from adversary.errors import InputError
from adversary.export import csv_table, parquet
from adversary.export.rows import COLUMNS
from adversary.export.source import load
from tests.export.samples import ALL, INSTANCES, RLHF, awkward, with_claim


def rows(paths: list[Path]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_table.write(load(paths)))))


def test_a_directory_has_a_row_for_each_file() -> None:
    found = rows([INSTANCES[0].parent])
    assert [row["file"] for row in found] == [str(path) for path in ALL]
    for row in found:
        assert set(row) == set(COLUMNS)
        assert row["accepted"] == "True"
        bound = check(row["file"]).bound
        assert bound is not None
        if bound >= 10**100:  # a policy of utility 0
            assert row["certified_bound"] == "inf"
            continue
        assert bound * (1 - Fraction(1, 10**12)) <= Fraction(row["certified_bound"]) <= bound


def test_values() -> None:
    [row] = rows([RLHF])
    expected = {"method": "rlhf", "setting": "alignment", "law": "independent", "beta": "8.0",
                "m": "3", "users": "2", "kl_budget": "37.4", "certified_bound": "706.997084548",
                "policies": "every", "strategy": "gradient", "seed": "0"}  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert float(row["theory_lower"]) == pytest.approx(745.7395806)


def test_what_is_not_certified_has_no_bound(tmp_path: Path) -> None:
    raised, bare = rows([with_claim(RLHF, "1e6", tmp_path), awkward(tmp_path)])
    assert (raised["certified_bound"], raised["accepted"]) == ("", "False")
    assert (bare["certified_bound"], bare["accepted"], bare["method"]) == ("", "", "")


def test_parquet_has_the_same_rows_with_types(tmp_path: Path) -> None:
    import pyarrow.parquet

    paths = [*INSTANCES, awkward(tmp_path)]
    table = pyarrow.parquet.read_table(io.BytesIO(parquet.write(load(paths))))
    assert table.column_names == list(COLUMNS)
    for typed, spelled in zip(table.to_pylist(), rows(paths), strict=True):
        assert typed["file"] == spelled["file"]
        assert typed["m"] == int(spelled["m"])
        bound = check(typed["file"]).bound
        if bound is None:
            assert typed["certified_bound"] is None
        else:
            assert bound * (1 - Fraction(1, 2**51)) <= Fraction(typed["certified_bound"]) <= bound


def test_parquet_without_pyarrow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'distortion-adversary\[export\]'"):
        parquet.write(load([RLHF]))
