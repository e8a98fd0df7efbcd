"""The weighted majority graph as PrefLib data.

An edge (x, y, weight) says that x beats y by the margin p(x≻y) − p(y≻x) > 0; ties, which are found
exactly, have no edge. PrefLib's present format has one type of weighted graph, `wmd`, in the place
of the `wmg` of its first format; preflibtools reads it under that ending. Alternatives are numbered
from 1. Names keep their outer blanks, though preflibtools drops those at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN
from fractions import Fraction

from mpmath import mp

from adversary.certifying import precise
from adversary.certifying.precise import Real
from adversary.errors import printable
from adversary.export.format import Format
from adversary.export.source import Item
from adversary.figures.numbers import plain
from adversary.problem.instance import Independent, Instance, PairLaw, Pairs, UserDependent

_DIGITS = 17  # of a margin
_PRECISIONS = (50, 800, 6_400, 25_600)  # decimal digits; what none of them tells from 0 is refused
_WORK = 3 * 10**8  # digits · m² · types


def write(items: Sequence[Item]) -> str:
    """Return the text of a PrefLib file. Raises InputError for margins that are too small."""
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
    lines = [f"# {key}: {value}".rstrip() for key, value in header.items()]
    for x, name in enumerate(instance.alternatives, 1):
        lines.append(f"# ALTERNATIVE NAME {x}: {printable(name)}")
    return "\n".join(lines + edges) + "\n"


def _edges(item: Item) -> list[str]:
    instance, m = item.document.instance, len(item.document.instance.alternatives)
    unknown = {(x, y) for x in range(m) for y in range(x) if not _tied(instance, x, y)}
    found: dict[tuple[int, int], str] = {}
    size = m * m * len(instance.users)
    for digits in [_PRECISIONS[0], *(d for d in _PRECISIONS[1:] if d * size <= _WORK)]:
        with mp.workdps(digits):
            margins = precise.model(instance).margins
            for x, y in list(unknown):
                margin: Real = margins[x][y]
                if abs(margin) > mp.mpf(10) ** (_DIGITS + 3 - digits):
                    unknown.remove((x, y))
                    winner, loser = (x, y) if margin > 0 else (y, x)
                    exact = precise.decimal(2 * abs(margin), _DIGITS, ROUND_HALF_EVEN)
                    found[winner, loser] = plain(exact, _DIGITS)
        if not unknown:
            break
    if unknown:
        y, x = min(unknown)
        names = f"{instance.alternatives[x]!r} and {instance.alternatives[y]!r}"
        raise item.wrong(f"margins that are not so near to 0 as that of {names}")
    return [f"{x + 1}, {y + 1}, {weight}" for (x, y), weight in sorted(found.items())]


def _tied(instance: Instance, x: int, y: int) -> bool:
    """Whether p(x≻y) = ½: the shares of those who like one better by the same amount cancel.

    Nothing else is a tie (SPEC 4.3).
    """
    total: dict[Fraction, Fraction] = {}
    for k, user in enumerate(instance.users):
        law = instance.sampling
        share = user.weight
        if isinstance(law, UserDependent):
            share *= _mass(law.laws[k], x, y)
        ahead = user.utilities[x] - user.utilities[y]
        total[abs(ahead)] = total.get(abs(ahead), Fraction(0)) + (share if ahead > 0 else -share)
    return not any(share for ahead, share in total.items() if ahead)


def _mass(law: PairLaw, x: int, y: int) -> Fraction:
    """N(x, y) for y < x."""
    if isinstance(law, Independent):
        return law.weights[x] * law.weights[y] / sum(law.weights) ** 2
    assert isinstance(law, Pairs)
    total = sum(weight for *_, weight in law.weights)
    return sum((w for *pair, w in law.weights if pair == [y, x]), Fraction(0)) / total / 2


FORMAT = Format("preflib", "the weighted majority graph as PrefLib data (wmd)", write, "one")
