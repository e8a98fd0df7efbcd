"""The figure of the rates: certified bounds against β beside theory, for a two-column paper."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversary.errors import InputError
from adversary.figures import COLOURS, COLUMN, PAGE, style, write
from adversary.rates import Growth, Rate, Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from adversary.theory import Theorem

_VECTOR = (".pdf", ".svg")
_MARKERS = "osD^v<>Pph*X"
_LAWS = {"independent": "independent law", "uniform": "uniform law", "pairs": "law on pairs",
         "user-dependent": "law for each type"}  # fmt: skip
_ACROSS = 3  # panels
_STEPS = 200  # of a theory curve
_APART = 0.07  # of the axis: labels of curves that end nearer to each other share a line


def save(rates: Sequence[Rate], growth: Sequence[Growth], path: Path) -> list[Path]:
    """Write the figure in the vector format of `path` and as PNG; return both files.

    Raises InputError.
    """
    if path.suffix not in _VECTOR:
        raise InputError("figure", str(path), f"a file that ends in {' or '.join(_VECTOR)}")
    with style():
        figure = _draw(rates, growth)
        written = [path, path.with_suffix(".png")]
        for file in written:
            write(figure, file)
    return written


def _draw(rates: Sequence[Rate], growth: Sequence[Growth]) -> Figure:
    from matplotlib.figure import Figure

    panels: dict[tuple[str, str, int], list[Rate]] = {}
    for rate in rates:
        s = rate.setting
        panels.setdefault((s.where, s.sampling, s.alternatives), []).append(rate)
    several = {n: rs for n, rs in panels.items() if any(len(r.points) > 1 for r in rs)}
    grown = [g for g in growth if g.line is not None]
    panels = several or ({} if grown else panels)
    count = len(panels) + bool(grown)
    across = min(count, _ACROSS)
    down = math.ceil(count / across)
    width = COLUMN if across == 1 else PAGE
    figure = Figure(figsize=(width, 2.3 * down + 0.4), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).flatten().tolist()
    look = _look(sorted({r.setting.method for r in rates}))
    for ax, (name, members) in zip(axes, panels.items(), strict=False):
        _panel(ax, name, members, look)
    if grown:
        _growth_panel(axes[len(panels)], grown, look)
    for ax in axes[::across]:
        ax.set_ylabel("distortion")
    for ax in axes[count:]:
        ax.set_visible(False)
    figure.legend(handles=_handles(rates, look), loc="outside lower center", ncols=4, fontsize=7)
    return figure


def _look(methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "color": COLOURS[i % len(COLOURS)],
            "marker": _MARKERS[i % len(_MARKERS)],
            "markersize": max(2.5, 6 - 0.9 * i),  # equal bounds are seen inside one another
        }
        for i, name in enumerate(methods)
    }


def _panel(
    ax: Axes, name: tuple[str, str, int], members: Sequence[Rate], look: dict[str, dict[str, Any]]
) -> None:
    from matplotlib.ticker import MaxNLocator

    where, sampling, m = name
    for rate in members:
        for certified in (True, False):
            points = [p for p in rate.points if p.certified == certified]
            beta = [float(p.beta) for p in points]
            face = {} if certified else {"markerfacecolor": "none"}
            drawn = {**look[rate.setting.method], **face}
            ax.plot(beta, [p.bound for p in points], linestyle="none", alpha=0.85, **drawn)
    betas = [float(p.beta) for rate in members for p in rate.points]
    if min(betas) < max(betas):
        _curves(ax, [rate.setting for rate in members], min(betas), max(betas))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    _axes(ax, f"{where}, {_LAWS.get(sampling, sampling)}, m = {m}", "β")


def _curves(ax: Axes, settings: Sequence[Setting], low: float, high: float) -> None:
    """Draw each published bound once, and name it where it ends."""
    grid = [low + (high - low) * i / _STEPS for i in range(_STEPS + 1)]
    drawn: set[tuple[float, ...]] = set()
    ends: list[tuple[float, str]] = []
    kinds: list[tuple[Callable[[Setting, float], tuple[Theorem, float] | None], dict[str, Any]]] = [
        (Setting.lower, {"linestyle": "-", "color": "0.25"}),
        (Setting.upper, {"linestyle": "--", "color": "0.55"}),
    ]
    for bound, pen in kinds:
        for setting in settings:
            found = [(beta, pair) for beta in grid if (pair := bound(setting, beta))]
            if not found:
                continue
            values = tuple(value for _, (_, value) in found)
            key = tuple(round(math.log(v), 6) for v in values)
            ends.append((values[-1], found[-1][1][0].key))
            if key not in drawn:
                drawn.add(key)
                ax.plot([beta for beta, _ in found], values, linewidth=0.8, zorder=0, **pen)
    _name(ax, high, ends)


def _name(ax: Axes, x: float, ends: list[tuple[float, str]]) -> None:
    """Write names beside the curves' ends; those too near to each other share a line."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ends.sort()
    lines: list[tuple[float, list[str]]] = []
    for value, name in ends:
        if lines and math.log(value / lines[-1][0]) < _APART * math.log(high / low):
            lines[-1][1].append(name)
        else:
            lines.append((value, [name]))
    for value, names in lines:
        text = "\n".join(dict.fromkeys(reversed(names)))
        ax.annotate(text, (x, value), xytext=(5, 0), textcoords="offset points", fontsize=6,
                    color="0.25", va="center", annotation_clip=False)  # fmt: skip


def _growth_panel(ax: Axes, found: Sequence[Growth], look: dict[str, dict[str, Any]]) -> None:
    """Bounds under a pair law against m, and their fits m^p."""
    for group in found:
        own = look[group.method]
        ax.plot(*zip(*group.points, strict=True), linestyle="none", **own)
        assert group.line is not None
        ends = [group.points[0][0], group.points[-1][0]]
        values = [math.exp(group.line.intercept) * m**group.line.slope for m in ends]
        ax.plot(ends, values, linewidth=0.6, linestyle=":", color=own["color"])
        text = f"β = {_plain(group.beta)}: m^{group.line.slope:.2f}"
        ax.annotate(text, (ends[-1], values[-1]), xytext=(5, 0), textcoords="offset points",
                    fontsize=6, va="center", annotation_clip=False)  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:g}")
    _axes(ax, "growth with m, laws on pairs", "m")


def _axes(ax: Axes, title: str, x: str) -> None:
    ax.set_yscale("log")
    from matplotlib.ticker import LogLocator, NullLocator

    if ax.get_ylim()[1] / ax.get_ylim()[0] < 100:  # powers of ten alone would be one or two ticks
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
    ax.set_title(title, fontsize=8)
    ax.set_xlabel(x)


def _handles(rates: Sequence[Rate], look: dict[str, dict[str, Any]]) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], linestyle="none", label=name, **own)
               for name, own in look.items()]  # fmt: skip
    if any(not p.certified for rate in rates for p in rate.points):
        dot: dict[str, Any] = {"marker": "o", "color": "0.25", "linestyle": "none"}
        handles.append(Line2D([], [], label="certified", **dot))
        handles.append(Line2D([], [], label="numeric only", markerfacecolor="none", **dot))
    handles.append(Line2D([], [], color="0.25", linewidth=0.8, label="published lower bound"))
    handles.append(Line2D([], [], color="0.55", linewidth=0.8, linestyle="--",
                          label="published upper bound"))  # fmt: skip
    return handles


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"
