"""The figure of an instance shows its numbers, for all shapes, without warnings."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from adversary.figures import style as figures
from adversary.figures.instance import draw
from adversary.problem.document import read
from adversary.problem.instance import Instance, Pairs, UserDependent, UserType, uniform
from tests.export.samples import INSTANCES, RLHF, awkward


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() or axes.get_ylabel() for axes in figure.axes]


def bar_heights(axes: Axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]


@pytest.mark.parametrize("path", [INSTANCES[0], INSTANCES[-1], INSTANCES[-2]], ids=lambda p: p.stem)
def test_files_can_be_drawn(path: Path, tmp_path: Path) -> None:
    instance = read(path).instance
    policy = [1.0] + [0.0] * (len(instance.alternatives) - 1)
    with figures.style():
        figures.write(draw(instance, [("rlhf", policy)], "a title"), tmp_path / "f.png")
    assert (tmp_path / "f.png").stat().st_size > 10_000


def test_panels_and_axes() -> None:
    """Weights that span orders of magnitude have a logarithmic axis; the bars are the utilities."""
    figure = draw(read(RLHF).instance, [("rlhf", [0.0, 1.0, 0.0])], "")
    assert titles(figure) == ["utilities", "weight", "average\nutility", "pair law", "reference",
                              "policy\n(rlhf)"]  # fmt: skip
    assert [axes.get_xscale() for axes in figure.axes[:2]] == ["linear", "log"]
    heights = bar_heights(figure.axes[0])
    assert [round(h / heights[-1], 4) for h in heights] == [0, 0.0722, 0.0319, 0.01, 0, 1]


def test_other_laws_are_squares(tmp_path: Path) -> None:
    """A pair that is asked is seen however small its weight."""
    names = ("a", "b", "c")
    users = (UserType(1, (1, 0, 0)), UserType(1, (0, 1, 0)))  # type: ignore[arg-type]
    law = Pairs(((0, 1, 1), (1, 2, "1e-30")))  # type: ignore[arg-type]
    for sampling, title in ((law, "pair law"), (UserDependent((law, law)), "average\npair law")):
        figure = draw(Instance(1, names, users, sampling), [], "")  # type: ignore[arg-type]
        squares = figure.axes[-1]
        assert squares.get_title() == title
        assert len(bar_heights(squares)) == 4
        assert min(bar_heights(squares)) > 0.1


def test_awkward_names_and_numbers(tmp_path: Path) -> None:
    """Dollars are no mathematics, long names are cut, what no float holds is no error."""
    with figures.style():
        figure = draw(read(awkward(tmp_path)).instance, [], "")
        figures.write(figure, tmp_path / "f.svg")
    labels = [label.get_text() for label in figure.axes[3].get_xticklabels()]
    assert labels[1] == r"#1 \$ \ ^~"


def test_many_types_and_alternatives(tmp_path: Path) -> None:
    """The twelve heaviest types, in their order."""
    users = tuple(UserType(k, (1,) * 9) for k in range(1, 21))  # type: ignore[arg-type]
    names = tuple(f"alternative number {x}" for x in range(9))
    figure = draw(Instance(1, names, users, uniform(9)), [], "")  # type: ignore[arg-type]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"type {k}" for k in range(9, 21)]
    with figures.style():
        figures.write(figure, tmp_path / "f.pdf")
