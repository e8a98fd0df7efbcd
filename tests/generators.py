"""Random and hand-made inputs that several tests share. Every generator is seeded by its caller."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from adversary.interface.preferences import Preferences
from adversary.problem.population import Population

LAWS = ("independent", "pairs", "user-dependent")
NEVER = -math.inf


def tensor(values: object) -> Tensor:
    """Return values as float64."""
    if isinstance(values, Tensor):
        return values.double()
    return torch.as_tensor(np.array(values), dtype=torch.float64)


def log_weights(rng: np.random.Generator, *shape: int, spread: float = 1.5) -> Tensor:
    """Return logs of random weights that sum to 1 over the last dimension."""
    return tensor(rng.normal(size=shape) * spread).log_softmax(-1)


def pair_tables(rng: np.random.Generator, *shape: int, spread: float = 1.5) -> Tensor:
    """Return logs of random symmetric laws on ordered pairs, −inf on the diagonal."""
    table = tensor(rng.normal(size=shape) * spread)
    table = (table + table.mT).masked_fill(torch.eye(shape[-1], dtype=torch.bool), NEVER)
    return table.flatten(-2).log_softmax(-1).unflatten(-1, shape[-2:])


def populations(
    seed: int,
    batch: int,
    m: int,
    users: int = 4,
    law: str = "independent",
    beta: float = 5.0,
    social: bool = False,
    budget: float | None = None,
    spread: float = 1.5,
) -> Population:
    """Return a batch of random populations of one shape."""
    rng = np.random.default_rng(seed)
    laws = {
        "independent": {"log_mu": log_weights(rng, batch, m, spread=spread)},
        "pairs": {"log_nu": pair_tables(rng, batch, m, m, spread=spread)},
        "user-dependent": {"log_nu_by_user": pair_tables(rng, batch, users, m, m, spread=spread)},
    }
    taus = rng.exponential(0.7, size=batch) if budget is None else np.full(batch, budget)
    return Population(
        beta=torch.full((batch,), beta, dtype=torch.float64),
        log_weights=log_weights(rng, batch, users),
        utilities=tensor(rng.random((batch, users, m))),
        log_reference=None if social else log_weights(rng, batch, m, spread=spread),
        budget=None if social else tensor(taus),
        **laws[law],
    )


def preferences(
    margin: object,
    log_pairs: object = None,
    log_reference: object = None,
    budget: object = math.inf,
    noise: float = 0.0,
) -> Preferences:
    """Return one element of preferences (no batch) from its tables; by default all uniform."""
    margins = tensor(margin)
    m = margins.shape[-1]
    uniform = torch.full((m,), -math.log(m), dtype=torch.float64)
    pairs = uniform[:, None] + uniform if log_pairs is None else tensor(log_pairs)
    shown = pairs.logsumexp(-1, keepdim=True)
    return Preferences(
        win=margins + 0.5,
        margin=margins,
        noise=torch.full_like(margins, noise),
        log_pairs=pairs,
        log_opponents=torch.where(shown > NEVER, pairs - shown, NEVER),
        log_reference=uniform if log_reference is None else tensor(log_reference),
        budget=tensor(budget),
    )


def bradley_terry(reward: object) -> np.ndarray:
    """Return the margins σ(r_x − r_y) − ½ of a Bradley–Terry model."""
    r = np.asarray(reward, dtype=float)
    return 0.5 * np.tanh(0.5 * (r[:, None] - r[None, :]))


def skew(rng: np.random.Generator, m: int, size: float = 0.5) -> np.ndarray:
    """Return random margins: skew-symmetric, entries below `size`."""
    upper = np.triu(rng.uniform(-size, size, size=(m, m)), 1)
    return upper - upper.T


def chain(m: int, bridges: dict[int, float], law: float = 1.0) -> np.ndarray:
    """Return the log-law of the chain 0 – 1 – … – m−1 with link i – i+1 of weight bridges[i]."""
    table = np.full((m, m), NEVER)
    for i in range(m - 1):
        table[i, i + 1] = table[i + 1, i] = math.log(bridges.get(i, law))
    return table - np.logaddexp.reduce(table.ravel())
