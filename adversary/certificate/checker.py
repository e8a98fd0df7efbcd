"""The verdict on a file. SPEC.md and BOUNDS.md say what "accepted" means."""

import os
from dataclasses import replace

from . import bound, lower
from .reader import Rejected, load, plain, read
from .verdict import Verdict


def check(path: str | os.PathLike[str]) -> Verdict:
    """Whether the file proves its claim. Raises nothing, whatever the path and the content."""
    verdict = Verdict(False, "")
    try:
        value = load(read(path))
        upper = isinstance(value, dict) and value.get("format") == bound.FORMAT
        verdict, prove = (bound if upper else lower).claim(value)
        more = prove()
        return replace(verdict, accepted=True, message=verdict.message + more, infinite=bool(more))
    except Rejected as reason:
        message = str(reason)
    except Exception as error:  # a fault of the checker proves nothing
        message = f"internal error: {type(error).__name__}: {plain(str(error))[:200]}"
    return replace(verdict, message=message)
