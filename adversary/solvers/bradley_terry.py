"""Bradley–Terry maximum likelihood: the reward model of RLHF, for any pair law.

The stationarity equations Σ_y N(x,y)[p(x≻y) − σ(r_x − r_y)] = 0 are solved by Newton's method.
Each linear system is a resistor network: conductances N·σ'(r_x − r_y) and, in each edge, a voltage
source e = (p − σ)/σ'. Eliminating a node (star–mesh) adds conductances and averages voltages; it
never subtracts, so every reward is accurate whatever the range of the pair law (O'Cinneide 1993
shows the same for Markov chains).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from adversary.interface.preferences import Preferences

_ITERATIONS = 500
_MAX_LOGIT = 600.0
_POOR = 1e-9  # a residual that a fit should not have
_NONE = -1e290  # the log of nothing, where −∞ would have no gradient
TAIL_ROUNDING = 256 * torch.finfo(torch.float64).eps  # of a sum over types of σ(βd)


@dataclass(frozen=True)
class Reward:
    """The maximum-likelihood reward."""

    reward: Float[Tensor, "*batch m"]
    """Rewards r, with mean 0 in each connected component of the pair graph."""
    noise: Float[Tensor, "*batch m"]
    """Rounding error of r inherited from the preferences: closer rewards are tied."""
    determined: Bool[Tensor, "*batch"]
    """Whether the pair graph joins all alternatives that the reference supports."""
    residual: Float[Tensor, "*batch"]
    """Size of the last Newton correction relative to max r − min r."""


@dataclass(frozen=True)
class _Edges:
    """The data, nodes sorted by falling scale d, with N(x,y) = d_x·d_y·v(x,y)."""

    win: Tensor
    margin: Tensor
    v: Tensor
    log_d: Tensor

    def __getitem__(self, index: Tensor) -> _Edges:
        return _Edges(self.win[index], self.margin[index], self.v[index], self.log_d[index])


def fit(preferences: Preferences) -> Reward:
    """Fit the Bradley–Terry reward; differentiable in the win probabilities and the pair law.

    Where the pair graph is not connected, each component has rewards of mean 0 (the limit of a
    vanishing ridge penalty) and `determined` says whether the policy depends on that choice.
    """
    m = preferences.win.shape[-1]
    batch = preferences.win.shape[:-2]
    tables = (preferences.win, preferences.margin, preferences.log_pairs)
    flat = [t.reshape(-1, m, m) for t in tables]
    component = components(preferences.log_pairs)
    parts = _parts(component).flatten()
    if preferences.log_win is not None:
        log_win = preferences.log_win.reshape(-1, m, m)
        reward, residual = _fit_steep(log_win, flat[1], flat[2], parts)
    else:
        reward, residual = _fit_scaled(flat[0], flat[1], flat[2], parts)
        poor = (~(residual <= _POOR)).nonzero()[:, 0]
        if len(poor):  # links too weak for any scaling
            win, *others = (table[poor] for table in (*flat, parts))
            again, error = _fit_steep(win.log(), *others)
            reward, residual = (
                table.index_put((poor,), new) for table, new in ((reward, again), (residual, error))
            )
    reward, residual = reward.reshape(*batch, m), residual.reshape(batch)
    same = component[..., :, None] == component[..., None, :]
    reward = reward - (same * reward[..., None, :]).sum(-1) / same.sum(-1)
    return Reward(
        reward,
        noise(preferences, reward),
        determined(component, preferences.support),
        residual,
    )


def _fit_scaled(
    win: Tensor, margin: Tensor, log_pairs: Tensor, parts: Tensor
) -> tuple[Tensor, Tensor]:
    """Return (r, residual) of a flat batch in which no win probability underflows."""
    with torch.no_grad():
        log_d = _scale(log_pairs)
        order = log_d.argsort(-1, descending=True)
        log_d = log_d.gather(-1, order)
    edges = _sorted_edges(win, margin, log_pairs, order, log_d)
    with torch.no_grad():
        reward, residual = _newton(edges, parts)
    if any(t.requires_grad for t in (win, margin, log_pairs)):
        # A Newton step at the solution: its value is rounding, its derivative is dr.
        step, _ = _solve(edges, _voltages(edges, reward), curvature(reward))
        reward = reward + (step - step.detach())
    return reward.gather(-1, order.argsort(-1)), residual


def _fit_steep(
    log_win: Tensor, margin: Tensor, log_pairs: Tensor, parts: Tensor
) -> tuple[Tensor, Tensor]:
    """Return (r, residual) of a flat batch, whatever is too small for a float: all is in logs."""
    edges = ~torch.eye(log_pairs.shape[-1], dtype=torch.bool) & (log_pairs > -torch.inf)
    asked = torch.where(edges, log_pairs, _NONE)

    def newton(reward: Tensor) -> tuple[Tensor, Tensor]:
        t = reward[..., :, None] - reward[..., None, :]
        rise, fall = (torch.nn.functional.logsigmoid(sign * t) for sign in (1, -1))
        near = margin - 0.5 * torch.tanh(0.5 * t)
        # p(x≻y) − σ(t) as the difference of the two numbers below ½, which does not cancel.
        first, second = torch.where(t > 0, fall, log_win), torch.where(t > 0, log_win.mT, rise)
        larger = torch.maximum(first, second)
        far = -torch.expm1(-(first - second).abs().clamp(min=1e-300))
        excess = torch.where(t.abs() < 1, near, torch.where(first > second, far, -far))
        size = torch.where(t.abs() < 1, 0.0, larger)
        return _potentials(asked + rise + fall, excess, asked + size)

    with torch.no_grad():
        odds = torch.where(margin.abs() < 0.4, 2 * torch.atanh(2 * margin), log_win - log_win.mT)
        conductance = asked + log_win + log_win.mT
        reward, found = _potentials(conductance, odds, conductance)
        previous = residual = torch.full_like(reward[..., 0], torch.inf)
        stride = torch.ones_like(previous)
        for _ in range(_ITERATIONS):
            step, found = newton(reward)
            size = step.amax(-1) - step.amin(-1)
            damping = torch.where(size > 0.5, torch.log1p(size) / size.clamp(min=0.5), 1.0)
            # In a tail Newton's steps are of length 1, however far it is; back it is one step.
            steady = (size < 1.5) & (size > 0.75 * previous) & (size > 1e-3)
            stride = torch.where(steady, 2 * stride, 1.0)
            reward = reward + (stride * damping)[..., None] * step
            spread = reward.amax(-1) - reward.amin(-1)
            residual = torch.where(spread > 0, size / spread.clamp(min=1e-300), size)
            stalled = (residual <= 1e-12) & (size >= 0.25 * previous)
            if bool(((residual <= 1e-15) | stalled | (found != parts)).all()):
                break
            previous = size
        residual = torch.where(found == parts, residual, torch.inf)
    if any(table.requires_grad for table in (log_win, margin, log_pairs)):
        step, _ = newton(reward)
        reward = reward + (step - step.detach())
    return reward, residual


def _potentials(log_g: Tensor, current: Tensor, log_current: Tensor) -> tuple[Tensor, Tensor]:
    """Solve the network of conductances e^log_g in which edges drive current·e^log_current.

    As `_solve`, but in logs: a current may matter where its conductance does not.
    """
    shares, rises = [], []
    parts = torch.ones_like(log_g[..., 0, 0])
    for k in range(log_g.shape[-1] - 1, 0, -1):
        row, own, log_own = log_g[..., k, :k], current[..., k, :k], log_current[..., k, :k]
        total = row.logsumexp(-1, keepdim=True)
        linked = total > _NONE / 2
        parts = parts + ~linked[..., 0]
        share = torch.where(linked, row - total, _NONE)
        shares.append(share.exp())
        driven = own * (log_own - total).clamp(max=_MAX_LOGIT).exp()
        rises.append(torch.where(linked, driven.sum(-1, keepdim=True), 0.0))
        # Star–mesh: y–k–z becomes an edge y–z, and takes its part of the currents y–k and k–z.
        log_g = torch.logaddexp(log_g[..., :k, :k], row[..., :, None] + share[..., None, :])
        into = log_own[..., :, None] + share[..., None, :]
        logs = torch.stack([log_current[..., :k, :k], into, into.mT])
        zero = torch.zeros_like(into)
        terms = torch.stack(
            [current[..., :k, :k], zero - own[..., :, None], zero + own[..., None, :]]
        )
        log_current = logs.amax(0)
        current = (terms * (logs - log_current).exp()).sum(0)
    potential = torch.zeros_like(log_g[..., 0, :1])
    for share, rise in zip(reversed(shares), reversed(rises), strict=True):
        potential = torch.cat([potential, (share * potential).sum(-1, keepdim=True) + rise], -1)
    return potential, parts


def components(log_pairs: Float[Tensor, "*batch m m"]) -> Int[Tensor, "*batch m"]:
    """Return for each alternative the smallest alternative that the pair graph joins it to."""
    m = log_pairs.shape[-1]
    linked = (log_pairs > -torch.inf) | torch.eye(m, dtype=torch.bool)
    label = torch.arange(m).expand(log_pairs.shape[:-1])
    while True:
        reached = torch.where(linked, label[..., None, :], m).amin(-1)
        if torch.equal(reached, label):
            return label
        label = reached


def _parts(component: Tensor) -> Tensor:
    """Return the number of components."""
    return (component == torch.arange(component.shape[-1])).sum(-1)


def determined(
    component: Int[Tensor, "*batch m"], support: Bool[Tensor, "*batch m"]
) -> Bool[Tensor, "*batch"]:
    """Return whether one component holds the whole support of the reference."""
    m = component.shape[-1]
    high = torch.where(support, component, -1).amax(-1)
    low = torch.where(support, component, m).amin(-1)
    return high == low


def _scale(log_pairs: Tensor) -> Tensor:
    """Return log d such that N/(d_x·d_y) has entries of at most about 1 with each row reaching 1.

    Exact for an independent law up to the heaviest alternative; it keeps masses of 1e-400 apart
    from underflow.
    """
    m = log_pairs.shape[-1]
    off = log_pairs.masked_fill(torch.eye(m, dtype=torch.bool), -torch.inf)
    isolated = (off == -torch.inf).all(-1)
    log_d = torch.zeros_like(off[..., 0])
    for _ in range(8):
        row = (off - log_d[..., None, :]).amax(-1)
        log_d = torch.where(isolated, 0.0, 0.5 * (log_d + row))
    return log_d


def _sorted_edges(
    win: Tensor, margin: Tensor, log_pairs: Tensor, order: Tensor, log_d: Tensor
) -> _Edges:
    m = win.shape[-1]
    index = (order[..., :, None] * m + order[..., None, :]).flatten(-2)

    def permuted(table: Tensor) -> Tensor:
        return table.flatten(-2).gather(-1, index).unflatten(-1, (m, m))

    log_v = permuted(log_pairs) - log_d[..., :, None] - log_d[..., None, :]
    v = log_v.clamp(max=600).exp().masked_fill(torch.eye(m, dtype=torch.bool), 0.0)
    return _Edges(permuted(win), permuted(margin), v, log_d)


def _differences(reward: Tensor) -> Tensor:
    return (reward[..., :, None] - reward[..., None, :]).clamp(-_MAX_LOGIT, _MAX_LOGIT)


def surplus(
    win: Float[Tensor, "*batch m m"],
    margin: Float[Tensor, "*batch m m"],
    reward: Float[Tensor, "*batch m"],
) -> Float[Tensor, "*batch m m"]:
    """Return p(x≻y) − σ(r_x − r_y), in each case by the difference that does not cancel."""
    t = _differences(reward)
    tail = torch.where(t > 0, torch.sigmoid(-t) - win.mT, win - torch.sigmoid(t))
    return torch.where(t.abs() < 1, margin - 0.5 * torch.tanh(0.5 * t), tail)


def curvature(reward: Float[Tensor, "*batch m"]) -> Float[Tensor, "*batch m m"]:
    """Return σ'(r_x − r_y) = σ(t)·σ(−t)."""
    t = _differences(reward)
    return torch.sigmoid(t) * torch.sigmoid(-t)


