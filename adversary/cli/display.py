"""What people see: instances, results and progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from adversary.cli.layout import certified, number, print_matrix, print_records, prose, say, short
from adversary.cli.report import comparisons, supremum
from adversary.exact import INFINITE, to_float
from adversary.problem.instance import Independent, Instance, PairLaw, Pairs, UserDependent

if TYPE_CHECKING:
    from adversary.searching.ceiling import Ceiling
    from adversary.searching.strategy import Incumbent
    from adversary.verbs import SearchResult

NUMERIC = "numeric, not certified"
_SLACK = 1e-6  # relative; a certificate may be so far below the numeric value


def print_search(result: SearchResult) -> None:
    """Print what a search found, beside what is published."""
    finding, bound = result.finding, _print_bound(result)
    prose(
        f"strategy {finding.strategy}, seed {finding.seed}, {finding.evaluations} evaluations, "
        f"{finding.seconds:.1f} s, {finding.stopped}",
    )
    ceiling = supremum(result)
    if ceiling is not None:
        _print_ceiling(ceiling)
    if result.remark is not None:
        prose(result.remark)
    if finding.theory:
        rows = []
        for known, compared in zip(finding.theory, comparisons(result), strict=True):
            theorem, value = known
            place = f"{theorem.source.short} {theorem.place}"
            verdict = "" if compared is None else str(compared.verdict)
            share = _share(bound, to_float(value))
            rows.append((place, theorem.status, known.text, share, verdict))
        print_records(("theory", "status", "bound", "found / bound", "verdict"), rows)
    print_instance(result.instance)


def _print_bound(result: SearchResult) -> float:
    """Print what is proved and what is not; return the bound."""
    method, certificate, numeric = result.finding.method, result.certificate, result.distortion
    if certificate is None:
        prose(f"{method}: distortion ≥ {number(numeric)} ({NUMERIC})")
        prose(f"no certificate: {result.uncertified}")
        return numeric
    claim = certified(certificate.lower_bound, certificate.infinite)
    prose(f"{method}: {claim}, {certificate.policies} allowed policy")
    bound = math.inf if certificate.infinite else to_float(certificate.lower_bound)
    if numeric > bound * (1 + _SLACK):
        reason = f": {result.uncertified}" if result.uncertified else ""
        prose(f"distortion ≥ {number(numeric)}, {NUMERIC}{reason}")
    return bound


def _share(bound: float, published: float) -> str:
    if math.isinf(published):
        return ""
    return INFINITE if math.isinf(bound) else f"{bound / published:.4f}"


def _print_ceiling(ceiling: Ceiling) -> None:
    what = f"supremum for this law, outcome and best policy ({ceiling.outcome})"
    prose(f"{what}: {number(ceiling.value)}, {NUMERIC}")
    if ceiling.limits:
        prose(f"approached as these vanish: {'; '.join(ceiling.limits)}")


def print_instance(instance: Instance) -> None:
    """Print users, average utilities, pair law, reference and budget; weights normalised."""
    rows = [
        (f"user type {k}", short(share), *map(short, user.utilities))
        for k, (user, share) in enumerate(
            zip(instance.users, _shares([u.weight for u in instance.users]), strict=True), 1
        )
    ]
    rows.append(("average utility", "", *map(short, instance.average_utility)))
    law, reference = instance.sampling, instance.reference
    laws: dict[str, PairLaw] = {"": law}
    if isinstance(law, UserDependent):
        laws = {f" of user type {k}": own for k, own in enumerate(law.laws, 1)}
    for whose, own in laws.items():
        if isinstance(own, Independent):
            rows.append((f"pair law μ{whose}", "", *map(short, _shares(own.weights))))
    if reference is not None:
        rows.append(("reference policy", "", *map(short, _shares(reference.weights))))
    print_matrix(("", "weight", *instance.alternatives), rows)
    for whose, own in laws.items():
        if isinstance(own, Pairs):
            say(f"pair law{whose}:", *_pairs(own, instance.alternatives))
    budget = "" if reference is None else f", KL budget {short(reference.kl_budget)}"
    prose(f"β = {short(instance.beta)}{budget}")


def _shares(weights: tuple[Fraction, ...] | list[Fraction]) -> list[Fraction]:
    total = sum(weights)
    return [weight / total for weight in weights]


def _pairs(law: Pairs, names: tuple[str, ...]) -> Iterator[str]:
    """Yield each pair with its share, and commas between them."""
    shares = _shares([weight for _, _, weight in law.weights])
    for k, ((x, y, _), share) in enumerate(zip(law.weights, shares, strict=True), 1):
        yield f"{names[x]}–{names[y]} {short(share)}{',' if k < len(shares) else ''}"


def print_outcomes(instance: Instance, rows: list[dict[str, Any]]) -> None:
    """Print an instance and each method's policy on it, from the report's objects."""
    print_instance(instance)
    solved = []
    for row in rows:
        numbers = [*row["policy"].values(), row["utility"]]
        shown = ["" if value is None else short(value) for value in numbers]
        solved.append((row["method"], *shown, _ratio(row), row["status"]))
    names = instance.alternatives
    print_matrix(("method", *names, "utility", "distortion", "status"), solved)
    best = rows[0]["best_utility"]
    shown = "undetermined" if best is None else number(best)
    prose(f"best utility {shown}; all values {NUMERIC}")


def _ratio(row: dict[str, Any]) -> str:
    every, some = row["distortion_every"], row["distortion_some"]
    if every is None:
        return "undetermined"
    low, high = number(float(every)), number(float(some))
    return low if low == high else f"{low} to {high}"


@contextmanager
def progress(time_limit: float | None) -> Iterator[Callable[[Incumbent], None]]:
    """Show the best so far on standard error; silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

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
            best = number(incumbent.value)
            bar.update(task, completed=share, best=best, evaluations=incumbent.evaluations)

        yield show
