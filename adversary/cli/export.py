"""Commands that show files to people and write them for papers: export, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adversary.cli.app import FILE, JSON, OR_STDOUT, app, check_writable, print_json, written
from adversary.cli.layout import certified, prose, say, short
from adversary.errors import InputError

if TYPE_CHECKING:
    from adversary.export.source import Item


@app.command(epilog="Example: adversary export instances --to csv --out instances.csv")
def export(
    to: Annotated[
        str,
        typer.Option(
            help="latex, tikz, csv, parquet, bibtex, json-schema, pref-voting, preflib or "
            "standalone (a Python script that proves the claim)."
        ),
    ],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files, or directories of them.", metavar="FILE...", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=f"Where to write. [default: standard output] {OR_STDOUT}")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Write instances and certificates in another format."""
    from adversary import files
    from adversary.export import by_name
    from adversary.export import export as exported

    form = by_name(to)
    if out is not None:
        check_writable(out)
    elif not form.text:
        raise InputError("out", "nothing", f"--out FILE, as {to} is no text")
    content = exported(paths or [], form)
    raw = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with written(lambda path: files.write_bytes(raw, path), out, quiet=True) as names:
        if as_json:
            text = content if out is None else None
            print_json({"to": to, "file": next(iter(names), None), "text": text})
        elif out is None:
            typer.echo(raw, nl=False)


@app.command(epilog="Example: adversary show w.json --figure w.pdf")
def show(
    file: FILE,
    figure: Annotated[
        Path | None, typer.Option(help="Draw it too: a .pdf, .png or .svg file.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Print an instance, what the checker says of its claim, and each method's policy."""
    from adversary.cli import report
    from adversary.export.source import load
    from adversary.figures import style as figures

    if figure is not None:
        figures.check_format(figure)
        check_writable(figure, "figure")
    if file.is_dir():
        raise InputError("file", str(file), "a file, not a directory")
    [item] = load([file])
    rows, failures = report.of_outcomes(item.document.instance)
    for failure in failures:
        say(f"adversary: {failure}", err=True)

    def save(path: Path) -> None:
        from adversary.figures.instance import draw

        shown = [row for row in rows if row["method"] == item.method]
        policies = [(row["method"], list(row["policy"].values())) for row in shown]
        with figures.style():
            figures.write(draw(item.document.instance, policies, _title(item)), path)

    with written(save, figure, as_json) as files:
        if as_json:
            verdict = None if item.verdict is None else report.of_verdict(str(file))
            print_json({"file": str(file), "claim": verdict, "methods": rows,
                        "figure": next(iter(files), None)})  # fmt: skip
            return
        from adversary.cli.display import print_outcomes

        print_outcomes(item.document.instance, rows)
        prose(_claim(item))


def _claim(item: Item) -> str:
    from adversary.exact import INFINITE

    if item.verdict is None:
        return "no claim"
    told = f"{'accepted' if item.verdict.accepted else 'rejected'}: {item.verdict.message}"
    return f"{told}: {INFINITE}" if item.infinite and INFINITE not in told else told


def _title(item: Item) -> str:
    instance, verdict = item.document.instance, item.verdict
    budget = ""
    if instance.reference is not None:
        budget = f", KL budget {short(instance.reference.kl_budget)}"
    where = f"β = {short(instance.beta)}{budget}"
    if item.bound is None or verdict is None:
        return where
    claim = f"{item.method}: {certified(item.bound, item.infinite)}"
    return f"{claim} ({verdict.policies} policy)\n{where}"
