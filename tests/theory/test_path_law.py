"""The path: exact values, each step of the proof, the instances and the growth."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from adversary.certifying.certify import certify
from adversary.columns.generation import solve as solve_program
from adversary.errors import InputError
from adversary.interface.method import Status, by_name
from adversary.problem.instance import Instance, Pairs, Reference
from adversary.theory import ghy_thm9
from adversary.theory.formulas import borda_rate, curve, rate
from adversary.theory.path_law import (
    THEOREM,
    bound,
    depth,
    gains,
    growth,
    instance,
    kernel,
    steps,
    utilities,
)
from tests.columns.programs import path

BETAS = (0.5, 2.0, 4.0, 8.0, 16.0)


def exact(beta: float, m: int) -> float:
    value = bound(beta, m)
    assert value is not None
    return value


def reach(beta: float, n: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return a random value below H_k(y), with k = n − 1, its y, and G_n·S(y)."""
    y = rng.random()
    d = y * rng.dirichlet(np.full(n, 0.5))
    gain = gains(beta, n)
    value = d[0] + sum(g * curve(x, beta) for g, x in zip(gain, d[1:], strict=False))
    return value, y, gain[-1] * curve(y, beta)


@pytest.mark.parametrize("beta", [2.0, 4.0, 8.0])
@pytest.mark.parametrize("m", [2, 3, 4, 5, 6])
def test_the_linear_program_gives_the_same(beta, m):
    """The supremum over all populations on a path where each alternative ties or beats the last."""
    found = solve_program(path(m, beta), np.random.default_rng(0), accuracy=1e-6)
    assert found is not None
    assert found.value <= exact(beta, m) * (1 + 1e-9)
    assert found.dual.price >= exact(beta, m) * (1 - 1e-9)
    assert found.value == pytest.approx(exact(beta, m), rel=1e-5)


BOUNDS = Path(__file__).parents[2] / "instances" / "bounds"


@pytest.mark.parametrize("file", sorted(BOUNDS.glob("rlhf-path-m*.json")), ids=lambda f: f.stem)
def test_the_proved_upper_bounds_are_just_above(file):
    """Those of the checker's files, for paths of up to 8 alternatives."""
    found = json.loads(file.read_text("utf-8"))
    limit = exact(float(found["beta"]), len(found["alternatives"]))
    assert limit <= float(found["claim"]["distortion_at_most"]) <= limit * (1 + 1e-5)


