"""The style that all figures share: sizes for a two-column paper, colours, formats, writing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversary import files
from adversary.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.4, 7.0
"""Widths in inches."""
FORMATS = (".pdf", ".png", ".svg")
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
"""Okabe and Ito's colours, told apart also by the colour-blind."""
BELOW_INFINITE = (0.0, 0.82)
"""The upper left corner of a legend that leaves room for `mark_infinite`."""
FONT = "DejaVu Sans"
"""The font that comes with matplotlib: the same figure everywhere."""
_STYLE: dict[Any, Any] = {
    "font.family": FONT,
    "text.usetex": False,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "adversary",
}
_UNDATED = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


@contextmanager
def style() -> Iterator[None]:
    """Draw and write figures inside this context."""
    from matplotlib import rc_context

    with rc_context(_STYLE):
        yield


def mark_infinite(
    axes: Axes, x: float, colour: str, certified: bool = True, before: int = 0
) -> None:
    """Draw an arrow to the top edge, labelled ∞, beside as many as stand there `before` it."""
    from matplotlib.transforms import ScaledTranslation

    aside = ScaledTranslation(0.1 * before, 0, axes.figure.dpi_scale_trans)  # inches
    edge = axes.get_xaxis_transform() + aside
    arrow = {"arrowstyle": "-|>" if certified else "->", "color": colour, "linewidth": 0.8}
    axes.annotate("∞", (x, 1), (x, 0.88), xycoords=edge, textcoords=edge, color=colour,
                  ha="center", va="top", fontsize=8,
                  arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0})  # fmt: skip


def check_format(path: Path) -> None:
    """Refuse, before any work, a file that no figure can be written to. Raises InputError."""
    if path.suffix not in FORMATS:
        raise InputError("figure", str(path), f"a file that ends in {', '.join(FORMATS)}")


def write(figure: Figure, path: Path) -> None:
    """Write a figure atomically, in the format that the file's ending names; the same bytes always.

    Raises InputError where the file cannot be written.
    """
    check_format(path)
    content = io.BytesIO()
    about = _UNDATED.get(path.suffix)
    figure.savefig(content, format=path.suffix[1:], dpi=300, bbox_inches="tight", metadata=about)
    files.write_bytes(content.getvalue(), path)
