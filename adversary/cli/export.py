"""Commands that show files to people and write them for papers: export, show."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adversary.cli.app import FILE, JSON, OR_STDOUT, app, check_writable, print_json, written
from adversary.cli.layout import certified, prose, say
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
    """Write instances and certificates in another format.

    Files of a directory that the format cannot hold are left out and named on standard error, with
    exit status 1.
    """
    from adversary import files
    from adversary.export import by_name
    from adversary.export import export as exported

    form = by_name(to)
    if out is not None:
        check_writable(out)
    elif not form.text:
        raise InputError("out", "nothing", f"--out FILE, as {to} is no text")
    done = exported(paths or [], form)
    content = done.content
    raw = content.encode() if isinstance(content, str) else content
    with written(lambda path: files.write_bytes(raw, path), out, quiet=True) as names:
        if as_json:
            text = content if out is None else None
            left = {"left_out": done.left} if done.left else {}
            print_json({"to": to, "file": next(iter(names), None), "text": text, **left})
        elif out is None:  # as in a file, whatever encoding the stream has
            typer.echo(raw if hasattr(sys.stdout, "buffer") else content, nl=False)
        for reason in done.left:
            say(f"adversary: left out: {reason}", err=True)
    if done.left:
        raise typer.Exit(1)


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
    from adversary.export.source import item as read
    from adversary.figures import style as figures

    if figure is not None:
        figures.check_format(figure)
        check_writable(figure, "figure")
    if file.is_dir():
        raise InputError("file", str(file), "a file, not a directory")
    item = read(file)
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
            verdict = None if item.verdict is None else report.of_verdict(str(file), item.verdict)
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
    from adversary.figures.numbers import plain

    instance, verdict = item.document.instance, item.verdict
    budget = ""
    if instance.reference is not None:
        budget = f", KL budget {plain(instance.reference.kl_budget)}"
    where = f"β = {plain(instance.beta)}{budget}"
    if item.bound is None or verdict is None:
        return where
    claim = f"{item.method}: {certified(item.bound, item.infinite)}"
    return f"{claim} ({verdict.policies} policy)\n{where}"
