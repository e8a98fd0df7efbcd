"""Slow references: the definitions stated as cvxpy programs, and in many digits.

None of this shares a line with the solvers that it judges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import cvxpy as cp
import mpmath as mp
import numpy as np
from cvxpy.constraints.exponential import ExpCone
from flint import arb, arb_mat, ctx

Digits = Any  # an mpf of mpmath, which has no types
Program = tuple[cp.Problem, dict[str, cp.Parameter], cp.Variable]


def solved(program: Program, **values: object) -> tuple[float, np.ndarray]:
    """Set the parameters, solve; return the optimal value and the optimal point."""
    problem, parameters, variable = program
    for name, parameter in parameters.items():
        parameter.value = np.asarray(values[name], dtype=float)
    problem.solve(solver=cp.CLARABEL)
    assert problem.status == cp.OPTIMAL, problem.status
    return float(problem.value), np.asarray(variable.value, dtype=float)  # pyright: ignore


@cache
def likelihood(m: int) -> Program:
    """Bradley–Terry maximum likelihood: min Σ c_xy log(1 + e^(r_y − r_x)), c = N·p by pairs."""
    pairs = list(combinations(range(m), 2))
    first, second = cp.Parameter(len(pairs), nonneg=True), cp.Parameter(len(pairs), nonneg=True)
    reward = cp.Variable(m)
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    t = reward[x] - reward[y]
    loss = first @ cp.logistic(-t) + second @ cp.logistic(t)
    centred: list[Any] = [cp.sum(reward) == 0]
    problem = cp.Problem(cp.Minimize(loss), centred)
    return problem, {"first": first, "second": second}, reward


@cache
def dpo(m: int) -> Program:
    """DPO's loss over policies: min Σ c_xy log(1 + e^(b·h_y − b·h_x)) with h = log π/π_ref."""
    pairs = list(combinations(range(m), 2))
    first, second = cp.Parameter(len(pairs), nonneg=True), cp.Parameter(len(pairs), nonneg=True)
    b = cp.Parameter(pos=True)
    h, scaled = cp.Variable(m), cp.Variable(m)
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    t = scaled[x] - scaled[y]
    loss = first @ cp.logistic(-t) + second @ cp.logistic(t)
    linked: list[Any] = [cp.sum(h) == 0, scaled == b * h]
    problem = cp.Problem(cp.Minimize(loss), linked)
    return problem, {"first": first, "second": second, "b": b}, h


@cache
def ball(m: int) -> Program:
    """Max ⟨score, π⟩ over the KL ball."""
    score, reference, budget = cp.Parameter(m), cp.Parameter(m, pos=True), cp.Parameter(pos=True)
    policy = cp.Variable(m)
    inside: list[Any] = [cp.sum(policy) == 1, cp.sum(cp.kl_div(policy, reference)) <= budget]
    problem = cp.Problem(cp.Maximize(score @ policy), inside)
    return problem, {"score": score, "reference": reference, "budget": budget}, policy


@cache
def nash(m: int) -> Program:
    """Min over π of max over π' of ⟨Aπ, π'⟩, both in the KL ball, the inner one by its dual.

    max over B of ⟨g, π'⟩ = min over η of η log Σ π_ref e^(g/η) + ητ: an exponential cone.
    """
    margin, inverse = cp.Parameter((m, m)), cp.Parameter(m, pos=True)
    reference, budget = cp.Parameter(m, pos=True), cp.Parameter(pos=True)
    policy, q = cp.Variable(m), cp.Variable(m)
    eta, shift, spent = cp.Variable(), cp.Variable(), cp.Variable()
    constraints: list[Any] = [
        cp.sum(policy) == 1,
        cp.sum(cp.kl_div(policy, reference)) <= budget,
        ExpCone(margin @ policy - shift, eta * np.ones(m), cp.multiply(inverse, q)),
        cp.sum(q) <= eta,
        spent >= budget * eta,
        eta >= 0,
    ]
    problem = cp.Problem(cp.Minimize(shift + spent), constraints)
    parameters = {"margin": margin, "inverse": inverse, "reference": reference, "budget": budget}
    return problem, parameters, policy


@cache
def lottery(m: int) -> Program:
    """A maximal lottery: min t with Aπ ≤ t, a linear program."""
    margin, policy, t = cp.Parameter((m, m)), cp.Variable(m, nonneg=True), cp.Variable()
    unbeaten: list[Any] = [cp.sum(policy) == 1, margin @ policy <= t]
    problem = cp.Problem(cp.Minimize(t), unbeaten)
    return problem, {"margin": margin}, policy


@cache
def best_lottery(m: int) -> Program:
    """Max ⟨values, π⟩ over the maximal lotteries in the KL ball."""
    margin, values = cp.Parameter((m, m)), cp.Parameter(m)
    reference, budget = cp.Parameter(m, pos=True), cp.Parameter(pos=True)
    policy = cp.Variable(m, nonneg=True)
    constraints: list[Any] = [
        cp.sum(policy) == 1,
        margin @ policy <= 0,
        cp.sum(cp.kl_div(policy, reference)) <= budget,
    ]
    problem = cp.Problem(cp.Maximize(values @ policy), constraints)
    parameters = {"margin": margin, "values": values, "reference": reference, "budget": budget}
    return problem, parameters, policy


