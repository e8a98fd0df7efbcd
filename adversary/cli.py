"""The command line: `adversary` or `python -m adversary`.

Exit status: 0 done; 1 a search failed; 2 the request or a file is wrong, with one line that names
the field, the value and what was expected.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adversary.errors import InputError, SearchError
from adversary.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from adversary.searching.run import SearchResult
    from adversary.searching.strategy import Incumbent

NOT_CERTIFIED = "numeric, not certified"

app = typer.Typer(
    help="Find worst cases of preference-alignment methods.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def _whole(text: str | int) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"got {text!r}, expected a whole number") from None


def _seconds(text: str | float) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"got {text!r}, expected a number of seconds") from None


_WHOLE: dict[str, Any] = {"parser": _whole, "metavar": "<int>"}
_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; user errors become one line and exit status 2."""
    try:
        status = app(arguments, standalone_mode=False)
    except typer.Exit as end:
        status = end.exit_code
    except InputError as error:
        status = _fail(str(error), 2)
    except SearchError as error:
        status = _fail(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        status = _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        status = 0
    except Exception as error:
        # Usage errors of the command-line parser; anything else is a bug and keeps its traceback.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        status = _fail(" ".join(message().split()) or "see --help", 2)
    sys.exit(status or 0)


def _fail(message: str, status: int) -> int:
    typer.echo(f"adversary: {message}", err=True)
    return status


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(
    epilog="Example: adversary search rlhf --beta 8 --alternatives 3 --kl free --out w.json"
)
def search(
    method: Annotated[str, typer.Argument(help="The method to find bad instances for.")],
    beta: Annotated[str, typer.Option(help="Bradley–Terry temperature, exact: 8, 5/2 or 0.1.")],
    alternatives: Annotated[int, typer.Option(help="Number of alternatives.", **_WHOLE)] = 3,
    users: Annotated[
        int | None,
        typer.Option(help="Number of user types. [default: alternatives + 1]", **_WHOLE),
    ] = None,
    sampling: Annotated[
        str,
        typer.Option(
            help="Pair law: independent, pairs or user-dependent (the search chooses its weights), "
            "or uniform (fixed)."
        ),
    ] = "independent",
    kl: Annotated[
        str | None,
        typer.Option(help="KL budget in nats, or 'free'. Without it: social choice."),
    ] = None,
    strategy: Annotated[str, typer.Option(help="auto, gradient or evolution.")] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same bits.", **_WHOLE)] = 0,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds.", parser=_seconds, metavar="<float>")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the instance to this file.")] = None,
    as_json: _JSON = False,
) -> None:
    """Search for the instance on which METHOD has the largest distortion.

    Ctrl-C ends the search and keeps the best instance so far.
    """
    from adversary.instance import uniform
    from adversary.method import by_name
    from adversary.searching.run import search as run
    from adversary.searching.space import FREE, MAX_ALTERNATIVES

    chosen = by_name(method)
    if out is not None:
        _check_writable(out)
    if not 2 <= alternatives <= MAX_ALTERNATIVES:
        expected = f"a whole number from 2 to {MAX_ALTERNATIVES}"
        raise InputError("alternatives", alternatives, expected)
    with _progress(time_limit) as progress:
        result = run(
            chosen,
            beta,
            alternatives,
            users=users,
            sampling=uniform(alternatives) if sampling == "uniform" else sampling,
            kl_budget=FREE if kl == "free" else kl,
            strategy=strategy,
            seed=seed,
            time_limit=time_limit,
            progress=progress,
        )
    if out is not None:
        result.save(str(out))
    if as_json:
        _print_json(_search_json(result, out))
    else:
        _print_search(result, out)


def _check_writable(path: Path) -> None:
    """Refuse before the search what would be refused after it, and to replace a device."""
    if path.is_dir():
        raise InputError("out", str(path), "a file, not a directory")
    if path.exists() and not path.is_file():
        raise InputError("out", str(path), "a regular file")
    if not path.parent.is_dir():
        raise InputError("out", str(path), "a file in a directory that exists")


def _search_json(result: SearchResult, out: Path | None) -> dict[str, Any]:
    from adversary.exact import to_text

    return {
        "method": result.method,
        "beta": to_text(result.instance.beta),
        "certified_lower_bound": None,
        "numeric_distortion": _finite(result.distortion),
        "theory": [
            {"key": t.key, "status": t.status, "bound": value, "source": t.citation}
            for t, value in result.theory
        ],
        "file": None if out is None else str(out),
        "seconds": round(result.seconds, 3),
        "strategy": result.strategy,
        "seed": result.seed,
        "evaluations": result.evaluations,
        "stopped": result.stopped,
    }


