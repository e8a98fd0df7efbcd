"""Exactly cosh²(β/2) up to β = 2.068: the inequalities, the branch and bound, the lemma."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

from adversary.theory import binding_exact as proof
from adversary.theory.binding_budget import half, slope
from tests.theory.test_binding_budget import environment, reward

BETAS = [0.1, 0.7, 1.4, 2.0, proof.LARGEST]
SIDE = Fraction(776, 1000)  # at least tanh(β/2) for every β of (B)


def test_the_range() -> None:
    """(B) holds up to LARGEST, by balls, and fails just above."""
    for beta, holds in ((Fraction("2.0680"), True), (Fraction("2.0681"), False)):
        excess = (arb(fmpq(beta.numerator, beta.denominator)) / 2).tanh()
        excess -= arb(fmpq(3 * beta.numerator, 8 * beta.denominator))
        assert (excess > 0) is holds
        assert (excess < 0) is not holds
    assert float(SIDE) >= 3 * 2.0681 / 8


@pytest.mark.parametrize("beta", BETAS)
def test_the_two_inequalities(beta: float) -> None:
    """(P) and (Q) on a grid that holds the corners."""
    grid = np.linspace(0, beta, 61)
    for s in grid[1:]:
        assert 0 <= proof.share(s, beta) <= 4
        assert min(proof.above(a, v, s, beta) for a in grid for v in grid) >= -1e-13
        assert min(proof.below(d, s, beta) for d in grid) >= -1e-13


def test_beyond_the_range_the_argument_fails() -> None:
    """The condition (B) is the argument's own limit: (Q) fails soon after it."""
    grid = np.linspace(0, 2.3, 61)
    assert min(proof.below(d, s, 2.3) for d in grid for s in grid[1:]) < -1e-6


def test_remainder_is_what_is_left_of_q() -> None:
    """(Q) for δ = 0 and D > e is at least 2X³·H/P, by the series that the proof cuts."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        beta = 2.068 * rng.random()
        s = beta * rng.uniform(0.5, 1)
        d = rng.uniform(beta - s, beta)
        x, e, t = math.tanh(s / 2), math.tanh((beta - s) / 2), math.tanh((d - beta + s) / 2)
        p, q = e / x, t / x
        r = math.tanh(d / 2) / x
        product = (1 - x * x * q * r) * (1 - x * x * r) * (1 - x * x * q)
        left = s * math.tanh(d / 2) ** 2 + proof.bend(d - beta + s, s) - proof.bend(d, s)
        assert left >= 2 * x**3 * proof.remainder(x, p, q) / product - 1e-12


def test_remainder_is_positive() -> None:
    """H > 0 by branch and bound in ball arithmetic, where r > 1/5: the step left to a machine."""
    zero, one = Fraction(0), Fraction(1)
    todo: list[tuple[tuple[Fraction, Fraction], ...]] = [((zero, SIDE), (zero, one), (zero, one))]
    boxes = 0
    while todo:
        box = todo.pop()
        boxes += 1
        assert boxes < 200_000
        (x, _), (p, far_p), (_, far_q) = box
        if x * (1 + p) > SIDE * (1 + x * x * p) or far_p + far_q <= Fraction(1, 5):
            continue  # outside, as X(1+p)/(1+X²p) rises in both; or r ≤ p+q ≤ 1/5
        if (proof.remainder(*map(_ball, box)) > 0) is True:
            continue
        widest = max(range(3), key=lambda i: box[i][1] - box[i][0])
        low, high = box[widest]
        for part in ((low, (low + high) / 2), ((low + high) / 2, high)):
            todo.append((*box[:widest], part, *box[widest + 1 :]))


def _ball(interval: tuple[Fraction, Fraction]) -> arb:
    low, high = (arb(fmpq(end.numerator, end.denominator)) for end in interval)
    return low.union(high)


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_the_lemma_on_random_environments(beta: float) -> None:
    """4g·s ≤ A, for 2,000 populations and targets."""
    rng = np.random.default_rng(1)
    halves = np.vectorize(half)
    for _ in range(2_000):
        v, w, mu, d = environment(rng, beta)
        a = beta * rng.random(len(w)) ** rng.choice([0.2, 1, 5])
        a[rng.random(len(a)) < 0.4] = 0
        s = reward(d, mu, float(w @ halves(a[:, None] - v) @ mu))
        assert 4 * float(np.vectorize(slope)(d) @ mu) * s <= float(w @ a) + 1e-10