def _voltages(edges: _Edges, reward: Tensor) -> Tensor:
    """E = (p − σ(t))/σ'(t), each case by the difference that does not cancel."""
    excess = surplus(edges.win, edges.margin, reward)
    return torch.where(edges.v > 0, excess / curvature(reward), 0.0)


def _solve(edges: _Edges, voltages: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Solve the network for the potentials δ, with δ = 0 at the first node of each component.

    Also return the number of components, which is too high where a link has underflowed.
    """
    v, e = edges.v * slope, voltages
    shares, sources = [], []
    for k in range(v.shape[-1] - 1, 0, -1):
        row, source = v[..., k, :k], e[..., k, :k]
        linked = row > 0
        near = torch.where(linked, edges.log_d[..., :k], -torch.inf).amax(-1, keepdim=True)
        near = torch.where(near > -torch.inf, near, edges.log_d[..., k : k + 1])
        a = row * torch.where(linked, (edges.log_d[..., :k] - near).exp(), 0.0)
        total = a.sum(-1, keepdim=True)
        total = torch.where(total > 0, total, 1.0)
        shares.append(a / total)
        sources.append(source)
        # Star–mesh: y–k–z becomes an edge y–z with voltage e_yk + e_kz.
        scaled = row * (edges.log_d[..., k : k + 1] - near).exp() / total
        path = row[..., :, None] * scaled[..., None, :]
        joined = v[..., :k, :k] + path
        through = source[..., None, :] - source[..., :, None]
        weighted = v[..., :k, :k] * e[..., :k, :k] + path * through
        e = weighted / torch.where(joined > 0, joined, 1.0)
        v = joined
    potential = torch.zeros_like(v[..., 0, :1])
    parts = torch.ones_like(v[..., 0, 0])
    for share, source in zip(reversed(shares), reversed(sources), strict=True):
        own = (share * (potential + source)).sum(-1, keepdim=True)
        potential = torch.cat([potential, own], -1)
        parts = parts + (share == 0).all(-1)
    return potential, parts


def _newton(edges: _Edges, parts: Tensor) -> tuple[Tensor, Tensor]:
    """Return (r, residual) for a flat batch; elements leave the iteration as they converge.

    An element whose number of components is not `parts` has underflowed: its residual is +inf.
    """
    p, q = edges.win, edges.win.mT
    logit = torch.where(edges.margin.abs() < 0.4, 2 * torch.atanh(2 * edges.margin), (p / q).log())
    logit = torch.where(edges.v > 0, logit, 0.0)
    reward, _ = _solve(edges, logit, p * q)  # exact when the comparisons fit a Bradley–Terry model
    residual = torch.full_like(reward[..., 0], torch.inf)
    active = torch.arange(len(reward))
    previous = residual
    for _ in range(_ITERATIONS):
        part = edges if len(active) == len(reward) else edges[active]
        r = reward[active]
        step, found = _solve(part, _voltages(part, r), curvature(r))
        size = step.amax(-1) - step.amin(-1)
        # Generalised self-concordance of the logistic loss: a step of log(1+a)/a always ascends.
        damping = torch.where(size > 0.5, torch.log1p(size) / size.clamp(min=0.5), 1.0)
        r = r + damping[..., None] * step
        spread = r.amax(-1) - r.amin(-1)
        error = torch.where(spread > 0, size / spread.clamp(min=1e-300), size)
        broken = found != parts[active]
        error = torch.where(broken, torch.inf, error)
        reward[active], residual[active] = r, error
        # Quadratic convergence ends in rounding: stop there, or once a step is small and stalls.
        done = (error <= 1e-15) | ((error <= 1e-12) & (size >= 0.25 * previous))
        done = done | broken
        active, previous = active[~done], size[~done]
        if len(active) == 0:
            break
    return reward, residual


def noise(preferences: Preferences, reward: Float[Tensor, "*batch m"]) -> Float[Tensor, "*batch m"]:
    """Return the error of r_x from the data's rounding: Σ_y N·noise / Σ_y N·σ'.

    The fit uses margins near ½ and win probabilities in the tails, which are accurate to their own
    size: β = 50 puts contests between probabilities of 1e-22.
    """
    with torch.no_grad():
        m = reward.shape[-1]
        off = preferences.log_opponents.masked_fill(torch.eye(m, dtype=torch.bool), -torch.inf)
        share = (off - torch.where(off > -torch.inf, off, -1e300).amax(-1, keepdim=True)).exp()
        slope = (share * curvature(reward)).sum(-1)
        tail = TAIL_ROUNDING * torch.minimum(preferences.win, preferences.win.mT)
        total = (share * torch.minimum(preferences.noise, tail)).sum(-1)
        found = torch.where(slope > 0, total / slope.clamp(min=1e-300), 0.0)
        if preferences.log_win is None:
            return found
        # Logs of tails that no float holds: t itself is rounded, and so is its σ.
        spread = (reward.amax(-1) - reward.amin(-1)).clamp(min=1.0)
        return torch.where(slope > 1e-250, found, 0.0) + TAIL_ROUNDING * spread[..., None]
