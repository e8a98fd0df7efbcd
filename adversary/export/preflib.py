"""The weighted majority graph as PrefLib data.

An edge (x, y, weight) says that x beats y by the margin p(x≻y) − p(y≻x) > 0; ties have no edge.
PrefLib's present format has one type of weighted graph, `wmd`, in the place of the `wmg` of its
first format; preflibtools reads it under that ending. Alternatives are numbered from 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from mpmath import mp

from adversary.certifying import precise
from adversary.errors import printable
from adversary.export.format import Format
from adversary.export.source import Item

_DIGITS = 17  # of a margin
_PRECISION = 800  # decimal digits; a margin below all of them is a tie


def write(items: Sequence[Item]) -> str:
    """Return the text of a PrefLib file."""
    item = items[0]
    instance = item.document.instance
    edges = _edges(item)
    title = printable(item.path.stem)
    header = {
        "FILE NAME": f"{title}.wmd",
        "TITLE": title,
        "DESCRIPTION": "Margins of win probabilities under Bradley-Terry comparisons",
        "DATA TYPE": "wmd",
        "MODIFICATION TYPE": "synthetic",
        "RELATES TO": "",
        "RELATED FILES": "",
        "PUBLICATION DATE": "",
        "MODIFICATION DATE": "",
        "NUMBER ALTERNATIVES": len(instance.alternatives),
        "NUMBER EDGES": len(edges),
    }
    names = {
        f"ALTERNATIVE NAME {x}": printable(name) for x, name in enumerate(instance.alternatives, 1)
    }
    lines = [f"# {key}: {value}".rstrip() for key, value in (header | names).items()]
    return "\n".join(lines + edges) + "\n"


def _edges(item: Item) -> list[str]:
    with mp.workdps(_PRECISION):
        margins = precise.model(item.document.instance).margins
        least = mp.mpf(10) ** (_DIGITS - _PRECISION)
        return [
            f"{x}, {y}, {mp.nstr(2 * margin, _DIGITS)}"
            for x, row in enumerate(margins, 1)
            for y, margin in enumerate(row, 1)
            if margin > least
        ]


FORMAT = Format("preflib", "the weighted majority graph as PrefLib data (wmd)", write, "one")
