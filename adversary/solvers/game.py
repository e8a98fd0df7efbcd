"""The symmetric zero-sum game p(π≻π') on a KL ball: Nash learning and maximal lotteries.

Where the budget binds, π ∝ π_ref·e^y with y = s·Aπ and A = P − ½ (theory §2). Along s from 0 to
∞ the policy moves from the reference to the maximal lottery nearest to it in KL, and KL(π‖π_ref)
never falls, so one path serves every budget, the infinite one included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.optimize import linprog
from torch import Tensor

from adversary.solvers import kl_ball
from adversary.solvers.path import State, follow, log_ratio

_FADED = 25.0  # log of reference over policy from which a mass may be vanishing
_MOST_CYCLES = 12  # alternatives up to which all triples are tried
_STRONGEST = 1e4  # the largest tilt of the reference, in units of 1 / (max v − min v)
_NOTHING = 1e-305  # a budget that changes no digit of the reference, and whose KL is no float
_NEVER = 1e4  # a log-mass so far below the reference's belongs to no maximal lottery


@dataclass(frozen=True)
class GameSolution:
    """A policy that no policy of the ball beats."""

    log_policy: Float[Tensor, "*batch m"]
    gap: Float[Tensor, "*batch"]
    """Duality gap max_{π'∈B} p(π'≻π) − ½, at least 0, relative to max |A|."""
    unique: Bool[Tensor, "*batch"]
    """Whether the policy is known to be the only solution."""
    residual: Float[Tensor, "*batch"]
    """Relative error of the budget where it binds."""


def solve(
    margin: Float[Tensor, "*batch m m"],
    noise: Float[Tensor, "*batch m m"],
    log_reference: Float[Tensor, "*batch m"],
    budget: Float[Tensor, "*batch"],
) -> GameSolution:
    """Solve the game on the ball; differentiable in margin, log_reference and budget.

    Of several solutions (the budget does not bind, the maximal lottery is not unique) the one
    nearest to the reference in KL is returned, up to max y / 1e14.
    """
    batch, m = margin.shape[:-2], margin.shape[-1]
    a, noise = margin.reshape(-1, m, m), noise.reshape(-1, m, m)
    log_ref, tau = log_reference.reshape(-1, m), budget.reshape(-1)
    with torch.no_grad():
        support = log_ref > -torch.inf
        both = support[:, :, None] & support[:, None, :]
        size = torch.where(both, a.abs(), 0.0).amax((-1, -2))
        tied = (torch.where(both, a.abs() - noise, -1.0) <= 0).all(-1).all(-1)
        scale = torch.where(tied, 1.0, size)
    a = a - torch.where(a.abs() <= noise, a, 0.0).detach()  # a tie is a tie; its gradient stays
    game = torch.where(both, a, 0.0) / scale[:, None, None]
    with torch.no_grad():
        winner, exists = _condorcet_winner(a, noise, support)
        cost = -log_ref.gather(-1, winner[:, None])[:, 0]
        vertex = exists & (tau >= cost)
        trivial = tied | (tau <= _NOTHING)
        cycle, cyclic = _cycle(a, noise, support)
        cyclic &= ~exists & (kl_ball.divergence(cycle, log_ref) <= tau)
        todo = (~vertex & ~trivial & ~cyclic).nonzero()[:, 0]
    log_policy = torch.where(vertex[:, None], _point(winner, m), log_ref)
    residual = torch.zeros_like(tau.detach())
    unique = vertex | (tau <= _NOTHING) | (support.sum(-1) == 1) | cyclic
    quick = cyclic.nonzero()[:, 0]
    if len(quick):
        live = _at_end(game[quick], cycle[quick])
        log_policy = log_policy.index_put((quick,), live)
    if len(todo):
        error = (noise / scale[:, None, None])[todo]
        policy, alone, error = _path(game[todo], error, log_ref[todo], tau[todo])
        log_policy = log_policy.index_put((todo,), policy)
        residual[todo], unique[todo] = error, alone
    with torch.no_grad():
        payoff = torch.einsum("bxy,by->bx", game, log_policy.exp())
        gap = kl_ball.highest(payoff, log_ref, tau).clamp(min=0.0)
    return GameSolution(
        log_policy.reshape(*batch, m),
        torch.where(tied, 0.0, gap).reshape(batch),
        unique.reshape(batch),
        residual.reshape(batch),
    )


def highest(
    values: Float[Tensor, "batch m"],
    margin: Float[Tensor, "batch m m"],
    noise: Float[Tensor, "batch m m"],
    log_reference: Float[Tensor, "batch m"],
    budget: Float[Tensor, "batch"],
) -> Float[Tensor, "batch"]:
    """Return max ⟨values, π⟩ over the solutions of games that have a maximal lottery in the ball.

    All solutions are then maximal lotteries. Where the budget does not matter a linear program
    finds the best; else it is, for some η, the lottery nearest to the reference tilted by e^(ηv).
    """
    with torch.no_grad():
        certain = torch.where(margin.abs() > noise, margin, 0.0)
        support = log_reference > -torch.inf
        v = torch.where(support, values, 0.0)
        tables = (certain, v, support)
        policy = torch.stack([_best_lottery(*element) for element in zip(*tables, strict=True)])
        strongest = _STRONGEST / (v.amax(-1) - v.amin(-1)).clamp(min=1e-300)

        def tilted(log_share: Tensor) -> tuple[Tensor, Tensor]:
            tilt = (log_share.exp() * strongest)[:, None] * v
            tilted_reference = (log_reference + tilt).log_softmax(-1)
            free = torch.full_like(budget, torch.inf)
            nearest = solve(certain, 0 * certain, tilted_reference, free).log_policy
            return nearest, kl_ball.divergence(nearest, log_reference) <= budget

        up = torch.zeros_like(budget)
        binds = (
            (budget < torch.inf) & ~tilted(up)[1] if bool((budget < torch.inf).any()) else up > 0
        )
        if bool(binds.any()):
            low = up - 30.0
            for _ in range(36):
                middle = 0.5 * (low + up)
                inside = tilted(middle)[1]
                low, up = torch.where(inside, middle, low), torch.where(inside, up, middle)
            policy = torch.where(binds[:, None], tilted(low)[0].exp(), policy)
    return (policy * values).sum(-1)


def _best_lottery(margin: Tensor, values: Tensor, support: Tensor) -> Tensor:
    """Return a policy on the support that nothing beats and that maximises ⟨values, π⟩."""
    index = support.nonzero()[:, 0]
    rows = margin[index][:, index].numpy()
    rows = rows / np.where(rows.any(-1), np.abs(rows).max(-1), 1.0)[:, None]
    result = linprog(
        -values[index].numpy(),
        A_ub=rows,
        b_ub=np.zeros(len(index)),
        A_eq=np.ones((1, len(index))),
        b_eq=[1.0],
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    policy = torch.zeros_like(values)
    policy[index] = torch.from_numpy(result.x) if result.success else torch.nan
    return policy


def _condorcet_winner(a: Tensor, noise: Tensor, support: Tensor) -> tuple[Tensor, Tensor]:
    """Return (index, exists) of the supported alternative that certainly beats all others."""
    rivals = support[:, None, :] & ~torch.eye(a.shape[-1], dtype=torch.bool)
    beats = support & ((a > noise) | ~rivals).all(-1)
    return beats.long().argmax(-1), beats.any(-1)


def _cycle(a: Tensor, noise: Tensor, support: Tensor) -> tuple[Tensor, Tensor]:
    """Return (log π, exists) of a maximal lottery on three alternatives that is strict, so alone.

    On a cycle i ≻ j ≻ k ≻ i it is ∝ (A_jk, A_ki, A_ij), and everything else certainly loses to it.
    A short cut: the path finds the same.
    """
    m = a.shape[-1]
    none = torch.zeros_like(support[:, 0])
    if not 3 <= m <= _MOST_CYCLES:
        return torch.full_like(a[:, 0], -torch.inf), none
    triples = torch.combinations(torch.arange(m), 3)
    i, j, k = triples.unbind(-1)
    edges = torch.stack([a[:, j, k], a[:, k, i], a[:, i, j]], -1)
    rounding = torch.stack([noise[:, j, k], noise[:, k, i], noise[:, i, j]], -1)
    strict = (edges > rounding).all(-1) | (edges < -rounding).all(-1)
    masses = edges.abs() / edges.abs().sum(-1, keepdim=True).clamp(min=1e-300)
    index = triples.expand(len(a), -1, -1)
    policy = torch.zeros(*index.shape[:2], m, dtype=a.dtype).scatter(-1, index, masses)
    error = noise.amax((-1, -2))[:, None, None]
    loses = torch.einsum("bxy,bty->btx", a, policy) < -error
    outside = support[:, None, :] & (policy == 0)
    found = strict & support[:, triples].all(-1) & (loses | ~outside).all(-1)
    chosen = found.long().argmax(-1)
    return policy[torch.arange(len(a)), chosen].log(), found.any(-1)


def _point(index: Tensor, m: int) -> Tensor:
    there = torch.nn.functional.one_hot(index, m).bool()
    return torch.where(there, 0.0, -torch.inf).double()


def _path(
    game: Tensor, noise: Tensor, log_ref: Tensor, tau: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Follow the path to KL = τ or to its end; return (log π, unique, budget residual)."""
    with torch.no_grad():
        y, log_s, binding = follow(game.detach(), log_ref.detach(), tau.detach())
        state = State(game.detach(), log_ref.detach(), y, log_s)
        error = torch.where(binding, (state.kl() / tau - 1).abs(), 0.0)
        played = (log_ref > -torch.inf) & (state.log_policy > log_ref - _NEVER)
        # Where the budget binds a solution is the only maximiser of its payoff over the ball.
        lottery, alone = _lottery(state, noise, played)
        # An alternative whose mass fades like 1/s ties without being played: not known to be alone.
        alone &= ~(played & (state.log_policy < log_ref - _FADED)).any(-1)
        log_policy = torch.where(binding[:, None], state.log_policy, lottery)
        unique = binding | alone
    if game.requires_grad or log_ref.requires_grad or tau.requires_grad:
        where = binding.nonzero()[:, 0]
        if len(where):
            live = _at_budget(game[where], log_ref[where], tau[where], y[where], log_s[where])
            log_policy = log_policy.index_put((where,), live)
        where = (unique & ~binding).nonzero()[:, 0]
        if len(where):
            live = _at_end(game[where], log_policy[where].detach())
            log_policy = log_policy.index_put((where,), live)
    return log_policy, unique, error


