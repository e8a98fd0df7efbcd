"""The path of the regularised game on a KL ball, from the reference to a maximal lottery.

π ∝ π_ref·e^y with y = s·Aπ and A = P − ½ (theory §2); followed along s in [0, ∞) to KL = τ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adversary.solvers import kl_ball

_ITERATIONS = 400
_END = math.log(1e14)  # beyond this log s the path has ended: the duality gap is max y / s
_GROWTH = 2.1  # log of the first factor between two values of s
_MOST_GROWTH = 10.0  # and of the largest
_NEAR = 0.1  # distance from the path within which Newton is trusted to return to it
_PATIENCE = 8  # Newton steps granted to come back to the path
_FAINT = 25.0  # a log-mass below −_FAINT may rise to it at once
_TINY = torch.finfo(torch.float64).tiny
_MOVE = 3.0  # largest change of a log-probability that one step may make


def follow(
    a: Float[Tensor, "batch m m"], log_ref: Float[Tensor, "batch m"], tau: Float[Tensor, "batch"]
) -> tuple[Float[Tensor, "batch m"], Float[Tensor, "batch"], Bool[Tensor, "batch"]]:
    """Return (y, log s, binding) by predictor–corrector along s, with Newton steps onto KL = τ.

    Margins in units of the largest. Not `binding`: the path ended below τ. Whoever has not arrived
    is left where it is.
    """
    walk = _Walk(a, log_ref, tau)
    for _ in range(_ITERATIONS):
        if len(walk.active) == 0:
            break
        walk.step()
    return walk.y, walk.log_s, walk.binding


class _Walk:
    """The way of each batch element along the path; those that have arrived are not `active`."""

    def __init__(self, a: Tensor, log_ref: Tensor, tau: Tensor) -> None:
        n = len(log_ref)
        self.a, self.log_ref, self.tau = a, log_ref, tau
        self.y, self.log_s = torch.zeros_like(log_ref), (0.5 * tau.log()).clamp(max=-1.5)
        self.good_y, self.good_log_s = self.y.clone(), self.log_s.clone()
        self.growth = torch.full((n,), _GROWTH, dtype=a.dtype)
        """The largest step in log s."""
        self.heading = torch.zeros(n, dtype=a.dtype)
        """Whether s last grew or fell."""
        self.astray = torch.zeros(n, dtype=torch.long)
        """Newton steps since it left the path."""
        self.last_change = torch.full((n,), torch.inf, dtype=a.dtype)
        self.binding = torch.zeros(n, dtype=torch.bool)
        self.active = torch.arange(n)

    def step(self) -> None:
        """Correct towards the path, and on it go on by a shift of log s towards KL = τ."""
        active = self.active
        state = State(self.a[active], self.log_ref[active], self.y[active], self.log_s[active])
        correct, along = state.solve(-state.defect, state.log_s.exp()[:, None] * state.payoff)
        correct, along = state.centred(correct), state.centred(along)
        near, lost = self._judged(state, correct)
        kl = state.kl().clamp(min=_TINY)
        wanted = self._wanted(state, kl, correct, along)
        shift = self._allowed(near, lost, wanted)
        arrived = near & (wanted.abs() <= 0.05)  # else KL has stopped below τ
        shift = torch.minimum(shift, _END - state.log_s)
        move = state.centred(correct + shift[:, None] * along)
        damping = state.damping(move)
        log_s = state.log_s + damping * shift
        # What does not come back to the path is taken back, and the next step is shorter.
        y = state.y + damping[:, None] * move
        self.y[active] = torch.where(lost[:, None], self.good_y[active], y)
        self.log_s[active] = torch.where(lost, self.good_log_s[active], log_s)
        self._leave(state, move, log_s, lost, arrived & ((kl / self.tau[active] - 1).abs() <= 1e-9))

    def _judged(self, state: State, correct: Tensor) -> tuple[Tensor, Tensor]:
        """Return whether an element is on the path, and whether it has been off it too long."""
        active = self.active
        near = torch.maximum(state.size(correct), state.size(-state.defect)) <= _NEAR
        lost = ~near & (self.astray[active] >= _PATIENCE)
        self.astray[active] = torch.where(near | lost, 0, self.astray[active] + 1)
        self.good_y[active[near]] = state.y[near]
        self.good_log_s[active[near]] = state.log_s[near]
        return near, lost

    def _wanted(self, state: State, kl: Tensor, correct: Tensor, along: Tensor) -> Tensor:
        """Return the shift of log s that leads to KL = τ: log KL is nearly linear in log s."""
        weight = state.policy * state.centred(torch.where(state.policy > 0, state.y, 0.0))
        rate = (weight * along).sum(-1) / kl
        wanted = (self.tau[self.active] / kl).log() - (weight * correct).sum(-1) / kl
        return torch.where(rate > 0, wanted / rate.clamp(min=1e-300), torch.inf)

    def _allowed(self, near: Tensor, lost: Tensor, wanted: Tensor) -> Tensor:
        """Return so much of the shift as may be made at once; steps grow while all goes well."""
        active = self.active
        turned = near & (wanted * self.heading[active] < 0)
        self.heading[active] = torch.where(near, wanted.sign(), self.heading[active])
        growth = self.growth[active]
        growth = torch.where(near, (2 * growth).clamp(max=_MOST_GROWTH), growth)
        growth = torch.where(lost | turned, 0.2 * growth, growth)
        self.growth[active] = growth
        return torch.where(near, wanted.clamp(min=-growth, max=growth), 0.0)

    def _leave(
        self, state: State, move: Tensor, log_s: Tensor, lost: Tensor, at_budget: Tensor
    ) -> None:
        """Let those go that are at their budget or at the end, and move no more."""
        active = self.active
        ended = log_s >= _END - 1e-9
        change = (state.policy.sqrt() * move).abs().amax(-1)
        least = torch.where(ended, 1e-13, 1e-9) * (1 + state.y.abs().amax(-1).clamp(max=1))
        settled = (change <= 1e-15) | (change >= 0.25 * self.last_change[active])
        done = (change <= least) & settled & ~lost & (ended | at_budget)
        self.binding[active[done]] = ~ended[done]
        self.last_change[active] = change
        self.active = active[~done]


@dataclass
class State:
    """A point of the path: y and log s, with what follows from them."""

    a: Tensor
    log_ref: Tensor
    y: Tensor
    log_s: Tensor

    def __post_init__(self) -> None:
        self.ratio = log_ratio(self.y, self.log_ref)
        self.log_policy = self.log_ref + self.ratio
        self.policy = self.log_policy.exp()
        self.payoff = torch.einsum("bxy,by->bx", self.a, self.policy)
        self.defect = self.y - self.log_s.exp()[:, None] * self.payoff

    def kl(self) -> Tensor:
        return kl_ball.divergence_of(self.ratio, self.log_ref)

    def solve(self, *columns: Tensor) -> list[Tensor]:
        """Solve (I − s·A(D − ππᵀ)) x = column for each column."""
        p = self.policy
        moved = self.a * p[:, None, :] - self.payoff[:, :, None] * p[:, None, :]
        matrix = torch.eye(p.shape[-1], dtype=p.dtype) - self.log_s.exp()[:, None, None] * moved
        row = matrix.abs().amax(-1, keepdim=True)
        right = torch.stack(columns, -1)
        return list(torch.linalg.solve_ex(matrix / row, right / row)[0].unbind(-1))

    def size(self, move: Tensor) -> Tensor:
        """Return the largest change of log π in `move`, each weighted by √π before or after it."""
        move = self.centred(move)
        after = torch.maximum(self.log_policy, (self.log_policy + move).clamp(max=0.0))
        return ((0.5 * after).exp() * move.abs()).amax(-1)

    def damping(self, move: Tensor) -> Tensor:
        """Return the share of `move` to make, so that no mass that matters leaps."""
        down = _MOVE * (-0.5 * self.log_policy).exp()
        limit = torch.where(move > 0, (-_FAINT - self.log_policy).clamp(min=_MOVE), down)
        return (limit / move.abs().clamp(min=1e-300)).amin(-1).clamp(max=1.0)

    def centred(self, direction: Tensor) -> Tensor:
        return direction - (self.policy * direction).sum(-1, keepdim=True)


def log_ratio(y: Tensor, log_ref: Tensor) -> Tensor:
    """Return log π/π_ref of π ∝ π_ref·e^y, accurate near the reference and far from it."""
    support = log_ref > -torch.inf
    y = torch.where(support, y, 0.0)
    near = y.abs().amax(-1, keepdim=True) < 1
    small = kl_ball.log_ratio(torch.where(near, y, 0.0), log_ref)
    large = torch.where(support, y - (log_ref + y).logsumexp(-1, keepdim=True), 0.0)
    return torch.where(near, small, large)
