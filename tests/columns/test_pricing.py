"""Pricing: derivatives, and that no better type is missed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy import ndarray
from scipy.optimize import minimize

from adversary.columns.pricing import Pricing
from tests.columns.programs import skew

BETAS = [0.5, 2.0, 8.0, 50.0]


def random_pricing(rng: np.random.Generator, m: int, beta: float) -> Pricing:
    """Return a pricing function whose linear and curved parts compete."""
    linear = rng.normal(size=m) * rng.choice([0.1, 0.3, 1.0])
    return Pricing(beta, linear, float(rng.normal()), skew(rng, 1, m, m))


def starts(rng: np.random.Generator, m: int) -> ndarray:
    """Return the corners of the cube and some generic types."""
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=min(m, 6))))
    if m > 6:
        corners = (rng.random((64, m)) < 0.5).astype(float)
    return np.concatenate([corners, rng.random((32, m)), rng.random((16, m)) ** 4])


def test_value_by_the_formula() -> None:
    """F(u) = ⟨g,u⟩ + c + Σ_{x<y} κ(x,y)·(σ(β(u_x − u_y)) − ½)."""
    rng = np.random.default_rng(20)
    p = random_pricing(rng, 4, 3.0)
    for u in rng.random((10, 4)):
        terms = [
            p.table[x, y] * (1 / (1 + np.exp(-3 * (u[x] - u[y]))) - 0.5)
            for x, y in itertools.combinations(range(4), 2)
        ]
        expected = p.linear @ u + p.constant + sum(terms)
        assert p.value(u[None])[0] == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("beta", BETAS)
def test_derivatives_by_finite_differences(beta: float) -> None:
    """Gradient and Hessian, against central differences of value and gradient."""
    rng, m, step = np.random.default_rng(21), 5, 1e-6
    p = random_pricing(rng, m, beta)
    u = rng.random((20, m))
    gradient, hessian = p.derivatives(u)
    for x in range(m):
        move = step * np.eye(m)[x]
        slope = (p.value(u + move) - p.value(u - move)) / (2 * step)
        bend = (p.derivatives(u + move)[0] - p.derivatives(u - move)[0]) / (2 * step)
        assert gradient[:, x] == pytest.approx(slope, abs=1e-7 * beta)
        assert hessian[:, :, x] == pytest.approx(bend, abs=1e-7 * beta**2)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("m", [2, 3])
def test_no_type_of_a_dense_grid_is_better(beta: float, m: int) -> None:
    """Random functions on two and three alternatives, against all points of a grid."""
    rng = np.random.default_rng(22)
    axis = np.linspace(0, 1, 81)
    grid = np.stack(np.meshgrid(*[axis] * m, indexing="ij"), -1).reshape(-1, m)
    for _ in range(5):
        p = random_pricing(rng, m, beta)
        points, values = p.climb(starts(rng, m))
        assert ((points >= 0) & (points <= 1)).all()
        assert p.value(points) == pytest.approx(values)
        assert values.max() >= p.value(grid).max() - 1e-12


@pytest.mark.parametrize("beta", [0.5, 8.0, 50.0])
@pytest.mark.parametrize("m", [5, 8])
def test_no_local_search_is_better(beta: float, m: int) -> None:
    """Against L-BFGS-B from 60 random types."""
    rng = np.random.default_rng(23)
    p = random_pricing(rng, m, beta)
    _, values = p.climb(starts(rng, m))
    best = max(
        -minimize(
            lambda u: -p.value(u[None])[0],
            start,
            jac=lambda u: -p.derivatives(u[None])[0][0],
            bounds=[(0, 1)] * m,
            method="L-BFGS-B",
        ).fun
        for start in rng.random((60, m))
    )
    assert values.max() >= best - 1e-9


def test_a_narrow_maximum_is_found() -> None:
    """A type of which generic starts know nothing: it pays only to be just above another."""
    beta, m = 50.0, 3
    table = np.zeros((m, m))
    table[0, 1], table[1, 0] = 1.0, -1.0
    p = Pricing(beta, np.array([-5.0, 4.0, 0.0]), 0.0, table[None])
    _, values = p.climb(starts(np.random.default_rng(24), m))
    gap = np.linspace(0, 1, 1_000_001)[:, None]
    line = np.concatenate([1 - gap * 0, 1 - gap, 0 * gap], axis=1)
    assert values.max() >= p.value(line).max() - 1e-13


@pytest.mark.parametrize("beta", BETAS)
def test_climbs_end_at_stationary_types(beta: float) -> None:
    """The projected gradient vanishes at the best ones, and nearly so at most of the others."""
    rng = np.random.default_rng(25)
    p = random_pricing(rng, 4, beta)
    points, values = p.climb(rng.random((40, 4)))
    gradient, _ = p.derivatives(points)
    moved = (points + gradient).clip(0, 1) - points
    best = values >= values.max() - 1e-9
    assert np.abs(moved[best]).max() <= 1e-6 * beta
    assert np.quantile(np.abs(moved).max(-1), 0.8) <= 1e-4 * beta
