"""The sweep: what is not done yet is run, and each end is a file at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from adversary.errors import CertificateError, InputError
from adversary.sweeping import directory, pool
from adversary.sweeping.cell import Failure
from adversary.sweeping.study import Cell, Study


@dataclass
class Sweep:
    """How far a sweep is."""

    cells: int
    before: int = 0
    """Cells that an earlier run had done."""
    certified: int = 0
    """Cells that this run has done."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """File and reason of each cell that failed; the next run tries it again."""
    best: tuple[Fraction, Cell] | None = None
    """The largest certified bound so far, and where."""
    stopped: str = "finished"
    """'finished' or 'interrupted'."""
    unindexed: str | None = None
    """Why the index is not that of the files, where it is not."""

    def note(self, bound: Fraction, cell: Cell) -> None:
        """Take a certified bound if it is the largest."""
        if self.best is None or bound > self.best[0]:
            self.best = bound, cell


def sweep(
    study: Study,
    out: str | Path,
    workers: int = 1,
    scheduler: str | None = None,
    report: Callable[[Sweep], None] = lambda _: None,
) -> Sweep:
    """Run the cells of a study that `out` does not hold yet; a file for each, and an index.

    Cells run in `workers` processes of this machine, or on the dask cluster of `scheduler`. The
    files are the same in whatever order and however often interrupted they come to be: Ctrl-C ends
    the sweep and keeps what is done. Raises InputError where `out` or the scheduler is of no use; a
    single cell's failure raises nothing.
    """
    if workers < 1:
        raise InputError("workers", workers, "a whole number of at least 1")
    path, state = Path(out), Sweep(len(study.cells))
    with directory.opened(path):
        try:
            waiting = _not_done(study.cells, path, state)
            report(state)
            if scheduler is None:
                ends = pool.local(waiting, min(workers, max(1, len(waiting))), study.time_limit)
            else:
                ends = pool.cluster(waiting, scheduler, study.time_limit)
            with closing(ends):
                for cell, outcome in ends:
                    _take(path, cell, outcome, state)
                    report(state)
        except KeyboardInterrupt:
            state.stopped = "interrupted"
        try:
            directory.write_index(path)
        except InputError as error:
            state.unindexed = str(error)
    return state


def _not_done(cells: Iterable[Cell], path: Path, state: Sweep) -> list[Cell]:
    waiting = []
    for cell in cells:
        bound = directory.done(path, cell)
        if bound is None:
            waiting.append(cell)
            continue
        directory.forget(path, cell)
        state.before += 1
        state.note(bound, cell)
    return waiting


def _take(path: Path, cell: Cell, outcome: pool.Outcome, state: Sweep) -> None:
    """Write what became of a cell, also where an interruption comes while it is written."""
    interruption = None
    try:
        failure = _put(path, cell, outcome)
    except KeyboardInterrupt as stop:
        interruption, failure = stop, _put(path, cell, outcome)
    if failure is not None:
        state.failed.append((cell.stem, failure))
    elif not isinstance(outcome, Failure):
        state.certified += 1
        state.note(outcome.lower_bound, cell)
    if interruption is not None:
        raise interruption


def _put(path: Path, cell: Cell, outcome: pool.Outcome) -> str | None:
    """Write what became of a cell; return why it failed, if it did."""
    reason = outcome.reason if isinstance(outcome, Failure) else None
    try:
        directory.put(path, cell, outcome)
    except (InputError, CertificateError) as error:  # a full disk, say: the next cell may fit
        return str(error) if reason is None else f"{reason}; {error}"
    return reason
