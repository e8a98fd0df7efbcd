"""The KL ball B_τ = {π : KL(π‖π_ref) ≤ τ}: the policy that maximises a linear score over it.

π ∝ π_ref·e^(s·r) with the s > 0 at which KL = τ, or π_ref restricted to the face argmax r when
the face has π_ref-mass at least e^(−τ). An infinite budget is the social-choice setting.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_ITERATIONS = 200
_TINY = torch.finfo(torch.float64).tiny
_SERIES = 0.3
# φ(z) = z·e^z − e^z + 1 = Σ_{k≥2} z^k (k−1)/k!, so that KL = Σ π_ref φ(z) has no cancellation.
_COEFFICIENTS = [
    (k - 1) / float(torch.exp(torch.lgamma(torch.tensor(k + 1.0).double()))) for k in range(2, 17)
]


@dataclass(frozen=True)
class BallOptimum:
    """The maximiser of a score over a KL ball."""

    log_policy: Float[Tensor, "*batch m"]
    """Log of the policy; on a face of maximisers, the reference restricted to it."""
    face: Bool[Tensor, "*batch m"]
    """Where the budget does not bind: the tied maximisers; else the whole support."""
    binding: Bool[Tensor, "*batch"]
    """Whether the budget decides (KL = τ); else any policy of the ball on the face is optimal."""
    residual: Float[Tensor, "*batch"]
    """Relative error |KL − τ| / τ where the budget binds; 0 elsewhere."""


def maximise(
    score: Float[Tensor, "*batch m"],
    log_reference: Float[Tensor, "*batch m"],
    budget: Float[Tensor, "*batch"],
    noise: Float[Tensor, "*batch m"] | None = None,
) -> BallOptimum:
    """Maximise ⟨score, π⟩ over the KL ball; differentiable in score, log_reference and budget.

    Scores whose difference is at most the sum of their `noise` are tied. A budget of 0 gives the
    reference. The gradient is implicit: through the root s, not through its iteration.
    """
    support = log_reference > -torch.inf
    masked = torch.where(support, score, -torch.inf)
    top, winner = masked.max(-1, keepdim=True)
    gap = torch.where(support, top - score, 0.0)
    tolerance = torch.zeros_like(gap)
    if noise is not None:
        tolerance = noise + noise.gather(-1, winner)
    tied = support & (gap <= tolerance)
    gap = torch.where(tied, 0.0, gap)
    face_cost = -torch.where(tied, log_reference, -torch.inf).logsumexp(-1)  # T = −log π_ref(F)
    binding = (budget < face_cost * (1 - 4e-16)) & (budget > 0)
    face = torch.where(binding[..., None] | (budget[..., None] <= 0), support, tied)
    on_face = torch.where(face, log_reference, -torch.inf)
    log_policy = on_face - on_face.logsumexp(-1, keepdim=True)
    residual = torch.zeros_like(budget)
    if bool(binding.any()):
        tilted, residual = _tilt(gap, tied, log_reference, budget, binding)
        log_policy = torch.where(binding[..., None], tilted, log_policy)
    return BallOptimum(log_policy, face, binding, residual)


def highest(
    direction: Float[Tensor, "*batch m"],
    log_reference: Float[Tensor, "*batch m"],
    budget: Float[Tensor, "*batch"],
    face: Bool[Tensor, "*batch m"] | None = None,
) -> Float[Tensor, "*batch"]:
    """Return max ⟨direction, π⟩ over the policies of the ball that live on `face` (default: all).

    KL(π‖π_ref) = KL(π‖π_ref|F) − log π_ref(F), so a face is a ball with a smaller budget.
    """
    if face is not None:
        log_reference = torch.where(face, log_reference, -torch.inf)
        mass = log_reference.logsumexp(-1)
        budget = (budget + mass).clamp(min=0.0)
        log_reference = log_reference - mass[..., None]
    return expectation(maximise(direction, log_reference, budget).log_policy, direction)


def expectation(
    log_policy: Float[Tensor, "*batch m"], values: Float[Tensor, "*batch m"]
) -> Float[Tensor, "*batch"]:
    """Return E_{x~π} values(x)."""
    return (log_policy.exp() * values).sum(-1)


def divergence(
    log_policy: Float[Tensor, "*batch m"], log_reference: Float[Tensor, "*batch m"]
) -> Float[Tensor, "*batch"]:
    """Return KL(π‖π_ref) without cancellation; +inf where π leaves the reference's support."""
    both = (log_policy > -torch.inf) & (log_reference > -torch.inf)
    ratio = torch.where(both, log_policy, 0.0) - torch.where(both, log_reference, 0.0)
    ratio = torch.where(both, ratio, torch.where(log_policy > -torch.inf, torch.inf, -torch.inf))
    return divergence_of(ratio, log_reference)


def divergence_of(
    log_ratio: Float[Tensor, "*batch m"], log_reference: Float[Tensor, "*batch m"]
) -> Float[Tensor, "*batch"]:
    """Return KL(π‖π_ref) from log π/π_ref (−inf: π has no mass there)."""
    reference = log_reference.exp()
    finite = log_ratio.abs() < torch.inf
    z = torch.where(finite, log_ratio, 0.0)
    small = z.abs() < _SERIES
    near = torch.where(small, z, 0.0)
    series = torch.full_like(near, _COEFFICIENTS[-1])
    for coefficient in reversed(_COEFFICIENTS[:-1]):
        series = series * near + coefficient
    policy = (torch.where(log_reference > -torch.inf, log_reference, 0.0) + z).exp()
    terms = torch.where(small, reference * near * near * series, policy * (z - 1) + reference)
    terms = torch.where(log_reference > -torch.inf, terms, 0.0)
    terms = torch.where(finite, terms, torch.where(log_ratio > 0, torch.inf, reference))
    return terms.sum(-1)


