"""The files that an export reads: each with the checker's verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from adversary.certificate import Verdict, check
from adversary.certificate.bound import FORMAT as UPPER_BOUND
from adversary.certifying.infinity import infinite
from adversary.errors import CertificateError, InputError, printable
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
        return self.document.instance.setting

    @property
    def bound(self) -> Fraction | None:
        """Return the certified bound; None where there is none that the checker accepts."""
        verdict = self.verdict
        return verdict.bound if verdict is not None and verdict.accepted else None

    @property
    def infinite(self) -> bool:
        """Return whether the bound is infinite: the policies it is about have utility 0."""
        return self.verdict is not None and infinite(self.verdict)

    def wrong(self, expected: str) -> InputError:
        """Return the error that something else is expected of the file."""
        return InputError("file", str(self.path), expected)

    def must_be_accepted(self) -> None:
        """Raise CertificateError where the file makes a claim that it does not prove."""
        if self.verdict is not None and not self.verdict.accepted:
            raise CertificateError(f"{printable(str(self.path))}: {self.verdict.message}")

    def claimed(self) -> Fraction:
        """Return the certified bound. Raises InputError or CertificateError where there is none."""
        self.must_be_accepted()
        if self.bound is None:
            raise self.wrong("a certificate, with claim and witness")
        return self.bound


def expanded(paths: Iterable[Path]) -> list[tuple[Path, bool]]:
    """Return files, and all `*.json` of directories by name; and which files `paths` names.

    Raises InputError where a directory has none.
    """
    found = []
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else []
        if path.is_dir() and not inside:
            raise InputError("file", str(path), "a directory that holds *.json files")
        found += [(file, False) for file in inside] or [(path, True)]
    return found


def item(path: Path) -> Item:
    """Read a file. Raises InputError where it is no document of an instance."""
    try:
        document = read(path)
    except InputError as error:
        if str(path) in str(error):
            raise
        expected = f"a document of format adversary-instance/1 ({error})"
        if error.field == "format" and UPPER_BOUND in str(error):
            expected = "an instance; it is an upper bound, which `adversary table` shows"
        raise InputError("file", str(path), expected) from None
    return Item(path, document, None if document.claim is None else check(path))


def load(paths: Iterable[Path]) -> list[Item]:
    """Read files, and all `*.json` of directories. Raises InputError where one is no document."""
    return [item(path) for path, _ in expanded(paths)]
