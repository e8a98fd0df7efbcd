"""The KL ball against cvxpy, against 50 digits, and against finite differences."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adversary.solvers import kl_ball
from tests import reference
from tests.generators import NEVER, log_weights, tensor

NEAR_ZERO = [-300 * math.log(10), -400 * math.log(10)]


def test_against_cvxpy() -> None:
    """The same value and policy on 300 random balls, binding or not."""
    bound = 0
    for m in (2, 3, 5):
        rng = np.random.default_rng(m)
        scores, log_ref = tensor(rng.normal(size=(100, m))), log_weights(rng, 100, m)
        taus = tensor(rng.exponential(0.7, size=100))
        optimum = kl_ball.maximise(scores, log_ref, taus)
        bound += int(optimum.binding.sum())
        for i in range(100):
            value, point = reference.solved(
                reference.ball(m), score=scores[i], reference=log_ref[i].exp(), budget=taus[i]
            )
            policy = optimum.log_policy[i].exp()
            assert float(policy @ scores[i]) == pytest.approx(value, abs=1e-6)
            assert np.abs(policy.numpy() - point).max() <= 1e-3
            divergence = float(kl_ball.divergence(optimum.log_policy[i], log_ref[i]))
            assert divergence <= taus[i] * (1 + 1e-12)
    assert 150 < bound < 290  # both cases are there


def balls() -> list[tuple[str, list[float], list[float], float]]:
    """Return (name, score, log reference, budget) of hard balls whose budget binds."""
    cases = []
    for m in (2, 3, 8, 64, 200):
        rng = np.random.default_rng(m)
        log_ref = log_weights(rng, m, spread=2.0).tolist()
        for tau in (1e-10, 1e-3, 0.1):
            cases.append((f"m={m}-tau={tau}", rng.random(m).tolist(), log_ref, tau))
    for mass in NEAR_ZERO:
        for place in range(3):
            log_ref = [-1.0, -1.5, -0.7]
            log_ref[place] = mass
            log_ref = tensor(log_ref).log_softmax(-1).tolist()
            score = [0.2, 0.5, 0.1]
            score[place] += 2
            for tau in (1e-10, 0.1, 5.0, 600.0):
                cases.append((f"mass={mass:.0f}-at-{place}-tau={tau}", score, log_ref, tau))
    third = np.log([0.2, 0.3, 0.5]).tolist()
    for distance in (1e-3, 1e-8, 1e-12):
        cases.append((f"vertex-{distance}", [0.1, 0.9, 0.3], third, -math.log(0.3) - distance))
    cases.append(("tiny scores", [1e-13, 9e-13, 3e-13], third, 0.3))
    cases.append(("near tie", [0.1, 0.9, 0.9 - 1e-10], third, 0.3))
    cases.append(("near tie, far", [0.1, 0.9, 0.9 - 1e-10], third, 0.9))
    cases.append(("zero mass", [0.1, 0.9, 2.0], [math.log(0.5), math.log(0.5), NEVER], 0.3))
    return cases


@pytest.mark.parametrize(
    ("score", "log_ref", "tau"), [pytest.param(*case[1:], id=case[0]) for case in balls()]
)
def test_against_many_digits(score: list[float], log_ref: list[float], tau: float) -> None:
    """Budget residual ≤ 1e-12 and probabilities right to 1e-13, whatever the scales."""
    optimum = kl_ball.maximise(tensor(score), tensor(log_ref), tensor(tau))
    assert optimum.binding
    assert optimum.residual <= 1e-12
    for found, exact in zip(
        optimum.log_policy.tolist(), reference.exact_tilt(score, log_ref, tau), strict=True
    ):
        assert abs(mp.exp(mp.mpf(found)) - mp.exp(exact)) <= 1e-13
        if exact == -mp.inf:
            assert found == NEVER


def test_nearly_all_mass_on_one_alternative() -> None:
    """Where the reference leaves 1e-20 to the rest, how that share grows is right to 1e-12."""
    score, log_ref = [0.1, 0.9, 0.4], tensor([0.0, -47.0, -52.0]).log_softmax(-1)
    for tau in (1e-22, 1e-21, 1e-12):
        optimum = kl_ball.maximise(tensor(score), log_ref, tensor(tau))
        exact = reference.exact_tilt(score, log_ref.tolist(), tau)
        assert optimum.residual <= 1e-12
        for found, log_mass in zip(optimum.log_policy.tolist(), exact, strict=True):
            assert abs(found - float(log_mass)) <= 1e-12 * max(1.0, abs(found))


def test_zero_budget_is_the_reference() -> None:
    """A budget of 0 allows the reference alone, zeros included; it is not called a tie."""
    log_ref = tensor([math.log(0.4), math.log(0.6), NEVER])
    optimum = kl_ball.maximise(tensor([0.0, 1.0, 2.0]), log_ref, tensor(0.0))
    assert torch.equal(optimum.log_policy.exp(), log_ref.exp())
    assert optimum.residual == 0


@pytest.mark.parametrize("tau", [2.0, 1e300, math.inf])
def test_vertex(tau: float) -> None:
    """A budget that allows the best alternative returns it exactly."""
    log_ref = tensor([math.log(0.2), math.log(0.3), math.log(0.5)])
    optimum = kl_ball.maximise(tensor([1.0, 0.5, 0.7]), log_ref, tensor(tau))
    assert not optimum.binding
    assert optimum.log_policy.tolist() == [0.0, NEVER, NEVER]


def test_face() -> None:
    """On tied maximisers the policy is the reference restricted to them."""
    log_ref = tensor([math.log(0.2), math.log(0.3), math.log(0.5)])
    score, noise = tensor([1.0, 1.0 - 1e-14, 0.7]), tensor([1e-14, 1e-15, 0.0])
    optimum = kl_ball.maximise(score, log_ref, tensor(0.8), noise)
    assert optimum.face.tolist() == [True, True, False]
    assert np.allclose(optimum.log_policy.exp(), [0.4, 0.6, 0], rtol=1e-15, atol=0)
    apart = kl_ball.maximise(score, log_ref, tensor(math.inf), tensor([1e-15, 1e-15, 0.0]))
    assert apart.log_policy.tolist() == [0.0, NEVER, NEVER]


def test_highest_on_a_face() -> None:
    """The best over the ball's part on a face agrees with cvxpy on that part."""
    rng = np.random.default_rng(5)
    log_ref = log_weights(rng, 20, 4)
    face = torch.tensor([True, False, True, True])
    mass = log_ref[:, face].logsumexp(-1)
    tau = -mass + tensor(rng.exponential(0.2, size=20))
    values = tensor(rng.random((20, 4)))
    found = kl_ball.highest(values, log_ref, tau, face.expand(20, 4))
    for i in range(20):
        score, part = values[i, face], (log_ref[i, face] - mass[i]).exp()
        value, _ = reference.solved(
            reference.ball(3), score=score, reference=part, budget=tau[i] + mass[i]
        )
        assert found[i].item() == pytest.approx(value, abs=1e-6)


