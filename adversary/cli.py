"""The command line: `adversary` or `python -m adversary`.

Exit status: 0 done; 1 a claim was rejected, or a search or a certificate failed; 2 the request or
a file is wrong, with one line that names the field, the value and what was expected.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adversary.errors import CertificateError, InputError, SearchError
from adversary.version import __version__

if TYPE_CHECKING:
    from adversary.certify import Certificate
    from adversary.document import Document
    from adversary.method import Method

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
_FILE = Annotated[Path, typer.Argument(help="A file of format adversary-instance/1.")]
_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; user errors become one line and exit status 2."""
    try:
        status = app(arguments, standalone_mode=False)
    except typer.Exit as end:
        status = end.exit_code
    except InputError as error:
        status = _fail(str(error), 2)
    except (SearchError, CertificateError) as error:
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
    out: Annotated[Path | None, typer.Option(help="Write the certificate to this file.")] = None,
    as_json: _JSON = False,
) -> None:
    """Search for the instance on which METHOD has the largest distortion, and certify it.

    Ctrl-C ends the search and keeps the best instance so far.
    """
    from adversary.instance import uniform
    from adversary.method import by_name
    from adversary.searching.space import FREE, MAX_ALTERNATIVES

    chosen = by_name(method)
    if out is not None:
        _check_writable(out)
    if not 2 <= alternatives <= MAX_ALTERNATIVES:
        expected = f"a whole number from 2 to {MAX_ALTERNATIVES}"
        raise InputError("alternatives", alternatives, expected)
    from rich.console import Console

    from adversary import display, report, verbs

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
    if out is not None:
        result.save(str(out))
    if as_json:
        _print_json(report.of_search(result, out))
    else:
        display.print_search(Console(highlight=False), result, None if out is None else str(out))


def _check_writable(path: Path) -> None:
    """Refuse before the search what would be refused after it, and to replace a device."""
    if path.is_dir():
        raise InputError("out", str(path), "a file, not a directory")
    if path.exists() and not path.is_file():
        raise InputError("out", str(path), "a regular file")
    if not path.parent.is_dir():
        raise InputError("out", str(path), "a file in a directory that exists")


@app.command(epilog="Example: adversary solve w.json --method rlhf --method nlhf")
def solve(
    file: _FILE,
    method: Annotated[
        list[str] | None, typer.Option(help="Only this method; repeat for several.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Print each method's policy and distortion on one instance."""
    from adversary import report
    from adversary.document import read
    from adversary.method import available, by_name

    instance = read(file).instance
    names = method or list(available())
    rows = [report.of_outcome(instance, by_name(name)) for name in names]
    if as_json:
        _print_json({"file": str(file), "methods": rows})
        return
    from rich.console import Console

    from adversary import display

    display.print_outcomes(Console(highlight=False), instance, rows)


_METHOD = Annotated[str | None, typer.Option(help="The method. [default: the one in the file]")]
_POLICIES = Annotated[str, typer.Option(help="Claim for every or some allowed policy.")]
_OUT = Annotated[Path | None, typer.Option(help="Where to write. [default: the file itself]")]


@app.command(epilog="Example: adversary certify w.json --method dpo --out certificate.json")
def certify(
    file: _FILE,
    method: _METHOD = None,
    policies: _POLICIES = "every",
    out: _OUT = None,
    as_json: _JSON = False,
) -> None:
    """Complete an instance into a certificate, and have the checker accept it."""
    from adversary.certify import certify as complete
    from adversary.document import read

    document = read(file)
    chosen = _method(document, method)
    _check_policies(policies)
    _check_writable(out or file)
    certificate = complete(document.instance, chosen, policies, dict(document.provenance))
    _finish(certificate, chosen, out or file, as_json)


@app.command(epilog="Example: adversary simplify w.json --keep 0.99 --out simple.json")
def simplify(
    file: _FILE,
    keep: Annotated[str, typer.Option(help="Share of the certified bound to keep.")] = "0.99",
    method: _METHOD = None,
    policies: _POLICIES = "every",
    out: _OUT = None,
    as_json: _JSON = False,
) -> None:
    """Find a simpler instance (fewer types and alternatives, shorter numbers), and certify it."""
    from rich.console import Console

    from adversary import display, verbs
    from adversary.document import read
    from adversary.exact import parse_rational

    document = read(file)
    chosen = _method(document, method)
    _check_policies(policies)
    if not 0 < parse_rational("keep", keep) <= 1:
        raise InputError("keep", keep, "a share above 0, at most 1")
    _check_writable(out or file)
    with Console(stderr=True).status("simplifying") as status:
        about = document.provenance
        certificate = verbs.simplify(
            document.instance, chosen, keep, policies, about, status.update
        )
    _finish(certificate, chosen, out or file, as_json)
    if not as_json:
        display.print_instance(Console(highlight=False), certificate.instance)


def _method(document: Document, name: str | None) -> Method:
    from adversary.method import by_name

    if name is None and document.method is None:
        raise InputError("method", "nothing", "--method, as the file names none")
    return by_name(name or str((document.method or {})["name"]))


def _check_policies(policies: str) -> None:
    if policies not in ("every", "some"):
        raise InputError("policies", policies, "'every' or 'some'")


def _finish(certificate: Certificate, method: Method, out: Path, as_json: bool) -> None:
    from adversary import report
    from adversary.verbs import rounded_down

    certificate.save(out)
    if as_json:
        _print_json(report.of_certificate(certificate, method.name, out))
        return
    shown = rounded_down(certificate.lower_bound)
    which = certificate.policies
    typer.echo(f"{method.name}: certified distortion ≥ {shown}, {which} allowed policy: {out}")


@app.command(epilog="Example: adversary check instances/*.json")
def check(
    files: Annotated[list[str], typer.Argument(help="Certificates.", metavar="FILE...")],
    as_json: _JSON = False,
) -> None:
    """Run the trusted checker: accepted only if the file proves its claim."""
    from adversary.certificate.__main__ import main as run

    if not as_json:
        raise typer.Exit(run(files))
    from adversary import report

    rows = [report.of_verdict(name) for name in files]
    _print_json({"files": rows})
    raise typer.Exit(0 if all(row["accepted"] for row in rows) else 1)


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
