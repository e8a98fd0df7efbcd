"""Files of format `adversary-instance/1`: strict reading, atomic writing.

A document is an instance with, optionally, the method, claim, witness and provenance that make
it a certificate. The format is specified in `adversary/certificate/SPEC.md`.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adversary import files
from adversary.errors import InputError
from adversary.exact import parse_rational
from adversary.problem.instance import (
    FORMAT,
    Independent,
    Instance,
    Pairs,
    Reference,
    UserDependent,
    UserType,
)

MAX_BYTES = 4_000_000


@dataclass(frozen=True)
class Document:
    """What one file holds. Claim and witness are kept as JSON values; the checker judges them."""

    instance: Instance
    method: Mapping[str, Any] | None = None
    claim: Mapping[str, Any] | None = None
    witness: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


def read(path: str | Path) -> Document:
    """Read a file strictly. Raises InputError on anything that is not a valid document."""
    return _document(_load(Path(path)))


def write(document: Document, path: str | Path) -> None:
    """Write a file atomically: the old content or the new one, never a part."""
    files.write_text(to_json(document), path)


def to_json(document: Document) -> str:
    """Return the document as the text of its file."""
    content = document.instance.to_dict()
    for name in ("method", "claim", "witness"):
        value = getattr(document, name)
        if value is not None:
            content[name] = dict(value)
    if document.provenance:
        content["provenance"] = dict(document.provenance)
    return files.dumps(content)


def _load(path: Path) -> dict[str, Any]:
    """Return the file's JSON object; every way in which that can fail is an InputError."""
    shown = str(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("file", shown, f"a readable file ({reason})") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise InputError("file", shown, "a regular file")
    with os.fdopen(handle, "rb") as source:
        if status.st_size > MAX_BYTES:
            raise InputError("file", f"{status.st_size} bytes", f"at most {MAX_BYTES} bytes")
        raw = source.read(MAX_BYTES + 1)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
        )
    except InputError:
        raise
    except UnicodeDecodeError:
        raise InputError("file", shown, "UTF-8 text") from None
    except RecursionError:
        raise InputError("file", shown, "JSON without deep nesting") from None
    except ValueError as error:
        raise InputError("file", shown, f"a JSON document ({error})") from None
    return _object("file", value)


def _no_constant(name: str) -> None:
    raise InputError("file", name, "a JSON document, which has no such number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(key, "a duplicate key", "each key once")
        found[key] = value
    return found


def _object(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(name, value, "a JSON object")
    return value


def _list(name: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(name, value, "a JSON list")
    return value


def _fields(
    name: str, value: object, required: set[str], optional: Set[str] = frozenset()
) -> dict[str, Any]:
    """Return `value` as an object that has each required field and no unknown one."""
    found = _object(name or "file", value)
    prefix = f"{name}." if name else ""
    for key in sorted(found.keys() - required - optional):
        raise InputError(prefix + key, found[key], "no such field")
    for key in sorted(required - found.keys()):
        raise InputError(prefix + key, "nothing", "this field")
    return found


def _text(name: str, value: object) -> str:
    """Return a number's string unchanged; JSON numbers are errors even where they look exact."""
    if not isinstance(value, str):
        raise InputError(name, value, "an exact number as a string such as '3/7'")
    parse_rational(name, value)
    return value


def _numbers(name: str, value: object) -> tuple[Any, ...]:
    return tuple(_text(f"{name}[{i}]", item) for i, item in enumerate(_list(name, value)))


def _document(content: dict[str, Any]) -> Document:
    if content.get("format") != FORMAT:
        raise InputError("format", content.get("format", "nothing"), f"'{FORMAT}'")
    required = {"format", "beta", "alternatives", "users", "sampling", "reference"}
    _fields("", content, required, {"method", "claim", "witness", "provenance"})
    names = tuple(_list("alternatives", content["alternatives"]))
    users = []
    for k, entry in enumerate(_list("users", content["users"])):
        entry = _fields(f"users[{k}]", entry, {"weight", "utilities"})
        weight: Any = _text(f"users[{k}].weight", entry["weight"])
        users.append(UserType(weight, _numbers(f"users[{k}].utilities", entry["utilities"])))
    beta: Any = _text("beta", content["beta"])
    law = _law("sampling", content["sampling"], names, nested=False)
    reference = _reference(content["reference"])
    instance = Instance(beta, names, tuple(users), law, reference)
    parts = {}
    for name in ("method", "claim", "witness", "provenance"):
        if name in content:
            parts[name] = _object(name, content[name])
    if "method" in parts:
        _check_method(parts["method"])
    if "claim" in parts:
        _check_claim(parts["claim"])
    return Document(instance, **parts)


def _law(name: str, value: object, names: tuple[str, ...], nested: bool) -> Any:
    kind = _object(name, value).get("kind")
    if kind == "independent":
        found = _fields(name, value, {"kind", "weights"})
        return Independent(_numbers(f"{name}.weights", found["weights"]))
    if kind == "pairs":
        found = _fields(name, value, {"kind", "weights"})
        entries = _list(f"{name}.weights", found["weights"])
        return Pairs(tuple(_pair(f"{name}.weights[{i}]", e, names) for i, e in enumerate(entries)))
    if kind == "user-dependent" and not nested:
        found = _fields(name, value, {"kind", "laws"})
        laws = _list(f"{name}.laws", found["laws"])
        own = [_law(f"{name}.laws[{k}]", law, names, nested=True) for k, law in enumerate(laws)]
        return UserDependent(tuple(own))
    kinds = ["independent", "pairs"] + ([] if nested else ["user-dependent"])
    raise InputError(f"{name}.kind", kind, " or ".join(f"'{k}'" for k in kinds))


def _pair(name: str, value: object, names: tuple[str, ...]) -> tuple[int, int, Any]:
    entry = _list(name, value)
    if len(entry) != 3:
        raise InputError(name, entry, "[name, name, weight]")
    for end in entry[:2]:
        if end not in names:
            raise InputError(name, end, "the name of an alternative")
    return names.index(entry[0]), names.index(entry[1]), _text(f"{name}[2]", entry[2])


def _reference(value: object) -> Reference | None:
    if value is None:
        return None
    found = _fields("reference", value, {"weights", "kl_budget"})
    budget: Any = _text("reference.kl_budget", found["kl_budget"])
    return Reference(_numbers("reference.weights", found["weights"]), budget)


def _check_method(method: object) -> None:
    found = _fields("method", method, {"name", "parameters"})
    if not isinstance(found["name"], str):
        raise InputError("method.name", found["name"], "a method's name")
    _object("method.parameters", found["parameters"])


def _check_claim(claim: object) -> None:
    found = _fields("claim", claim, {"distortion_at_least", "policies"})
    _text("claim.distortion_at_least", found["distortion_at_least"])
    if found["policies"] not in ("every", "some"):
        raise InputError("claim.policies", found["policies"], "'every' or 'some'")
