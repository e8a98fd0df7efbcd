"""Boxes and seconds of proofs of upper bounds, beside those of the first row of each table.

    python -m tests.benchmarks.bounds [--large]

The proofs are of RLHF's outcomes along a path, against the number of alternatives (`--large`: up
to 10, minutes), β, and the slack; and of Borda under random laws against m. `seconds` is the
search for multipliers and the proof.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from flint import ctx, fmpq

from adversary.bounding import programs
from adversary.bounding.kernels import prove_kernel
from adversary.bounding.laws import prove_law
from adversary.bounding.multipliers import SLACK, solved
from adversary.bounding.proving import Draft
from adversary.certificate.boxes import Form, Proof, prove

BOXES = 1_000_000


def path(m: int, beta: float, slack: float = SLACK) -> int:
    """The boxes for a path of m alternatives; files hold at most 8."""
    pairs = [(x + 1, x) for x in range(m - 1)]

    def test(claim: Fraction, factors: tuple[Fraction, ...]) -> Proof:
        values = [fmpq(*factor.as_integer_ratio()) for factor in factors]
        linear = (fmpq(1), *[fmpq(0)] * (m - 2), -fmpq(*claim.as_integer_ratio()))
        weights = dict(zip(pairs, values, strict=True))
        with ctx.workprec(192):
            return prove(Form(fmpq(*beta.as_integer_ratio()), fmpq(0), linear, weights), BOXES)

    program = programs.majority(beta, [{pair: 1.0} for pair in pairs], 0, m - 1, m)
    return solved(program, test, slack).boxes


def law(m: int, beta: Fraction) -> int:
    """The boxes for a random law."""
    weights = np.random.default_rng(m).integers(1, 1000, m).tolist()
    return prove_law(Draft(beta, "borda", "social-choice"), list(map(Fraction, weights))).boxes


def kernel(beta: Fraction, slack: float = SLACK) -> int:
    """The boxes for every law and m."""
    return prove_kernel(Draft(beta, "borda", "social-choice"), slack).boxes


def table(title: str, keys: Sequence[object], call: Callable[..., int]) -> None:
    """Print a row for each key."""
    print(f"\n{title:<28}{'boxes':>9}{'ratio':>9}{'seconds':>9}{'ratio':>9}")
    first: tuple[int, float] | None = None
    for key in keys:
        started = time.perf_counter()
        boxes = call(key)
        seconds = time.perf_counter() - started
        first = first or (boxes, seconds)
        ratios = boxes / first[0], seconds / first[1]
        print(f"{key!s:<28}{boxes:>9}{ratios[0]:>9.1f}{seconds:>9.2f}{ratios[1]:>9.1f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    largest = 10 if parser.parse_args().large else 8
    betas = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    slacks = (1e-3, 1e-5, SLACK, 1e-7)
    table("path, β = 4: m", range(3, largest + 1), lambda m: path(m, 4.0))
    table("path, m = 6: β", betas, lambda beta: path(6, beta))
    table("path, m = 6, β = 4: slack", slacks, lambda slack: path(6, 4.0, slack))
    table("every law: β", betas, lambda beta: kernel(Fraction(beta)))
    table("every law, β = 4: slack", slacks, lambda slack: kernel(Fraction(4), slack))
    table("random law, β = 4: m", (3, 4, 8, 16, 32, 64), lambda m: law(m, Fraction(4)))


if __name__ == "__main__":
    main()
