"""What people see: instances, results and progress as tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from adversary.cli.report import comparisons
from adversary.problem.instance import Independent, Instance, Pairs
from adversary.searching.ceiling import Ceiling
from adversary.searching.strategy import Incumbent
from adversary.verbs import SearchResult, rounded_down

NUMERIC = "numeric, not certified"


def short(value: Any) -> str:
    """Four significant digits; numbers below the range of floats keep their exponent."""
    number = float(value)
    return "< 1e-300" if value and abs(number) < 1e-300 else f"{number:.4g}"


def table(*header: str) -> Table:
    """Return an empty table without lines."""
    return Table(*header, box=None, pad_edge=False, padding=(0, 2, 0, 0))


def print_search(console: Console, result: SearchResult, file: str | None) -> None:
    """Print what a search found, beside what is published."""
    finding, certificate = result.finding, result.certificate
    if certificate is None:
        console.print(f"{finding.method}: distortion ≥ {result.distortion:.6g} ({NUMERIC})")
        console.print(f"no certificate: {result.uncertified}")
        bound = result.distortion
    else:
        bound = float(certificate.lower_bound)
        shown = rounded_down(certificate.lower_bound)
        console.print(f"{finding.method}: certified distortion ≥ {shown}, every allowed policy")
    console.print(
        f"strategy {finding.strategy}, seed {finding.seed}, {finding.evaluations} evaluations, "
        f"{finding.seconds:.1f} s, {finding.stopped}"
    )
    if result.ceiling is not None:
        console.print(_ceiling(result.ceiling))
    if result.remark is not None:
        console.print(result.remark)
    if finding.theory:
        known = table("theory", "status", "bound", "found / bound", "verdict")
        compared = comparisons(result)
        for theorem, value in finding.theory:
            place = f"{theorem.source.short} {theorem.place}".strip()
            verdict = str(compared[theorem.key].verdict) if theorem.key in compared else ""
            share = f"{bound / value:.4f}"
            known.add_row(place, theorem.status, f"{value:.6g}", share, verdict)
        console.print(known)
    print_instance(console, result.instance)
    if file is not None:
        console.print(f"written to {file}")


def _ceiling(ceiling: Ceiling) -> str:
    what = f"supremum for this law, outcome and best policy ({ceiling.outcome})"
    text = f"{what}: {ceiling.value:.6g}, {NUMERIC}"
    if not ceiling.limits:
        return text
    return f"{text}\napproached as these vanish: {'; '.join(ceiling.limits)}"


def print_instance(console: Console, instance: Instance) -> None:
    """Print users, average utilities, pair law, reference and budget; weights normalised."""
    rows = table("", "weight", *instance.alternatives)
    total = sum(user.weight for user in instance.users)
    for k, user in enumerate(instance.users):
        rows.add_row(f"user type {k + 1}", short(user.weight / total), *map(short, user.utilities))
    rows.add_row("average utility", "", *map(short, instance.average_utility))
    law, reference = instance.sampling, instance.reference
    if isinstance(law, Independent):
        mass = sum(law.weights)
        rows.add_row("pair law μ", "", *[short(w / mass) for w in law.weights])
    if reference is not None:
        mass = sum(reference.weights)
        rows.add_row("reference policy", "", *[short(w / mass) for w in reference.weights])
    console.print(rows)
    if isinstance(law, Pairs):
        mass, names = sum(w for _, _, w in law.weights), instance.alternatives
        pairs = ", ".join(f"{names[x]}–{names[y]} {short(w / mass)}" for x, y, w in law.weights)
        console.print(f"pair law: {pairs}")
    elif not isinstance(law, Independent):
        console.print("pair law: one for each user type (see the file)")
    budget = "" if reference is None else f", KL budget {short(reference.kl_budget)}"
    console.print(f"β = {short(instance.beta)}{budget}")


def print_outcomes(console: Console, instance: Instance, rows: list[dict[str, Any]]) -> None:
    """Print an instance and each method's policy on it, from the report's objects."""
    print_instance(console, instance)
    solved = table("method", *instance.alternatives, "utility", "distortion", "status")
    for row in rows:
        numbers = [*row["policy"].values(), row["utility"]]
        shown = ["" if number is None else f"{number:.4g}" for number in numbers]
        solved.add_row(row["method"], *shown, _ratio(row), row["status"])
    console.print(solved)
    console.print(f"best utility {rows[0]['best_utility']:.6g}; all values {NUMERIC}")


def _ratio(row: dict[str, Any]) -> str:
    every, some = row["distortion_every"], row["distortion_some"]
    if every is None:
        return "undetermined"
    low, high = (r if isinstance(r, str) else f"{r:.6g}" for r in (every, some))
    return low if low == high else f"{low} to {high}"


@contextmanager
def progress(time_limit: float | None) -> Iterator[Callable[[Incumbent], None]]:
    """Show the best so far on standard error; silent where that is no terminal."""
    columns = (
        TextColumn("best {task.fields[best]}"),
        BarColumn(),
        TextColumn("{task.fields[evaluations]} evaluations"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    started = time.monotonic()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("search", total=1.0, best="", evaluations=0)

        def show(incumbent: Incumbent) -> None:
            share = incumbent.share_done
            if time_limit is not None:
                share = max(share, (time.monotonic() - started) / time_limit)
            best = f"{incumbent.value:.6g}"
            bar.update(task, completed=share, best=best, evaluations=incumbent.evaluations)

        yield show
