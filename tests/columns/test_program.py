"""Columns of the program: by the formulas, by finite differences, and under laws for each user."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from adversary.columns.program import Program, Saturated, Types, half_tanh
from tests.columns.programs import borda, random_program, skew


def sigma(t: float) -> float:
    return float(1 / (1 + np.exp(-t)))


def general(seed: int, m: int = 4, law: bool = False) -> Program:
    """Return a random program with equalities and constants."""
    rng = np.random.default_rng(seed)
    mixture = rng.dirichlet(np.ones(m * (m - 1) // 2)) if law else None
    return Program(
        beta=3.0,
        best=rng.dirichlet(np.ones(m)),
        policy=rng.dirichlet(np.ones(m)),
        pairs=skew(rng, 3, m, m),
        constants=rng.normal(size=3),
        equality=np.array([True, False, False]),
        law=mixture,
    )


def types_of(rng: np.random.Generator, n: int, m: int, pairs: bool = False) -> Types:
    """Return random plain types; where asked, each about a pair of its own."""
    count = m * (m - 1) // 2
    made = Types.plain(rng.random((n, m)))
    return replace(made, pair=rng.integers(count, size=n)) if pairs else made


def test_half_tanh_is_the_centred_sigmoid() -> None:
    """h(t) = σ(t) − ½, also where σ would cancel."""
    t = np.linspace(-30, 30, 61)
    assert np.allclose(half_tanh(t), 1 / (1 + np.exp(-t)) - 0.5, atol=1e-15)
    assert half_tanh(np.array([1e-20]))[0] == pytest.approx(2.5e-21)


def test_features_by_the_formulas() -> None:
    """⟨π*,u⟩, ⟨π,u⟩ and c_j + Σ_{x<y} κ_j(x,y)·(σ(β(u_x − u_y)) − ½), one by one."""
    p, rng = general(1), np.random.default_rng(2)
    types = types_of(rng, 20, 4)
    gain, cost, phi = p.features(types)
    assert phi.shape == (20, 3)
    assert p.equalities.tolist() == [True, False, False]
    for k, u in enumerate(types.utilities):
        assert gain[k] == pytest.approx(sum(p.best[x] * u[x] for x in range(4)))
        assert cost[k] == pytest.approx(sum(p.policy[x] * u[x] for x in range(4)))
        for j in range(3):
            value = p.constants[j] + sum(
                p.pairs[j, x, y] * (sigma(3 * (u[x] - u[y])) - 0.5)
                for x in range(4)
                for y in range(x + 1, 4)
            )
            assert phi[k, j] == pytest.approx(value, abs=1e-14)


def test_features_where_each_user_has_a_law() -> None:
    """Only the pair asked counts, over its mass; further rows say that the mixture is the law."""
    p, rng = general(3, law=True), np.random.default_rng(4)
    assert p.law is not None
    types = types_of(rng, 30, 4, pairs=True)
    _, _, phi = p.features(types)
    assert phi.shape == (30, 3 + 6)
    assert p.equalities.tolist() == [True, False, False] + [True] * 6
    for k in range(30):
        asked = int(types.pair[k])
        x, y = int(p.upper[0][asked]), int(p.upper[1][asked])
        h = sigma(3 * (types.utilities[k, x] - types.utilities[k, y])) - 0.5
        own = p.constants + p.pairs[:, x, y] * h / p.law[asked]
        assert phi[k, :3] == pytest.approx(own, abs=1e-14)
        assert phi[k, 3:] == pytest.approx((np.arange(6) == asked) - p.law)


def test_any_law_for_each_user_is_a_mixture_of_single_pairs() -> None:
    """Splitting a type by pairs gives Σ_k w_k ν_k(xy)·h / Σ_k w_k ν_k(xy): nothing is lost."""
    rng, m = np.random.default_rng(5), 3
    weights, laws = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(3), size=4)
    utilities = rng.random((4, m))
    p = replace(general(6, m, law=True), law=weights @ laws)
    split = Types.join([Types.plain(u, pair) for u in utilities for pair in range(3)])
    masses = (weights[:, None] * laws).ravel()
    _, _, phi = p.features(split)
    first, second = p.upper
    terms = half_tanh(p.beta * (utilities[:, first] - utilities[:, second]))
    margin = (weights[:, None] * laws * terms).sum(0) / (weights @ laws)
    assert masses @ phi[:, :3] == pytest.approx(p.constants + p.pairs[:, first, second] @ margin)
    assert masses @ phi[:, 3:] == pytest.approx(np.zeros(3), abs=1e-15)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_tangent_columns_are_derivatives(sign: float) -> None:
    """Gain, cost and conditions of a tangent column, against central differences."""
    p, rng, step = general(7), np.random.default_rng(8), 1e-5
    base = 0.1 + 0.8 * rng.random((8, 4))
    slope = sign * np.eye(4)[rng.integers(4, size=8)]
    found = p.features(Types(base, slope, np.full(8, -1)))
    up, down = (p.features(Types.plain(base + s * slope)) for s in (step, -step))
    for own, high, low in zip(found, up, down, strict=True):
        assert own == pytest.approx((high - low) / (2 * step), abs=1e-8)


def test_a_tangent_column_is_the_limit_of_heavy_types() -> None:
    """Around the type 0, the type s·e_x with weight 1/s tends to the column."""
    p = borda([0.2, 0.3, 0.5], 8.0)
    tangent = Types(np.zeros((3, 3)), np.eye(3), np.full(3, -1))
    near = tangent.concrete(1e-7)
    assert not near.tangent.any()
    assert tangent.tangent.all()
    for own, heavy in zip(p.features(tangent), p.features(near), strict=True):
        assert own == pytest.approx(heavy / 1e-7, rel=1e-6)


def test_slopes_keep_their_relative_precision() -> None:
    """βσ'(β) = β/(4cosh²(β/2)) is right where ¼ − h² would be 0."""
    p = borda([1.0, 1.0], 200.0)
    column = Types(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]), np.array([-1]))
    _, _, phi = p.features(column)
    expected = -2 * 200.0 * 0.25 / np.cosh(100.0) ** 2  # κ(0,1) = −2
    assert phi[0, 0] == pytest.approx(expected, rel=1e-12)


