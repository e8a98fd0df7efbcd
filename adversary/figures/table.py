"""The figure of lower and upper bounds against β, from certificates only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adversary.exact import to_float
from adversary.figures import style as figures
from adversary.results.table import Row, Side

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KINDS = (
    ("RLHF, DPO and IPO in a KL ball", figures.VERMILION,
     (("rlhf", "alignment", "o"), ("ipo", "alignment", "^"))),
    ("Borda, Copeland; RLHF and DPO in social choice", figures.BLUE,
     (("borda", "social-choice", "s"), ("copeland", "social-choice", "v"))),
    ("NLHF", figures.GREEN, (("nlhf", "alignment", "D"),)),
)  # fmt: skip
_LAW = "independent"
_TALLER = 1.4  # in decades, where arrows stand above the legend


def draw(rows: Sequence[Row]) -> Figure:
    """Draw certified lower bounds as markers and certified upper bounds as lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(figures.COLUMN, 0.8 * figures.COLUMN), layout="constrained")
    axes, marked = figure.add_subplot(), Counter[float]()
    for label, colour, members in _KINDS:
        for method, setting, marker in members:
            own = [r for r in rows if (r.method, r.setting, r.law) == (method, setting, _LAW)]
            low = [(to_float(r.beta), r.lower) for r in own if r.lower is not None]
            infinite = [beta for beta, side in low if side.infinite]
            low = [(beta, side) for beta, side in low if not side.infinite]
            high = [(to_float(r.beta), r.upper) for r in own if r.upper is not None]
            axes.plot(*_points(high), "-_", color=colour, linewidth=0.8, markersize=9)
            axes.plot(*_points(low), marker, color=colour, markersize=3.5, markerfacecolor="white")
            for beta in infinite:
                figures.mark_infinite(axes, beta, colour, before=marked[beta])
                marked[beta] += 1
        axes.plot([], [], color=colour, linewidth=2, label=label)
    axes.plot([], [], "o", color="0.4", markersize=3.5, markerfacecolor="white",
              label="certified instance (lower bound)")  # fmt: skip
    axes.plot([], [], "_", color="0.4", markersize=9, label="certified upper bound")
    axes.set(yscale="log", xlabel="temperature β", ylabel="distortion")
    axes.minorticks_off()
    if marked:
        axes.set_ylim(top=axes.get_ylim()[1] ** _TALLER)
    corner = figures.BELOW_INFINITE if marked else (0.0, 1.0)
    axes.legend(fontsize=6, loc="upper left", bbox_to_anchor=corner)
    return figure


def _points(sides: list[tuple[float, Side]]) -> tuple[list[float], list[float]]:
    return [beta for beta, _ in sides], [to_float(side.value) for _, side in sides]
