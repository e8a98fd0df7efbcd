"""The command that proves upper bounds: bound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adversary.cli.app import JSON, OR_STDOUT, app, check_writable, print_json, written
from adversary.cli.layout import prose, say
from adversary.errors import InputError

if TYPE_CHECKING:
    from adversary.bounding.find import UpperBound


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
        typer.Option(
            help="Write the certificate to this file, and those of other outcomes beside it to "
            f"FILE-2.json and so on; {OR_STDOUT}"
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Prove that METHOD's distortion is at most some number, with a certificate for `check`."""
    from adversary.bounding.find import bound as prove
    from adversary.problem.document import read

    if out is not None:
        check_writable(out)
    instance = None if outcome is None else read(outcome).instance
    result = prove(method, beta, alternatives, sampling, kl, instance)
    with written(lambda path: _save(result, path), out, as_json) as files:
        if as_json:
            print_json(_json(method, result, files))
        else:
            count = len(result.outcomes)
            prose(f"proved: {result.text}" + f", the worst of {count} outcomes" * (count > 1))
            say(f"{result.boxes} boxes, {result.seconds:.1f} s")


def _save(result: UpperBound, path: Path) -> list[Path]:
    """Write the certificates; of their files the user named the first only."""
    from adversary import files

    paths = result.paths(path)
    for file, outcome in zip(paths[1:], result.outcomes[1:], strict=True):
        check_writable(file)
        if file.exists() and file.read_bytes() != files.dumps(outcome.document).encode():
            raise InputError("out", str(file), "no other file where an outcome's is to be")
    result.save(path)
    return paths


def _json(method: str, result: UpperBound, files: list[str]) -> dict[str, Any]:
    from adversary.exact import to_text

    return {
        "method": method,
        "beta": result.document["beta"],
        "certified_upper_bound": to_text(result.upper_bound, decimal=True),
        "setting": result.document["setting"],
        "text": result.text,
        "outcomes": len(result.outcomes),
        "boxes": result.boxes,
        "seconds": round(result.seconds, 3),
        "file": next(iter(files), None),
        "files": files,
    }
