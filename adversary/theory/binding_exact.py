"""In a KL ball RLHF and DPO have distortion exactly C = cosh²(β/2) for β ≤ 2.068, for every budget.

Precisely: at most C for every independent law, m, reference, budget and allowed policy where
(B) tanh(β/2) ≥ 3β/8, that is β ≤ 2.06804…;
the instances of `kl_vertex` reach C in the limit. For large β it is not the answer where the budget
binds. The notation, (F1), (F2), the spread lemma and (L) are those of `binding_budget`; in the
place of (U) stands

(U') 4g·s ≤ A for every alternative of the reference's support.
With (L) and E_π* s ≤ E_π s it gives A_π* ≤ C·4g·E_π* s ≤ C·4g·E_π s ≤ C·A_π.

Proof of (U'). Let s > 0, e = β−s, α = 1/k(s); X, E, T stand for tanh(s/2), tanh(e/2), tanh(D/2);
 b(x) = x/4 − h(x) ≥ 0, φ(x) = α·(h(s) − h(s−x)) − x = 2T/(1−XT) − x (with T = tanh(x/2)).
 φ(0) = φ'(0) = 0, and φ is convex on [0, s]. With δ in [0, 4], f(v) = (1−δ/4)·v + φ((v−e)₊) is
 convex and nondecreasing on [0, β]. It is enough that for a, v, D in [0, β]
 (P) a ≥ s − α·h(s) + f(v) + α·h(a−v) + δ·h(v),
 (Q) 4s·k(D) ≤ s − α·h(s) + f(D) + α·h(s−D) + δ·h(D);
 for the mean of (P) over users and anchors, E E_μ f(v) ≥ E_μ f(D), (F2), (F1) and the mean of (Q)
 give A ≥ 4s·g. Let δ = max(0, δ₀), δ₀ = 4 − (α−4)·h(β)/b(β).

(P) reads, with x = a−v in [−v, β−v]: x − α·h(x) + δ·b(v) ≥ s − α·h(s) + φ((v−e)₊). The left side
 falls in x where |x| < s, so its minima are at min(s, β−v) and at −v. At the first it is the right
 side plus δ·b(v), as s − u − α·h(s−u) = s − α·h(s) + φ(u). At x = −v it is (α−4)·h(v) − (4−δ)·b(v)
 ≥ 0, as h/b falls and δ ≥ δ₀, while the right side rises in v to s − α·h(s) + φ(s) = 0.

(Q) reads φ(D) + δ·b(D) ≤ s·T² + φ((D−e)₊). Note φ(D) + 4b(D) = 2XT²/(1−XT), α−4 = 4X²/(1−X²), b(D)
 = (artanh T − T)/2 ≥ (T³/6)(1 + 3T²/5), s ≥ 2X + 2X³/3. By (B) b(β) ≤ h(β)/3, and T² ≤ 0.602.
- δ = δ₀ ≥ 0. Then δ·b(D) ≤ 4b(D) − (α−4)·(T³/2)(1 + 3T²/5), and (Q) follows from 2XT²/(1−XT) ≤ 2XT²
  + 2X²T³/(1−X²)·(1 + 3T²/5), that is X(T−X)/(1−XT) ≤ 3T²/5. It is so for T ≤ X; for X ≤ 3T/4 as
  X(T−X) ≤ T²/4 and 1−XT ≥ 5/12; else as X(T−X) ≤ 3T²/16 and 1−XT ≥ 5/16.
- δ = 0 > δ₀. Then s ≥ β/2, so e ≤ s: at s = β/2 one has δ₀ > 0, as with t = tanh(β/4) ≤ 0.4755 and
  β/4 ≥ t + t³/3 it reads (β/4)(1−t⁴) > t, and 1 > 3t² + t⁴; and δ₀ falls in s.
  D ≤ e: (Q) follows from 2XT²/(1−XT) ≤ (2/3)T³ + (2X + 2X³/3)T², that is 3X²T ≤ (X³+T)(1−XT). With
   z² = XT ≤ XE ≤ t² < ¼ (log tanh is concave) X³+T ≥ 2Xz, and 2z(1−z²) ≥ 3z².
  D > e: with t = tanh((D−e)/2) ≤ X, T−t = E(1−Tt), so φ(D) − φ(D−e) is 2E(1−Tt)/((1−XT)(1−Xt)) − e,
   where e ≥ 2E + 2E³/3. Put E = Xp, t = Xq, T = Xr and y = X², so r = (p+q)/(1+ypq). (Q) follows
   from H ≥ 0 (`remainder`) for p, q in [0, 1] with X(1+p) ≤ (1+yp)·tanh(β/2). Where r ≤ 1/5: q ≤ r,
   y ≤ 0.61 and 1−P ≤ y(r+q+qr) ≤ 0.27 give H ≥ q²(1−2r) + r²q(1−yr) + yr²(P/3 − r) ≥ 0. Elsewhere a
   branch and bound in ball arithmetic proves H > 0 with about 31,000 boxes: a program of the tests
   (tests/theory/test_binding_exact.py), not of the trusted checker.
"""

from __future__ import annotations

import math
from typing import Any

from adversary.theory.binding_budget import half, slope

LARGEST = 2.0680
"""(B) holds up to 2.06804…."""


def gap(x: float) -> float:
    """Return b(x) = x/4 − h(x)."""
    return x / 4 - half(x)


def bend(x: float, s: float) -> float:
    """Return φ(x) = α·(h(s) − h(s−x)) − x."""
    return (half(s) - half(s - x)) / slope(s) - x


def share(s: float, beta: float) -> float:
    """Return δ = max(0, 4 − (α−4)·h(β)/b(β))."""
    return max(0.0, 4 - 4 * math.sinh(s / 2) ** 2 * half(beta) / gap(beta))


def spread(v: float, s: float, beta: float) -> float:
    """Return f(v), convex and nondecreasing on [0, β]."""
    return (1 - share(s, beta) / 4) * v + bend(max(0.0, v - beta + s), s)


def above(a: float, v: float, s: float, beta: float) -> float:
    """Return the left side of (P) less the right side, never negative under (B)."""
    alpha, delta = 1 / slope(s), share(s, beta)
    right = s - alpha * half(s) + spread(v, s, beta) + alpha * half(a - v) + delta * half(v)
    return a - right


def below(d: float, s: float, beta: float) -> float:
    """Return the right side of (Q) less the left side, never negative under (B)."""
    alpha, delta = 1 / slope(s), share(s, beta)
    right = s - alpha * half(s) + spread(d, s, beta) + alpha * half(s - d) + delta * half(d)
    return right - 4 * s * slope(d)


def remainder(x: Any, p: Any, q: Any) -> Any:
    """Return H(X, p, q) of the proof; numbers or balls."""
    y = x * x
    r = (p + q) / (1 + y * p * q)
    product = (1 - y * q * r) * (1 - y * r) * (1 - y * q)
    first = q * q + r * q * (r - q) * (1 + y) + product * (y * r * r + p * p * p) / 3
    return first - r * r * (1 - product)