def test_divergence() -> None:
    """KL agrees with 50 digits to 1e-14 of its size, is 0 at the reference, +inf off support."""
    rng = np.random.default_rng(2)
    for size in (1.0, 1e-3):
        log_ref = log_weights(rng, 6)
        log_policy = (log_ref + size * tensor(rng.normal(size=6))).log_softmax(-1)
        with mp.workdps(50):
            pairs = [tuple(map(mp.mpf, pair)) for pair in zip(log_policy.tolist(), log_ref.tolist(),
                                                              strict=True)]  # fmt: skip
            exact = mp.fsum(mp.exp(p) * (p - q) - mp.exp(p) + mp.exp(q) for p, q in pairs)
        assert kl_ball.divergence(log_policy, log_ref).item() == pytest.approx(
            float(exact), rel=1e-14 / size, abs=0
        )
    assert kl_ball.divergence(log_ref, log_ref) == 0
    assert kl_ball.divergence(tensor([0.0, NEVER]), tensor([NEVER, 0.0])) == math.inf
    half = tensor([math.log(0.5)] * 2)
    assert kl_ball.divergence(tensor([0.0, NEVER]), half).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("tau", [1e-6, 0.05, 0.5])
@pytest.mark.parametrize("zero", [False, True])
def test_gradients(tau: float, zero: bool) -> None:
    """Implicit derivatives in score, reference and budget agree with finite differences."""
    rng = np.random.default_rng(3)
    score = tensor(rng.random(4)).requires_grad_()
    log_ref = log_weights(rng, 4).requires_grad_()

    def policy(score: Tensor, log_ref: Tensor, log_tau: Tensor) -> Tensor:
        if zero:
            log_ref = torch.cat([log_ref[:3], tensor([NEVER])])
        optimum = kl_ball.maximise(score, log_ref.log_softmax(-1), log_tau.exp())
        assert optimum.binding
        return optimum.log_policy[:3]

    log_tau = tensor(math.log(tau)).requires_grad_()
    assert torch.autograd.gradcheck(policy, (score, log_ref, log_tau), eps=1e-7, atol=1e-6)


