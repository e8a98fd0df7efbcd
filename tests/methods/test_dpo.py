"""DPO by its own loss: against cvxpy on the loss, and the temperature against the budget."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from adversary.interface.method import Status
from adversary.methods.dpo import DPO
from adversary.methods.rlhf import RLHF
from adversary.solvers import kl_ball
from tests import reference
from tests.generators import NEVER, bradley_terry, chain, populations, preferences, skew


def test_against_its_loss() -> None:
    """At the temperature with KL = τ no policy has a lower DPO loss, on 300 instances."""
    checked = 0
    for m, law in ((3, "independent"), (4, "pairs"), (5, "user-dependent")):
        p = populations(m + 20, 100, m, law=law, beta=4.0, budget=0.1, spread=0.7).preferences()
        outcome = DPO().solve(p)
        assert outcome.score is not None
        for i in range(100):
            log_ratio = outcome.log_policy[i] - p.log_reference[i]
            if not log_ratio.isfinite().all():
                continue  # a budget that allows the best alternative: b = 0
            checked += 1
            b = float(np.ptp(outcome.score[i].numpy()) / np.ptp(log_ratio.numpy()))
            first, second = reference.counts(p.win[i].numpy(), p.log_pairs[i].numpy())
            value, h = reference.solved(reference.dpo(m), first=first, second=second, b=b)
            own = log_ratio.numpy()
            assert -1e-6 <= reference.loss(b * own, first, second) - value <= 1e-12
            policy = np.exp(h + p.log_reference[i].numpy())
            learned = outcome.log_policy[i].exp().numpy()
            assert np.abs(policy / policy.sum() - learned).max() <= 1e-3
            divergence = kl_ball.divergence(outcome.log_policy[i], p.log_reference[i]).item()
            assert divergence == pytest.approx(0.1, rel=1e-12)
    assert checked >= 250


@pytest.mark.parametrize("bridge", [1e-8, 1e-14, 1e-20, 1e-300])
def test_weak_bridges(bridge: float) -> None:
    """Where the loss is too flat for dense algebra the minimum is still found, batched or not."""
    rng = np.random.default_rng(0)
    table = chain(6, {2: bridge})
    table[0, 2] = table[2, 0] = table[3, 5] = table[5, 3] = table[0, 1]
    p = preferences(skew(rng, 6), table, budget=0.4)
    for q in (p, p[None]):
        outcome, twin = DPO().solve(q), RLHF().solve(q)
        assert (outcome.status == Status.SOLVED).all()
        assert outcome.residual.max() <= 1e-12
        assert (outcome.log_policy.exp() - twin.log_policy.exp()).abs().max() <= 1e-12


def test_a_weak_bridge_does_not_disturb_the_batch() -> None:
    """One element that needs the other solver leaves the rest, and all gradients, finite."""
    hard = chain(3, {0: 1e-200})
    parts = [preferences(skew(np.random.default_rng(k), 3), t, budget=0.2)
             for k, t in enumerate((hard, chain(3, {})))]  # fmt: skip
    margin = torch.stack([q.margin for q in parts]).requires_grad_()
    both = type(parts[0])(**{
        name: torch.stack([getattr(q, name) for q in parts])
        for name, table in parts[0].__dict__.items()
        if table is not None
    })  # fmt: skip
    both = type(both)(**{**both.__dict__, "margin": margin, "win": margin + 0.5})
    for method in (DPO(), RLHF()):
        policy = method.solve(both).log_policy.exp()
        (gradient,) = torch.autograd.grad(policy[:, 0].sum(), margin)
        assert gradient.isfinite().all()
        assert gradient.abs().amax((-1, -2)).min() > 1e-3


def test_isolated_alternative() -> None:
    """An alternative that is never shown keeps its reference share relative to the average."""
    table = np.full((3, 3), NEVER)
    table[1, 2] = table[2, 1] = math.log(0.5)
    outcome = DPO().solve(preferences(bradley_terry([9.0, 1.0, 0.0]), table, budget=0.1))
    assert outcome.status == Status.DISCONNECTED
    assert outcome.score is not None
    assert outcome.score.tolist() == pytest.approx([0, 0.5, -0.5], abs=1e-14)
