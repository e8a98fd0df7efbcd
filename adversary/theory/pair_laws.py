"""RLHF and DPO in social choice under any connected law on pairs: distortion at most K·G_n.

n is the length, in pairs, of the longest simple path in the graph of the pairs that are asked
about (not only in trees); G_n, S, facts (C) and F ≤ 0 are those of `path_law`. So at most K·G_{m−1}
for m alternatives, and exactly that over all laws on pairs, by the path of `path_law`. On a tree
with a longest path of n pairs K·G_n is reached as well: alternatives off the path are worth 0.

Proof. h(d) = σ(βd) − ½, A(x,y) = p(x≻y) − ½, N the symmetric law, e_xy = A(x,y) − h((r_x−r_y)/β).
Stationarity says that N(x,y)·e_xy is a circulation: antisymmetric, with sum 0 at each x. Draw an
arrow x → y on each asked pair with e_xy ≥ 0. The digraph is strongly connected: a set with no arrow
out of it would have a negative flow over every pair that leaves it, of which there is one, and
these flows sum to 0. So a simple path x_n → … → x_0 leads from an alternative that is played to the
best one, with A_i = A(x_i, x_{i−1}) ≥ h((r_i−r_{i−1})/β) on each step.
- Users: the mean of F ≤ 0 is U(x_0) + Σ G_i·A_i/h(1) ≤ K·G_n·U(x_n).
- Rewards: let s_i = max(−1, (r_i−r_{i−1})/β); A_i ≤ h(1) gives s_i ≤ 1, and A_i/h(1) ≥ S(s_i). Put
  v_n = 0, v_{i−1} = v_i + s_i. As x_n has the highest reward, v_i ≥ (r_n−r_i)/β ≥ 0, and (C) says
  v_0 − Σ G_i·S(s_i) ≤ H_n(0) = 0. Hence Σ G_i·A_i ≥ h(1)·v_0 ≥ 0, and U(x_0) ≤ K·G_n·U(x_n).

With m = 3 and a reference, where the budget does not bind, RLHF and DPO have distortion at most
cosh²(β/2) = C under every connected law on pairs, which the instances of `kl_vertex` reach (their
law as a law on pairs); from m = 4 on it is infinite (`kl_path`).
Proof. Let a be played, b be compared with it, r_a ≥ r_b, c be the third. Stationarity at a and b:
N_ac·(σ(r_a−r_c) − p_ac) = N_ab·x = −N_bc·(σ(r_b−r_c) − p_bc), x = p_ab − σ(r_a−r_b). If x ≥ 0 and
N_ab > 0, p_ab ≥ ½ and U(b) ≤ K·U(a) by GHY Lemma 1. Otherwise N_ac, N_bc > 0 by connectedness, or
x = 0 and N_ab > 0; and p_ac ≥ σ(r_a−r_c) ≥ σ(r_b−r_c) ≥ p_bc, so the kernel of `kl_vertex` with
z = c gives U(b) ≤ C·U(a).
"""

from __future__ import annotations

from collections.abc import Iterable

from adversary.theory.formulas import rate
from adversary.theory.path_law import gains

MOST = 16
"""Alternatives up to which the longest path is computed: 2^m·m² steps."""


def longest_path(m: int, pairs: Iterable[tuple[int, int]]) -> int:
    """Return the number of pairs in the longest simple path of a graph on m ≤ MOST alternatives.

    By dynamic programming over sets (Held and Karp). Raises ValueError for a larger m.
    """
    if m > MOST:
        raise ValueError(f"m: got {m}, expected at most {MOST}")
    neighbours = [0] * m
    for x, y in pairs:
        neighbours[x] |= 1 << y
        neighbours[y] |= 1 << x
    ends = [0] * (1 << m)  # of the simple paths through exactly this set, as bits
    for x in range(m):
        ends[1 << x] = 1 << x
    longest = 0
    for visited in range(1, 1 << m):
        if ends[visited]:
            longest = max(longest, visited.bit_count() - 1)
        for x in range(m):
            if ends[visited] >> x & 1:
                for y in range(m):
                    if neighbours[x] >> y & 1 and not visited >> y & 1:
                        ends[visited | 1 << y] |= 1 << y
    return longest


def at_most(beta: float, n: int) -> float:
    """Return K·G_n for a longest path of n ≥ 1 pairs."""
    return rate(beta) * gains(beta, n)[-1]
