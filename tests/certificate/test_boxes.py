"""The prover against dense grids, symmetries and exact zeros."""

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from mpmath import mp, mpf, tanh

from adversary.certificate.boxes import GRID, Form, Proof, prove

BITS = 192


def attempt(form: Form, boxes: int = 20_000) -> Proof:
    """A proof at a fixed precision."""
    with ctx.workprec(BITS):
        return prove(form, boxes)


def simple(linear: list[int], pairs: dict[tuple[int, int], int], constant: int = 0) -> Form:
    """A form with small integers, beta = 4."""
    edges = {xy: fmpq(weight) for xy, weight in pairs.items()}
    return Form(fmpq(4), fmpq(constant), tuple(fmpq(v) for v in linear), edges)


def floats(value: object) -> float:
    """A rational as a float."""
    assert isinstance(value, fmpq)
    return int(value.p) / int(value.q)


def value(form: Form, point: tuple[fmpq, ...]) -> Any:
    """F in mpmath."""

    def real(number: object) -> Any:
        assert isinstance(number, fmpq)
        return mpf(int(number.p)) / int(number.q)

    with mp.workdps(60):
        total = real(form.constant)
        total += sum(real(v) * real(u) for v, u in zip(form.linear, point, strict=True))
        for (x, y), weight in form.pairs.items():
            total += real(weight) * tanh(real(form.beta) * real(point[x] - point[y]) / 2) / 2
        return total


def random_form(seed: int, n: int) -> Form:
    """Coefficients of either sign, some of them zero."""
    rng = random.Random(seed)
    linear = tuple(fmpq(rng.randint(-8, 8), 4) for _ in range(n))
    pairs = {(x, y): fmpq(rng.randint(-12, 12), 3) for x in range(n) for y in range(n) if x != y}
    return Form(fmpq(rng.choice((1, 3, 6, 12))), fmpq(0), linear, pairs)


def grid_maximum(form: Form, points: int) -> tuple[float, float]:
    """The largest value on a grid, and how much higher F may be between its points."""
    n, beta = len(form.linear), floats(form.beta)
    axes = np.meshgrid(*[np.linspace(0, 1, points)] * n, indexing="ij")
    total = sum(floats(v) * u for v, u in zip(form.linear, axes, strict=True))
    steep = sum(abs(floats(v)) for v in form.linear)
    for (x, y), weight in form.pairs.items():
        total = total + floats(weight) * np.tanh(beta * (axes[x] - axes[y]) / 2) / 2
        steep += abs(floats(weight)) * beta / 2
    return float(np.max(total)), steep / 2 / (points - 1)


def shifted(form: Form, by: float) -> Form:
    """F + by."""
    fraction = Fraction(by)
    constant = fmpq(fraction.numerator, fraction.denominator)
    return Form(form.beta, constant, form.linear, form.pairs)


@pytest.mark.parametrize("seed", range(60))
def test_agrees_with_a_dense_grid(seed: int):
    n = 1 + seed % 3
    form = random_form(seed, n)
    highest, gap = grid_maximum(form, (4001, 301, 61)[n - 1])
    low, high = shifted(form, -highest - gap - 1e-9), shifted(form, -highest + 1e-6)
    assert attempt(low).accepted
    proof = attempt(high)
    assert not proof.accepted
    assert proof.point is not None
    assert value(high, proof.point) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2000))
def test_never_accepts_what_a_grid_refutes(seed: int):
    form = random_form(seed, 1 + seed % 4)
    highest, _ = grid_maximum(form, (4001, 301, 41, 15)[seed % 4])
    for above in (1e-3, 1e-6, 1e-9):
        assert not attempt(shifted(form, -highest + above), 5_000).accepted


@pytest.mark.parametrize("seed", range(20))
def test_relabelled_and_reflected(seed: int):
    n = 2 + seed % 2
    form = random_form(1000 + seed, n)
    highest, gap = grid_maximum(form, 201 if n == 2 else 61)
    order = list(range(n))
    random.Random(seed).shuffle(order)
    for by in (-highest - gap - 1e-9, -highest + 1e-6):
        given = shifted(form, by)
        linear = tuple(form.linear[order.index(x)] for x in range(n))
        pairs = {(order[x], order[y]): weight for (x, y), weight in form.pairs.items()}
        relabelled = Form(form.beta, given.constant, linear, pairs)
        total = sum(form.linear, fmpq(0))
        pairs = {(y, x): weight for (x, y), weight in form.pairs.items()}
        reflected = Form(form.beta, given.constant + total, tuple(-v for v in form.linear), pairs)
        expected = by < -highest
        assert attempt(given).accepted is expected
        assert attempt(relabelled).accepted is expected
        assert attempt(reflected).accepted is expected


@pytest.mark.parametrize(
    ("form", "accepted"),
    [
        (simple([0, 0], {}), True),
        (simple([0, 0], {}, 1), False),
        (simple([0, 0], {}, -1), True),
        (simple([-1, 0], {}), True),
        (simple([1, 0], {}), False),
        (simple([1, 0], {}, -1), True),  # 0 at u_0 = 1, exactly
        (simple([0, 0], {(0, 1): 1}), False),
        (simple([0, 0], {(0, 1): 1, (1, 0): 1}), True),  # identically 0
        (simple([0, 0, 0], {(0, 1): 1, (1, 2): -1, (0, 2): -1}), False),
        (simple([-4, 0, 0], {(0, 1): 2, (2, 0): -2}), True),  # 0 where u_0 = 0 and u_1 = u_2
    ],
)
def test_exact_zeros(form: Form, accepted: bool):
    proof = attempt(form, 2_000)
    assert proof.accepted is accepted
    assert accepted or proof.point is not None


def test_a_box_where_a_coordinate_does_not_matter_is_examined():
    """Only a strict sign discards: one box more than if a derivative that is 0 were enough.

    The verdict is the same either way on all of 30,000 random forms; the count tells.
    """
    form = Form(
        fmpq(2),
        fmpq(0),
        (fmpq(-2), fmpq(0), fmpq(1)),
        {(1, 0): fmpq(-2), (2, 0): fmpq(-2), (2, 1): fmpq(-2)},
    )
    assert attempt(form) == Proof(True, None, 12)


def test_what_balls_leave_open_is_not_proved():
    form = Form(fmpq(1), arb(0, 1), (fmpq(0),), {})
    assert attempt(form) == Proof(False, None, 2)


def test_the_budget_is_a_limit():
    form = random_form(37, 3)
    highest, gap = grid_maximum(form, 61)
    form = shifted(form, -highest - gap - 1e-9)
    used = attempt(form).boxes
    assert used > 10
    assert attempt(form, used) == Proof(True, None, used)
    for boxes in (0, 1, used // 2, used - 1):
        assert attempt(form, boxes) == Proof(False, None, boxes)


def test_points_are_on_the_grid():
    proof = attempt(simple([1, -3, 1], {(0, 1): 5}))
    assert proof.point is not None
    assert all(0 <= v <= 1 and GRID % int(v.q) == 0 for v in proof.point)
