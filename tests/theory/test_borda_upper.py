"""Upper bounds on Borda: K² (GHY Theorem 2), 2K (AG) and K(1+M) (kernel argument)."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adversary.interface.method import Status, by_name
from adversary.problem.distortion import evaluate
from adversary.theory import ag_borda_2k, borda_kernel, ghy_thm2, ghy_thm12
from adversary.theory.borda_kernel import kernel
from adversary.theory.formulas import best_gamma, curve, gain, rate

UPPER = (ghy_thm2.THEOREM, ag_borda_2k.THEOREM, borda_kernel.THEOREM)
UNIT = st.floats(0, 1) | st.floats(0, 1e-3)


@pytest.mark.parametrize(
    ("theorem", "method"),
    [pytest.param(t, method, id=f"{t.key}-{method}") for t in UPPER for method in t.methods],
)
@pytest.mark.parametrize("beta", [1.0, 4.0, 12.0])
def test_not_exceeded_near_the_worst_known_instance(jitter, theorem, method, beta):
    near = ghy_thm12.instance(str(beta), "1e-2", "1e-6")
    found, outcome = evaluate(jitter(near, 2000, 3), by_name(method))
    usable = outcome.status < Status.DISCONNECTED
    assert usable.all()
    computed, theory = found.some.max().item(), theorem.bound(beta, 3)
    # The sample comes within 3 % of the Theorem 12 coefficient, the sharpest of the three.
    assert 0.97 * borda_kernel.bound(beta) < computed <= theory * (1 + 1e-9)  # type: ignore


@settings(derandomize=True, deadline=None, max_examples=1000)
@given(UNIT, UNIT, UNIT, st.floats(1e-3, 50))
def test_kernel_is_never_positive(a, w, z, beta):
    assert kernel(a, w, z, beta) <= 1e-14 * max(1.0, rate(beta))


@pytest.mark.parametrize("beta", [0.1, 1.0, 4.0, 12.0, 50.0])
def test_kernel_on_a_grid_and_where_it_is_tight(beta):
    grid = torch.linspace(0, 1, 41, dtype=torch.float64).tolist()
    worst = max(kernel(a, w, z, beta) for a in grid for w in grid for z in grid)
    assert -1e-14 <= worst <= 1e-13
    # Types A, B, C of Theorem 12 as (a, w, z): the kernel is 0, so no smaller multiple of U(w) and
    # no other multipliers would do.
    gamma = best_gamma(beta)
    assert kernel(1 - gamma, 0, 1, beta) == pytest.approx(0, abs=1e-13)
    assert kernel(1, 1e-9, 0, beta) == pytest.approx(0, abs=1e-13)
    smaller_t = 0.99 * rate(beta) * 1e-4
    assert kernel(0, 1e-4, 0, beta) + (rate(beta) * 1e-4 - smaller_t) > 0


GRID = torch.linspace(0, 1, 101, dtype=torch.float64).tolist()
BETAS = (1e-3, 0.1, 1.0, 2.0, 8.0, 20.0, 50.0)


@pytest.mark.parametrize("beta", BETAS)
def test_facts_about_the_curve(beta):
    """(S1) to (S3) of `formulas`."""
    s = [curve(x, beta) for x in GRID]
    assert s[0] == 0
    assert s[-1] == 1
    excess = [y - x for x, y in zip(GRID, s, strict=True)]
    assert min(excess) >= -1e-15
    middle = [(x + z) / 2 - y for x, y, z in zip(excess, excess[1:], excess[2:], strict=False)]
    assert max(middle) <= 1e-15  # S(x) − x, and so S, is concave
    for x, y in product(GRID[::4], GRID[::4]):
        assert curve(x * y, beta) >= x * curve(y, beta) - 1e-15
        assert curve(x * y, beta) <= curve(x, beta) * curve(y, beta) + 1e-15
        if x + y <= 1:
            assert curve(x + y, beta) <= curve(x, beta) + curve(y, beta) + 1e-15
    for x in (-1.0, -0.3, 0.0, 0.2, 1.0):
        slope = (curve(x + 1e-6, beta) - curve(x - 1e-6, beta)) / 2e-6
        assert slope <= rate(beta) * (1 + 1e-8)
        assert curve(-x, beta) == -curve(x, beta)


@pytest.mark.parametrize("beta", BETAS)
def test_maximiser_of_the_excess(beta):
    """S(x) − x rises up to γ*, is M there, and falls beyond."""
    top = best_gamma(beta)
    excess = [curve(x, beta) - x for x in GRID]
    for (x, low), (y, high) in pairwise(zip(GRID, excess, strict=True)):
        if y <= top:
            assert high >= low - 1e-15
        if x >= top:
            assert high <= low + 1e-15
    assert max(excess) <= gain(beta) + 1e-15
    assert curve(top, beta) - top == pytest.approx(gain(beta), rel=1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_f_falls_in_w(beta):
    """∂f/∂w = −K(1+M) + (1+M)·S'(w−z) ≤ 0."""
    for z in GRID[::5]:
        values = [kernel(0.5, w, z, beta) for w in GRID]
        assert all(y <= x + 1e-13 for x, y in pairwise(values))


@pytest.mark.parametrize("beta", BETAS)
def test_the_two_cases(beta):
    """Every inequality for w = 0, on a grid of a and z."""
    top, big = best_gamma(beta), gain(beta)
    for a, z in product(GRID, GRID):
        f, s = kernel(a, 0, z, beta), curve(z, beta)
        if a >= z:
            assert f <= a - s - curve(a - z, beta) + 1e-14
            assert s + curve(a - z, beta) >= curve(a, beta) - 1e-15 >= a - 2e-15
            continue
        d = z - a
        assert f == pytest.approx(z + (curve(d, beta) - d) - (1 + big) * s, abs=1e-14)
        if z <= top:
            assert curve(d, beta) - d <= s - z + 1e-15
            assert f <= -big * s + 1e-14
        else:
            assert f <= z + big - (1 + big) * s + 1e-14 <= 3e-14
    at_top = top + big - (1 + big) * curve(top, beta)  # the convex bound at γ*; at 1 it is 0
    assert at_top == pytest.approx(-big * curve(top, beta), abs=1e-14)


def test_sharper_than_the_published_bounds():
    for beta in BETAS[1:]:
        assert borda_kernel.bound(beta) < ag_borda_2k.bound(beta)  # type: ignore[operator]
        assert borda_kernel.bound(beta) < ghy_thm2.bound(beta)  # type: ignore[operator]
