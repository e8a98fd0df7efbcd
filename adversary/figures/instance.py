"""An instance as a figure: users, weights, pair law, reference, and a method's policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from adversary.errors import printable
from adversary.exact import to_float
from adversary.figures import style as figures
from adversary.problem.instance import Independent, Instance, PairLaw, UserDependent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_TYPES = 12
_LONGEST = 16  # letters of a name
_LANE, _PANEL = 0.3, 0.55  # inches
_DECADES = 100  # values that span more than this factor get a logarithmic axis
_TINY = 1e-300


def draw(instance: Instance, policies: Sequence[tuple[str, Sequence[float]]], title: str) -> Figure:
    """Return the figure. Each policy has a label and m probabilities.

    Of more than twelve types of users the heaviest are shown.
    """
    from matplotlib.figure import Figure

    names = [_short(name) for name in instance.alternatives]
    total = sum(user.weight for user in instance.users)
    order = sorted(range(len(instance.users)), key=lambda k: -instance.users[k].weight)
    kept = sorted(order[:_MOST_TYPES])
    panels = [("average\nutility", [to_float(u) for u in instance.average_utility], figures.SKY)]
    if isinstance(instance.sampling, Independent):
        panels.append(("pair law", _shares(instance.sampling.weights), figures.GREEN))
    if instance.reference is not None:
        panels.append(("reference", _shares(instance.reference.weights), figures.PURPLE))
    panels += [(f"policy\n({name})", list(policy), figures.VERMILION) for name, policy in policies]
    heights = [_LANE * len(kept) + 0.1] + [_PANEL] * len(panels)
    wide = len(names) > 5
    size = (
        figures.PAGE if wide else figures.COLUMN,
        sum(heights) + 0.9 + 0.04 * max(map(len, names)),
    )
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(
        len(heights), 2, height_ratios=heights, width_ratios=(4 if wide else 2.2, 1)
    )
    users = figure.add_subplot(grid[0, 0])
    _utilities(users, [[to_float(u) for u in instance.users[k].utilities] for k in kept])
    users.set_yticks(range(len(kept)), [f"type {k + 1}" for k in kept])
    weights = figure.add_subplot(grid[0, 1], sharey=users)
    _weights(weights, [to_float(instance.users[k].weight / total) for k in kept])
    shown = [users]
    for i, (label, values, colour) in enumerate(panels, 1):
        shown.append(figure.add_subplot(grid[i, 0], sharex=users))
        _bars(shown[-1], values, colour)
        shown[-1].set_ylabel(label, rotation=0, ha="right", va="center")
    for axes in shown[:-1]:
        axes.tick_params(labelbottom=False)
    _name_alternatives(shown[-1], names)
    if not isinstance(instance.sampling, Independent):
        _pairs(figure.add_subplot(grid[1:, 1]), instance, names)
    figure.suptitle(title, fontsize=8)
    return figure


def _short(name: str) -> str:
    name = printable(name)
    name = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    return name.replace("$", r"\$")  # no mathematics


def _shares(weights: Sequence[Fraction]) -> list[float]:
    total = sum(weights)
    return [to_float(weight / total) for weight in weights]


def _name_alternatives(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xticks(range(len(names)), names)
    if max(map(len, names)) * len(names) > 24:
        for label in axes.get_xticklabels():
            label.set(rotation=35, ha="right", rotation_mode="anchor")


def _utilities(axes: Axes, utilities: Sequence[Sequence[float]]) -> None:
    """One lane for each type of users, from 0 at its line to 1 below the next line."""
    for lane, values in enumerate(utilities):
        axes.axhline(lane + 0.4, color="0.75", linewidth=0.5, zorder=0)
        axes.bar(
            range(len(values)),
            [-0.68 * u for u in values],
            bottom=lane + 0.4,
            width=0.6,
            color=figures.BLUE,
        )
        for x, u in enumerate(values):
            if u:
                top = (x, lane + 0.4 - 0.68 * u)
                axes.annotate(f"{u:.2g}", top, fontsize=5.5, ha="center", va="bottom")
    axes.set_ylim(len(utilities) - 0.5, -0.5)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(left=False, bottom=False)
    axes.set_title("utilities")


def _weights(axes: Axes, values: Sequence[float]) -> None:
    """Points, on a logarithmic axis where the values span orders of magnitude."""
    low, high = _range(values)
    base = 0.0
    if high > _DECADES * low:
        base = low * (low / high) ** 0.2
        axes.set_xscale("log")
        axes.set_xlim(base, high * (high / low) ** 0.1)
        axes.set_xticks(_powers(low, high))
        axes.minorticks_off()
    else:
        axes.set_xlim(0, 1.1 * high)
        axes.locator_params(axis="x", nbins=2)
    for lane, value in enumerate(values):
        if value >= low:
            axes.plot([base, value], [lane, lane], color="0.75", linewidth=0.8, zorder=1)
            axes.plot(value, lane, "o", color=figures.ORANGE, markersize=4, zorder=2)
    axes.tick_params(labelleft=False, left=False)
    axes.set_title("weight")


def _bars(axes: Axes, values: Sequence[float], colour: str) -> None:
    """Bars, or points on a logarithmic axis on which an exact 0 is written as such."""
    low, high = _range(values)
    if high <= _DECADES * low:
        axes.bar(range(len(values)), values, width=0.6, color=colour)
        axes.set_ylim(0, 1.15 * high)
        axes.locator_params(axis="y", nbins=3)
        return
    floor = low * (low / high) ** 0.3
    axes.set_yscale("log")
    axes.set_ylim(floor, high * (high / low) ** 0.15)
    axes.set_yticks(_powers(low, high))
    axes.minorticks_off()
    for x, value in enumerate(values):
        if value >= low:
            axes.plot([x, x], [floor, value], color="0.75", linewidth=0.8, zorder=1)
            axes.plot(x, value, "o", color=colour, markersize=4, zorder=2)
        else:
            axes.annotate("0", (x, floor), ha="center", va="bottom", color=colour, fontsize=7)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """The smallest and the largest positive value that an axis can show; 1 if there is none."""
    positive = [value for value in values if value > _TINY]
    return min(positive, default=1.0), max(positive, default=1.0)


def _powers(low: float, high: float) -> list[float]:
    """The powers of ten that are nearest to both ends."""
    return [10.0 ** round(math.log10(end)) for end in (low, high)]


def _pairs(axes: Axes, instance: Instance, names: Sequence[str]) -> None:
    """Squares whose area is the weight of the pair; where each type has a law, the average.

    However small its weight, a pair that is asked is seen.
    """
    m = len(names)
    table = _table(instance.sampling, instance)
    largest = max(map(max, table))
    for x in range(m):
        for y in range(m):
            if table[x][y]:
                side = max(0.15, 0.9 * (table[x][y] / largest) ** 0.5)
                axes.bar(x, side, bottom=y - side / 2, width=side, color=figures.GREEN)
    axes.set(xlim=(-0.5, m - 0.5), ylim=(m - 0.5, -0.5), aspect="equal")
    axes.set_xticks(range(m), names, fontsize=6, rotation=90)
    axes.set_yticks(range(m), names, fontsize=6)
    axes.tick_params(length=0)
    kind = "average\npair law" if isinstance(instance.sampling, UserDependent) else "pair law"
    axes.set_title(kind)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _table(law: PairLaw, instance: Instance) -> list[list[float]]:
    """N(x, y), the diagonal of independent laws included."""
    m = len(instance.alternatives)
    if isinstance(law, Independent):
        shares = _shares(law.weights)
        return [[p * q for q in shares] for p in shares]
    table = [[0.0] * m for _ in range(m)]
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
