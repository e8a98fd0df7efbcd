"""The linear programs whose multipliers prove a bound (BOUNDS section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy import ndarray

from adversary.columns.program import Program, half_tanh

Pair = tuple[int, int]


def kernel(beta: float, terms: Sequence[Mapping[Pair, float]], m: int = 3) -> Program:
    """Return the program of Σ terms[j][x, y]·h(u_x − u_y) ≥ 0; 0 is the best, 1 the winner."""
    return majority(beta, terms, 0, 1, m)


def score(beta: float, best: Fraction | int = 0, winner: Fraction | int = 0) -> Program:
    """Return the program of BC(w) ≥ BC(best) and BC(w) ≥ ½ on (best, winner, other).

    `best`, `winner`: their masses under the pair law, where it is fixed (BOUNDS 3.2).
    """
    both, rest = float(best + winner), float(1 - best - winner)
    above = {(1, 0): both, (1, 2): rest, (0, 2): -rest}
    return kernel(beta, (above, {(1, 0): float(best), (1, 2): rest}))


def game(beta: float) -> Program:
    """Return the program of p(w≻best) ≥ ½ (BOUNDS 3.4)."""
    return kernel(beta, ({(1, 0): 1.0},), 2)


def uncovered(beta: float) -> Program:
    """Return the program of p(w≻z) ≥ ½ and p(z≻best) ≥ ½ (BOUNDS 3.5)."""
    return kernel(beta, ({(1, 2): 1.0}, {(2, 0): 1.0}))


def majority(
    beta: float, terms: Sequence[Mapping[Pair, float]], best: int, winner: int, m: int
) -> Program:
    """Return the program of Σ terms[j][x, y]·h(u_x − u_y) ≥ 0 on m alternatives."""
    unit = np.eye(m)
    zeros = np.zeros(len(terms))
    pairs = _tables(terms, m)
    return Program(beta, unit[best], unit[winner], pairs, zeros, zeros.astype(bool))


def reward(
    beta: float, law: ndarray, rewards: ndarray, policy: ndarray, comparison: ndarray
) -> Program:
    """Return the program of the stationarity equations, each divided by μ(x) (BOUNDS 3.7).

    All arguments but the first have an entry for each alternative. The last equation follows from
    the others, and in floats would contradict them.
    """
    m = len(law)
    terms = [{(x, y): law[y] for y in range(m) if y != x} for x in range(m - 1)]
    constants = -half_tanh(rewards[:-1, None] - rewards) @ law
    equal = np.ones(m - 1, dtype=bool)
    return Program(beta, comparison, policy, _tables(terms, m), constants, equal)


def _tables(terms: Sequence[Mapping[Pair, float]], m: int) -> ndarray:
    table = np.zeros((len(terms), m, m))
    for row, term in zip(table, terms, strict=True):
        for pair, weight in term.items():
            row[pair] = weight
    return table - table.transpose(0, 2, 1)
