"""python -m adversary.certificate FILE...: one line for each file (SPEC 6)."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from .checker import check
from .reader import plain


def say(line: str) -> bool:
    """Print a line at once; whether standard output took it, which it does if it is closed."""
    try:
        print(line, flush=True)  # noqa: T201
    except OSError as error:
        with suppress(OSError):  # what is left goes nowhere, so that the end is quiet too
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(f"standard output: {error.strerror}", file=sys.stderr)  # noqa: T201
        return False
    return True


def main(paths: Sequence[str], say: Callable[[str], bool] = say) -> int:
    """Exit status: 0 all accepted; 1 some not proved; 2 some unreadable, malformed, or no file."""
    if not paths:
        print("usage: python -m adversary.certificate FILE...", file=sys.stderr)  # noqa: T201
    status = 0 if paths else 2
    for path in paths:
        verdict, name = check(path), plain(path if len(path) < 256 else f"...{path[-250:]}")
        if not say(f"{'accepted' if verdict.accepted else 'rejected'}: {name}: {verdict.message}"):
            return 2
        status = max(status, verdict.status)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