def _print_search(result: SearchResult, out: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"[bold]{result.method}[/]: distortion ≥ {result.distortion:.6g} ({NOT_CERTIFIED})"
    )
    console.print(
        f"strategy {result.strategy}, seed {result.seed}, {result.evaluations} evaluations, "
        f"{result.seconds:.1f} s, {result.stopped}"
    )
    if result.theory:
        table = Table("published", "status", "bound", "found / bound", box=None, pad_edge=False)
        for theorem, bound in result.theory:
            ratio = f"{result.distortion / bound:.4f}" if bound else ""
            place = f"{theorem.source.short} {theorem.place}".strip()
            table.add_row(place, theorem.status, f"{bound:.6g}", ratio)
        console.print(table)
    _print_instance(console, result.instance)
    if out is not None:
        console.print(f"written to {out}")


def _print_instance(console: Any, instance: Any) -> None:
    from rich.table import Table

    def shown(value: Any) -> str:
        return f"{float(value):.4g}"

    table = Table("", "weight", *instance.alternatives, box=None, pad_edge=False)
    total = sum(user.weight for user in instance.users)
    for k, user in enumerate(instance.users):
        utilities = [shown(u) for u in user.utilities]
        table.add_row(f"user type {k + 1}", shown(user.weight / total), *utilities)
    average = [shown(u) for u in instance.average_utility]
    table.add_row("average utility", "", *average)
    law = instance.sampling
    if law.kind == "independent":
        mass = sum(law.weights)
        table.add_row("pair law μ", "", *[shown(w / mass) for w in law.weights])
    if instance.reference is not None:
        mass = sum(instance.reference.weights)
        table.add_row("reference", "", *[shown(w / mass) for w in instance.reference.weights])
    console.print(table)
    if law.kind == "pairs":
        mass = sum(w for _, _, w in law.weights)
        names = instance.alternatives
        pairs = ", ".join(f"{names[x]}{names[y]} {shown(w / mass)}" for x, y, w in law.weights)
        console.print(f"pair law: {pairs}")
    if law.kind == "user-dependent":
        console.print("pair law: one for each user type (see the file)")
    if instance.reference is not None:
        console.print(f"KL budget {shown(instance.reference.kl_budget)}")


@contextmanager
def _progress(time_limit: float | None) -> Iterator[Callable[[Incumbent], None]]:
    """Show best so far on standard error while a search runs; silent when that is no terminal."""
    import time

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
            best = f"{incumbent.value:.6g}"
            bar.update(task, completed=share, best=best, evaluations=incumbent.evaluations)

        yield show


@app.command(epilog="Example: adversary solve w.json --method rlhf --method nlhf")
def solve(
    file: Annotated[Path, typer.Argument(help="A file of format adversary-instance/1.")],
    method: Annotated[
        list[str] | None, typer.Option(help="Only this method; repeat for several.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Print each method's policy and distortion on one instance."""
    from adversary.document import read
    from adversary.method import available, by_name

    instance = read(file).instance
    names = method or list(available())
    rows = [_solve_one(instance, by_name(name)) for name in names]
    if as_json:
        _print_json({"file": str(file), "methods": rows})
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    _print_instance(console, instance)
    header = ("method", *instance.alternatives, "utility", "distortion", "status")
    table = Table(*header, box=None, pad_edge=False)
    for row in rows:
        policy = [f"{p:.4g}" for p in row["policy"].values()]
        ratio = _ratio_text(row)
        table.add_row(row["method"], *policy, f"{row['utility']:.4g}", ratio, row["status"])
    console.print(table)
    console.print(f"best utility {rows[0]['best_utility']:.6g}; all values {NOT_CERTIFIED}")


def _ratio_text(row: dict[str, Any]) -> str:
    every, some = row["distortion_every"], row["distortion_some"]
    if every is None:
        return "undetermined"
    if row["status"] == "tied" and every != some:
        return f"{every} to {some}" if "inf" in (every, some) else f"{every:.6g} to {some:.6g}"
    return every if isinstance(every, str) else f"{every:.6g}"


def _solve_one(instance: Any, method: Any) -> dict[str, Any]:
    import torch

    from adversary.distortion import evaluate
    from adversary.method import Status
    from adversary.population import Population

    with torch.no_grad():
        result, outcome = evaluate(Population.of(instance), method)
    status = Status(int(outcome.status[0]))
    policy = outcome.log_policy[0].exp().tolist()
    return {
        "method": method.name,
        "policy": dict(zip(instance.alternatives, policy, strict=True)),
        "utility": float(result.achieved[0]),
        "best_utility": float(result.best[0]),
        "distortion_every": _finite(float(result.every[0])),
        "distortion_some": _finite(float(result.some[0])),
        "status": status.name.lower(),
        "advice": status.advice,
        "residual": float(outcome.residual[0]),
        "certified": False,
    }


def _finite(value: float) -> float | str | None:
    """JSON has no infinity and no NaN: 'inf' where the utility is 0, None where undetermined."""
    if value != value:
        return None
    return "inf" if value == float("inf") else value


@app.command()
def methods(as_json: _JSON = False) -> None:
    """List the methods, those of installed packages included."""
    from adversary.method import available

    found = available()
    if as_json:
        _print_json({"methods": [{"name": n, "summary": m.summary} for n, m in found.items()]})
        return
    width = max(map(len, found))
    for name, method in found.items():
        typer.echo(f"{name:{width}}  {method.summary}")


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))
