"""The figure of the rates: certified bounds against β and m, beside theory, for two columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversary.errors import InputError
from adversary.figures.style import (
    BELOW_INFINITE,
    BLUE,
    COLOURS,
    COLUMN,
    GREEN,
    PAGE,
    VERMILION,
    mark_infinite,
    style,
    write,
)
from adversary.results.rates import Growth, Rate, against_beta, alike, in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_VECTOR = (".pdf", ".svg")
_MARKERS = "osD^v<>P"
_LAWS = {"independent": "independent law", "uniform": "uniform law", "pairs": "law on pairs",
         "user-dependent": "law for each type"}  # fmt: skip
_ACROSS = 3  # panels
_STEPS = 200  # of a theory curve
_WIDE = 100.0  # ratio of bounds from which an axis is logarithmic
_LOWER: dict[str, Any] = {"linestyle": "-", "linewidth": 0.8, "zorder": 1}
_UPPER: dict[str, Any] = {"linestyle": "-", "linewidth": 3.5, "color": "0.85", "zorder": 0}


def files(path: Path) -> list[Path]:
    """Return what `save` writes: the file in a vector format, and a PNG. Raises InputError."""
    if path.suffix not in _VECTOR:
        raise InputError("figure", str(path), f"a file that ends in {' or '.join(_VECTOR)}")
    return [path, path.with_suffix(".png")]


def save(rates: Sequence[Rate], growth: Sequence[Growth], path: Path) -> list[Path]:
    """Write the figure in the vector format of `path` and as PNG; return both files.

    Raises InputError.
    """
    with style():
        figure = _draw(rates, growth)
        for file in files(path):
            write(figure, file)
    return files(path)


def _draw(rates: Sequence[Rate], growth: Sequence[Growth]) -> Figure:
    from matplotlib.figure import Figure

    panels: dict[tuple[str, str], list[Rate]] = {}
    for rate in against_beta(rates, growth):
        panels.setdefault((rate.setting.where, rate.setting.sampling), []).append(rate)
    several = {n: rs for n, rs in panels.items() if any(len(r.points) > 1 for r in rs)}
    grown = [g for g in growth if g.power is not None]
    panels = several or ({} if grown else panels)
    ordered = sorted(panels.items(), key=lambda item: max(r.points[-1].bound for r in item[1]))
    count = len(panels) + bool(grown)
    across = min(count, _ACROSS)
    down = math.ceil(count / across)
    width = COLUMN if across == 1 else PAGE
    figure = Figure(figsize=(width, 2.4 * down + 0.2), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).flatten().tolist()
    for ax, ((where, sampling), members) in zip(axes, ordered, strict=False):
        ax.set_title(f"{where}, {_LAWS.get(sampling, sampling)}")
        _panel(ax, members)
    if grown:
        _growth_panel(axes[len(panels)], grown)
    for ax in axes[::across]:
        ax.set_ylabel("distortion")
    for ax in axes[count:]:
        ax.set_visible(False)
    figure.legend(handles=_handles(rates), loc="outside lower center", ncols=5, fontsize=7)
    return figure


def _panel(ax: Axes, members: Sequence[Rate]) -> None:
    """Bounds of one setting against β; methods whose bounds agree share a marker."""
    from matplotlib.ticker import MaxNLocator

    groups = alike(members)
    groups.sort(key=lambda group: -group[0].points[-1].bound)
    colours = _colours(groups)
    betas = [float(p.beta) for rate in members for p in rate.points]
    infinite: Counter[float] = Counter()
    for i, group in enumerate(groups):
        own: dict[str, Any] = {"marker": _MARKERS[i % len(_MARKERS)], "color": colours[i]}
        own |= {"linestyle": "none", "markersize": 4}
        for certified in (True, False):
            points = [(float(p.beta), p.bound) for p in group[0].points if p.certified == certified]
            face = own["color"] if certified else "none"
            ax.plot(*_finite(points), markerfacecolor=face, **own)
            for beta in (beta for beta, bound in points if bound == math.inf):
                mark_infinite(ax, beta, colours[i], certified, infinite[beta])
                infinite[beta] += 1
        ax.plot([], [], label=_label(group), **own)
        if any(p.bound < math.inf for p in group[0].points):
            _curves(ax, group, min(betas), max(betas), colours[i])
    bounds = [p.bound for rate in members for p in rate.points if p.bound < math.inf]
    lines = len(groups) + 2 * bool(infinite)  # above the points
    if not bounds:
        ax.set_yticks([])
        ax.set_xlim(min(betas) - 1, max(betas) + 1)
    elif max(bounds) / min(bounds) >= _WIDE:
        ax.set_yscale("log")
        ax.set_ylim(top=ax.get_ylim()[1] * 10 ** (0.9 * lines))
    else:
        ax.set_ylim(bottom=0, top=ax.get_ylim()[1] * (1 + 0.13 * lines))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set_xlabel("temperature β")
    _legend(ax, bool(infinite))


def _legend(ax: Axes, infinite: bool) -> None:
    corner = BELOW_INFINITE if infinite else (0.0, 1.0)
    ax.legend(loc="upper left", bbox_to_anchor=corner, fontsize=6, borderaxespad=0.2,
              handletextpad=0.2)  # fmt: skip


def _colours(groups: Sequence[Sequence[Rate]]) -> list[str]:
    """Give β/2, β and e^(sβ) the same colour in every panel, and others what is left."""
    meant = {"β/2": GREEN, "β": BLUE}
    found: list[str] = []
    for group in groups:
        colour = VERMILION if group[0].model == "exponential" else meant.get(group[0].reading)
        left = [c for c in COLOURS[::-1] if c not in found]
        found.append(colour if colour in left else left[0] if left else "0.4")
    return found


def _label(group: Sequence[Rate]) -> str:
    names = list(dict.fromkeys(rate.setting.method for rate in group))
    lines = [", ".join(names[i : i + 4]) for i in range(0, len(names), 4)]
    return f"{group[0].reading}: " + ",\n".join(lines)


def _curves(ax: Axes, group: Sequence[Rate], low: float, high: float, colour: str) -> None:
    """Draw the largest known lower bound, and an upper bound only if it is one of each method."""
    if low == high:
        return
    lower: list[tuple[float, float]] = []
    upper: list[tuple[float, float]] = []
    for beta in (low + (high - low) * i / _STEPS for i in range(_STEPS + 1)):
        below = [pair[1] for rate in group if (pair := rate.setting.lower(beta))]
        above = [pair[1] for rate in group if (pair := rate.setting.upper(beta))]
        if below:
            lower.append((beta, max(below)))
        if len(above) == len(group):
            upper.append((beta, max(above)))
    for curve, pen in ((upper, _UPPER), (lower, {"color": colour, **_LOWER})):
        ax.plot(*_finite(curve), **pen)


def _finite(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return the coordinates of the points that an axis can show."""
    kept = [(x, y) for x, y in points if y < math.inf]
    return [x for x, _ in kept], [y for _, y in kept]