@pytest.mark.parametrize("beta", BETAS)
def test_first_values(beta):
    assert exact(beta, 2) == pytest.approx(rate(beta), rel=1e-14)
    assert exact(beta, 3) == pytest.approx(borda_rate(beta), rel=1e-12)
    found = gains(beta, 40)
    assert all(x <= y for x, y in pairwise(found))
    assert exact(4, 32) == pytest.approx(42888.652228343, rel=1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_steps_are_optimal(beta):
    """No other point of the simplex does better, and they lie in it."""
    rng = np.random.default_rng(0)
    for n in (2, 3, 5, 12):
        gain = gains(beta, n)
        d = steps(beta, n)
        assert len(d) == n
        assert min(d) >= 0
        assert sum(d) == pytest.approx(1, abs=1e-12)
        value = d[0] + sum(g * curve(x, beta) for g, x in zip(gain, d[1:], strict=False))
        assert value == pytest.approx(gain[-1], rel=1e-12)
        for scale in (1.0, 1e-2, 1e-4):
            mixed = (1 - scale) * np.array(d) + scale * rng.dirichlet(np.full(n, 0.3), size=100)
            other = mixed[:, 0] + sum(
                g * np.vectorize(curve)(x, beta) for g, x in zip(gain, mixed.T[1:], strict=False)
            )
            assert other.max() <= gain[-1] * (1 + 1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_step_a_shorter_is_dearer(beta):
    """H_k(s) ≤ G_{k+1}·S(s), with equality at s = 1."""
    rng = np.random.default_rng(1)
    for n in (1, 2, 4, 8):
        for _ in range(300):
            value, _, limit = reach(beta, n, rng)
            assert value <= limit * (1 + 1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_step_b_shrinking(beta):
    """What a point of total y loses when it shrinks to y − s is at most G_{k+1}·S(s)."""
    rng = np.random.default_rng(2)
    for n in (2, 4, 8):
        gain = gains(beta, n)
        for _ in range(300):
            d = np.append(3 * rng.random(), rng.random(n - 1)) * rng.choice([0.1, 0.5, 1])
            s = rng.random() * min(1.0, d.sum())
            small = d * (1 - s / d.sum())
            loss = d[0] - small[0]
            for g, x, z in zip(gain, d[1:], small[1:], strict=False):
                loss += g * (curve(x, beta) - curve(z, beta))
            assert loss <= gain[-1] * curve(s, beta) * (1 + 1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_step_c_walks_that_end_at_zero(beta):
    """v_0 + Σ G_i·S(v_i − v_{i−1}) ≤ 0 at v_n = 0, however high the walk goes."""
    rng = np.random.default_rng(3)
    highest = 0.0
    for n in (1, 2, 3, 6, 12):
        for _ in range(400):
            walk = [0.0]  # from the end
            for _ in range(n):
                walk.append(max(0.0, walk[-1] + rng.uniform(-0.8, 1)))
            v = walk[::-1]
            highest = max(highest, *v)
            assert kernel(v, beta) <= 1e-12 * gains(beta, n)[-1]
    assert highest > 2


@pytest.mark.parametrize("beta", BETAS)
def test_kernel_is_never_positive(beta):
    rng = np.random.default_rng(4)
    for n in (1, 2, 3, 6, 12):
        types = rng.random((400, n + 1)) ** rng.choice([0.3, 1.0, 4.0], size=(400, n + 1))
        types[::2] = np.sort(types[::2])
        types[::4, -1] = 0
        room = 1e-12 * rate(beta) * gains(beta, n)[-1]
        assert max(kernel(u, beta) for u in types.tolist()) <= room


@pytest.mark.parametrize("beta", BETAS)
def test_kernel_is_zero_at_the_types(beta):
    """So no smaller constant will do, whatever the multipliers."""
    gain = gains(beta, 11)
    for row in utilities(beta, 12):
        assert kernel([float(u) for u in row], beta) == pytest.approx(0, abs=1e-11 * gain[-1])
    assert kernel([0.0] * 11 + [1e-7], beta) == pytest.approx(0, abs=1e-12 * gain[-1])


@pytest.mark.parametrize("beta", [1.0, 4.0, 16.0])
@pytest.mark.parametrize("m", [3, 4, 7])
def test_no_population_on_a_path_exceeds_it(beta, m):
    """Rewards of any size and order along the path: those of the log-odds."""
    rng = np.random.default_rng(m)
    most = 0.0
    rows = np.array([[float(u) for u in row] for row in utilities(beta, m)])
    near = instance(str(beta), "1e-2", m)
    weights = np.array([float(user.weight) for user in near.users])
    base = np.vstack([[0.0] * (m - 1) + [1e-2], rows])
    for k in range(3000):
        if k % 2:
            users, w = (
                rng.random((3, m)) * 10 ** (-3 * rng.random((3, m))),
                rng.dirichlet([0.3] * 3),
            )
        else:
            size = 10 ** (-4 * rng.random())
            users = np.clip(base * np.exp(size * rng.normal(size=base.shape)), 0, 1)
            w = weights * np.exp(size * rng.normal(size=m))
        average = w @ users
        margins = w @ np.tanh(beta * np.diff(users, axis=1) / 2) / w.sum()
        reward = np.concatenate([[0], np.cumsum(2 * np.arctanh(margins))])
        winner = int(reward.argmax())
        for best in set(range(m)) - {winner}:
            limit = exact(beta, abs(best - winner) + 1) * average[winner]
            most = max(most, average[best] / limit)
    assert most <= 1 + 1e-9
    assert most > 0.9


@pytest.mark.parametrize("beta", [1.0, 4.0, 16.0])
def test_in_a_tree_the_diameter_counts(solve, beta):
    """A star has diameter 2 whatever its size; the instance of three alternatives reaches K·G_2."""
    rng = np.random.default_rng(5)
    most = 0.0
    for _ in range(2000):
        users = rng.random((3, 6)) ** 4 * (rng.random((3, 6)) < 0.5)
        w = rng.dirichlet([0.3] * 3)
        lead = np.tanh(beta * (users - users[:, :1]) / 2)  # over the centre
        winner = int(np.arctanh(w @ lead).argmax())
        if (w @ users)[winner] > 0:
            most = max(most, (w @ users).max() / (w @ users)[winner])
    assert 1 < most <= exact(beta, 3)
    small = instance(str(beta), "1e-6", 3)
    a, centre, c = range(3)
    order = (centre, a, c, a)  # a copy of a is one more leaf
    types = tuple(replace(u, utilities=tuple(u.utilities[x] for x in order)) for u in small.users)
    star = Pairs(tuple((0, leaf, Fraction(1)) for leaf in (1, 2, 3)))
    found = Instance(small.beta, ("centre", "a", "c", "d"), types, star)
    assert solve(found, "rlhf").every == pytest.approx(exact(beta, 3), rel=1e-5)


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize(("beta", "m"), [("0.5", 8), (2, 16), (4, 3), (4, 16), (8, 32), (16, 8)])
def test_the_last_is_played(solve, method, beta, m):
    found = instance(beta, "1e-4", m)
    solved = solve(found, method)
    assert solved.status == Status.SOLVED
    assert solved.policy[f"a{m}"] == 1
    limit = exact(float(beta), m)
    assert (1 - 1e-4) * limit < solved.every < limit


@pytest.mark.parametrize("method", THEOREM.methods)
def test_in_a_ball(solve, method):
    """A reference of ½ on the best and ½ on the last: either may be played for τ ≥ log 2."""
    half = Reference((Fraction(1, 2), *(Fraction(0),) * 6, Fraction(1, 2)), Fraction("0.7"))
    solved = solve(replace(instance(4, "1e-4", 8), reference=half), method)
    assert solved.every == pytest.approx(exact(4, 8), rel=1e-4)


@pytest.mark.parametrize(("beta", "m"), [(2, 4), (8, 16)])
def test_instance(margin, beta, m):
    found = instance(beta, "1e-6", m)
    assert isinstance(found.sampling, Pairs)
    assert [(x, y) for x, y, _ in found.sampling.weights] == [(x, x + 1) for x in range(m - 1)]
    names = found.alternatives
    for earlier, later in pairwise(names):
        assert margin(found, later, earlier) > 0
    assert len(found.users) == m


@pytest.mark.parametrize(("beta", "m"), [(2, 16), (4, 16), (8, 16), (4, 32)])
def test_certified(beta, m):
    made = certify(instance(beta, "1e-6", m), by_name("rlhf"))
    assert 0.9999 * exact(beta, m) < made.lower_bound < exact(beta, m)


@pytest.mark.parametrize("beta", BETAS)
def test_growth(beta):
    """ρ^(n−J) ≤ G_n ≤ ρ^n, and one more alternative costs a factor of ρ in the long run."""
    rho, far = growth(beta), gains(beta, 60)
    for n, gain in enumerate(far, 1):
        assert rho ** (n - depth(beta)) * (1 - 1e-9) <= gain <= rho**n * (1 + 1e-9)
    assert far[-1] / far[-2] == pytest.approx(rho, rel=1e-6)
    assert 1 < rho <= min(rate(beta), 2)


def test_limits_of_growth():
    assert growth(0.01) < rate(0.01) < 1 + 1e-5
    assert [round(growth(beta), 4) for beta in (2, 4, 8, 16)] == [1.1438, 1.3957, 1.713, 1.9107]
    assert 1.999 < growth(1000) <= 2


def test_exceeds_the_published_bound():
    """√m against ρ^m; for m = 3 nothing is gained over Theorem 12."""
    published = ghy_thm9.bound(4, 32)
    assert published is not None
    assert exact(4, 32) > 10_000 * published


def test_where_it_applies():
    assert bound(4) == math.inf
    assert bound(4, 1) is None
    assert bound(4, 8, 0.6) is None
    assert bound(4, 8, 0.7) == bound(4, 8)
    assert bound(4, 1000) == bound(4, 256)
    with pytest.raises(InputError, match=r"^m:"):
        instance(4, "1e-3", 1)
    with pytest.raises(InputError, match=r"^epsilon:"):
        instance(4, 0, 3)
