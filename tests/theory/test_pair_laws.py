"""Every connected law on pairs: RLHF's distortion is at most K·G_n, n the longest simple path."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
import torch

from adversary import DPO, RLHF
from adversary.interface.method import Status
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Instance, Pairs, Reference, UserType
from adversary.problem.population import Population
from adversary.theory import kl_vertex, pair_laws, path_law


def graph(rng: np.random.Generator, m: int) -> list[tuple[int, int]]:
    """Return a random connected graph: a random tree and some more pairs."""
    order = [int(x) for x in rng.permutation(m)]
    pairs = {tuple(sorted((order[i], order[int(rng.integers(i))]))) for i in range(1, m)}
    pairs |= {p for p in combinations(range(m), 2) if rng.random() < 0.2}
    return sorted(pairs)  # type: ignore[arg-type]


def exact(value: float) -> Fraction:
    return Fraction(f"{value:.6e}")


def drawn(rng: np.random.Generator, m: int, beta: str, reference: Reference | None = None):
    """Return (graph, instance): few types, many zeros, weights over orders of magnitude."""
    pairs = graph(rng, m)
    law = Pairs(tuple((x, y, exact(10 ** rng.uniform(-4, 0))) for x, y in pairs))
    users = []
    for _ in range(int(rng.integers(1, 5))):
        u = rng.random(m) ** rng.choice([0.3, 1, 6])
        u[rng.random(m) < 0.4] = 0
        users.append(UserType(exact(10 ** rng.uniform(-3, 0)), tuple(map(exact, u))))
    names = tuple(f"x{i}" for i in range(m))
    return pairs, Instance(Fraction(beta), names, tuple(users), law, reference)


def test_longest_path() -> None:
    """Against all orders of the alternatives."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        m = int(rng.integers(2, 7))
        pairs = graph(rng, m)
        asked = set(pairs) | {(y, x) for x, y in pairs}
        best = 0
        for order in permutations(range(m)):
            steps = [step in asked for step in pairwise(order)]
            runs = "".join("1" if s else " " for s in steps).split()
            best = max(best, max(map(len, runs), default=0))
        assert pair_laws.longest_path(m, pairs) == best
    with pytest.raises(ValueError, match="at most"):
        pair_laws.longest_path(17, [])


@pytest.mark.parametrize("method", [RLHF(), DPO()], ids=["rlhf", "dpo"])
@pytest.mark.parametrize("beta", ["1", "4", "12"])
def test_no_connected_law_does_worse(method: RLHF | DPO, beta: str) -> None:
    """100 random instances with 3 to 6 alternatives, many of whose graphs have cycles."""
    rng = np.random.default_rng(1)
    largest, cycles = 0.0, 0
    for _ in range(100):
        m = int(rng.integers(3, 7))
        pairs, instance = drawn(rng, m, beta)
        cycles += len(pairs) >= m
        if not any(instance.average_utility):
            continue
        with torch.no_grad():
            result, outcome = evaluate(Population.of(instance), method)
        assert int(outcome.status[0]) in (Status.SOLVED, Status.TIED)
        bound = pair_laws.at_most(float(beta), pair_laws.longest_path(m, pairs))
        assert float(result.every[0]) <= bound * (1 + 1e-9)
        largest = max(largest, float(result.every[0]) / bound)
    assert cycles > 20
    assert largest > 0.1


@pytest.mark.parametrize("m", [3, 4, 5])
def test_near_the_worst_case(m: int) -> None:
    """The worst path with chords and jitter comes near the bound of m alternatives, never above."""
    rng = np.random.default_rng(3)
    worst = path_law.instance("4", "1e-6", m)
    path = {(x, y): w for x, y, w in worst.sampling.weights}  # type: ignore[union-attr]
    largest, bound = 0.0, pair_laws.at_most(4.0, m - 1)
    for size in np.logspace(-9, -1, 60):
        chords = {p: exact(size * rng.random() + 1e-12) for p in combinations(range(m), 2)}
        law = Pairs(
            tuple((x, y, path.get((x, y), Fraction(0)) + w) for (x, y), w in chords.items())
        )
        users = tuple(
            replace(user, weight=user.weight * exact(1 + size * rng.random()))
            for user in worst.users
        )
        with torch.no_grad():
            found = evaluate(Population.of(replace(worst, users=users, sampling=law)), RLHF())[0]
        assert float(found.every[0]) <= bound * (1 + 1e-9)
        largest = max(largest, float(found.every[0]) / bound)
    assert largest > 0.99


def test_three_alternatives_in_a_ball() -> None:
    """M = 3, budget not binding: at most cosh²(β/2) under every connected law on pairs."""
    rng = np.random.default_rng(2)
    one, zero = Fraction(1), Fraction(0)
    for _ in range(300):
        weights = [(one, one, one), (one, one, zero), (zero, one, one), (one, zero, one)][
            int(rng.integers(4))
        ]
        _, instance = drawn(rng, 3, "3", Reference(weights, Fraction(50)))
        inside = [u for u, w in zip(instance.average_utility, weights, strict=True) if w]
        if not any(inside):
            continue
        with torch.no_grad():
            result, _ = evaluate(Population.of(instance), RLHF())
        assert float(result.every[0]) <= kl_vertex.bound(3.0) * (1 + 1e-9)  # type: ignore[operator]