def test_gradients_of_a_batch_that_does_not_all_bind() -> None:
    """An element at a vertex, or with a tie, leaves no NaN in the others' derivatives."""
    score = tensor([[1.0, 2.0], [1.0, 1.0], [1.0, 2.0]]).requires_grad_()
    log_ref = tensor([[-0.7, -0.7], [-0.7, -0.7], [0.0, NEVER]]).log_softmax(-1).requires_grad_()
    tau = tensor([0.1, 9.0, 0.5]).requires_grad_()
    kl_ball.maximise(score, log_ref, tau).log_policy.exp().sum(0)[0].backward()
    for leaf in (score, log_ref, tau):
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()
    assert tau.grad is not None
    assert tau.grad[0] != 0
    assert tau.grad[1:].tolist() == [0, 0]


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=6),
    st.floats(1e-12, 5),
    st.integers(0, 2**31),
)
def test_optimum_is_feasible_and_beats_the_ball(score: list[float], tau: float, seed: int) -> None:
    """KL ≤ τ, probabilities sum to 1, and no random policy of the ball has a higher score."""
    rng = np.random.default_rng(seed)
    log_ref = log_weights(rng, len(score))
    optimum = kl_ball.maximise(tensor(score), log_ref, tensor(tau))
    best = kl_ball.expectation(optimum.log_policy, tensor(score))
    assert optimum.log_policy.exp().sum().item() == pytest.approx(1, abs=1e-14)
    assert kl_ball.divergence(optimum.log_policy, log_ref) <= tau * (1 + 1e-11) + 1e-15
    others = (log_ref + tensor(rng.normal(size=(50, len(score))))).log_softmax(-1)
    inside = kl_ball.divergence(others, log_ref) <= tau
    rival = torch.where(inside, kl_ball.expectation(others, tensor(score)), -torch.inf).max()
    assert best >= rival - 1e-12


def test_batched_is_one_at_a_time() -> None:
    """A batch gives the bits that its elements give alone."""
    rng = np.random.default_rng(0)
    score, log_ref = tensor(rng.random((30, 5))), log_weights(rng, 30, 5)
    tau = tensor(rng.exponential(0.7, size=30))
    whole = kl_ball.maximise(score, log_ref, tau)
    for i in range(30):
        alone = kl_ball.maximise(score[i], log_ref[i], tau[i])
        assert (alone.log_policy - whole.log_policy[i]).nan_to_num().abs().max() <= 1e-13
        assert alone.binding == whole.binding[i]


@pytest.mark.parametrize("difference", [1e-15, 1e-14, 1e-12, 1e-9, 1e-6, 1e-3])
def test_nearly_tied_leaders(difference: float) -> None:
    """Two scores that differ by little beside a third: a policy of the ball, of total 1."""
    score = torch.tensor([0.25, 1.0, 1.0 + difference], dtype=torch.float64)
    reference = torch.tensor([0.495, 0.495, 0.01], dtype=torch.float64).log()
    budget = torch.tensor(1.6, dtype=torch.float64)
    log_policy = kl_ball.maximise(score, reference, budget).log_policy
    assert float(log_policy.exp().sum()) == pytest.approx(1, abs=1e-12)
    assert float(kl_ball.divergence(log_policy, reference)) == pytest.approx(1.6, rel=1e-9)
    assert float(kl_ball.highest(score, reference, budget)) <= float(score.max())
