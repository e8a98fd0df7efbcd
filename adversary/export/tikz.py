"""pgfplots figures: one file gives its instance, several give certified bounds against β.

Needs the package pgfplots with `compat` of at least 1.18. Few utilities are bars, many a heat map.
Bounds of one series hold for the same method, setting, kind of law and policies, but for any number
of alternatives; an infinite ratio is drawn above all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR
from fractions import Fraction

from adversary.exact import log
from adversary.export.format import Format
from adversary.export.source import Item
from adversary.figures.numbers import latex_bound, latex_number, latex_text, plain, short, shortened
from adversary.figures.style import COLOURS
from adversary.problem.instance import Instance

_MARKS = ("*", "square*", "triangle*", "diamond*", "pentagon*", "o", "square", "triangle")
_BARS = 40  # in one figure; more utilities are a heat map
_CELLS = 4_096  # of a heat map: TeX has little memory
_LABELS = 48  # of one axis
_FAINT = 0.15  # the shade of the smallest positive utility


def write(items: Sequence[Item]) -> str:
    """Return a tikzpicture. Raises InputError or CertificateError where a claim is not proved."""
    for item in items:
        _holds(item, len(items) == 1)
    body = _instance(items[0]) if len(items) == 1 else _bounds(items)
    colours = [f"\\definecolor{{adversary{i}}}{{HTML}}{{{c[1:]}}}" for i, c in enumerate(COLOURS)]
    lines = [r"% \usepackage{pgfplots}\pgfplotsset{compat=1.18}", r"\begin{tikzpicture}"]
    return "\n".join([*lines, *colours, *body, r"\end{tikzpicture}", ""])


def _holds(item: Item, alone: bool) -> None:
    if not alone:
        item.claimed()
    item.must_be_accepted()
    instance = item.document.instance
    if alone and len(instance.alternatives) * len(instance.users) > _CELLS:
        raise item.wrong(f"an instance with at most {_CELLS} utilities")


def _axis(options: Sequence[str], plots: Sequence[str]) -> list[str]:
    return [r"\begin{axis}[", *(f"  {option}," for option in options), "]", *plots, r"\end{axis}"]


def _instance(item: Item) -> list[str]:
    instance = item.document.instance
    few = len(instance.alternatives) * len(instance.users) <= _BARS
    options, plots = (_bars if few and len(instance.users) <= len(COLOURS) else _map)(instance)
    lines = [f"$\\beta = {latex_number(instance.beta)[1:]}"]
    if instance.reference is not None:
        lines[0] += f", KL budget {latex_number(instance.reference.kl_budget)}"
    if item.verdict is not None and item.bound is not None:
        bound = "" if item.infinite else r"$\ge$ "
        claim = f"certified distortion {bound}{_bound(item)} ({item.verdict.policies} policy)"
        lines.insert(0, f"{item.method}: {claim}")
    title = " \\\\ ".join(lines)
    return _axis([*options, f"title={{{title}}}, title style={{align=center}}"], plots)


def _bound(item: Item) -> str:
    return r"$\infty$" if item.infinite else latex_bound(item.claimed())


def _names(instance: Instance) -> tuple[str, float]:
    """Return the axis of alternatives, and how far its labels reach below it in em."""
    m, names = len(instance.alternatives), shortened(instance.alternatives)
    step, longest = math.ceil(m / _LABELS), max(map(len, names))
    shown = ", ".join(f"{{{latex_text(name)}}}" for name in names[::step])
    axis = f"xtick={{0,{step},...,{m - 1}}}, xticklabels={{{shown}}}"
    if m <= step:
        axis = f"xtick={{0}}, xticklabels={{{shown}}}"
    if m * longest <= 50:
        return axis, 1
    return f"{axis}, xticklabel style={{rotate=90, anchor=east, font=\\scriptsize}}", longest / 2.5


def _bars(instance: Instance) -> tuple[list[str], list[str]]:
    """Bars of utilities, a colour for each type of users, its weight in the legend."""
    total, m = sum(user.weight for user in instance.users), len(instance.alternatives)
    names, depth = _names(instance)
    options = [
        "ybar=0pt",
        f"bar width={0.8 / len(instance.users):.4f}",
        "width=\\linewidth, height=5cm",
        "ymin=0, ymax=1.05, ylabel={utility}",
        f"xmin=-0.5, xmax={m - 0.5}, {names}",
        f"legend style={{at={{(0.5,0)}}, yshift=-{depth + 1.5:.1f}em, anchor=north, draw=none}}",
        "legend columns=2, legend cell align=left, area legend",
    ]
    plots = []
    for k, user in enumerate(instance.users):
        points = " ".join(f"({x},{_coordinate(u)})" for x, u in enumerate(user.utilities))
        weight = latex_number(user.weight / total)
        plots.append(f"\\addplot[draw=none, fill=adversary{k}] coordinates {{{points}}};")
        plots.append(f"\\addlegendentry{{type {k + 1}, weight {weight}}}")
    return options, plots


def _map(instance: Instance) -> tuple[list[str], list[str]]:
    """A heat map, a row for each type of users; only a utility of 0 is white."""
    total, m = sum(user.weight for user in instance.users), len(instance.alternatives)
    count = len(instance.users)
    step = math.ceil(count / _LABELS)
    labels = [
        f"{{type {k + 1}, {latex_number(user.weight / total, 2)}}}"
        for k, user in enumerate(instance.users)
    ]
    options = [
        f"width=0.8\\linewidth, height={min(max(3.5, 1 + 0.32 * count), 17):.1f}cm",
        "enlargelimits=false, axis on top, y dir=reverse",
        _names(instance)[0],
        f"ytick={{0,{step},...,{count - 1}}}, yticklabels={{{', '.join(labels[::step])}}}",
        "yticklabel style={font=\\scriptsize}, tick style={draw=none}",
        "colormap={utility}{color=(white) color=(adversary0)}, point meta min=0, point meta max=1",
        f"colorbar, colorbar style={{ytick={{0,{_FAINT},1}}, yticklabels={{0,$>0$,1}}}}",
        "colorbar style={ylabel={utility}}",
    ]
    cells = " ".join(
        f"({x},{k}) [{_coordinate(u and _FAINT + (1 - _FAINT) * u)}]"
        for k, user in enumerate(instance.users)
        for x, u in enumerate(user.utilities)
    )
    kind = f"matrix plot*, mesh/cols={m}, point meta=explicit"
    return options, [f"\\addplot[{kind}] coordinates {{{cells}}};"]


def _bounds(items: Sequence[Item]) -> list[str]:
    """Certified bounds against β, a colour and a mark for each series."""
    series: dict[str, list[Item]] = {}
    for item in items:
        policies = "" if item.verdict and item.verdict.policies == "every" else ", some policy"
        kind = item.document.instance.sampling.kind
        label = f"{item.method}, {item.setting.replace('-', ' ')}, {kind}{policies}"
        series.setdefault(label, []).append(item)
    finite = [item.claimed() for item in items if not item.infinite]
    top = math.ceil(log(max(finite, default=Fraction(1))) / math.log(10)) + 1
    options = [
        "width=\\linewidth, height=6cm, ymode=log",
        "xlabel={$\\beta$}, ylabel={certified distortion}",
        "legend style={at={(0.5,-0.25)}, anchor=north, draw=none}, legend cell align=left",
    ]
    if len(finite) < len(items):
        options.append(f"ymax=1e{top + 1}, clip=false")
    return _axis(options, list(_lines(series, f"1e{top}")))


def _lines(series: dict[str, list[Item]], top: str) -> Iterator[str]:
    """A line of each series, and its infinite ratios as marks at the top."""
    for i, (label, items) in enumerate(sorted(series.items())):
        pen = f"adversary{i % len(COLOURS)}, mark={_MARKS[i % len(_MARKS)]}"
        ordered = sorted(items, key=lambda item: (item.document.instance.beta, item.claimed()))
        entry = f"\\addlegendentry{{{label}}}"
        finite = [item for item in ordered if not item.infinite]
        if finite:
            points = " ".join(_point(x, plain(x.claimed(), 15, ROUND_FLOOR)) for x in finite)
            yield f"\\addplot[{pen}] coordinates {{{points}}};"
            yield entry
        if len(finite) < len(items):
            points = " ".join(_point(item, top) for item in ordered if item.infinite)
            marks = f"{pen}, only marks, nodes near coords={{$\\infty$}}"
            yield f"\\addplot[{marks}{', forget plot' if finite else ''}] coordinates {{{points}}};"
            yield from [] if finite else [entry]


def _point(item: Item, height: str) -> str:
    return f"({short(item.document.instance.beta)},{height})"


def _coordinate(value: Fraction | float) -> str:
    return f"{float(value):.6g}"


FORMAT = Format(
    "tikz", "pgfplots: one instance, or several certified bounds against β", write, holds=_holds
)
