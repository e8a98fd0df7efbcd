"""LaTeX tables of each instance and its certified claim; need the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from adversary.export.format import Format, proved
from adversary.export.source import Item
from adversary.figures.numbers import latex_bound, latex_number, latex_text
from adversary.problem.instance import Independent, Instance, PairLaw, Pairs

_WIDTH = 74  # letters in a line of a page in the tables' size
_GAP = 3  # letters between columns
_TALL = 36  # rows on a page
_NOTES = 1_500  # letters below a table
_COLUMN, _LINE = 10, 40  # letters of a name at a column or a row, beyond which it has several lines

Row = list[str]


def write(items: Sequence[Item]) -> str:
    """Return table environments for each file."""
    return "\n".join(table for item in items for table in tables(item))


def tables(item: Item) -> Iterator[str]:
    """Yield one instance as a table; as several where that is too wide or too long for a page.

    Weights are normalised. Raises CertificateError where the claim is not proved.
    """
    item.must_be_accepted()
    instance = item.document.instance
    names = instance.alternatives
    head = ["", "weight", *(_heading(name, _COLUMN, "left") for name in names)]
    types, averages = _types(instance), list(_averages(instance))
    sheets = list(_sheets([head, *types, *averages], 2))
    if len(sheets) > 1:
        sides = ["", "", *(_heading(name, _LINE, "right") for name in names)]
        columns = zip(sides, *averages, strict=True)
        below = [list(column) for x, column in enumerate(columns) if x != 1]
        sheets = [*_sheets([head, *types], 2), *_sheets(below, 1)]
    notes = "".join(f"{note}\n" for note in _notes(item))
    for part, rows in enumerate(sheets, 1):
        last = part == len(sheets)
        caption = _caption(item) + (f" Part {part} of {len(sheets)}." if len(sheets) > 1 else "")
        split = len(types) if len(sheets) == 1 else len(rows)
        yield _table(caption, rows, split, notes if last and len(notes) <= _NOTES else "")
    if len(notes) > _NOTES:  # more than a page, perhaps: not in a float
        yield f"{{\\footnotesize\\noindent\n{notes}\\par}}\n"


def _table(caption: str, rows: list[Row], split: int, notes: str) -> str:
    """Return a table of a head, and rows with a line after some of them."""
    head, *lines = [" & ".join(row) + r" \\" for row in rows]
    body = [head, r"\midrule", *lines[:split]]
    if lines[split:]:
        body += [r"\midrule", *lines[split:]]
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering\small",
        f"\\caption{{{caption}}}\\smallskip",
        f"\\begin{{tabular}}{{l{'r' * (len(rows[0]) - 1)}}}",
        *[r"\toprule", *body, r"\bottomrule"],
        r"\end{tabular}",
        *([r"\par\smallskip", r"\footnotesize", notes.strip()] if notes else []),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _heading(name: str, most: int, ragged: str) -> str:
    """A name; one of more letters has several lines, also where a word is too long."""
    text = latex_text(name)
    if _width(text) <= most:
        return text
    words = [
        latex_text(word)
        if _width(latex_text(word)) <= most
        else r"\allowbreak{}".join(map(latex_text, word))
        for word in name.split(" ")
    ]
    text = " ".join(words)
    return rf"\parbox[b]{{{most / 2:g}em}}{{\ragged{ragged}\hspace{{0pt}}{text}}}"


def _sheets(rows: list[Row], fixed: int) -> Iterator[list[Row]]:
    """Yield a table in parts as long and as wide as a page; some columns are in each."""
    head, *body = rows
    for start in range(0, len(body), _TALL):
        for block in _blocks(rows, fixed):
            yield [[*row[:fixed], *row[block]] for row in (head, *body[start : start + _TALL])]


def _blocks(rows: list[Row], fixed: int) -> Iterator[slice]:
    """Yield the other columns in blocks, as wide as a page or of one column."""
    widths = [max(map(_width, column)) + _GAP for column in zip(*rows, strict=True)]
    room, first, taken = _WIDTH - sum(widths[:fixed]), fixed, 0
    for column in range(fixed, len(widths)):
        if column > first and taken + widths[column] > room:
            yield slice(first, column)
            first, taken = column, 0
        taken += widths[column]
    yield slice(first, len(widths))


def _width(cell: str) -> int:
    """Letters that are seen, about."""
    box = re.match(r"\\parbox\[b\]{([0-9.]+)em", cell)
    if box is not None:
        return int(2 * float(box[1]))
    return len(re.sub(r"\\[a-zA-Z]+|[\\{}$^_ ]", "", cell.replace(r"\times", "xx")))


def _types(instance: Instance) -> list[Row]:
    total = sum(user.weight for user in instance.users)
    return [
        _row(f"type {k}", latex_number(user.weight / total), user.utilities)
        for k, user in enumerate(instance.users, 1)
    ]


def _averages(instance: Instance) -> Iterator[Row]:
    yield _row("average utility", "", instance.average_utility)
    if isinstance(instance.sampling, Independent):
        yield _row(r"pair law $\mu$", "", _shares(instance.sampling.weights))
    if instance.reference is not None:
        yield _row(r"reference $\pi_{\mathrm{ref}}$", "", _shares(instance.reference.weights))


def _row(name: str, weight: str, values: Sequence[Fraction]) -> Row:
    return [name, weight, *map(latex_number, values)]


def _shares(weights: Sequence[Fraction]) -> list[Fraction]:
    total = sum(weights)
    return [weight / total for weight in weights]


def _caption(item: Item) -> str:
    if item.bound is None or item.verdict is None:
        return "An instance."
    claim = f"distortion at least {latex_bound(item.bound)}"
    if item.infinite:
        claim = r"infinite distortion, $\infty$,"
    return (
        f"Certified: {item.method} has {claim} for {item.verdict.policies} policy that it allows."
    )


def _notes(item: Item) -> Iterator[str]:
    instance = item.document.instance
    budget = ""
    if instance.reference is not None:
        budget = f", KL budget $\\tau = {latex_number(instance.reference.kl_budget)[1:]}"
    yield f"Bradley--Terry temperature $\\beta = {latex_number(instance.beta)[1:]}{budget}."
    if not isinstance(instance.sampling, Independent):
        yield f"Pair law $\\nu$: {_law(instance.sampling, instance)}."
    yield f"Long numbers are rounded; the exact values are in {latex_text(item.path.name)}."


def _law(law: PairLaw, instance: Instance) -> str:
    names = [latex_text(name) for name in instance.alternatives]
    if isinstance(law, Independent):
        shares = zip(names, _shares(law.weights), strict=True)
        return ", ".join(f"{name}: {latex_number(share)}" for name, share in shares)
    if isinstance(law, Pairs):
        shares = zip(law.weights, _shares([weight for _, _, weight in law.weights]), strict=True)
        return ", ".join(
            f"\\{{{names[x]}, {names[y]}\\}}: {latex_number(share)}"
            for (x, y, _), share in shares
            if share
        )
    return "; ".join(
        f"type {k}: {_kind(own)}{_law(own, instance)}" for k, own in enumerate(law.laws, 1)
    )


def _kind(law: PairLaw) -> str:
    return "independent draws from " if isinstance(law, Independent) else ""


FORMAT = Format("latex", "tables of each instance and its claim (booktabs)", write, holds=proved)
