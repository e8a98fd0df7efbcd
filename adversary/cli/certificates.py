"""Commands on certificates: certify, simplify, check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adversary.cli.app import FILE, JSON, app, check_writable, print_json
from adversary.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from adversary.certificate import Verdict
    from adversary.certifying.certify import Certificate
    from adversary.interface.method import Method
    from adversary.problem.document import Document

_METHOD = Annotated[str | None, typer.Option(help="The method. [default: the one in the file]")]
_POLICIES = Annotated[str, typer.Option(help="Claim for every or some allowed policy.")]
_OUT = Annotated[Path | None, typer.Option(help="Where to write. [default: the file itself]")]


@app.command(epilog="Example: adversary certify w.json --method dpo --out certificate.json")
def certify(
    file: FILE,
    method: _METHOD = None,
    policies: _POLICIES = "every",
    out: _OUT = None,
    as_json: JSON = False,
) -> None:
    """Complete an instance into a certificate, and have the checker accept it."""
    from adversary.certifying.certify import certify as complete
    from adversary.problem.document import read

    document = read(file)
    chosen = _method(document, method)
    _check_policies(policies)
    check_writable(out or file)
    certificate = complete(document.instance, chosen, policies, dict(document.provenance))
    _finish(certificate, chosen, out or file, as_json)


@app.command(epilog="Example: adversary simplify w.json --keep 0.99 --out simple.json")
def simplify(
    file: FILE,
    keep: Annotated[str, typer.Option(help="Share of the certified bound to keep.")] = "0.99",
    method: _METHOD = None,
    policies: _POLICIES = "every",
    out: _OUT = None,
    as_json: JSON = False,
) -> None:
    """Find a simpler instance (fewer types and alternatives, shorter numbers), and certify it."""
    from rich.console import Console

    from adversary import verbs
    from adversary.cli import display
    from adversary.exact import parse_rational
    from adversary.problem.document import read

    document = read(file)
    chosen = _method(document, method)
    _check_policies(policies)
    if not 0 < parse_rational("keep", keep) <= 1:
        raise InputError("keep", keep, "a share above 0, at most 1")
    check_writable(out or file)
    with Console(stderr=True).status("simplifying") as status:
        about = document.provenance
        certificate = verbs.simplify(
            document.instance, chosen, keep, policies, about, status.update
        )
    _finish(certificate, chosen, out or file, as_json)
    if not as_json:
        display.print_instance(Console(highlight=False), certificate.instance)


def _method(document: Document, name: str | None) -> Method:
    from adversary.interface.method import by_name

    if name is None and document.method is None:
        raise InputError("method", "nothing", "--method, as the file names none")
    return by_name(name or str((document.method or {})["name"]))


def _check_policies(policies: str) -> None:
    if policies not in ("every", "some"):
        raise InputError("policies", policies, "'every' or 'some'")


def _finish(certificate: Certificate, method: Method, out: Path, as_json: bool) -> None:
    from adversary.cli import report
    from adversary.verbs import rounded_down

    certificate.save(out)
    if as_json:
        print_json(report.of_certificate(certificate, method.name, out))
        return
    shown = rounded_down(certificate.lower_bound)
    which = certificate.policies
    typer.echo(f"{method.name}: certified distortion ≥ {shown}, {which} allowed policy: {out}")


@app.command(epilog="Example: adversary check instances")
def check(
    paths: Annotated[
        list[str], typer.Argument(help="Certificates, or folders of them.", metavar="FILE...")
    ],
    as_json: JSON = False,
) -> None:
    """Run the trusted checker: accepted only if the file proves its claim.

    Exit status: 0 all accepted, 1 some claim not proved, 2 a file that is unreadable or malformed.
    """
    from adversary.certificate.__main__ import main as run
    from adversary.certificate.__main__ import say
    from adversary.certificate.checker import check as judge

    files = [file for path in paths for file in _files(path)]
    if not as_json:
        raise typer.Exit(run(files))
    verdicts = [(file, judge(file)) for file in files]
    written = say(json.dumps({"files": [_json(*row) for row in verdicts]}))
    raise typer.Exit(max(verdict.status for _, verdict in verdicts) if written else 2)


def _files(path: str) -> list[str]:
    """Return the file, or every *.json in and below a folder."""
    if not Path(path).is_dir():
        return [path]
    found = [str(file) for file in sorted(Path(path).rglob("*.json")) if not file.is_dir()]
    if not found:
        raise InputError("file", path, "a folder with certificates (*.json)")
    return found


def _json(file: str, verdict: Verdict) -> dict[str, Any]:
    from adversary.exact import to_text

    def decimal(value: Fraction | None) -> str | None:
        return None if value is None else to_text(value, decimal=True)

    scope = verdict.scope
    return {
        "file": file,
        "accepted": verdict.accepted,
        "message": verdict.message,
        "method": verdict.method,
        "distortion_at_least": decimal(verdict.bound),
        "distortion_at_most": decimal(verdict.at_most),
        "policies": verdict.policies,
        "infinite": verdict.infinite,
        "scope": scope
        and {
            "kind": scope.kind,
            "beta": to_text(scope.beta),
            "setting": scope.setting,
            "sampling": scope.sampling,
            "alternatives": scope.alternatives,
            "outcome": scope.outcome,
            "winner": scope.winner,
            "best": scope.best,
        },
    }
