"""The figure of an instance shows its numbers, for all shapes, without warnings."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

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
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == [
        "$10^{-4}$", "$10^{0}$",
    ]  # fmt: skip
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


@pytest.mark.parametrize(("m", "types"), [(3, 2), (8, 12), (16, 16), (32, 32), (2, 64)])
@pytest.mark.parametrize("name", ["a{}", "a rather long name of alternative number {}"])
def test_all_types_are_shown_and_no_labels_overlap(m: int, types: int, name: str) -> None:
    """Also of a law on pairs, whose matrix has the names on two sides."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    names = tuple(name.format(x) for x in range(m))
    users = tuple(UserType(1, tuple(Fraction(k + x, types + m) for x in range(m)))  # type: ignore[arg-type]
                  for k in range(types))  # fmt: skip
    law = Pairs(tuple((x, x + 1, 1) for x in range(m - 1)))  # type: ignore[arg-type]
    with figures.style():
        figure = draw(Instance(1, names, users, law), [], "")  # type: ignore[arg-type]
        FigureCanvasAgg(figure).draw()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"type {k}" for k in range(1, types + 1)]
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            shown = [t for t in axis.get_ticklabels() if t.get_visible() and t.get_text()]
            assert not any(map(_overlap, shown, shown[1:]))


def _overlap(first: Text, second: Text) -> bool:
    """Two texts of the same angle, as seen along it."""
    from matplotlib.transforms import Affine2D

    turn = Affine2D().rotate_deg(-first.get_rotation())
    boxes = []
    for text in (first, second):
        angle, text_mode = text.get_rotation(), text.get_rotation_mode()
        corner = turn.transform(text.get_transform().transform(text.get_position()))
        text.set_rotation(0)
        box = text.get_window_extent()
        text.set_rotation(angle)
        text.set_rotation_mode(text_mode)
        boxes.append((corner, box.width, box.height))
    (one, wide, high), (two, _, _) = boxes
    apart = abs(two - one)
    return apart[0] < 0.8 * wide and apart[1] < 0.8 * high


def test_what_is_left_out_is_said() -> None:
    """The 64 heaviest types, in their order."""
    users = tuple(UserType(k, (1,) * 9) for k in range(1, 1001))  # type: ignore[arg-type]
    names = tuple(f"alternative number {x}" for x in range(9))
    figure = draw(Instance(1, names, users, uniform(9)), [], "title")  # type: ignore[arg-type]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"type {k}" for k in range(937, 1001)]
    assert figure.get_suptitle() == "title\nthe 64 heaviest of 1,000 types"


def test_long_names_stay_apart() -> None:
    """Names that differ in the end alone, and letters that the font lacks."""
    names = (*(f"alternative number {x}" for x in range(3)), "中文")
    figure = draw(Instance(1, names, (UserType(1, (1,) * 4),), uniform(4)), [], "")  # type: ignore[arg-type]
    labels = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert len(set(labels)) == 4
    assert labels[-1] == r"\u4e2d\u6587"


def test_numbers_beyond_floats_are_no_zeros() -> None:
    users = (UserType("1e-4999", (1, 0)), UserType(1, (0, "1e-400")))  # type: ignore[arg-type]
    with figures.style():
        figure = draw(Instance(1, ("a", "b"), users, uniform(2)), [("rlhf", [None, None])], "")  # type: ignore[arg-type]
    ticks = [[t.get_text() for t in axes.get_yticklabels()] for axes in figure.axes[2:]]
    assert ticks[0] == ["$10^{-4999}$", "$10^{-400}$"]
    assert figure.axes[-1].get_ylabel() == "no policy\n(rlhf)"
    shown = [text.get_text() for text in figure.axes[0].texts]
    assert shown == ["1", "1e-400"]
