"""Where cells run: processes of this machine (joblib's loky), or a dask cluster."""

from __future__ import annotations

import os
import queue
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from urllib.parse import urlsplit

from adversary.certifying.certify import Certificate
from adversary.errors import InputError, in_one_line
from adversary.sweeping.cell import Failure, run
from adversary.sweeping.study import Cell

Outcome = Certificate | Failure
Ends = Generator[tuple[Cell, Outcome], None, None]
_PATIENCE = 10.0  # seconds for a scheduler to answer
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def local(cells: Iterable[Cell], workers: int, time_limit: float | None) -> Ends:
    """Run cells in processes of this machine; yield each as it ends.

    A process that dies takes the pool with it. The cells that were running then run again, each
    alone, so that only the guilty one fails.
    """
    waiting, suspects = deque(cells), []
    while waiting:
        for cell, outcome in _in_pool(waiting, workers, time_limit):
            if outcome is None:
                suspects.append(cell)
            else:
                yield cell, outcome
    for suspect in suspects:
        for cell, outcome in _in_pool(deque([suspect]), 1, time_limit):
            yield cell, outcome or Failure("its process died: killed, or out of memory")


def _knock(address: str) -> None:
    """Raise OSError or ValueError where nothing listens, before dask starts threads of its own."""
    there = urlsplit(address if "//" in address else f"tcp://{address}")
    if there.hostname is None or there.port is None:
        raise ValueError(address)
    socket.create_connection((there.hostname, there.port), timeout=_PATIENCE).close()


def cluster(cells: Iterable[Cell], address: str, time_limit: float | None) -> Ends:
    """Run cells on the workers of a dask scheduler, which gives those of a lost worker to others.

    Raises InputError where no scheduler answers.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        expected = "the extra 'cluster' (pip install 'distortion-adversary[cluster]')"
        raise InputError("scheduler", address, expected) from None
    try:
        _knock(address)
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        expected = f"a dask scheduler that answers ({type(error).__name__})"
        raise InputError("scheduler", address, expected) from None
    waiting = deque(cells)
    with client:
        executor = client.get_executor()
        try:
            for cell, outcome in _ended(executor, waiting, len(waiting), time_limit):
                yield cell, outcome or Failure("lost")
        finally:
            executor.shutdown(wait=False)  # which cancels what an interruption leaves


def _in_pool(
    cells: deque[Cell], workers: int, time_limit: float | None
) -> Iterator[tuple[Cell, Outcome | None]]:
    from joblib.externals.loky import ProcessPoolExecutor

    initial = {"initializer": _follow, "initargs": (os.getpid(),)}
    executor = ProcessPoolExecutor(workers, env=_ONE_THREAD, **initial)
    try:
        yield from _ended(executor, cells, workers, time_limit)
    finally:
        executor.shutdown(kill_workers=True)


def _follow(parent: int) -> None:
    """End this process with its parent, however that ends, and leave signals to it.

    A terminal, `timeout` and service managers signal all processes of a group.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _ended(
    executor: Executor, cells: deque[Cell], width: int, time_limit: float | None
) -> Iterator[tuple[Cell, Outcome | None]]:
    """Yield cells as they end, at most `width` running; None for those that a broken pool lost.

    After a break the remaining cells stay in `cells`.
    """
    ended: queue.SimpleQueue[tuple[Cell, Future[Outcome]]] = queue.SimpleQueue()
    running, broken = 0, False
    while running or (cells and not broken):
        while cells and running < width and not broken:
            try:
                future = executor.submit(run, cells[0], time_limit)
            except BrokenProcessPool:
                broken = True
                break
            cell = cells.popleft()
            future.add_done_callback(lambda f, cell=cell: ended.put((cell, f)))
            running += 1
        if not running:
            return
        cell, future = ended.get()
        running -= 1
        error = CancelledError() if future.cancelled() else future.exception()
        if isinstance(error, BrokenProcessPool):
            broken, outcome = True, None
        else:
            outcome = future.result() if error is None else Failure(in_one_line(error))
        yield cell, outcome
