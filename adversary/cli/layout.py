"""How text gets onto a screen whole: numbers, names, lines and tables.

On a terminal a line ends at its width, between words or cells, and a table that is wider is folded
or turned; elsewhere lines are as long as they are. What is not printable is spelled in ASCII, and
nothing is read as markup.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate

from rich.cells import cell_len

from adversary.errors import printable
from adversary.exact import INFINITE, nearest, rounded_down

_GAP = "  "  # between columns
_INDENT = "    "  # of what goes on in the next line

Cells = Sequence[Sequence[str]]


def width() -> int | None:
    """Return the columns of the terminal; None where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def short(value: Fraction | float) -> str:
    """Return a number to four significant digits; of a float fifteen digits count as exact."""
    if isinstance(value, float):
        return number(value) if math.isinf(value) else nearest(Fraction(f"{value:.15g}"))
    return nearest(Fraction(value))


def number(value: float) -> str:
    """Return a numeric ratio to six significant digits."""
    return INFINITE if value == math.inf else f"{value:.6g}"


def at_least(bound: Fraction, infinite: bool) -> str:
    """Return a certified lower bound, rounded down."""
    return INFINITE if infinite else rounded_down(bound)


def certified(bound: Fraction, infinite: bool) -> str:
    """Return what is certified, in words."""
    return f"certified distortion {'is' if infinite else '≥'} {at_least(bound, infinite)}"


def say(*parts: object, indent: str = "", err: bool = False) -> None:
    """Print parts with blanks between them; a terminal's line may end after any of them.

    `err`: on standard error, in one line.
    """
    for line in _folded(map(str, parts), None if err else width(), indent):
        _write(line, err)


def prose(text: str, indent: str = "") -> None:
    """Print text; a terminal's line may end after any word."""
    say(*text.split(), indent=indent)


def print_records(header: Sequence[str], rows: Cells) -> None:
    """Print a table in which each row is read by itself: what does not fit goes below its row."""
    _print(_records([header, *rows], width()))


def print_matrix(header: Sequence[str], rows: Cells) -> None:
    """Print a table that is read both ways: turned, or in blocks of columns, if it is too wide."""
    cells = [header, *rows]
    turned = list(zip(*cells, strict=True))
    blocks = min((_blocks(each, width()) for each in (cells, turned)), key=len)
    _print([line for block in blocks for line in ("", *block)][1:])


def _write(line: str, err: bool = False) -> None:
    stream = sys.stderr if err else sys.stdout
    stream.write(f"{line}\n")  # not by typer, which overrides the stream's encoding
    stream.flush()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        _write(line)


def _records(cells: Cells, limit: int | None) -> list[str]:
    ends = _ends(_widths(cells))
    if limit is None or ends[-1] <= limit:
        return _aligned(cells)
    fits = max(1, sum(end <= limit for end in ends))
    names = cells[0][fits:]
    lines = []
    for line, row in zip(_aligned([row[:fits] for row in cells]), cells, strict=True):
        lines.append(line)
        if row is not cells[0]:
            rest = [f"{n}: {cell}" for n, cell in zip(names, row[fits:], strict=True) if cell]
            parts = [*(f"{text};" for text in rest[:-1]), *rest[-1:]]
            lines += _folded(_parts(parts, limit), limit, _INDENT) if rest else []
    return lines


def _parts(texts: Iterable[str], limit: int) -> Iterable[str]:
    """Yield the texts, and of one that is longer than a line its words."""
    for text in texts:
        fits = cell_len(printable(text)) + len(_INDENT) <= limit
        yield from [text] if fits else text.split()


def _blocks(cells: Cells, limit: int | None) -> list[list[str]]:
    """Return groups of columns, as many in each as fit beside the first, which names the rows."""
    first, *widths = _widths(cells)
    groups: list[list[int]] = [[]]
    for column, wide in enumerate(widths, 1):
        taken = _ends([first, *(widths[c - 1] for c in groups[-1]), wide])[-1]
        if groups[-1] and limit is not None and taken > limit:
            groups.append([])
        groups[-1].append(column)
    return [_aligned([[row[c] for c in (0, *group)] for row in cells]) for group in groups]


def _aligned(cells: Cells) -> list[str]:
    """Return a line for each row, without blanks at its end."""
    widths = _widths(cells)
    return [
        _GAP.join(
            cell + " " * (wide - cell_len(cell))
            for cell, wide in zip(map(printable, row), widths, strict=True)
        ).rstrip()
        for row in cells
    ]


def _widths(cells: Cells) -> list[int]:
    columns = zip(*cells, strict=True)
    return [max(cell_len(printable(cell)) for cell in column) for column in columns]


def _ends(widths: Iterable[int]) -> list[int]:
    """Return where each column ends."""
    return list(accumulate(widths, lambda end, wide: end + len(_GAP) + wide))


def _folded(parts: Iterable[str], limit: int | None, indent: str = "") -> list[str]:
    """Return lines of the parts; those after the first are indented further."""
    lines = [indent]
    for part in map(printable, parts):
        started = bool(lines[-1].strip())
        line = f"{lines[-1]}{' ' if started else ''}{part}"
        if started and limit is not None and cell_len(line) > limit:
            lines.append(indent + _INDENT + part)
        else:
            lines[-1] = line
    return [line.rstrip() for line in lines]
