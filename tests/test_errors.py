"""Errors are one line that a terminal can be shown, whatever they speak of."""

from __future__ import annotations

import pickle

import pytest

from adversary.errors import CertificateError, InputError, SearchError, in_one_line, printable

HOSTILE = "a\x1b[31mb\nc\r\x07\x7f\x9b2J\u202e\ud800"
"""Colour, line breaks, bell, delete, a C1 sequence, right-to-left, a lone surrogate."""


@pytest.mark.parametrize(
    "error",
    [
        InputError(HOSTILE, HOSTILE, HOSTILE),
        InputError("field", [HOSTILE], "a list"),
        SearchError(HOSTILE),
        CertificateError(HOSTILE),
    ],
    ids=str,
)
def test_nothing_reaches_the_terminal(error: Exception) -> None:
    """What is no visible letter is spelled out; what is one stays."""
    assert str(error).isprintable()
    assert "b" in str(error)
    assert str(InputError("β", "ü", "≥ 1")) == "β: got 'ü', expected ≥ 1"


def test_an_exception_in_one_line() -> None:
    """Type and message, cut where it is long."""
    assert in_one_line(ValueError("one\n  two\x1b")) == "ValueError: one two\\x1b"
    assert in_one_line(ZeroDivisionError()) == "ZeroDivisionError"
    assert len(in_one_line(ValueError("x" * 10_000))) < 400
    assert printable(in_one_line(ValueError(HOSTILE))) == in_one_line(ValueError(HOSTILE))


def test_an_input_error_crosses_processes() -> None:
    """A worker process may raise it."""
    error = InputError("field", "x" * 1000, "a short one")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.field) == (str(error), "field")
