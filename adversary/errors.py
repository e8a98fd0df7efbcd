"""The project's own exceptions: each is one line, safe to show on a terminal."""

from __future__ import annotations

_LONGEST = 60
_LONGEST_REASON = 300


def printable(text: str) -> str:
    """Return text in which control, escape and other invisible characters are spelled out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def in_one_line(error: BaseException) -> str:
    """Return any exception's type and message in one line, cut where it is long."""
    line = printable(f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": "))
    return line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + "…"


class InputError(ValueError):
    """A request or a file is wrong: which field, which value, what was expected."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        shown = str(value) if isinstance(value, str) else repr(value)
        if len(shown) > _LONGEST:
            shown = shown[:_LONGEST] + "…"
        super().__init__(field, shown, expected)  # pickling builds it again from these
        self.field = field

    def __str__(self) -> str:
        field, shown, expected = self.args
        return printable(f"{field}: got {shown!r}, expected {expected}".replace('"', "'"))


class _LineError(RuntimeError):
    def __init__(self, reason: str) -> None:
        super().__init__(printable(reason))


class SearchError(_LineError):
    """A search ended without any usable instance."""


class CertificateError(_LineError):
    """No certificate: the reason, for people."""
