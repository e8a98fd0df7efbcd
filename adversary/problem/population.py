"""The batched float64 view of instances: users, pair law, reference and budget as tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from adversary.errors import InputError
from adversary.exact import log, to_float
from adversary.interface.preferences import Preferences
from adversary.problem.instance import Independent, Instance, PairLaw, Pairs, UserDependent

EPS = torch.finfo(torch.float64).eps
LEAST_BETA = 1e-100
"""Margins are linear in β to all digits far above this, and methods see them up to a scale."""
_STEEP = 600.0  # β from which a win probability may be too small for a float


@dataclass(frozen=True)
class Population:
    """User types with their Bradley–Terry model, pair law, reference and budget, batched.

    Exactly one of the three law fields is set. All weights are logs and normalised, so masses of
    1e-400 are represented. Differentiable in every field.
    """

    beta: Float[Tensor, "*batch"]
    """Bradley–Terry temperature β > 0."""
    log_weights: Float[Tensor, "*batch k"]
    """Log of the weights of the user types."""
    utilities: Float[Tensor, "*batch k m"]
    """Utilities in [0, 1]."""
    log_mu: Float[Tensor, "*batch m"] | None = None
    """Independent law."""
    log_nu: Float[Tensor, "*batch m m"] | None = None
    """Law on ordered pairs, symmetric, the same for all users."""
    log_nu_by_user: Float[Tensor, "*batch k m m"] | None = None
    """Law on ordered pairs for each user type."""
    log_reference: Float[Tensor, "*batch m"] | None = None
    """Reference policy, or None for social choice."""
    budget: Float[Tensor, "*batch"] | None = None
    """KL budget τ ≥ 0, or None for social choice."""

    @classmethod
    def of(cls, *instances: Instance) -> Population:
        """Stack instances with equal numbers of alternatives and types and the same kind of law.

        The batch has one leading dimension, also for a single instance.
        """
        kinds = {
            (
                len(i.alternatives),
                len(i.users),
                type(i.sampling).__name__,
                i.reference is None,
            )
            for i in instances
        }
        if len(kinds) != 1:
            raise InputError("instances", sorted(map(str, kinds)), "a single shape and law")
        (m, _, law, social) = next(iter(kinds))
        names = {
            "Independent": "log_mu",
            "Pairs": "log_nu",
            "UserDependent": "log_nu_by_user",
        }
        references = [i.reference for i in instances if i.reference is not None]
        return cls(
            beta=_tensor([max(to_float(i.beta), LEAST_BETA) for i in instances]),
            log_weights=_log_weights([[u.weight for u in i.users] for i in instances]),
            utilities=_tensor(
                [[[to_float(v) for v in u.utilities] for u in i.users] for i in instances]
            ),
            log_reference=None if social else _log_weights([r.weights for r in references]),
            budget=None if social else _tensor([to_float(r.kl_budget) for r in references]),
            **{names[law]: torch.stack([_law_tensor(i.sampling, m) for i in instances])},
        )

    def __getitem__(self, index: object) -> Population:
        """Return the part of the batch that `index` picks from the leading dimensions."""
        parts: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        picked: dict[str, Any] = {n: v if v is None else v[index] for n, v in parts.items()}
        return Population(**picked)

    @property
    def average_utility(self) -> Float[Tensor, "*batch m"]:
        """U(x) = Σ_k w_k u_k(x)."""
        return torch.einsum("...k,...kx->...x", self.log_weights.softmax(-1), self.utilities)

    def preferences(self) -> Preferences:
        """Return all that a method may see of this population (theory §1)."""
        u, w = self.utilities, self.log_weights.softmax(-1)
        scaled = self.beta[..., None, None] * u
        t = scaled[..., :, None] - scaled[..., None, :]
        sigma, h = torch.sigmoid(t), 0.5 * torch.tanh(0.5 * t)  # h = σ(t) − ½
        # Rounding: |h| ≤ min(½, β·max(u_x, u_y)/4), u itself before the difference, and weights,
        # whose logs are rounded too.
        logs = torch.where(w > 0, self.log_weights.abs(), 0.0)
        size = EPS * (u.shape[-2] + 3 + logs).detach()
        own = (0.5 * scaled).clamp(max=0.5).detach()
        if self.log_nu_by_user is None:
            log_pairs, log_opponents = self._common_law()
            win, margin = (torch.einsum("...k,...kxy->...xy", w, part) for part in (sigma, h))
            mean = torch.einsum("...k,...kx->...x", size * w.detach(), own)
            noise = mean[..., :, None] + mean[..., None, :]
        else:
            joint = self.log_weights[..., None, None] + self.log_nu_by_user
            top = joint.detach().amax(-3)
            shown = top > -torch.inf
            share = (joint - torch.where(shown, top, 0.0)[..., None, :, :]).exp()
            total = torch.where(shown, share.sum(-3), 1.0)
            share = share / total[..., None, :, :]
            log_pairs = top + total.log()
            log_opponents = _conditional(log_pairs)
            win, margin = ((share * part).sum(-3) for part in (sigma, h))
            win = torch.where(shown, win, 0.5)  # never compared: no evidence either way
            asked = torch.where(share > 0, joint.abs(), 0.0).detach()
            size = size[..., None, None] + EPS * (
                asked + torch.where(shown, -top, 0.0).unsqueeze(-3)
            )
            noise = (size * share.detach() * (own[..., :, None] + own[..., None, :])).sum(-3)
        m = u.shape[-1]
        win = win.masked_fill(torch.eye(m, dtype=torch.bool), 0.5)
        log_win = None
        if float(self.beta.detach().max()) > _STEEP:
            log_win = self._log_win(t).masked_fill(torch.eye(m, dtype=torch.bool), -math.log(2))
        uniform = u.new_full((*u.shape[:-2], m), -math.log(m))
        return Preferences(
            win=win,
            margin=margin,
            noise=noise,
            log_pairs=log_pairs,
            log_opponents=log_opponents,
            log_reference=uniform if self.log_reference is None else self.log_reference,
            budget=torch.full_like(self.beta, torch.inf) if self.budget is None else self.budget,
            log_win=log_win,
        )

    def _log_win(self, t: Tensor) -> Tensor:
        """Return log p(x≻y) from t = β(u_x − u_y) of each type."""
        weight = self.log_weights.log_softmax(-1)[..., None, None]
        log_sigma = torch.nn.functional.logsigmoid(t)
        if self.log_nu_by_user is None:
            return (weight + log_sigma).logsumexp(-3)
        joint = weight + self.log_nu_by_user
        total = joint.logsumexp(-3)
        shown = total > -torch.inf
        found = (joint + log_sigma).logsumexp(-3) - torch.where(shown, total, 0.0)
        return torch.where(shown, found, -math.log(2))

    def _common_law(self) -> tuple[Tensor, Tensor]:
        if self.log_mu is not None:
            pairs = self.log_mu[..., :, None] + self.log_mu[..., None, :]
            return pairs, self.log_mu[..., None, :].expand_as(pairs)
        assert self.log_nu is not None
        return self.log_nu, _conditional(self.log_nu)


def _conditional(log_pairs: Tensor) -> Tensor:
    never = (log_pairs == -torch.inf).all(-1, keepdim=True)
    row = torch.where(never, 0.0, log_pairs).logsumexp(-1, keepdim=True)  # no NaN gradient
    return log_pairs - torch.where(never, 0.0, row)


def _tensor(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _log_weights(rows: Sequence[Sequence]) -> Tensor:
    totals = [sum(row) for row in rows]
    return _tensor([[log(v / total) for v in row] for row, total in zip(rows, totals, strict=True)])


def _law_tensor(law: PairLaw, m: int) -> Tensor:
    if isinstance(law, Independent):
        return _log_weights([law.weights])[0]
    if isinstance(law, UserDependent):
        own = [(_law_tensor(part, m), isinstance(part, Independent)) for part in law.laws]
        return torch.stack([t[:, None] + t[None, :] if flat else t for t, flat in own])
    return _pairs_tensor(law, m)


def _pairs_tensor(law: Pairs, m: int) -> Tensor:
    table = torch.full((m, m), -torch.inf, dtype=torch.float64)
    total = sum(weight for _, _, weight in law.weights)
    for x, y, weight in law.weights:
        table[x, y] = table[y, x] = log(weight / (2 * total))
    return table
