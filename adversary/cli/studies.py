"""Commands on many instances: sweep, rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adversary.cli.app import (
    INTERRUPTED,
    JSON,
    STDOUT,
    WHOLE,
    app,
    check_writable,
    print_json,
    written,
)
from adversary.cli.layout import at_least, number, print_records, prose, say, short
from adversary.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from adversary.results.fits import Line
    from adversary.results.rates import Growth, Published, Rate
    from adversary.sweeping.run import Sweep
    from adversary.sweeping.study import Cell


@app.command(epilog="Example: adversary sweep study.toml --out results --workers 4")
def sweep(
    study: Annotated[Path, typer.Argument(help="A study file (TOML).")],
    out: Annotated[Path, typer.Option(help="Directory of the files; what it holds is not redone.")],
    workers: Annotated[int, typer.Option(help="Processes on this machine.", **WHOLE)] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="A dask scheduler, tcp://…; its workers run the searches.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Run a grid of searches; a certificate for each, or a record of why there is none.

    Stop it at any moment and run it again: it goes on where it was, and tries again what failed.
    Ctrl-C and SIGTERM write the index and say what stands.
    """
    from adversary.sweeping.run import sweep as run
    from adversary.sweeping.study import read

    if out == STDOUT:
        raise InputError("out", str(out), "a directory, as there are many files")

    cells = read(study)
    with _progress(len(cells.cells), out) as report:
        result = run(cells, out, workers, scheduler, report)
    if as_json:
        print_json(_sweep_json(result, out))
    else:
        _print_sweep(result, out)
    if result.stopped == "interrupted":
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(1 if result.failed or result.unindexed else 0)


def _sweep_json(result: Sweep, out: Path) -> dict[str, Any]:
    from adversary.cli.report import bound_text

    best = _best(result, out)
    return {
        "directory": str(out),
        "cells": result.cells,
        "certified": result.certified,
        "certified_before": result.before,
        "failed": [{"cell": name, "reason": reason} for name, reason in result.failed],
        "unindexed": result.unindexed,
        "stopped": result.stopped,
        "best": best
        and {"certified_lower_bound": bound_text(best[0], best[1]), **best[2].specification},
    }


def _print_sweep(result: Sweep, out: Path) -> None:
    for name, reason in result.failed:
        say(f"failed: {name}: {reason}", err=True)
    if result.unindexed:
        say(f"no index: {result.unindexed}", err=True)
    done = f"{result.certified} certified, {result.before} certified before"
    say(f"{out}:", *f"{result.cells} cells, {done}, {len(result.failed)} failed".split())
    if result.stopped == "interrupted":
        prose("interrupted: what is certified stays; the same command does the rest")
    if result.best is not None:
        say("largest bound:", _largest(result, out))


def _largest(result: Sweep, out: Path) -> str:
    from adversary.exact import to_text

    best = _best(result, out)
    if best is None:
        return ""
    bound, infinite, cell = best
    return f"{at_least(bound, infinite)} ({cell.method}, β = {to_text(cell.beta)})"


def _best(result: Sweep, out: Path) -> tuple[Fraction, bool, Cell] | None:
    """Return the largest bound, whether it is infinite, and where."""
    from adversary.certificate import check
    from adversary.certifying.infinity import infinite

    if result.best is None:
        return None
    bound, cell = result.best
    return bound, infinite(check(out / f"{cell.stem}.json")), cell


@contextmanager
def _progress(total: int, out: Path) -> Iterator[Callable[[Sweep], None]]:
    """Show cells done, the best so far and the time left on standard error, if a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[done]}"),
        BarColumn(),
        TextColumn("best {task.fields[best]}, left", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("sweep", total=None, done="", best="")

        def show(state: Sweep) -> None:
            ended = state.certified + len(state.failed)
            done = f"{state.before + ended}/{total} cells, {len(state.failed)} failed"
            left = total - state.before  # what earlier runs did says nothing on the speed
            bar.update(task, total=left, completed=ended, done=done, best=_largest(state, out))

        yield show


@app.command(epilog="Example: adversary rates results --figure rates.pdf")
def rates(
    directory: Annotated[Path, typer.Argument(help="A directory of certificates.")],
    figure: Annotated[
        Path | None, typer.Option(help="Draw it: a .pdf or .svg file, and a .png beside it.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Fit how certified bounds grow in β: as β/2, as β, exponentially? And in m for pair laws.

    Files that the checker refuses count for nothing and give exit status 1.
    """
    from adversary.figures.rates import files, save
    from adversary.results import rates as module
    from adversary.sweeping.directory import entries

    for file in [] if figure is None else files(figure):
        check_writable(file, "figure")
    certified = entries(directory)
    refused = [e for e in certified if e.bound is None and e.instance is not None]
    found = module.rates(certified)
    if not found:
        raise InputError("directory", str(directory), "a directory with certificates")
    growth = module.growth(found)
    with written(lambda path: save(found, growth, path), figure, as_json) as names:
        if as_json:
            print_json({
                "rates": [_rate_json(rate) for rate in found],
                "growth_in_m": [_growth_json(group) for group in growth],
                "refused": [str(e.path) for e in refused],
                "figure": names,
            })  # fmt: skip
        else:
            _print_rates(found, growth)
        for entry in refused:
            say(f"refused: {entry.path}: {entry.reason}", err=True)
    raise typer.Exit(1 if refused else 0)


