"""The command table: certified distortions from both sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adversary.cli.app import JSON, app, check_writable, print_json, written
from adversary.cli.layout import at_least, print_records, say
from adversary.errors import InputError

if TYPE_CHECKING:
    from adversary.results.table import Row, Side

_HEADER = ("method", "setting", "pair law", "β", "at least", "at most", "gap", "new", "holds for")
_LAST = "files"


@app.command(epilog="Example: adversary table instances --beta 4 --to latex")
def table(
    paths: Annotated[
        list[Path], typer.Argument(help="Certificates, or folders of them.", metavar="PATH...")
    ],
    beta: Annotated[str | None, typer.Option(help="Only this β. [default: all]")] = None,
    to: Annotated[str, typer.Option(help="text or latex.")] = "text",
    figure: Annotated[
        Path | None, typer.Option(help="Draw the bounds against β: .pdf, .png or .svg.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Print certified lower and upper bounds of each method by setting and pair law.

    Everything comes from files that the trusted checker accepts. A bound is new where it is beyond
    what the listed papers state.
    """
    from adversary.exact import parse_rational
    from adversary.figures import style as figures
    from adversary.results.table import rows

    if to not in ("text", "latex"):
        raise InputError("to", to, "text or latex")
    if figure is not None:
        figures.check_format(figure)
        check_writable(figure, "figure")
    for path in paths:
        if not path.exists():
            raise InputError("path", str(path), "a file or a folder that exists")
    everything = rows(paths)

    def save(path: Path) -> None:
        from adversary.figures.table import draw

        with figures.style():
            figures.write(draw(everything), path)

    wanted = None if beta is None else parse_rational("beta", beta)
    found = [row for row in everything if wanted in (None, row.beta)]
    with written(save, figure, quiet=as_json or to == "latex"):
        if as_json:
            print_json({"rows": [_json(row) for row in found]})
        elif to == "latex":
            for line in _latex(found):
                say(line)
        else:
            _print(found)


def _cells(row: Row) -> tuple[str, ...]:
    from adversary.exact import to_text

    gap = "" if row.gap is None else f"{row.gap:.1e}"
    sides = (("lower", row.lower), ("upper", row.upper))
    new = ", ".join(name for name, side in sides if side is not None and side.new)
    shown = (_shown(row.lower, up=False), _shown(row.upper, up=True))
    return row.method, row.setting, row.law, to_text(row.beta), *shown, gap, new, row.scope


def _shown(side: Side | None, up: bool) -> str:
    from adversary.exact import rounded_up

    if side is None:
        return ""
    return rounded_up(side.value) if up else at_least(side.value, side.infinite)


def _print(found: list[Row]) -> None:
    lines = []
    for row in found:
        sides = (side for side in (row.lower, row.upper) if side is not None)
        lines.append((*_cells(row), ", ".join(Path(side.file).stem for side in sides)))
    print_records((*_HEADER, _LAST), lines)


def _latex(found: list[Row]) -> list[str]:
    """Return the lines of a tabular that needs booktabs."""
    from adversary.exact import INFINITE

    lines = [" & ".join(cells) + r" \\" for cells in (_HEADER, *map(_cells, found))]
    lines = [line.replace("β", r"$\beta$").replace(INFINITE, r"$\infty$") for line in lines]
    head = [r"\begin{tabular}{lllrrrrll}", r"\toprule", lines[0], r"\midrule"]
    return [*head, *lines[1:], r"\bottomrule", r"\end{tabular}"]


def _json(row: Row) -> dict[str, Any]:
    from adversary.cli.report import bound_text
    from adversary.exact import to_text

    def side(bound: Side | None) -> dict[str, Any] | None:
        return bound and {
            "bound": bound_text(bound.value, bound.infinite),
            "file": bound.file,
            "new": bound.new,
        }

    return {
        "method": row.method,
        "setting": row.setting,
        "sampling": row.law,
        "beta": to_text(row.beta),
        "certified_lower_bound": side(row.lower),
        "certified_upper_bound": side(row.upper),
        "gap": row.gap,
        "scope": row.scope,
    }
