"""One cell of a study in one process: a certificate, or why there is none."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import torch

from adversary import verbs
from adversary.certifying.certify import Certificate
from adversary.errors import in_one_line
from adversary.interface.method import by_name
from adversary.searching.strategy import Incumbent
from adversary.sweeping.study import Cell

_ALONE = threading.Lock()  # the precision of mpmath and the threads of PyTorch are the process's


@dataclass(frozen=True)
class Failure:
    """A cell without a certificate."""

    reason: str
    numeric: float | None = None
    """The numeric distortion, where the search itself succeeded."""


class _OvertimeError(Exception):
    pass


def run(cell: Cell, time_limit: float | None = None) -> Certificate | Failure:
    """Search a cell on one thread. Whatever goes wrong is a Failure, which ends no sweep.

    A search that takes longer than `time_limit` seconds fails: cut short, its result would
    depend on the machine. So would an interrupted one's: KeyboardInterrupt.
    """
    with _ALONE:
        torch.set_num_threads(1)
        started = time.monotonic()

        def watch(_: Incumbent) -> None:
            if time_limit is not None and time.monotonic() - started > time_limit:
                raise _OvertimeError

        try:
            result = verbs.search(
                by_name(cell.method),
                cell.beta,
                cell.alternatives,
                users=cell.users,
                sampling=cell.law,
                kl_budget=cell.budget,
                strategy=cell.strategist,
                seed=cell.seed,
                progress=watch,
            )
        except _OvertimeError:
            return Failure(f"time limit of {time_limit:g} s")
        except Exception as error:
            return Failure(in_one_line(error))
    if result.finding.stopped == "interrupted":
        raise KeyboardInterrupt
    if result.finding.stopped != "finished":
        return Failure(result.finding.stopped)
    if result.certificate is None:
        return Failure(f"no certificate: {result.uncertified}", result.distortion)
    document = result.certificate.document
    provenance = {**document.provenance, "cell": cell.specification}
    return replace(result.certificate, document=replace(document, provenance=provenance))
