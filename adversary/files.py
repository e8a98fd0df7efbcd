"""Files written atomically; JSON that a person can read."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from adversary.errors import InputError

_UNFINISHED = ".unfinished"
_ABANDONED = 3600.0  # seconds; nobody, on any host, needs so long to write a file


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


def check_writable(field: str, path: str | Path) -> None:
    """Refuse, before any work, a place where `write_bytes` would fail. Leaves nothing there.

    Raises InputError, which names the `field` of the request that the path comes from.
    """
    handle, name = _unfinished(field, path, _target(field, path))
    os.close(handle)
    os.unlink(name)


def write_text(text: str, path: str | Path, verify: Callable[[str], None] | None = None) -> None:
    """Write text to a file as `write_bytes` does.

    A lone surrogate, which JSON may spell but UTF-8 may not, goes back to its spelling.
    """
    write_bytes(text.encode("utf-8", "backslashreplace"), path, verify)


def write_bytes(
    content: bytes, path: str | Path, verify: Callable[[str], None] | None = None
) -> None:
    """Write a file atomically, after `verify` has seen its content on disk and raised nothing.

    An old file is replaced; a link stays and its end is replaced. Raises InputError for a
    directory, a device, a read-only file, and where the file cannot be written.
    """
    target = _target("file", path)
    handle, name = _unfinished("file", path, target)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if verify is not None:
            verify(name)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise InputError("file", str(path), f"a writable file ({error.strerror})") from None
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def abandoned(folder: Path) -> Iterator[Path]:
    """Yield what killed writers left in a folder: unfinished files that no other host can be at."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        if time.time() - path.stat().st_mtime > _ABANDONED:
            yield path


def _target(field: str, path: str | Path) -> Path:
    """Return the file to write, at the end of all links. Raises InputError where none may be."""
    try:
        target = Path(os.path.realpath(path))
    except ValueError as error:  # a null character
        raise InputError(field, str(path), f"the name of a file ({error})") from None
    if os.path.isdir(target):
        raise InputError(field, str(path), "a file, not a directory")
    if os.path.exists(target) and not os.path.isfile(target):
        raise InputError(field, str(path), "a regular file")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise InputError(field, str(path), "a file that is not read-only")
    if not os.path.isdir(target.parent):
        raise InputError(field, str(path), "a file in a directory that exists")
    return target


def _unfinished(field: str, path: str | Path, target: Path) -> tuple[int, str]:
    """Create a file beside the target, under a name of its own; return its descriptor and name."""
    try:
        return tempfile.mkstemp(_UNFINISHED, f".{target.name}.", target.parent)
    except OSError as error:
        raise InputError(field, str(path), f"a writable place ({error.strerror})") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
