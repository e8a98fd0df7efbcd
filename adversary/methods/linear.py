"""What methods that maximise a score over the KL ball share."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from adversary.interface.method import Outcome, Status
from adversary.solvers import kl_ball


def linear_outcome(
    score: Float[Tensor, "*batch m"],
    noise: Float[Tensor, "*batch m"],
    log_reference: Float[Tensor, "*batch m"],
    budget: Float[Tensor, "*batch"],
    determined: Tensor,
    residual: Float[Tensor, "*batch"],
) -> Outcome:
    """Return the outcome of a method that maximises ⟨score, π⟩ over the KL ball.

    Several highest scores are a tie where they are equal. Where they differ by less than their
    noise, any of them may be the highest.
    """
    optimum = kl_ball.maximise(score, log_reference, budget, noise.detach())
    several = ~optimum.binding & (optimum.face.sum(-1) > 1) & (budget > 0)
    face, none = optimum.face, torch.full_like(score, torch.inf)
    unequal = torch.where(face, score, none).amin(-1) < torch.where(face, score, -none).amax(-1)
    unit = torch.where(optimum.binding, optimum.residual, 0.0).clamp(min=residual)
    status = torch.where(unequal, int(Status.UNDETERMINED), int(Status.TIED))
    status = torch.where(several, status, int(Status.SOLVED))
    status = torch.where(unit <= 1e-9, status, int(Status.FAILED))
    status = torch.where(determined, status, int(Status.DISCONNECTED))

    def highest(values: Tensor) -> Tensor:
        result = kl_ball.expectation(optimum.log_policy, values)
        if not bool(several.any()):
            return result
        # A face below its budget: any policy of the ball that lives on it is a maximiser.
        part = (values[several], log_reference[several], budget[several], optimum.face[several])
        return result.masked_scatter(several, kl_ball.highest(*part))

    return Outcome(optimum.log_policy, status, unit, score, highest)
