"""What the shell gives a process: standard streams, and signals that ask it to stop.

A stream may be closed, full or not UTF-8, and a signal may come at any moment. Neither costs more
than one line, and no signal costs what was found before it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

_TOGETHER = 1.0  # seconds; `timeout` and service managers signal a process more than once
_STOPS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]


class Interruption:
    """The handler of signals that ask to stop: one KeyboardInterrupt for all that come together."""

    def __init__(self) -> None:
        self.number: int | None = None
        """The last signal, None before the first."""
        self._raised = -_TOGETHER

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Take a signal."""
        self.number = number
        now = time.monotonic()
        if now - self._raised >= _TOGETHER:
            self._raised = now
            raise KeyboardInterrupt


@contextmanager
def signals() -> Iterator[Interruption]:
    """Make SIGTERM and SIGHUP what Ctrl-C is; leave alone what the caller ignores or handles."""
    taken = Interruption()
    usual = (signal.SIG_DFL, signal.default_int_handler)
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _STOPS if main}
    before = {number: handler for number, handler in before.items() if handler in usual}
    for number in before:
        signal.signal(number, taken)
    try:
        yield taken
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Stream(io.FileIO):
    """A standard stream that fails at most once, and then swallows what is still written to it."""

    def __init__(self, number: int, raises: bool) -> None:
        super().__init__(number, "w", closefd=False)
        self.raises = raises
        self.error: OSError | None = None

    def write(self, content: Any) -> int | None:
        """Write bytes. Raises OSError at the first failure, if at all."""
        if self.error is None:
            try:
                return super().write(content)
            except OSError as error:
                self.error = error
                if self.raises:
                    raise
        return len(content)


@contextmanager
def streams() -> Iterator[Callable[[], OSError | None]]:
    """Stand in for standard output and error; yield what tells why output was lost, if it was.

    A letter that a stream's encoding lacks is spelled out. What standard error does not take is
    dropped: there is no place left to say so.
    """
    _open_all()
    before = sys.stdout, sys.stderr
    sys.stdout = out = _watched(sys.stdout, raises=True)
    sys.stderr = err = _watched(sys.stderr, raises=False)

    def lost() -> OSError | None:
        try:
            out.flush()
        except OSError as error:
            return error
        raw = getattr(getattr(out, "buffer", None), "raw", None)
        return raw.error if isinstance(raw, _Stream) else None

    try:
        yield lost
    finally:
        lost()
        err.flush()
        sys.stdout, sys.stderr = before


def _open_all() -> None:
    """Open standard streams that are closed, or the next file would take their number.

    Standard output is opened for reading, so that printing fails as it does on a closed one.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
            os.set_inheritable(number, True)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _watched(stream: TextIO, raises: bool) -> TextIO:
    if type(stream) is not io.TextIOWrapper:  # another's stand-in, such as a notebook's
        return stream
    stream.flush()
    raw = _Stream(stream.fileno(), raises)
    buffered = stream.line_buffering
    return io.TextIOWrapper(
        io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=buffered
    )