def log_ratio(
    exponent: Float[Tensor, "*batch m"], log_reference: Float[Tensor, "*batch m"]
) -> Float[Tensor, "*batch m"]:
    """Return log π/π_ref (0 outside the support) for π ∝ π_ref·e^exponent.

    The normaliser is taken about the reference's mode with log1p and expm1, so that log π/π_ref
    stays accurate where nearly all mass rests on one alternative; about the policy's mode where
    the mass has moved, so that a huge exponent elsewhere cannot swamp the differences.
    """
    support = log_reference > -torch.inf
    weight = torch.where(support, log_reference + exponent, -torch.inf)
    home, top = (of.argmax(-1, keepdim=True) for of in (log_reference, weight))
    moved_on = weight.gather(-1, top) - weight.gather(-1, home) > 1
    mode = torch.where(moved_on, top, home)
    a = torch.where(support, exponent - exponent.gather(-1, mode), 0.0)
    moved = torch.where(support, log_reference + a, -torch.inf)
    log_z = moved.logsumexp(-1)
    small = a.abs() < 1
    near = torch.where(small, a, 0.0)
    reference = log_reference.exp()
    large = moved.clamp(max=300).exp() - reference
    shift = torch.where(small, reference * torch.expm1(near), large).sum(-1)
    fine = shift.abs() < 0.5
    log_z = torch.where(fine, torch.log1p(torch.where(fine, shift, 0.0)), log_z)
    return torch.where(support, a - log_z[..., None], 0.0)


def _tilt(
    gap: Tensor, tied: Tensor, log_reference: Tensor, budget: Tensor, binding: Tensor
) -> tuple[Tensor, Tensor]:
    """Return (log π, residual) of π ∝ π_ref·e^(−s·gap) with KL = budget where `binding`."""
    with torch.no_grad():
        # Units in which the largest gap is 1; a zero where nothing binds would divide by zero.
        spread = torch.where(binding, gap.amax(-1), 1.0)
        unit = gap / spread[..., None]
        target = torch.where(binding, budget, 1.0)
        s, residual = _root(unit, tied, log_reference, target, binding)
        log_policy = log_reference + log_ratio(-s[..., None] * unit, log_reference)
        policy = log_policy.exp()
        mean = (policy * unit).sum(-1, keepdim=True)
        slope = (s * (policy * (unit - mean) ** 2).sum(-1)).clamp(min=_TINY)  # dKL/ds
    if gap.requires_grad or log_reference.requires_grad or budget.requires_grad:
        # One Newton step at the root carries its derivative; its value is 0 up to rounding.
        unit = gap / spread[..., None]
        ratio = log_ratio(-s[..., None] * unit, log_reference)
        kl = ((log_reference + ratio).exp() * ratio).sum(-1)
        step = ((kl - kl.detach()) - (budget - budget.detach())) / slope
        s = s - torch.where(binding, step, 0.0)
        log_policy = log_reference + log_ratio(-s[..., None] * unit, log_reference)
    return log_policy, torch.where(binding, residual, 0.0)


def _root(
    unit: Tensor, tied: Tensor, log_reference: Tensor, target: Tensor, binding: Tensor
) -> tuple[Tensor, Tensor]:
    """Return (s, relative residual) with KL(s) = target: Newton kept inside a bracket.

    Near the vertex the unknown is the small T − KL = log(1+ρ) + s·E[gap; outside the face], where
    ρ is the odds of leaving the face; it is a sum of positive terms, so no accuracy is lost.
    """
    on_face = torch.where(tied, log_reference, -torch.inf).logsumexp(-1)
    high = target > -0.5 * on_face
    left = torch.where(high, -on_face - target, target).clamp(min=_TINY)
    low = (8 * target).sqrt()  # KL(s) ≤ s²/8 for gaps in [0, 1] (Hoeffding)
    up = torch.full_like(low, torch.inf)
    s = low
    best, best_error = s, torch.full_like(s, torch.inf)
    for _ in range(_ITERATIONS):
        moved = log_ratio(-s[..., None] * unit, log_reference)
        policy = (log_reference + moved).exp()
        outside = torch.where(tied, -torch.inf, log_reference - s[..., None] * unit)
        odds = (outside.logsumexp(-1) - on_face).exp()
        rest = torch.log1p(odds) + s * (policy * unit).sum(-1)
        kl = divergence_of(moved, log_reference)
        mean = (policy * unit).sum(-1, keepdim=True)
        variance = (policy * (unit - mean) ** 2).sum(-1)
        value = torch.where(high, rest, kl)
        error = (value - left).abs() / torch.where(high, target, left)
        better = error < best_error
        best, best_error = torch.where(better, s, best), torch.where(better, error, best_error)
        below = torch.where(high, rest > left, kl < left)
        low, up = torch.where(below, s, low), torch.where(below, up, s)
        closed = up <= low * (1 + 4e-16)
        if bool(((best_error <= 1e-15) | closed | ~binding).all()):
            break
        ratio = (left / value.clamp(min=_TINY)).log()
        slope = s * variance / value.clamp(min=_TINY)  # |d log value / ds|
        in_log = s * (ratio / (s * slope)).clamp(-30, 30).exp()
        new = torch.where(high, s - ratio / slope, in_log)
        middle = torch.where(up < torch.inf, (low * up).sqrt(), 4 * low)
        usable = (new > low) & (new < up) & (new <= 64 * low)
        s = torch.where(usable, new, middle)
    return best, best_error
