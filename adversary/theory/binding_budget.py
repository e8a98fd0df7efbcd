"""In a KL ball RLHF and DPO have distortion at most C·K, C = cosh²(β/2), whatever the budget.

For every independent law, every m, reference and budget τ ≥ 0, whether or not it binds, and every
allowed policy. (Where the support S of the reference has one alternative there is nothing to
choose; otherwise a reward needs μ > 0 on S.) No upper bound was known where the budget binds.

Scale. Values v = βu in [0, β]; h(x) = σ(x) − ½ = tanh(x/2)/2, k = h' = ¼ − h², so k' = −2hk;
h is odd and concave on [0, ∞), k is even and falls in |x|. A type θ has values v_i(θ), E is the
mean over users, E_μ that over the law's alternatives i, the anchors. r is the reward; an
alternative x in S has a(θ), A = E a = β·U(x). The phantom 0 is worth 0 to everybody; its reward r_0
solves (F1). D_i = r_i − r_0, s = r_x − r_0, g = E_μ k(D).
(F1) E_μ h(D) = E E_μ h(v); (F2) E_μ h(s−D) = E E_μ h(a−v), the stationarity of r at x.
D_i ≥ 0 and s ≥ 0: E_μ h(y−D) rises in y, and E E_μ h(a−v) ≥ E E_μ h(0−v). If s = 0, a = 0 for all.

Spread lemma. E_μ f(D) ≤ E E_μ f(v) for every convex nondecreasing f on [0, ∞).
 Order D_1 ≤ … ≤ D_n (all μ_i > 0). Let p_i be a slope of f at D_i, nondecreasing in i,
 λ_0 = E_μ p/g ≥ 0, g_i = p_i − λ_0·k(D_i): nondecreasing, with E_μ of 0. The Markov chain that
 jumps from i to j at rate μ_j·k(D_i−D_j) is reversible for μ, and stochastically monotone, as k
 falls in |x|. So λ = ∫ e^(tQ) g dt over t > 0 is nondecreasing and solves
 (*) Σ_j μ_j·k(D_i−D_j)·(λ_i − λ_j) = g_i.
 For functions v ≥ 0 on [0, 1), with μ_i the length of the interval on which λ is λ_i, let
 J(v) = ∫ f(v) − ∫∫ λ(x)·h(v(x)−v(y)) − λ_0·∫ h(v).
 - J does not rise when v is rearranged to be nondecreasing: ∫ λ·φ(v), φ(z) = ∫ h(z − v(y)) dy
   nondecreasing, is then largest (Hardy and Littlewood), and the rest does not change.
 - On nondecreasing v ≥ 0 it is convex: the double integral is that of (λ(x)−λ(y))·h(v(x)−v(y)) over
   x > y, with λ(x) ≥ λ(y) and h concave on [0, ∞); −λ_0·h is convex there.
 - At D its derivative is p_i − Σ_j μ_j·k(D_i−D_j)(λ_i−λ_j) − λ_0·k(D_i) = 0, by (*).
 So J(v) ≥ J(D). Take v = v(θ) and the mean over θ: by stationarity at each anchor and (F1) the
 terms with h are the same on both sides. ∎
 Hence D ≤ β, by f(x) = max(x−β, 0), and s ≤ β: f(x) = −h(β−x), convex on [0, β], gives
 E_μ h(s−D) = E E_μ h(a−v) ≤ E E_μ h(β−v) ≤ E_μ h(β−D).

(L) k(β)·A ≤ g·s. Let e = β−s, α = k(β)/k(e) ≤ 1, N = s·k(β) − α·(h(β)−h(e)),
 c = max(0, β·k(β) − α·h(β)), γ = (N−c)/h(β). Then N ≥ 0, as h(β)−h(e) ≤ s·k(e), and
 N − β·k(β) + α·h(β) = k(β)·(h(e)/k(e) − e) ≥ 0, as h(e) ≥ e·k(e). So γ ≥ 0.
 (1) α·[h(a−v)+h(v)] + γ·h(v) + c − k(β)·a ≥ 0 for a, v in [0, β]. In a it falls but where
  |a−v| < e: its minima are at 0, at v−e (if v ≥ e) and at β.
  At 0 it is γ·h(v) + c. At v−e it is concave in v; for v = e see 0, for v = β it is 0 by the choice
  of γ. At β it is concave in v; for v = 0 it is c − β·k(β) + α·h(β) ≥ 0, for v = β it is
  α·h(e) − e·k(β) = k(β)·(h(e)/k(e) − e) ≥ 0.
 (2) Φ(D) = s·k(D) − α·[h(s−D)+h(D)] − γ·h(D) − c ≥ 0 for D in [0, β]. With X = tanh(s/2) and
  T = tanh(D/2), k = (1−T²)/4 and h(s−D)+h(D) = ½X(1−T²)/(1−XT), whose second derivative in T is
  −X(1−X²)/(1−XT)³. So Φ'' = −s/2 + α·X(1−X²)/(1−XT)³ in T: first concave, then convex.
  Φ(β) = s·k(β) − α·(h(β)−h(e)) − N = 0. There Φ falls: its derivative in D is
  k(β)·(1 − α − γ − 2s·h(β)), and α = exp(−2∫ h over [e, β]) ≥ 1 − 2s·h(β). And Φ(0) ≥ 0: for c = 0
  as α·h(s) ≤ s/4. For c > 0, Φ(0) = s·(¼ − k(β)) − k(β)·(e − Δ/k(e)) with Δ = h(β)−h(s). If s ≥ e,
  Δ ≥ e·k(β), so e − Δ/k(e) ≤ e·(1−α) ≤ s·(1−α). If s < e, Δ ≥ (e−s)·k(e) + s·k(β), and so again
  e − Δ/k(e) ≤ s·(1−α). It remains ¼ ≥ k(β)·(2−α), and α ≥ 4k(β), 2k − 4k² = ¼ − (2k−½)² ≤ ¼.
  So Φ ≥ 0 where it is convex, as it falls to 0, and where it is concave, as it is so at both ends.
 The means of (1) over users and anchors and of (2) over anchors meet in (F1) and (F2). ∎

(U) 4g·s ≤ K·A. A/4 ≥ E E_μ [h(a−v)+h(v)] = E_μ [h(s−D)+h(D)] = E_μ 2X·k(D)/(1−XT) ≥ 2X·g, and
 (s/2)·coth(s/2) ≤ K as s ≤ β. ∎

An allowed policy π maximises E r over a set with the best policy π*, so E_π* s ≤ E_π s, and
 k(β)·A_π* ≤ g·E_π* s ≤ g·E_π s ≤ K·A_π/4: with 4k(β) = 1/C, U(π*) ≤ C·K·U(π).
"""

from __future__ import annotations

import math


def half(x: float) -> float:
    """Return h(x) = σ(x) − ½."""
    return math.tanh(x / 2) / 2


def slope(x: float) -> float:
    """Return k(x) = h'(x)."""
    return 0.25 / math.cosh(x / 2) ** 2


def multipliers(s: float, beta: float) -> tuple[float, float, float]:
    """Return (α, γ, c) of (L), for 0 < s ≤ β."""
    k, e = slope(beta), beta - s
    alpha = k / slope(e)
    n = s * k - alpha * (half(beta) - half(e))
    c = max(0.0, beta * k - alpha * half(beta))
    return alpha, (n - c) / half(beta), c


def first(a: float, v: float, s: float, beta: float) -> float:
    """Return the left side of (1), never negative for a, v in [0, β] and s in (0, β]."""
    alpha, gamma, c = multipliers(s, beta)
    return alpha * (half(a - v) + half(v)) + gamma * half(v) + c - slope(beta) * a


def second(d: float, s: float, beta: float) -> float:
    """Return Φ(D) of (2), never negative for D in [0, β] and s in (0, β]."""
    alpha, gamma, c = multipliers(s, beta)
    return s * slope(d) - alpha * (half(s - d) + half(d)) - gamma * half(d) - c
