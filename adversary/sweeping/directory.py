"""A directory of certificates and records of failure: the database of a study.

A cell is done when its certificate is there and the checker accepts it; the index is made anew
from the files.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from adversary import files
from adversary.certificate import check
from adversary.certifying.certify import Certificate
from adversary.certifying.infinity import infinite
from adversary.errors import InputError
from adversary.exact import parse_rational, to_text
from adversary.problem.document import Document, read
from adversary.problem.instance import Independent, Instance
from adversary.sweeping.cell import Failure
from adversary.sweeping.study import Cell, kl_text, specification_in

INDEX = "index.csv"
FAILED = ".failed"
_COLUMNS = (
    *("file", "status", "method", "beta", "alternatives", "sampling", "kl", "users", "strategy"),
    *("seed", "certified_lower_bound", "numeric_distortion", "reason"),
)


@dataclass(frozen=True)
class Entry:
    """One file: a certificate that the checker accepts or refuses, or a record of failure."""

    path: Path
    method: str
    beta: Fraction
    alternatives: int
    sampling: str
    """As in a Cell; for a file that no sweep wrote: the kind of its law, or 'uniform'."""
    kl: Fraction | str
    """As in a Cell."""
    bound: Fraction | None
    """The certified lower bound; None without a certificate that the checker accepts."""
    numeric: float | None
    reason: str | None
    """Why there is no certified bound."""
    cell: dict[str, Any]
    """The cell's specification; empty for a file that no sweep wrote."""
    instance: Instance | None
    policies: str | None
    """Whether the bound is for 'every' or for 'some' allowed policy."""
    infinite: bool = False
    """Whether the bound is infinite: these policies have utility 0."""


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """Make the directory and hold it against other sweeps; the lock dies with the process.

    The lock spares double work and no more: where the file system has none, or another host does
    not see it, every file is still written whole or not at all, and none is deleted that another
    sweep may want. What a killed run left unfinished goes once it is old. Raises InputError.
    """
    try:
        path.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InputError("out", str(path), f"a directory ({error.strerror})") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            expected = "a directory that no other sweep is writing"
            raise InputError("out", str(path), expected) from None
        except OSError:  # NFS, FUSE and others: no lock to be had
            pass
        files.check_writable("out", path / INDEX)
        if not _is_ours(path / INDEX):
            raise InputError("out", str(path / INDEX), "no file but the index of a sweep")
        for rest in files.abandoned(path):
            rest.unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)


def _is_ours(index: Path) -> bool:
    """Whether a place has no file, or an index that may be made anew."""
    try:
        return index.read_bytes().startswith(",".join(_COLUMNS[:2]).encode())
    except FileNotFoundError:
        return True


def done(path: Path, cell: Cell) -> Fraction | None:
    """Return a cell's certified bound; None where its file is missing, broken or another's."""
    file = path / f"{cell.stem}.json"
    verdict = check(file)
    if not verdict.accepted or read(file).provenance.get("cell") != cell.specification:
        return None
    return verdict.bound


def put(path: Path, cell: Cell, outcome: Certificate | Failure) -> None:
    """Write a certificate, once the checker has accepted it on disk, or a record of failure.

    Raises InputError where nothing can be written, and CertificateError.
    """
    if isinstance(outcome, Certificate):
        outcome.save(path / f"{cell.stem}.json")
        forget(path, cell)
        return
    if done(path, cell) is not None:  # by another sweep, meanwhile
        return
    numeric = None if outcome.numeric is None else str(outcome.numeric)
    about = {"cell": cell.specification, "reason": outcome.reason, "numeric_distortion": numeric}
    files.write_text(files.dumps(about), path / f"{cell.stem}{FAILED}")


def forget(path: Path, cell: Cell) -> None:
    """Remove the record of a failure, if there is one, of a cell that is done."""
    with suppress(OSError):  # beside the certificate it counts for nothing
        (path / f"{cell.stem}{FAILED}").unlink()


def entries(path: Path) -> list[Entry]:
    """Return what the files of a directory say, in the order of their names. Raises InputError."""
    if not path.is_dir():
        raise InputError("directory", str(path), "a directory")
    found = [_certificate(file) for file in sorted(path.glob("*.json"))]
    certified = {entry.path.stem for entry in found if entry.bound is not None}
    records = [file for file in sorted(path.glob(f"*{FAILED}")) if file.stem not in certified]
    return found + [entry for entry in map(_failed, records) if entry is not None]


def _certificate(file: Path) -> Entry:
    try:
        verdict, document = check(file), read(file)
    except InputError as error:
        raise InputError("file", file.name, f"a certificate ({error})") from None
    instance = document.instance
    cell = specification_in(document.provenance.get("cell")) or {}
    return Entry(
        path=file,
        method=verdict.method or str((document.method or {}).get("name", "")),
        beta=instance.beta,
        alternatives=len(instance.alternatives),
        sampling=str(cell.get("sampling", _kind(instance))),
        kl="free" if cell.get("kl") == "free" else _budget(document),
        bound=verdict.bound if verdict.accepted else None,
        numeric=None,
        reason=None if verdict.accepted else verdict.message,
        cell=cell,
        instance=instance,
        policies=verdict.policies,
        infinite=infinite(verdict),
    )


def _kind(instance: Instance) -> str:
    law = instance.sampling
    same = isinstance(law, Independent) and len(set(law.weights)) == 1
    return "uniform" if same else law.kind


def _budget(document: Document) -> Fraction | str:
    reference = document.instance.reference
    return "none" if reference is None else reference.kl_budget


def _failed(file: Path) -> Entry | None:
    """Return what a record says; None where another sweep has just removed it."""
    try:
        record = json.loads(file.read_text("utf-8"))
        cell, numeric = specification_in(record["cell"]), record["numeric_distortion"]
        if cell is None:
            raise ValueError("cell")
        kl = cell["kl"]
        return Entry(
            path=file,
            method=cell["method"],
            beta=parse_rational("beta", cell["beta"]),
            alternatives=cell["alternatives"],
            sampling=cell["sampling"],
            kl=kl if kl in ("none", "free") else parse_rational("kl", kl),
            bound=None,
            numeric=None if numeric is None else float(numeric),
            reason=str(record["reason"]),
            cell=cell,
            instance=None,
            policies=None,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("file", file.name, f"a record of failure ({error})") from None


def write_index(path: Path) -> None:
    """Write index.csv from the files. Raises InputError."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for entry in entries(path):
        table.writerow(_row(entry))
    files.write_text(text.getvalue(), path / INDEX)


def _row(entry: Entry) -> tuple[object, ...]:
    strategy = dict(entry.cell.get("strategy", {}))
    effort = " ".join(f"{key}={value}" for key, value in strategy.items() if key != "name")
    return (
        entry.path.name,
        "failed" if entry.bound is None else "certified",
        entry.method,
        to_text(entry.beta),
        entry.alternatives,
        entry.sampling,
        kl_text(entry.kl),
        entry.cell.get("users", len(entry.instance.users) if entry.instance else ""),
        f"{strategy.get('name', '')} {effort}".strip(),
        entry.cell.get("seed", ""),
        _bound(entry),
        "" if entry.numeric is None else entry.numeric,
        entry.reason or "",
    )


def _bound(entry: Entry) -> str:
    if entry.bound is None:
        return ""
    return "inf" if entry.infinite else to_text(entry.bound, decimal=True)