def _lottery(state: State, noise: Tensor, played: Tensor) -> tuple[Tensor, Tensor]:
    """Return (log π, whether it is alone) of the maximal lottery at the end of the path.

    Nearest to the reference, it has of all maximal lotteries the largest support S (`played`), and
    they are those in the kernel of A on S: one alone iff the kernel has dimension 1. It is
    ∝ π_ref·e^y with y in the range R of A on S, where Rᵀπ = 0: a convex problem, solved by Newton.
    """
    left, values, _ = torch.linalg.svd(_restricted(state.a, played))
    both = played[:, :, None] & played[:, None, :]
    rounding = torch.where(both, noise, 0.0).sum(-1).amax(-1)
    active = values > (rounding + 4e-16 * played.shape[-1])[:, None]
    own = active & ((left**2 * played[:, :, None]).sum(-2) > 0.5)
    basis = left * own[:, None, :] * played[:, :, None]
    idle = torch.diag_embed((~own).to(left.dtype))
    log_ref = torch.where(played, state.log_ref, -torch.inf)
    y = torch.where(played, state.centred(state.y), 0.0)  # in the range: orthogonal to π
    for _ in range(3):
        y = torch.einsum("bxr,byr,by->bx", basis, basis, y)
        policy = (log_ref + y).softmax(-1)
        slope = torch.einsum("bxr,bx->br", basis, policy)
        spread = torch.einsum("bxr,bx,bxq->brq", basis, policy, basis)
        curvature = spread - slope[:, :, None] * slope[:, None, :] + idle
        step = torch.linalg.solve_ex(curvature, slope)[0]
        y = y - torch.einsum("bxr,br->bx", basis, step)
    log_policy = (log_ref + y).log_softmax(-1)
    found = log_policy.isfinite().any(-1, keepdim=True)
    alone = found[:, 0] & ((~active).sum(-1) == 1)
    return torch.where(found, log_policy, state.log_policy), alone


