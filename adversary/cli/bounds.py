"""The command that proves upper bounds: bound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adversary.cli.app import JSON, app, check_writable, print_json


@app.command(epilog="Example: adversary bound rlhf --beta 8 --out bound.json")
def bound(
    method: Annotated[str, typer.Argument(help="The method whose distortion to bound.")],
    beta: Annotated[str, typer.Option(help="Bradley–Terry temperature, exact: 8, 5/2 or 0.1.")],
    alternatives: Annotated[
        str, typer.Option(help="Number of alternatives, or 'every'.", metavar="<int>|every")
    ] = "every",
    sampling: Annotated[
        str | None,
        typer.Option(
            help="Pair law: every, independent, uniform, weights such as 1/2,1/4,1/4, or "
            "pairs-path (each alternative beats the one before it). "
            "[default: every law for which the bound holds]"
        ),
    ] = None,
    kl: Annotated[
        str | None,
        typer.Option(
            help="In a KL ball: a budget in nats, 'free' or 'every'; what is proved holds for "
            "every budget (rlhf, dpo: every one that does not bind). Without it: social choice."
        ),
    ] = None,
    outcome: Annotated[
        Path | None,
        typer.Option(
            help="An instance: bound the distortion of all users that lead rlhf or dpo to the "
            "same reward. Its law, reference and budget, which must bind, are those of the file."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the certificate to this file (of several outcomes the worst)."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Prove that METHOD's distortion is at most some number, with a certificate for `check`."""
    from adversary.bounding.find import bound as prove
    from adversary.exact import to_text
    from adversary.problem.document import read

    if out is not None:
        check_writable(out)
    instance = None if outcome is None else read(outcome).instance
    result = prove(method, beta, alternatives, sampling, kl, instance)
    written = [] if out is None else result.paths(out)
    for path in written:
        check_writable(path)
    if out is not None:
        result.save(out)
    if as_json:
        print_json(
            {
                "method": method,
                "beta": result.document["beta"],
                "certified_upper_bound": to_text(result.upper_bound, decimal=True),
                "setting": result.document["setting"],
                "text": result.text,
                "outcomes": len(result.outcomes),
                "boxes": result.boxes,
                "seconds": round(result.seconds, 3),
                "file": None if out is None else str(out),
                "files": [str(path) for path in written],
            }
        )
        return
    several = f", the worst of {len(result.outcomes)} outcomes" if len(result.outcomes) > 1 else ""
    typer.echo(f"proved: {result.text}{several}")
    typer.echo(f"{result.boxes} boxes, {result.seconds:.1f} s")
    if written:
        more = f" to {written[-1].name}" if len(written) > 1 else ""
        typer.echo(f"written to {written[0]}{more}")