def counts(win: np.ndarray, log_pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return N·p for each unordered pair, seen from its first and from its second member."""
    x, y = (np.array(s) for s in zip(*combinations(range(len(win)), 2), strict=True))
    weight = np.exp(log_pairs)
    return weight[x, y] * win[x, y], weight[x, y] * win[y, x]


def loss(reward: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Return the Bradley–Terry loss of a reward."""
    x, y = (np.array(s) for s in zip(*combinations(range(len(reward)), 2), strict=True))
    t = reward[x] - reward[y]
    return float(first @ np.logaddexp(0, -t) + second @ np.logaddexp(0, t))


def minimum(function: Callable[[Digits], Digits], low: float, high: float) -> Digits:
    """Return the least value of a unimodal function by golden-section search."""
    ratio = (mp.sqrt(5) - 1) / 2
    a, b = mp.mpf(low), mp.mpf(high)
    c, d = b - ratio * (b - a), a + ratio * (b - a)
    at_c, at_d = function(c), function(d)
    for _ in range(75):
        if at_c < at_d:
            b, d, at_d = d, c, at_c
            c = b - ratio * (b - a)
            at_c = function(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + ratio * (b - a)
            at_d = function(d)
    return min(at_c, at_d)


def support_function(score: np.ndarray, log_reference: np.ndarray, budget: float) -> float:
    """Return an upper bound on max ⟨score, π⟩ over the KL ball, tight to about 1e-14 of its size.

    Weak duality: every η > 0 gives a bound (theory §6), here in 40 digits.
    """
    with mp.workdps(40):
        known = np.isfinite(log_reference)
        g = [mp.mpf(float(v)) for v in score[known]]
        log_ref = [mp.mpf(float(v)) for v in log_reference[known]]
        total = mp.log(mp.fsum(mp.exp(v) for v in log_ref))
        top = max(g)
        if not math.isfinite(budget):
            return float(top)

        def bound(log_eta: Digits) -> Digits:
            eta = mp.exp(log_eta)
            terms = [mp.exp(v - total + (x - top) / eta) for v, x in zip(log_ref, g, strict=True)]
            return top + eta * (mp.log(mp.fsum(terms)) + mp.mpf(budget))

        return float(minimum(bound, -45, 45))


def duality_gap(
    margin: np.ndarray, policy: np.ndarray, log_reference: np.ndarray, budget: float
) -> float:
    """Return an upper bound on max over the ball of p(π'≻π) − ½, relative to max |A|."""
    known = np.isfinite(log_reference)
    scale = np.abs(margin[np.ix_(known, known)]).max()
    return support_function(margin @ policy / scale, log_reference, budget)


def exact_tilt(
    score: Sequence[float], log_reference: Sequence[float], budget: float
) -> list[Digits]:
    """Return log π of the KL ball's optimum where the budget binds, in 50 digits."""
    with mp.workdps(50):
        support = [x for x, v in enumerate(log_reference) if v > -math.inf]
        ref = [mp.mpf(float(log_reference[x])) for x in support]
        total = mp.log(mp.fsum(map(mp.exp, ref)))
        gaps = [max(score[x] for x in support) - mp.mpf(float(score[x])) for x in support]
        gaps = [mp.mpf(gap) / max(gaps) for gap in gaps]

        def tilted(log_s: Digits) -> tuple[list[Digits], Digits]:
            moved = [v - total - mp.exp(log_s) * gap for v, gap in zip(ref, gaps, strict=True)]
            z = mp.log(mp.fsum(map(mp.exp, moved)))
            logs = [v - z for v in moved]
            terms = (mp.exp(v) * (v - w + total) for v, w in zip(logs, ref, strict=True))
            return logs, mp.fsum(terms)

        low, up = mp.mpf(-60), mp.mpf(60)
        for _ in range(150):
            middle = (low + up) / 2
            inside = tilted(middle)[1] < budget
            low, up = (middle, up) if inside else (low, middle)
        found = dict(zip(support, tilted(low)[0], strict=True))
        return [found.get(x, -mp.inf) for x in range(len(log_reference))]


def exact_reward(
    start: Sequence[float], win: np.ndarray, margin: np.ndarray, log_pairs: np.ndarray
) -> np.ndarray:
    """Return the mean-zero Bradley–Terry reward by Newton's method in 3000-bit balls from `start`.

    Fails unless the last step was below 1e-40: the answer does not depend on `start`.
    """
    m = len(start)
    with ctx.workprec(3000):
        p = [[_exact_win(float(win[x, y]), float(win[y, x]), float(margin[x, y]))
              for y in range(m)] for x in range(m)]  # fmt: skip
        weight = [[arb(float(v)).exp() if v > -math.inf else arb(0) for v in row]
                  for row in log_pairs]  # fmt: skip
        reward = [arb(float(v)) for v in start]
        size = math.inf
        for _ in range(4):
            force, jacobian = [arb(0)] * m, [[arb(0)] * m for _ in range(m)]
            for x in range(m):
                for y in range(m):
                    if x != y and weight[x][y] != 0:
                        q = 1 / (1 + (reward[y] - reward[x]).exp())
                        slope = weight[x][y] * q * (1 - q)
                        force[x] += weight[x][y] * (p[x][y] - q)
                        jacobian[x][x] += slope
                        jacobian[x][y] -= slope
            rows = [[jacobian[x][y] / jacobian[x][x] for y in range(1, m)] for x in range(1, m)]
            right = [[force[x] / jacobian[x][x]] for x in range(1, m)]
            step = arb_mat(rows).solve(arb_mat(right))
            moves = [step[x, 0] for x in range(m - 1)]
            reward = [reward[0], *((r + d).mid() for r, d in zip(reward[1:], moves, strict=True))]
            size = max(float(abs(d).mid()) for d in moves)
        assert size < 1e-40
        mean = sum(reward, arb(0)) / m
        return np.array([float((r - mean).mid()) for r in reward])


def _exact_win(win: float, loss: float, margin: float) -> arb:
    """Return p(x≻y) from whichever of p, 1 − p and p − ½ a double states best."""
    if win < 0.25:
        return arb(win)
    return 1 - arb(loss) if loss < 0.25 else arb(0.5) + arb(margin)
