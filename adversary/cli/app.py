"""What all commands share: the application, its exit status, option types, output.

Exit status: 0 done; 1 a claim was rejected, or a search or a certificate failed; 2 the request or
a file is wrong, with one line that names the field, the value and what was expected.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from adversary.errors import CertificateError, InputError, SearchError
from adversary.version import __version__

app = typer.Typer(
    help="Find worst cases of preference-alignment methods.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def whole(text: str | int) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"got {text!r}, expected a whole number") from None


def seconds(text: str | float) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"got {text!r}, expected a number of seconds") from None


WHOLE: dict[str, Any] = {"parser": whole, "metavar": "<int>"}
FILE = Annotated[Path, typer.Argument(help="A file of format adversary-instance/1.")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


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


def check_writable(path: Path) -> None:
    """Refuse before the search what would be refused after it, and to replace a device."""
    if path.is_dir():
        raise InputError("out", str(path), "a file, not a directory")
    if path.exists() and not path.is_file():
        raise InputError("out", str(path), "a regular file")
    if not path.parent.is_dir():
        raise InputError("out", str(path), "a file in a directory that exists")


def print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))
