"""Figures are written atomically, the same bytes each time, in the format that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from adversary.errors import InputError
from adversary.figures import style as figures

STARTS = {".pdf": b"%PDF", ".png": b"\x89PNG", ".svg": b"<?xml"}


def a_figure() -> Figure:
    figure = Figure(figsize=(figures.COLUMN, 1))
    figure.subplots().plot([0, 1], color=figures.COLOURS[0])
    return figure


@pytest.mark.parametrize("ending", figures.FORMATS)
def test_formats(ending: str, tmp_path: Path) -> None:
    path, again = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    for file in (path, again):
        with figures.style():
            figures.write(a_figure(), file)
    assert path.read_bytes().startswith(STARTS[ending])
    assert path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("name", ["f.gif", "f", "f.PDF"])
def test_other_formats_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"figure: .* expected a file that ends in \.pdf"):
        figures.write(a_figure(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a directory that exists"):
        figures.write(a_figure(), tmp_path / "no" / "f.png")
