"""Commands on certificates: certify, simplify, check."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adversary.cli.app import FILE, JSON, OR_STDOUT, app, check_writable, print_json, written
from adversary.cli.layout import certified, prose, say
from adversary.errors import InputError

if TYPE_CHECKING:
    from adversary.certifying.certify import Certificate
    from adversary.interface.method import Method
    from adversary.problem.document import Document

_METHOD = Annotated[str | None, typer.Option(help="The method. [default: the one in the file]")]
_POLICIES = Annotated[str, typer.Option(help="Claim for every or some allowed policy.")]
_OUT = Annotated[Path | None, typer.Option(help=f"Write the certificate to this file; {OR_STDOUT}")]
_IN_PLACE = Annotated[
    bool, typer.Option("--in-place", help="Replace FILE itself by the certificate.")
]


@app.command(epilog="Example: adversary certify w.json --method dpo --out certificate.json")
def certify(
    file: FILE,
    method: _METHOD = None,
    policies: _POLICIES = "every",
    out: _OUT = None,
    in_place: _IN_PLACE = False,
    as_json: JSON = False,
) -> None:
    """Complete an instance into a certificate, and have the checker accept it.

    One of --out and --in-place says where it goes.
    """
    from adversary.certifying.certify import certify as complete
    from adversary.problem.document import read

    document = read(file)
    chosen = _method(document, method)
    _check_policies(policies)
    place = _place(file, out, in_place)
    certificate = complete(document.instance, chosen, policies, dict(document.provenance))
    with written(certificate.save, place, as_json) as files:
        _print(certificate, chosen, next(iter(files), None), as_json)


@app.command(epilog="Example: adversary simplify w.json --keep 0.99 --out simple.json")
def simplify(
    file: FILE,
    keep: Annotated[str, typer.Option(help="Share of the certified bound to keep.")] = "0.99",
    method: _METHOD = None,
    policies: _POLICIES = "every",
    out: _OUT = None,
    in_place: _IN_PLACE = False,
    as_json: JSON = False,
) -> None:
    """Find a simpler instance (fewer types and alternatives, shorter numbers), and certify it.

    One of --out and --in-place says where it goes. Ctrl-C and SIGTERM end the simplification and
    keep the simplest so far.
    """
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
    place = _place(file, out, in_place)
    with Console(stderr=True).status("simplifying") as status:
        about = document.provenance
        certificate = verbs.simplify(
            document.instance, chosen, keep, policies, about, status.update
        )
    with written(certificate.save, place, as_json) as files:
        _print(certificate, chosen, next(iter(files), None), as_json)
        if not as_json:
            display.print_instance(certificate.instance)


def _method(document: Document, name: str | None) -> Method:
    from adversary.interface.method import by_name

    if name is None and document.method is None:
        raise InputError("method", "nothing", "--method, as the file names none")
    return by_name(name or str((document.method or {})["name"]))


def _check_policies(policies: str) -> None:
    if policies not in ("every", "some"):
        raise InputError("policies", policies, "'every' or 'some'")


def _place(file: Path, out: Path | None, in_place: bool) -> Path:
    """Return where to write: nothing is replaced unless the user said so."""
    if in_place and out is not None:
        raise InputError("out", str(out), "--in-place or --out, not both")
    if not in_place and out is None:
        raise InputError("out", "nothing", "--out FILE, or --in-place to replace the file itself")
    place = file if out is None else out
    check_writable(place)
    return place


def _print(certificate: Certificate, method: Method, file: str | None, as_json: bool) -> None:
    from adversary.cli import report

    if as_json:
        print_json(report.of_certificate(certificate, method.name, file))
        return
    claim = certified(certificate.lower_bound, certificate.infinite)
    prose(f"{method.name}: {claim}, {certificate.policies} allowed policy")


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
    from adversary.certificate.checker import check as judge
    from adversary.cli import report

    files = [file for path in paths for file in _files(path)]
    if not as_json:
        raise typer.Exit(run(files, _said))
    verdicts = [(file, judge(file)) for file in files]
    print_json({"files": [report.of_verdict(*row) for row in verdicts]})
    raise typer.Exit(max(verdict.status for _, verdict in verdicts))


def _said(text: str) -> bool:
    say(text)
    return True


def _files(path: str) -> list[str]:
    """Return the file, or every *.json in and below a folder."""
    if not os.path.isdir(path):  # unlike Path.is_dir, of any text
        return [path]
    found = [str(file) for file in sorted(Path(path).rglob("*.json")) if not file.is_dir()]
    if not found:
        raise InputError("file", path, "a folder with certificates (*.json)")
    return found
