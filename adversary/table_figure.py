"""The figure of lower and upper bounds against β, from certificates only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adversary import figures
from adversary.exact import to_float
from adversary.table import Row, Side

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CURVES = (
    ("rlhf", "alignment", "independent", "RLHF, DPO, IPO in a KL ball", figures.VERMILION, "o"),
    ("ipo", "alignment", "independent", "", figures.VERMILION, "^"),
    ("borda", "social-choice", "independent", "Borda, RLHF, DPO, social choice", figures.BLUE, "s"),
    ("copeland", "social-choice", "independent", "Copeland", figures.SKY, "v"),
    ("nlhf", "alignment", "independent", "NLHF, every setting", figures.GREEN, "D"),
)


def draw(rows: Sequence[Row]) -> Figure:
    """Draw certified lower bounds as markers and certified upper bounds as lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(figures.COLUMN, 0.8 * figures.COLUMN), layout="constrained")
    axes = figure.add_subplot()
    for method, setting, law, label, colour, marker in _CURVES:
        own = [r for r in rows if (r.method, r.setting, r.law) == (method, setting, law)]
        low = [(to_float(r.beta), r.lower) for r in own if r.lower is not None]
        high = [(to_float(r.beta), r.upper) for r in own if r.upper is not None]
        axes.plot(*_points(high), color=colour, linewidth=1, label=label or None)
        axes.plot(*_points(low), marker, color=colour, markersize=3.5, markerfacecolor="white")
    axes.plot([], [], "o", color="0.4", markersize=3.5, markerfacecolor="white",
              label="certified instance (lower bound)")  # fmt: skip
    axes.plot([], [], color="0.4", linewidth=1, label="certified upper bound")
    axes.set(xscale="log", yscale="log", xlabel="temperature β", ylabel="distortion")
    axes.set_xticks([0.5, 1, 2, 4, 8, 16, 32], ["½", "1", "2", "4", "8", "16", "32"])
    axes.minorticks_off()
    axes.legend(fontsize=6, loc="upper left")
    return figure


def _points(sides: list[tuple[float, Side]]) -> tuple[list[float], list[float]]:
    return [beta for beta, _ in sides], [to_float(side.value) for _, side in sides]
