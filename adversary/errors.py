"""The project's own exceptions."""

from __future__ import annotations

_LONGEST = 60


class InputError(ValueError):
    """A request or a file is wrong: which field, which value, what was expected."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        shown = str(value) if isinstance(value, str) else repr(value)
        if len(shown) > _LONGEST:
            shown = shown[:_LONGEST] + "…"
        super().__init__(f"{field}: got {shown!r}, expected {expected}".replace('"', "'"))
        self.field = field


class SearchError(RuntimeError):
    """A search ended without any usable instance."""


class CertificateError(RuntimeError):
    """No certificate: the reason, for people."""
