"""Programs and targets that the tests of the exact search share, built from the definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from adversary.columns.program import Program
from adversary.interface.conditions import Target
from tests.generators import NEVER, tensor


def skew(rng: np.random.Generator, *shape: int) -> ndarray:
    """Return random tables that are skew-symmetric in the last two dimensions."""
    table = rng.normal(size=shape)
    return table - np.swapaxes(table, -1, -2)


def inequalities(
    beta: float, best: object, policy: object, coefficients: object, law: ndarray | None = None
) -> Program:
    """Return the program of Σ coefficients·(p − ½) ≥ 0."""
    table = np.asarray(coefficients, dtype=float)
    return Program(
        beta=beta,
        best=np.asarray(best, dtype=float),
        policy=np.asarray(policy, dtype=float),
        pairs=table - table.transpose(0, 2, 1),
        constants=np.zeros(len(table)),
        equality=np.zeros(len(table), dtype=bool),
        law=law,
    )


def borda(mu: Sequence[float], beta: float, winner: int = 1, best: int = 0) -> Program:
    """Return the program of a Borda winner: Σ_y μ(y)·[p(w≻y) − p(x≻y)] ≥ 0 for every other x."""
    m = len(mu)
    rivals = [x for x in range(m) if x != winner]
    table = np.zeros((m - 1, m, m))
    for row, x in enumerate(rivals):
        table[row, winner] = mu
        table[row, x] -= mu
    return inequalities(beta, np.eye(m)[best], np.eye(m)[winner], table)


def path(m: int, beta: float) -> Program:
    """Return the program of p(x+1≻x) ≥ ½ along a path from the best, 0, to the winner, m − 1."""
    table = np.zeros((m - 1, m, m))
    for x in range(m - 1):
        table[x, x + 1, x] = 1
    return inequalities(beta, np.eye(m)[0], np.eye(m)[m - 1], table)


def random_program(rng: np.random.Generator, m: int, beta: float, conditions: int = 2) -> Program:
    """Return random inequalities between random mixed policies: feasible, and bounded."""
    best, policy = rng.dirichlet(np.ones(m), size=2)
    table = rng.normal(size=(conditions, m, m)) * rng.choice([0.1, 1.0], size=(conditions, 1, 1))
    return inequalities(beta, best, 0.9 * policy + 0.1 / m, table)


def target(
    log_pairs: Tensor,
    log_policy: object,
    score: object,
    log_reference: object = None,
    budget: float = math.inf,
) -> Target:
    """Return a target with this law on ordered pairs; by default social choice."""
    m = len(log_pairs)
    shown = log_pairs.logsumexp(-1, keepdim=True)
    uniform = torch.full((m,), -math.log(m), dtype=torch.float64)
    return Target(
        log_pairs=log_pairs,
        log_opponents=torch.where(shown > NEVER, log_pairs - shown, NEVER),
        log_reference=uniform if log_reference is None else tensor(log_reference),
        budget=tensor(budget),
        log_policy=tensor(log_policy),
        score=tensor(score),
    )


def vertex(m: int, winner: int) -> Tensor:
    """Return the log of the policy that always plays one alternative."""
    return torch.where(torch.arange(m) == winner, 0.0, NEVER).double()