def _line_json(line: Line | None) -> dict[str, float] | None:
    return line and {"slope": line.slope, "margin": line.margin, "intercept": line.intercept}


def _rate_json(rate: Rate) -> dict[str, Any]:
    from adversary.cli.report import finite
    from adversary.exact import to_text
    from adversary.sweeping.study import kl_text

    s = rate.setting
    return {
        "method": s.method,
        "kl": kl_text(s.kl),
        "sampling": s.sampling,
        "alternatives": s.alternatives,
        "points": [
            {"beta": to_text(p.beta), "bound": finite(p.bound), "certified": p.certified}
            for p in rate.points
        ],
        "fitted": [to_text(p.beta) for p in rate.fitted],
        "linear": _line_json(rate.linear),
        "exponential": _line_json(rate.exponential),
        "aic_difference": rate.support,
        "model": rate.model,
        "reading": rate.reading,
        "theory": _theory_json(rate.theory),
    }


def _growth_json(group: Growth) -> dict[str, Any]:
    from adversary.cli.report import finite
    from adversary.exact import to_text
    from adversary.sweeping.study import kl_text

    return {
        "method": group.method,
        "kl": kl_text(group.kl),
        "sampling": group.sampling,
        "beta": to_text(group.beta),
        "points": [{"alternatives": m, "bound": finite(bound)} for m, bound in group.points],
        "power": _line_json(group.power),
        "exponential": _line_json(group.exponential),
        "aic_difference": group.support,
        "model": group.model,
        "reading": group.reading,
        "theory": _theory_json(group.theory),
    }


def _theory_json(theory: Published | None) -> dict[str, Any] | None:
    from adversary.cli.report import finite

    return theory and {
        "key": theory.theorem.key,
        "bound": finite(theory.bound),
        "fit": _line_json(theory.line),
    }


def _print_rates(found: list[Rate], growth: list[Growth]) -> None:
    """Print what the fits say, and which bounds are in none."""
    from adversary.results.rates import against_beta, alike

    groups = alike(against_beta(found, growth))
    if groups:
        _print_in_beta(groups)
    if groups and growth:
        typer.echo()
    if growth:
        _print_in_m(growth)
    for rate in found:
        if infinite := _infinite(rate):
            prose(infinite)


def _print_in_beta(groups: list[list[Rate]]) -> None:
    """Print one line for methods whose bounds agree, with the fits of the first of them."""
    header = ("methods", "setting", "law", "m", "β", "n", "largest", "linear: slope",
              "exponential: rate", "grows as", "theory: slope or rate")  # fmt: skip
    rows = []
    for group in groups:
        rate = group[0]
        s, points = rate.setting, rate.points
        methods, sizes = (", ".join(dict.fromkeys(names)) for names in zip(
            *((r.setting.method, str(r.setting.alternatives)) for r in group), strict=True
        ))  # fmt: skip
        betas = " to ".join(dict.fromkeys(short(p.beta) for p in (points[0], points[-1])))
        theory = next((r.theory for r in group if r.theory), None)
        rows.append((methods, s.where, s.sampling, sizes, betas, str(len(points)),
                     _largest_of(p.bound for p in points), _shown(rate.linear),
                     _shown(rate.exponential), rate.reading, _known(theory)))  # fmt: skip
    print_records(header, rows)


def _print_in_m(growth: list[Growth]) -> None:
    from adversary.results.rates import in_words

    header = ("method", "setting", "law", "β", "m", "n", "largest", "m^p: p",
              "exponential: rate", "grows as", "theory: p or rate")  # fmt: skip
    rows = []
    for g in growth:
        sizes = f"{g.points[0][0]} to {g.points[-1][0]}"
        largest = _largest_of(bound for _, bound in g.points)
        rows.append((g.method, in_words(g.kl), g.sampling, short(g.beta), sizes,
                     str(len(g.points)), largest, _shown(g.power), _shown(g.exponential),
                     g.reading, _known(g.theory)))  # fmt: skip
    print_records(header, rows)


def _largest_of(bounds: Iterable[float]) -> str:
    from fractions import Fraction

    from adversary.exact import rounded_down

    largest = max(bounds)
    return number(largest) if math.isinf(largest) else rounded_down(Fraction(largest), 4)


def _infinite(rate: Rate) -> str:
    """Return where the bounds of a rate are infinite; nothing where none is."""
    points = [p for p in rate.points if p.bound == math.inf]
    if not points:
        return ""
    betas = ", ".join(short(p.beta) + ("" if p.certified else " (numeric)") for p in points)
    s = rate.setting
    where = f"{s.method}, {s.where}, {s.sampling}, m = {s.alternatives}"
    return f"infinite, and in no fit: {where}, β = {betas}"


def _known(theory: Published | None) -> str:
    if theory is None:
        return ""
    shown = number(theory.bound) if math.isinf(theory.bound) else _shown(theory.line)
    return f"{shown} ({theory.theorem.key})".lstrip()


def _shown(line: Line | None) -> str:
    return "" if line is None else f"{line.slope:.4g} ± {line.margin:.2g}"
