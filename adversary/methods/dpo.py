"""DPO: the policy that minimises DPO's own loss, its temperature tuned to the KL budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from torch import Tensor

from adversary.interface.conditions import Conditions, Target
from adversary.interface.method import Method, Outcome
from adversary.interface.preferences import Preferences
from adversary.methods.linear import linear_outcome
from adversary.methods.rlhf import reward_conditions
from adversary.solvers import bradley_terry

_ITERATIONS = 300
_POOR = 1e-12


@final
class DPO(Method):
    """argmin over π of −Σ N(x,y) p(x≻y) log σ(b·h_x − b·h_y), h = log π/π_ref (theory §2).

    The loss is minimised over the policy's log-ratios h at b = 1; as its minimiser at any other b
    is h/b, the b with KL(π‖π_ref) = τ follows from one root. An alternative outside the
    reference's support is taken in the limit of a vanishing reference mass. Where τ allows the
    limit b → 0, every policy of the ball on the highest log-ratios is allowed. In exact arithmetic
    this is RLHF's policy; the two are computed by different roads and check each other.
    """

    name: ClassVar[str] = "dpo"
    summary: ClassVar[str] = "direct preference optimisation, temperature tuned to the budget"

    def solve(self, preferences: Preferences) -> Outcome:
        """Minimise the loss by Newton's method, then tune the temperature."""
        component = bradley_terry.components(preferences.log_pairs)
        with torch.no_grad():
            ratio, residual = _minimise(preferences.detach(), component)
        poor = ~(residual <= _POOR)
        if preferences.win.requires_grad or preferences.log_pairs.requires_grad:
            # One Newton step at the minimiser carries the implicit derivative.
            gradient, hessian = _derivatives(preferences, ratio, component)
            change = gradient - gradient.detach()
            step = torch.linalg.solve_ex(hessian.detach(), change)[0]
            ratio = torch.where(poor[..., None], 0.0, ratio - step)
        if bool(poor.any()):
            # Links too weak for dense elimination: the network elimination has no such limit.
            fit = bradley_terry.fit(preferences[poor])
            ratio, residual = ratio.clone(), residual.clone()
            ratio[poor], residual[poor] = fit.reward, fit.residual
        return linear_outcome(
            ratio,
            bradley_terry.noise(preferences, ratio),
            preferences.log_reference,
            preferences.budget,
            bradley_terry.determined(component, preferences.support),
            residual,
        )

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return RLHF's: in the population limit the policies are the same."""
        return reward_conditions(target)


def _derivatives(
    preferences: Preferences, ratio: Tensor, component: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradient and Hessian of the loss, row x divided by the mass with which x is shown.

    The loss is blind to a constant in each component of the pair graph; there the row of the
    heaviest alternative, which the others imply, says that the log-ratios have mean 0.
    """
    m = ratio.shape[-1]
    eye = torch.eye(m, dtype=torch.bool)
    pairs = preferences.log_pairs.masked_fill(eye, -torch.inf)
    shown = pairs.logsumexp(-1)
    isolated = shown == -torch.inf
    share = (pairs - torch.where(isolated, 0.0, shown)[..., None]).exp()
    excess = bradley_terry.surplus(preferences.win, preferences.margin, ratio)
    gradient = -(share * excess).sum(-1)
    weight = share * bradley_terry.curvature(ratio)
    hessian = torch.diag_embed(weight.sum(-1)) - weight
    same = component[..., :, None] == component[..., None, :]
    rival = torch.where(same, shown[..., None, :], -torch.inf).argmax(-1)
    root = (rival == torch.arange(m)) | isolated
    mean = same / same.sum(-1, keepdim=True)
    gradient = torch.where(root, (mean * ratio[..., None, :]).sum(-1), gradient)
    return gradient, torch.where(root[..., None], mean, hessian)


def _minimise(preferences: Preferences, component: Tensor) -> tuple[Tensor, Tensor]:
    """Return (h, residual) by damped Newton steps from the reference policy, h = 0."""
    ratio = torch.zeros_like(preferences.log_reference)
    previous = torch.full_like(preferences.budget, torch.inf)
    error = previous
    for _ in range(_ITERATIONS):
        gradient, hessian = _derivatives(preferences, ratio, component)
        step = -torch.linalg.solve_ex(hessian, gradient)[0]
        size = step.amax(-1) - step.amin(-1)
        lost = ~(size < torch.inf)  # a singular Hessian
        damping = torch.where(size > 0.5, torch.log1p(size) / size.clamp(min=0.5), 1.0)
        ratio = torch.where(lost[..., None], ratio, ratio + damping[..., None] * step)
        spread = ratio.amax(-1) - ratio.amin(-1)
        error = torch.where(spread > 0, size / spread.clamp(min=1e-300), size)
        error = torch.where(lost, torch.inf, error)
        stalled = (size <= 0.1) & (size >= 0.25 * previous)
        if bool(((error <= 1e-15) | stalled | lost).all()):
            break
        previous = size
    return ratio, error