def _restricted(a: Tensor, played: Tensor) -> Tensor:
    """Return A on the played alternatives, on the others a diagonal beyond its singular values."""
    both = played[:, :, None] & played[:, None, :]
    return torch.where(both, a, 0.0) + 2 * a.shape[-1] * torch.diag_embed((~played).to(a.dtype))


def _at_end(game: Tensor, log_policy: Tensor) -> Tensor:
    """Return log π of the only maximal lottery, carrying the derivative of Aπ = 0, Σπ = 1."""
    played = log_policy > -torch.inf
    one, policy = played.to(game.dtype), log_policy.exp()
    rows = torch.cat([_restricted(game.detach(), played), one[:, None, :]], 1)
    border = torch.cat([rows, torch.cat([one, 0 * one[:, :1]], 1)[:, :, None]], 2)
    payoff = torch.where(played, torch.einsum("bxy,by->bx", game, policy), 0.0)
    right = torch.cat([payoff - payoff.detach(), 0 * one[:, :1]], 1)
    change = -torch.linalg.solve_ex(border, right)[0][:, :-1]
    return log_policy + torch.where(played, change / torch.where(played, policy, 1.0), 0.0)


def _at_budget(game: Tensor, log_ref: Tensor, tau: Tensor, y: Tensor, log_s: Tensor) -> Tensor:
    """Return log π where KL = τ: one Newton step in (y, log s) carries the derivative."""
    state = State(game.detach(), log_ref.detach(), y, log_s)
    live = State(game, log_ref, y, log_s)
    drift, along = state.solve(
        live.defect - live.defect.detach(), log_s.exp()[:, None] * state.payoff
    )
    kl = (live.policy * live.ratio).sum(-1)
    weight = state.policy * state.centred(state.ratio)
    surplus = (kl - kl.detach()) - (tau - tau.detach()) - (weight * drift).sum(-1)
    rate = (weight * along).sum(-1).clamp(min=1e-300)
    return log_ref + log_ratio(y - drift - (surplus / rate)[:, None] * along, log_ref)
