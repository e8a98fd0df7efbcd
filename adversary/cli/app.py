"""What all commands share: the application, its exit status, option types, output.

Exit status: 0 done; 1 a claim was rejected, or a search or a certificate failed; 2 the request or
a file is wrong, with one line that names the field, the value and what was expected, or what was
found could not be written or printed; 128 + n stopped by signal n, unless something was kept.
"""

from __future__ import annotations

import codecs
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from adversary import files
from adversary.cli import process
from adversary.cli.layout import say
from adversary.errors import CertificateError, InputError, SearchError
from adversary.version import __version__

STDOUT = Path("-")
INTERRUPTED = 128 + signal.SIGINT

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
OR_STDOUT = "'-' is standard output; what is printed, by --json too, then goes to standard error."


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; user errors become one line and exit status 2."""
    with process.streams() as lost:
        with process.signals() as interruption:
            status = _status(arguments, interruption, lost)
        if status == INTERRUPTED or interruption.number is not None:
            say("adversary: interrupted", err=True)
        if status == INTERRUPTED and interruption.number is not None:
            status = 128 + interruption.number
        if error := lost():
            status = _fail(f"standard output: {error.strerror}", 2)
    sys.exit(status or 0)


def _status(
    arguments: list[str] | None,
    interruption: process.Interruption,
    lost: Callable[[], OSError | None],
) -> int | None:
    try:
        return app(arguments, standalone_mode=False)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit:  # the parser's answer to a closed pipe
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except InputError as error:
        return _fail(str(error), 2)
    except Exception as error:
        if interruption.number is not None:  # nothing found so far, or a library cut short
            return INTERRUPTED
        if isinstance(error, SearchError | CertificateError):
            return _fail(str(error), 1)
        if isinstance(error, OSError) and lost():
            return 2
        if isinstance(error, OSError) and error.filename is not None:
            return _fail(f"{error.filename}: {error.strerror}", 2)
        # Usage errors of the command-line parser; anything else is a bug and keeps its traceback.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        return _fail(" ".join(message().split()) or "see --help", 2)


def _fail(message: str, status: int) -> int:
    say(f"adversary: {message}", err=True)
    return status


def _version(wanted: bool) -> None:
    if wanted:
        say(__version__)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def check_writable(path: Path, field: str = "out") -> None:
    """Refuse before the search what would be refused after it. `-` is standard output."""
    if path != STDOUT:
        files.check_writable(field, path)


@contextmanager
def written(
    save: Callable[[Path], Sequence[Path] | None], path: Path | None, quiet: bool
) -> Iterator[list[str]]:
    """Write files by `save`, then let the body print the result; unless `quiet` say where they are.

    The body gets the files' names. What cannot be written is printed all the same, and the error
    follows. With the path `-` the file goes to standard output, and what the body prints to
    standard error.
    """
    to_stdout, failure, names = path == STDOUT, None, []
    try:
        if path is not None:
            found = _save_to_stdout(save) if to_stdout else save(path)
            names = [str(file) for file in found or (path,)]
    except (InputError, OSError) as error:
        failure = error
    with redirect_stdout(sys.stderr if to_stdout else sys.stdout):
        yield names
        if names and not quiet and not to_stdout:
            say(f"written to {', '.join(names)}")
    if failure is not None:
        raise failure


def _save_to_stdout(save: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:  # `save` has the checker read a file
        save(Path(folder) / "out")
        files = list(Path(folder).iterdir())
        if len(files) > 1:
            raise InputError("out", str(STDOUT), f"a file, as there are {len(files)} to write")
        typer.echo(files[0].read_bytes(), nl=False)


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object: in UTF-8, or in ASCII where the stream or a letter makes it safer."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    utf8 = codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"
    say(text if utf8 and text.isprintable() else json.dumps(value, allow_nan=False))
