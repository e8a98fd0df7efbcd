"""An instance as a figure: users, weights, pair law, reference, and a method's policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from adversary.exact import log, to_float
from adversary.figures import style as figures
from adversary.figures.numbers import plain, shortened
from adversary.problem.instance import Independent, Instance, PairLaw, UserDependent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LANES, _COLUMNS = 12, 8  # more types or alternatives than these are a heat map
_MOST = 64  # types
_LANE, _ROW, _PANEL = 0.3, 0.12, 0.55  # inches
_LETTER, _LINE = 0.065, 0.12  # inches of a label
_DECADES = 2  # values that span more powers of ten than this get a logarithmic axis
_FAINT = 0.15  # the shade of the smallest positive utility
_TINY = -300  # the logarithm of what no linear axis shows

Values = Sequence[Fraction | float]


def draw(
    instance: Instance, policies: Sequence[tuple[str, Sequence[float | None]]], title: str
) -> Figure:
    """Return the figure. Each policy has a label and m probabilities, None where undetermined.

    Types of users are lanes of bars, or where there is much to show the rows of a heat map. Of
    more than 64 the heaviest are shown, and the title says so. Letters that the font lacks are
    spelled as escapes.
    """
    from matplotlib.figure import Figure

    names = [n.replace("$", r"\$") for n in shortened(list(map(_drawable, instance.alternatives)))]
    total = sum(user.weight for user in instance.users)
    m, count = len(names), len(instance.users)
    order = sorted(range(count), key=lambda k: -instance.users[k].weight)
    kept = sorted(order[:_MOST])
    if count > _MOST:
        title += f"\nthe {_MOST} heaviest of {count:,} types"
    panels: list[tuple[str, Values, str]] = [
        ("average\nutility", instance.average_utility, figures.SKY)
    ]
    if isinstance(instance.sampling, Independent):
        panels.append(("pair law", _shares(instance.sampling.weights), figures.GREEN))
    if instance.reference is not None:
        panels.append(("reference", _shares(instance.reference.weights), figures.PURPLE))
    for name, policy in policies:
        known = [p for p in policy if p is not None]
        label = f"policy\n({name})" if len(known) == m else f"no policy\n({name})"
        panels.append((label, known if len(known) == m else [0.0] * m, figures.VERMILION))
    large = count > _LANES or m > _COLUMNS
    heights = [(_ROW if large else _LANE) * len(kept) + 0.2] + [_PANEL] * len(panels)
    wide = m > 4
    width = figures.PAGE if wide else figures.COLUMN
    size = (width, sum(heights) + 0.9 + _LETTER * max(map(len, names)))
    figure = Figure(figsize=size, layout="constrained")
    ratios = (4 if wide else 2.2, 1)
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights, width_ratios=ratios)
    users = figure.add_subplot(grid[0, 0])
    (_heat if large else _utilities)(users, [instance.users[k].utilities for k in kept])
    users.set_yticks(range(len(kept)), [f"type {k + 1}" for k in kept], fontsize=6 if large else 8)
    weights = figure.add_subplot(grid[0, 1], sharey=users)
    _weights(weights, [instance.users[k].weight / total for k in kept])
    shown = [users]
    for i, (label, values, colour) in enumerate(panels, 1):
        shown.append(figure.add_subplot(grid[i, 0], sharex=users))
        _bars(shown[-1], values, colour)
        shown[-1].set_ylabel(label, rotation=0, ha="right", va="center")
    for axes in shown[:-1]:
        axes.tick_params(labelbottom=False)
    _name(shown[-1], names, 0.5 * width, 8)
    if not isinstance(instance.sampling, Independent):
        room = 0.9 if not wide else 1.2
        _pairs(figure.add_subplot(grid[1:, 1]), instance, names, min(room, 0.6 * sum(heights[1:])))
    figure.suptitle(title, fontsize=8)
    return figure


def _drawable(name: str) -> str:
    """Spell letters that the font lacks."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont(figures.FONT))
    return "".join(c if font.get_char_index(ord(c)) else ascii(c)[1:-1] for c in name)


def _shares(weights: Sequence[Fraction]) -> list[Fraction]:
    total = sum(weights)
    return [weight / total for weight in weights]


def _name(axes: Axes, names: Sequence[str], room: float, size: float) -> None:
    """Name the alternatives below an axis of `room` inches: upright where they do not fit.

    Where there are too many even for that, some names are left out.
    """
    step = max(1, math.ceil(len(names) * _LINE / room))
    places = range(0, len(names), step)
    axes.set_xticks(places, [names[x] for x in places])
    if max(map(len, names)) * _LETTER > room / len(names):
        steep = room / len(names) < 2 * _LINE
        for label in axes.get_xticklabels():
            label.set(rotation=90 if steep else 35, ha="center" if steep else "right")
            label.set(rotation_mode="default" if steep else "anchor", fontsize=min(size, 7))


def _utilities(axes: Axes, utilities: Sequence[Sequence[Fraction]]) -> None:
    """One lane for each type of users, from 0 at its line to 1 below the next line."""
    for lane, values in enumerate(utilities):
        axes.axhline(lane + 0.4, color="0.75", linewidth=0.5, zorder=0)
        heights = [0.68 * to_float(u) for u in values]
        down = [-height for height in heights]
        axes.bar(range(len(values)), down, bottom=lane + 0.4, width=0.6, color=figures.BLUE)
        for x, u in enumerate(values):
            if u:
                top = (x, lane + 0.4 - heights[x])
                axes.annotate(plain(u, 2), top, fontsize=5.5, ha="center", va="bottom")
    axes.set_ylim(len(utilities) - 0.5, -0.5)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(left=False, bottom=False)
    axes.set_title("utilities")


