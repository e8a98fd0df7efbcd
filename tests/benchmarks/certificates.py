"""Times of the checker and of the completer beside it, all in one run.

    python -m tests.benchmarks.certificates [--repeats N] [--small]

`check` is the time of one file after start-up, the median of several repeats; `process` that of
`python -m adversary.certificate FILE` as a whole. The instances: three alternatives and four
types, and 64 alternatives with 64 types (`--small`: without these).
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from adversary import certificate
from adversary.certifying.certify import RULES, Certificate, certify
from adversary.exact import to_decimal
from adversary.interface.method import by_name
from adversary.problem.instance import Independent, Instance, Pairs, Reference, UserType, all_pairs

AIMS = {3: 0.020, 64: 5.0}  # seconds for one check
PROCESS = 0.3  # seconds for a process that checks the small file


def instance(m: int, types: int, law: str, ball: bool) -> Instance:
    """A random instance with three digits for each number."""
    rng = np.random.default_rng([m, types, len(law), ball])

    def numbers(count: int) -> list:
        return [to_decimal(value, 3) for value in rng.uniform(0.01, 1, count).tolist()]

    users = tuple(UserType(w, tuple(numbers(m))) for w in numbers(types))
    pairs = all_pairs(m)
    weights = zip(pairs, numbers(len(pairs)), strict=True)
    sampling = (
        Independent(tuple(numbers(m)))
        if law == "independent"
        else Pairs(tuple((x, y, w) for (x, y), w in weights))
    )
    reference = Reference(tuple(numbers(m)), to_decimal(0.3, 1)) if ball else None
    return Instance(
        to_decimal(8.0, 1), tuple(f"x{i}" for i in range(m)), users, sampling, reference
    )


def clock(function: Callable[[], object], repeats: int) -> float:
    """The median time of a call."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def complete(given: Instance, method: str, made: list[Certificate]) -> Callable[[], None]:
    """A call that certifies and keeps the result."""
    return lambda: made.append(certify(given, by_name(method)))


def main() -> None:
    """Print the table; exit status 1 if a check missed its aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    heads = ("method", "law", "setting", "m", "types", "certify s", "check s", "ratio", "aim")
    print("".join(f"{head:>18}" if i < 3 else f"{head:>11}" for i, head in enumerate(heads)))
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.json"
        for m, types in ((3, 4),) if arguments.small else ((3, 4), (64, 64)):
            for method in RULES:
                for law, ball in (("independent", False), ("pairs", False), ("pairs", True)):
                    given = instance(m, types, law, ball)
                    repeats = arguments.repeats if m == 3 else 1
                    made: list[Certificate] = []
                    making = clock(complete(given, method, made), repeats)
                    made[-1].save(path)
                    checking = clock(lambda: certificate.check(path), repeats)
                    assert certificate.check(path).accepted
                    missed += checking > AIMS[m]
                    setting = "ball" if ball else "social choice"
                    cells = (making, checking, making / checking)
                    print(
                        f"{method:>18}{law:>18}{setting:>18}{m:>11}{types:>11}"
                        + "".join(f"{cell:>11.4f}" for cell in cells)
                        + f"{AIMS[m]:>11}"
                    )
        certify(instance(3, 4, "pairs", True), by_name("rlhf")).save(path)
        command = [sys.executable, "-m", "adversary.certificate", str(path)]
        whole = clock(
            lambda: subprocess.run(command, check=True, capture_output=True), arguments.repeats
        )
        print(f"whole process, m = 3: {whole:.3f} s (aim {PROCESS} s)")
        missed += whole > PROCESS
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
