"""Commands that run methods: search, solve, methods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adversary.cli.app import (
    FILE,
    JSON,
    OR_STDOUT,
    WHOLE,
    app,
    check_writable,
    print_json,
    seconds,
    written,
)
from adversary.cli.layout import say
from adversary.errors import InputError


@app.command(
    epilog="Example: adversary search rlhf --beta 8 --alternatives 3 --kl free --out w.json"
)
def search(
    method: Annotated[str, typer.Argument(help="The method to find bad instances for.")],
    beta: Annotated[str, typer.Option(help="Bradley–Terry temperature, exact: 8, 5/2 or 0.1.")],
    alternatives: Annotated[int, typer.Option(help="Number of alternatives.", **WHOLE)] = 3,
    users: Annotated[
        int | None,
        typer.Option(help="Most user types. [default: alternatives + 1]", **WHOLE),
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
    strategy: Annotated[
        str, typer.Option(help="auto, columns (exact), gradient or evolution.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same bits.", **WHOLE)] = 0,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds.", parser=seconds, metavar="<float>")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=f"Write the certificate to this file; {OR_STDOUT}")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Search for the instance on which METHOD has the largest distortion, and certify it.

    Ctrl-C and SIGTERM end the search and keep the best instance so far. Exit status 1: the
    certified bound contradicts a known upper bound, or nothing was found.
    """
    from adversary.interface.method import by_name
    from adversary.problem.instance import uniform
    from adversary.searching.space import FREE, MAX_ALTERNATIVES

    chosen = by_name(method)
    if out is not None:
        check_writable(out)
    if not 2 <= alternatives <= MAX_ALTERNATIVES:
        expected = f"a whole number from 2 to {MAX_ALTERNATIVES}"
        raise InputError("alternatives", alternatives, expected)
    from adversary import verbs
    from adversary.cli import display, report

    with display.progress(time_limit) as progress:
        result = verbs.search(
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
    alarms = report.alarms(result)
    with written(lambda path: result.save(str(path)), out, as_json) as files:
        if as_json:
            print_json(report.of_search(result, next(iter(files), None)))
        else:
            display.print_search(result)
        for found in alarms:
            say(f"alarm: {chosen.name} {found.in_words}", err=True)
    raise typer.Exit(1 if alarms else 0)


@app.command(epilog="Example: adversary solve w.json --method rlhf --method nlhf")
def solve(
    file: FILE,
    method: Annotated[
        list[str] | None, typer.Option(help="Only this method; repeat for several.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Print each method's policy and distortion on one instance."""
    from adversary.cli import report
    from adversary.interface.method import by_name
    from adversary.problem.document import read

    instance = read(file).instance
    if method:
        rows, failures = [report.of_outcome(instance, by_name(name)) for name in method], []
    else:
        rows, failures = report.of_outcomes(instance)
    for failure in failures:
        say(f"adversary: {failure}", err=True)
    if as_json:
        print_json({"file": str(file), "methods": rows})
        return
    from adversary.cli import display

    display.print_outcomes(instance, rows)


@app.command()
def methods(as_json: JSON = False) -> None:
    """List the methods, those of installed packages included, and what is wrong with broken ones.

    A broken one stops no other.
    """
    from adversary.interface.method import available, broken

    found, errors = available(), broken()
    if as_json:
        print_json({
            "methods": [{"name": n, "summary": m.summary} for n, m in found.items()],
            "broken": [{"entry_point": name, "reason": str(e)} for name, e in errors],
        })  # fmt: skip
        return
    width = max(map(len, found))
    for name, method in found.items():
        say(f"{name:{width}} ", *method.summary.split())
    for _, error in errors:
        say(f"broken: {error}")
