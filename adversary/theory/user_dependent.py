"""When each type of user has a pair law of its own, no method has a bound, for any β.

Whoever is asked more often counts more. Two types of equal mass, the alternatives a and b:
 type A has the utilities (1, 0), and its law shows nearly always the same alternative twice;
 type B has (0, 1/R), and its law shows a and b.
b wins the majority of the comparisons, so every method that sees no more plays b: U(a)/U(b) = R.
With laws on pairs: A, of utilities (1, 0, 0), is asked about {a, c} only, B, of (0, 1/R, 0), about
{a, b} only. On this tree RLHF's and DPO's rewards differ by the log-odds of each pair: b is first.

Neither does with less:
- one type: p(x≻y) = σ(β(u(x) − u(y))) on every pair that is asked about, so βu solves the
  stationarity equations of RLHF and DPO, and the order is the right one; so it is for Borda and
  IPO, as Σ μ(y)·σ(β(u(x) − u(y))) rises in u(x), and majorities are right as well;
- one alternative: nothing to choose;
- laws on pairs with m = 2: there is one pair, so one law, and U(a) ≤ K·U(b) by GHY Lemma 1.
"""

from __future__ import annotations

import math
from fractions import Fraction

from adversary.problem.instance import Independent, Instance, Pairs, UserDependent, UserType
from adversary.theory.parameters import below, beta_of, half_margin, number, working_precision
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import Theorem

_LARGEST = 10**100
_ONE, _ZERO = Fraction(1), Fraction(0)


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return inf for m ≥ 2."""
    return math.inf if m is None or m >= 2 else None


def instance(beta: object, ratio: object) -> Instance:
    """Return the instance of two alternatives, with U(a)/U(b) = `ratio`, which is above 1.

    Independent laws: B's is (½, ½), A's (1−q, q) shows {a, b} half as often as would make a tie.
    Raises InputError.
    """
    b, target = beta_of(beta), number("ratio", ratio, 1, _LARGEST)
    with working_precision(b):
        q = below(half_margin(b, 1 / target) / half_margin(b, _ONE) / 8)
    users = UserType(_ONE, (_ONE, _ZERO)), UserType(_ONE, (_ZERO, 1 / target))
    laws = Independent((1 - q, q)), Independent((_ONE, _ONE))
    return Instance(b, ("a", "b"), users, UserDependent(laws))


def on_pairs(beta: object, ratio: object) -> Instance:
    """Return the instance of laws on pairs, with U(a)/U(b) = `ratio`. Raises InputError."""
    b, target = beta_of(beta), number("ratio", ratio, 1, _LARGEST)
    users = UserType(_ONE, (_ONE, _ZERO, _ZERO)), UserType(_ONE, (_ZERO, 1 / target, _ZERO))
    laws = Pairs(((0, 2, _ONE),)), Pairs(((0, 1, _ONE),))
    return Instance(b, ("a", "b", "c"), users, UserDependent(laws))


THEOREM = Theorem(
    key="user-dependent",
    title="No method has a bound when pair laws depend on the user",
    source=PROJECT,
    place="two types of users",
    methods=("borda", "copeland", "rlhf", "dpo", "ipo", "nlhf", "maximal-lotteries"),
    setting="social-choice",
    laws=("user-dependent",),
    status="lower",
    formula="∞",
    assumptions="the types' laws not fixed: independent ones from m = 2 on, laws on pairs for "
    "RLHF and DPO from m = 3 on; every β > 0",
    bound=bound,
    construction=instance,
)