def _growth_panel(ax: Axes, found: Sequence[Growth]) -> None:
    """Bounds under a pair law against m: straight if exponential, with the known bounds."""
    from matplotlib.ticker import LogLocator, NullLocator

    places = {(g.method, in_words(g.kl), _LAWS[g.sampling]) for g in found}
    infinite: Counter[int] = Counter()
    for i, group in enumerate(sorted(found, key=lambda g: -g.beta)):
        colour, marker = COLOURS[::-1][i % len(COLOURS)], _MARKERS[i % len(_MARKERS)]
        named = [] if len(places) == 1 else [group.method, in_words(group.kl)]
        label = f"{group.reading}: {', '.join([*named, f'β = {float(group.beta):g}'])}"
        ax.plot(*_finite(group.points), marker, color=colour, markersize=4, label=label)
        for m in (m for m, bound in group.points if bound == math.inf):
            mark_infinite(ax, m, colour, before=infinite[m])
            infinite[m] += 1
        known = [(m, pair[1]) for m, _ in group.points if (pair := group.lower(m))]
        ax.plot(*_finite(known), color=colour, **_LOWER)
    if all(group.model == "power" for group in found):
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yscale("log")
    if ax.get_ylim()[1] / ax.get_ylim()[0] < _WIDE:  # powers of ten alone would be one or two
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("alternatives m")
    ax.set_title(", ".join(next(iter(places))) if len(places) == 1 else "growth with m")
    _legend(ax, bool(infinite))


def _handles(rates: Sequence[Rate]) -> list[Any]:
    from matplotlib.lines import Line2D

    dot: dict[str, Any] = {"marker": "o", "color": "0.25", "linestyle": "none", "markersize": 4}
    handles = [Line2D([], [], label="certified bound", **dot)]
    if any(not p.certified for rate in rates for p in rate.points):
        handles.append(Line2D([], [], label="numeric only", markerfacecolor="none", **dot))
    handles.append(Line2D([], [], label="known lower bound", color="0.25", **_LOWER))
    handles.append(Line2D([], [], label="known upper bound", **_UPPER))
    return handles
