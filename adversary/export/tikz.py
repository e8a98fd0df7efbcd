"""pgfplots figures: one file gives its instance, several give certified bounds against β.

Needs the package pgfplots with `compat` of at least 1.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from adversary.exact import to_float
from adversary.export.format import Format
from adversary.export.source import Item
from adversary.figures.numbers import float_below, latex_bound, latex_number, latex_text
from adversary.figures.style import COLOURS

_MARKS = ("*", "square*", "triangle*", "diamond*", "pentagon*", "o", "square", "triangle")


def write(items: Sequence[Item]) -> str:
    """Return a tikzpicture. Raises InputError or CertificateError where a claim is not proved."""
    body = _instance(items[0]) if len(items) == 1 else _bounds(items)
    colours = [f"\\definecolor{{adversary{i}}}{{HTML}}{{{c[1:]}}}" for i, c in enumerate(COLOURS)]
    lines = [r"% \usepackage{pgfplots}\pgfplotsset{compat=1.18}", r"\begin{tikzpicture}"]
    return "\n".join([*lines, *colours, *body, r"\end{tikzpicture}", ""])


def _axis(options: Sequence[str], plots: Sequence[str]) -> list[str]:
    return [r"\begin{axis}[", *(f"  {option}," for option in options), "]", *plots, r"\end{axis}"]


def _instance(item: Item) -> list[str]:
    """Bars of utilities, a colour for each type of users, its weight in the legend."""
    item.must_be_accepted()
    instance = item.document.instance
    m, types = len(instance.alternatives), len(instance.users)
    total = sum(user.weight for user in instance.users)
    names = ", ".join(f"{{{latex_text(name)}}}" for name in instance.alternatives)
    options = [
        "ybar=0pt",
        f"bar width={0.8 / types:.4f}",
        "width=\\linewidth, height=5cm",
        "ymin=0, ymax=1.05, ylabel={utility}",
        f"xmin=-0.5, xmax={m - 0.5}, xtick={{0,...,{m - 1}}}, xticklabels={{{names}}}",
        "legend style={at={(0.5,-0.2)}, anchor=north, draw=none}, legend columns=2",
        "legend cell align=left, area legend",
    ]
    if item.bound is not None:
        title = f"{item.method}: certified distortion $\\ge$ {latex_bound(item.bound)}"
        options.append(f"title={{{title}}}")
    plots = []
    for k, user in enumerate(instance.users):
        points = " ".join(f"({x},{_coordinate(u)})" for x, u in enumerate(user.utilities))
        weight = latex_number(user.weight / total)
        plots.append(f"\\addplot[{_colour(k)}] coordinates {{{points}}};")
        plots.append(f"\\addlegendentry{{type {k + 1}, weight {weight}}}")
    return _axis(options, plots)


def _colour(k: int) -> str:
    colour, shade = k % len(COLOURS), 100 - 60 * (k // len(COLOURS) % 2)
    return f"draw=none, fill=adversary{colour}!{shade}"


def _bounds(items: Sequence[Item]) -> list[str]:
    """Certified bounds against β, a colour and a mark for each method, setting and law."""
    series: dict[str, list[tuple[float, float]]] = {}
    for item in items:
        point = (to_float(item.document.instance.beta), float_below(item.claimed()))
        setting = item.setting.replace("-", " ")
        label = f"{item.method}, {setting}, {item.document.instance.sampling.kind}"
        series.setdefault(label, []).append(point)
    options = [
        "width=\\linewidth, height=6cm, ymode=log",
        "xlabel={$\\beta$}, ylabel={certified distortion}",
        "legend style={at={(0.5,-0.25)}, anchor=north, draw=none}, legend cell align=left",
    ]
    return _axis(options, list(_lines(series)))


def _lines(series: dict[str, list[tuple[float, float]]]) -> Iterator[str]:
    for i, (label, points) in enumerate(sorted(series.items())):
        shown = " ".join(f"({beta!r},{bound!r})" for beta, bound in sorted(points))
        colour, mark = f"adversary{i % len(COLOURS)}", _MARKS[i % len(_MARKS)]
        yield f"\\addplot[{colour}, mark={mark}] coordinates {{{shown}}};"
        yield f"\\addlegendentry{{{label}}}"


def _coordinate(value: Fraction) -> str:
    return f"{to_float(value):.6g}"


FORMAT = Format("tikz", "pgfplots: one instance, or several certified bounds against β", write)
