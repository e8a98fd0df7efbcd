"""The files that an export reads: each with the checker's verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from adversary.certificate import Verdict, check
from adversary.certifying.infinity import infinite
from adversary.errors import CertificateError, InputError
from adversary.problem.document import Document, read


@dataclass(frozen=True)
class Item:
    """One file: what it holds, and the verdict on its claim (None: it makes no claim)."""

    path: Path
    document: Document
    verdict: Verdict | None

    @property
    def method(self) -> str | None:
        """Return the name of the method, None where the file names none."""
        method = self.document.method
        return None if method is None else str(method["name"])

    @property
    def setting(self) -> str:
        """Return 'social-choice' or 'alignment'."""
        return "social-choice" if self.document.instance.reference is None else "alignment"

    @property
    def bound(self) -> Fraction | None:
        """Return the certified bound; None where there is none that the checker accepts."""
        verdict = self.verdict
        return verdict.bound if verdict is not None and verdict.accepted else None

    @property
    def infinite(self) -> bool:
        """Return whether the bound is infinite: the policies it is about have utility 0."""
        return self.verdict is not None and infinite(self.verdict)

    def must_be_accepted(self) -> None:
        """Raise CertificateError where the file makes a claim that it does not prove."""
        if self.verdict is not None and not self.verdict.accepted:
            raise CertificateError(f"{self.path}: {self.verdict.message}")

    def claimed(self) -> Fraction:
        """Return the certified bound. Raises InputError or CertificateError where there is none."""
        self.must_be_accepted()
        if self.bound is None:
            raise InputError("file", str(self.path), "a certificate, with claim and witness")
        return self.bound


def load(paths: Iterable[Path]) -> list[Item]:
    """Read files, and all `*.json` of directories in the order of their names.

    Raises InputError where one of them is no document of this format.
    """
    return [_item(path) for path in _expanded(paths)]


def _expanded(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            raise InputError("file", str(path), "a directory that holds *.json files")
        yield from found


def _item(path: Path) -> Item:
    document = read(path)
    return Item(path, document, None if document.claim is None else check(path))