def test_rounding_is_nothing() -> None:
    """Terms that cancel leave exactly 0, so that base types are recognised."""
    p = borda([0.1, 0.2, 0.7], 3.7)
    _, _, phi = p.features(Types.plain(np.array([[0.3, 0.3, 0.3], [0.9, 0.1, 0.3]])))
    assert (phi[0] == 0).all()
    twice = replace(p, pairs=p.pairs[:1] * np.array([1, 1, 1e-30]))
    assert twice.features(Types.plain(np.array([[0.9, 0.1, 0.3]])))[2][0, 0] != 0
    up = np.zeros((1, 3, 3))
    up[0, 0, 2], up[0, 1, 2] = 0.3, -0.3
    opposed = replace(p, pairs=up - up.transpose(0, 2, 1), constants=np.zeros(1))
    _, _, phi = opposed.features(Types.plain(np.array([[0.1 + 0.2, 0.3, 0.7]])))
    assert phi[0, 0] == 0


@pytest.mark.parametrize("beta", [3.0, 60.0])
@pytest.mark.parametrize("law", [False, True])
def test_margins_are_what_the_conditions_weigh(law: bool, beta: float) -> None:
    """Σ_{x<y} κ_j·margins + c_j is φ_j; a tangent column has no constant."""
    p, rng = replace(general(9, law=law), beta=beta), np.random.default_rng(10)
    types = types_of(rng, 12, 4, pairs=law)
    if not law:
        types = types + Types(rng.random((4, 4)), np.eye(4), np.full(4, -1))
    saturated, rest = p.margins(types)
    assert bool(saturated.any()) is (beta > 16 and not law)
    constants = np.where(types.tangent[:, None], 0.0, p.constants)
    first, second = p.upper
    phi = (saturated + rest) @ p.pairs[:, first, second].T + constants
    assert phi == pytest.approx(p.features(types)[2][:, :3], abs=1e-13)


def test_the_pricing_table_adds_the_conditions() -> None:
    """κ = Σ_j λ_j κ_j; multipliers of the mixture do not enter."""
    p = general(11, law=True)
    multipliers = np.arange(1.0, 10.0)
    expected = p.pairs[0] + 2 * p.pairs[1] + 3 * p.pairs[2]
    assert p.tables(multipliers).sum(0) == pytest.approx(expected)


def test_types_join_and_pick() -> None:
    """Plain and tangent columns in one list, in order."""
    p = random_program(np.random.default_rng(12), 3, 2.0)
    plain = Types.plain([[0.1, 0.2, 0.3]], 2)  # type: ignore[arg-type]
    tangent = Types(np.ones((1, 3)), -np.eye(3)[:1], np.array([-1]))
    both = plain + tangent
    assert len(both) == 2
    assert both.tangent.tolist() == [False, True]
    assert both.pair.tolist() == [2, -1]
    assert both.moved.tolist() == [[0.1, 0.2, 0.3], [-1, 0, 0]]
    assert both[both.tangent].utilities.tolist() == [[1, 1, 1]]
    assert both.concrete(0.25).utilities[1].tolist() == [0.75, 1, 1]
    assert p.alternatives == 3


@pytest.mark.parametrize("beta", [20.0, 60.0, 200.0])
def test_conditions_keep_their_digits_where_users_are_nearly_certain(beta: float) -> None:
    """h(−β) − h(β(s−1)), of the size e^(−β): a float h has none of its digits left."""
    p = borda([1e-120, 1e-120, 1.0], beta)
    types = Types.plain(np.array([[s, 0.0, 1.0] for s in (1e-3, 1e-2, 0.1)]))
    _, _, phi = p.features(types)
    for s, own in zip((1e-3, 1e-2, 0.1), phi[:, 0], strict=True):
        low, high = np.exp(-beta), np.exp(beta * (s - 1))
        assert own == pytest.approx(low / (1 + low) - high / (1 + high), rel=1e-9)


def test_equal_and_opposite_coefficients_cancel_exactly() -> None:
    """Sums of saturated pairs against fractions, where the sizes differ by 1e-60."""
    rng = np.random.default_rng(13)
    sizes = np.array([1.0, 0.3, 1e-20, 1e-60])
    for _ in range(20):
        own = rng.choice(sizes, size=(2, 8)) * rng.choice([-1.0, 0.0, 1.0], size=(2, 8))
        sign = rng.choice([-1.0, 0.0, 1.0], size=(5, 8))
        found, left = Saturated(own).sums(sign)
        for n, j in np.ndindex(5, 2):
            exact = sum(Fraction(a) * Fraction(b) for a, b in zip(own[j], sign[n], strict=True)) / 2
            assert found[n, j] == pytest.approx(float(exact), rel=1e-15, abs=0)
            assert left[n, j] >= abs(found[n, j])


def test_nothing_is_saturated_where_nothing_counts() -> None:
    """Conditions that are all 0, as with prices of 0, add nothing."""
    found, left = Saturated(np.zeros((1, 3))).sums(np.ones((4, 3)))
    assert not found.any()
    assert not left.any()