def _heat(axes: Axes, utilities: Sequence[Sequence[Fraction]]) -> None:
    """A row for each type of users, darker for a higher utility; only 0 is white."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = [[to_float(u) * (1 - _FAINT) + _FAINT if u else 0.0 for u in row] for row in utilities]
    colours = LinearSegmentedColormap.from_list("utility", ["white", figures.BLUE])
    axes.imshow(shades, cmap=colours, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.tick_params(left=False, bottom=False)
    axes.set_title("utilities (0: white, 1: blue)")


def _weights(axes: Axes, values: Values) -> None:
    """Points, on a logarithmic axis where the values span orders of magnitude."""
    logs, low, high = _logs(values)
    if high > low:
        base = low - 0.2 * (high - low)
        axes.set_xlim(base, high + 0.1 * (high - low))
        axes.set_xticks(*_powers(low, high))
        points = [(lane, value) for lane, value in enumerate(logs) if value is not None]
    else:
        base = 0.0
        points = [(lane, to_float(Fraction(value))) for lane, value in enumerate(values) if value]
        axes.set_xlim(0, 1.1 * max(value for _, value in points))
        axes.locator_params(axis="x", nbins=2)
    for lane, value in points:
        axes.plot([base, value], [lane, lane], color="0.75", linewidth=0.8, zorder=1)
        axes.plot(value, lane, "o", color=figures.ORANGE, markersize=min(4, 240 / len(values)))
    axes.tick_params(labelleft=False, left=False)
    axes.set_title("weight")


def _bars(axes: Axes, values: Values, colour: str) -> None:
    """Bars, or points on a logarithmic axis on which an exact 0 is written as such."""
    logs, low, high = _logs(values)
    if high == low:
        axes.bar(range(len(values)), [float(v) for v in values], width=0.6, color=colour)
        axes.set_ylim(0, 1.15 * (max(map(float, values)) or 1))
        axes.locator_params(axis="y", nbins=3)
        return
    floor = low - 0.3 * (high - low)
    axes.set_ylim(floor, high + 0.15 * (high - low))
    axes.set_yticks(*_powers(low, high))
    for x, value in enumerate(logs):
        if value is None:
            axes.annotate("0", (x, floor), ha="center", va="bottom", color=colour, fontsize=7)
        else:
            axes.plot([x, x], [floor, value], color="0.75", linewidth=0.8, zorder=1)
            axes.plot(x, value, "o", color=colour, markersize=4, zorder=2)


def _logs(values: Values) -> tuple[list[float | None], float, float]:
    """Decimal logarithms, None for 0, and the range of a logarithmic axis.

    The range is empty where the values are near to each other: their axis is linear.
    """
    logs = [log(Fraction(v)) / math.log(10) if v else None for v in values]
    found = [value for value in logs if value is not None]
    low, high = min(found, default=0.0), max(found, default=0.0)
    if high - low > _DECADES:
        return logs, low, high
    return logs, low - (low < _TINY), low


def _powers(low: float, high: float) -> tuple[list[float], list[str]]:
    """The powers of ten that are nearest to both ends, as ticks of an axis of logarithms."""
    ends = [round(low), round(high)]
    return [float(end) for end in ends], [f"$10^{{{end}}}$" for end in ends]


def _pairs(axes: Axes, instance: Instance, names: Sequence[str], room: float) -> None:
    """Squares whose area is the weight of the pair; where each type has a law, the average.

    However small its weight, a pair that is asked is seen.
    """
    m = len(names)
    table = _table(instance.sampling, instance)
    largest = max(map(max, table))
    for x in range(m):
        for y in range(m):
            if table[x][y]:
                side = max(0.15, 0.9 * to_float(table[x][y] / largest) ** 0.5)
                axes.bar(x, side, bottom=y - side / 2, width=side, color=figures.GREEN)
    axes.set(xlim=(-0.5, m - 0.5), ylim=(m - 0.5, -0.5), aspect="equal")
    step = max(1, math.ceil(m * _LINE / room))
    axes.set_xticks(range(0, m, step), names[::step], fontsize=6, rotation=90)
    axes.set_yticks(range(0, m, step), names[::step], fontsize=6)
    axes.tick_params(length=0)
    kind = "average\npair law" if isinstance(instance.sampling, UserDependent) else "pair law"
    axes.set_title(kind)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _table(law: PairLaw, instance: Instance) -> list[list[Fraction]]:
    """N(x, y), the diagonal of independent laws included."""
    m = len(instance.alternatives)
    if isinstance(law, Independent):
        shares = _shares(law.weights)
        return [[p * q for q in shares] for p in shares]
    table = [[Fraction(0)] * m for _ in range(m)]
    if isinstance(law, UserDependent):
        weights = _shares([user.weight for user in instance.users])
        for share, own in zip(weights, law.laws, strict=True):
            for x, row in enumerate(_table(own, instance)):
                table[x] = [n + share * n_k for n, n_k in zip(table[x], row, strict=True)]
        return table
    shares = _shares([weight for _, _, weight in law.weights])
    for (x, y, _), share in zip(law.weights, shares, strict=True):
        table[x][y] = table[y][x] = share / 2
    return table
