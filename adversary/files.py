"""Files written atomically; JSON that a person can read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adversary.errors import InputError


def dumps(content: Mapping[str, Any]) -> str:
    """Return a JSON object as text: a line for each field, and for each user."""
    lines = []
    for key, value in content.items():
        if key == "users":
            rows = ",\n    ".join(_spelled(user) for user in value)
            lines.append(f'  "users": [\n    {rows}\n  ]')
        else:
            lines.append(f'  "{key}": {_spelled(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _spelled(value: object) -> str:
    """JSON text; where UTF-8 has no letter for it (a lone surrogate), spelled in ASCII."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def write_text(text: str, path: str | Path, verify: Callable[[str], None] | None = None) -> None:
    """Write text to a file as `write_bytes` does.

    A lone surrogate, which JSON may spell but UTF-8 may not, goes back to its spelling.
    """
    write_bytes(text.encode("utf-8", "backslashreplace"), path, verify)


def write_bytes(
    content: bytes, path: str | Path, verify: Callable[[str], None] | None = None
) -> None:
    """Write a file atomically, after `verify` has seen its content on disk and raised nothing.

    Raises InputError where the file cannot be written.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("file", str(path), f"a writable place ({reason})") from None
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if verify is not None:
            verify(name)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise InputError("file", str(path), f"a writable file ({error.strerror})") from None
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
