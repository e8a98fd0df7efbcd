"""The upper bound for budgets that bind: each inequality, and each lemma on random environments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import root_scalar

from adversary.theory import binding_budget as proof
from adversary.theory import formulas

BETAS = (0.1, 1.0, 2.0, 4.0, 8.0, 16.0)
RISING = (
    lambda x, b: x,
    lambda x, b: max(x - b / 3, 0.0),
    lambda x, b: max(x - b, 0.0),
    lambda x, b: x * x,
    lambda x, b: math.expm1(x),
    lambda x, b: -proof.half(b - x),
)


@pytest.mark.parametrize("beta", BETAS)
def test_multipliers_are_not_negative(beta: float) -> None:
    for s in np.linspace(1e-3, 1, 50) * beta:
        alpha, gamma, c = proof.multipliers(float(s), beta)
        assert 0 < alpha <= 1
        assert gamma >= -1e-15
        assert c >= 0


@pytest.mark.parametrize("beta", BETAS)
def test_the_two_inequalities(beta: float) -> None:
    """(1) and (2) on a grid that holds the corners, where they are equalities."""
    grid = np.linspace(0, beta, 41)
    for s in grid[1:]:
        tolerance = 1e-14 * beta
        assert min(proof.first(a, v, s, beta) for a in grid for v in grid) >= -tolerance
        assert min(proof.second(d, s, beta) for d in grid) >= -tolerance
        assert proof.second(beta, s, beta) == pytest.approx(0, abs=tolerance)
        assert proof.first(s, beta, s, beta) == pytest.approx(0, abs=tolerance)


def environment(rng: np.random.Generator, beta: float):
    """Return (v by type and anchor, users' weights, μ, D): a random population and its rewards."""
    types, anchors = int(rng.integers(1, 5)), int(rng.integers(2, 6))
    v = beta * rng.random((types, anchors)) ** rng.choice([0.2, 1, 5])
    v[rng.random(v.shape) < 0.3] = 0
    v[rng.random(v.shape) < 0.2] = beta
    w, mu = rng.dirichlet(np.full(types, 0.4)), rng.dirichlet(np.full(anchors, 0.4)) + 1e-9
    mu /= mu.sum()
    half = np.vectorize(proof.half)
    goal = [float(w @ half(v[:, i : i + 1] - v) @ mu) for i in range(anchors)]
    r = np.zeros(anchors)
    for _ in range(200):  # Newton's iteration with halved steps on the concave likelihood
        difference = r[:, None] - r
        error = half(difference) @ mu - goal
        slopes = np.vectorize(proof.slope)(difference) * mu
        matrix = np.diag(slopes.sum(1)) - slopes + np.outer(np.ones(anchors), mu)
        step = np.linalg.solve(matrix, error)
        r = r - step / max(1.0, np.abs(step).max())
        if np.abs(step).max() < 1e-14:
            break
    return v, w, mu, r - reward(r, mu, -float(w @ half(v) @ mu))


def reward(r: np.ndarray, mu: np.ndarray, margin: float) -> float:
    """Return the y with E_μ h(y − r) = margin."""
    found = root_scalar(
        lambda y: np.vectorize(proof.half)(y - r) @ mu - margin, bracket=(-900, 900)
    )
    assert found.converged
    return float(found.root)


@pytest.mark.parametrize("beta", [0.5, 2.0, 6.0])
def test_the_lemmas_on_random_environments(beta: float) -> None:
    """The spread lemma, D ≤ β, s ≤ β, (L) and (U), for 1,500 populations and targets each."""
    rng = np.random.default_rng(0)
    k, big = proof.slope(beta), formulas.rate(beta)
    half = np.vectorize(proof.half)
    for _ in range(1500):
        v, w, mu, d = environment(rng, beta)
        assert d.min() >= -1e-9
        assert d.max() <= beta + 1e-9
        for f in RISING:
            spread = np.vectorize(f)(v, beta)
            assert np.vectorize(f)(d, beta) @ mu <= w @ spread @ mu + 1e-9 * max(1, spread.max())
        a = beta * rng.random(len(w)) ** rng.choice([0.2, 1, 5])
        a[rng.random(len(a)) < 0.4] = 0
        s = reward(d, mu, float(w @ half(a[:, None] - v) @ mu))
        g, total = float(np.vectorize(proof.slope)(d) @ mu), float(w @ a)
        assert -1e-9 <= s <= beta + 1e-9
        assert k * total <= g * s + 1e-10
        assert 4 * g * s <= big * total + 1e-9
