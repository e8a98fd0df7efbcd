"""When each type of user has a pair law of its own, no method has a bound, for any β.

Whoever is asked more often counts more. Two types of equal mass, the alternatives a and b:
 type A has the utilities (1, 0), and its law shows nearly always the same alternative twice;
 type B has (0, 1/R), and its law shows a and b.
b wins the majority of the comparisons, so every method that sees no more plays b: U(a)/U(b) = R.
With laws on pairs: A, of utilities (1, 0, 0), is asked about {b, c}, and with a small share q about
{a, c}; B, of (0, 1/R, 0), about {a, b}, and with q about {b, c}. Only B compares a with b, and b
wins all its contests, so Copeland, NLHF and maximal lotteries play b. For q → 0 most of what is
asked says that b is better than a and level with c: BC(b) stays above ½, BC(a) below it, and BC(c)
below BC(b); the reward is highest at b as well.
In a KL ball a reference on a and b, with at least e^(−τ) on b, lets b be played alone, and is worth
π_ref(a)/2 itself.

What does not do it:
- one alternative: nothing to choose;
- laws on pairs with m = 2: there is one pair, so one law, and U(a) ≤ K·U(b) by GHY Lemma 1;
- one type whose law asks about every pair, for all methods but Borda and IPO: then
  p(x≻y) = σ(β(u(x) − u(y))), βu solves the stationarity equations of RLHF and DPO, majorities and
  games have the right order too. Borda and IPO need an independent law for that (of positive
  masses), where Σ μ(y)·σ(β(u(x) − u(y))) rises in u(x); under a law on pairs they have no bound
  even with one type (`borda_pairs`). And where a pair is never asked about, which counts as ½,
  one type is no obstacle: an independent law with a zero, as the law of a type, never shows an
  alternative, while as a common law it scores it (SPEC 3.3).
"""

from __future__ import annotations

import math
from fractions import Fraction

from adversary.problem.instance import Independent, Instance, Pairs, UserDependent, UserType
from adversary.theory.parameters import below, beta_of, half_margin, number, working_precision
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import BALL, SOCIAL, USERS, Claim, Theorem

_LARGEST = 10**100
_ONE, _ZERO = Fraction(1), Fraction(0)


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
    """Return the instance of laws on pairs, with U(a)/U(b) = `ratio`; q = h(1/R)/8, h(d) = σ(βd)−½.

    Raises InputError.
    """
    b, target = beta_of(beta), number("ratio", ratio, 1, _LARGEST)
    with working_precision(b):
        q = below(half_margin(b, 1 / target) / 8)
    users = UserType(_ONE, (_ONE, _ZERO, _ZERO)), UserType(_ONE, (_ZERO, 1 / target, _ZERO))
    laws = Pairs(((0, 2, q), (1, 2, 1 - q))), Pairs(((0, 1, 1 - q), (1, 2, q)))
    return Instance(b, ("a", "b", "c"), users, UserDependent(laws))


_METHODS = ("borda", "copeland", "rlhf", "dpo", "ipo", "nlhf", "maximal-lotteries")


def _bound(beta: Fraction, m: int | None) -> float:
    return math.inf


THEOREM = Theorem(
    key="user-dependent",
    title="No method has a bound when pair laws depend on the user",
    source=PROJECT,
    place="two types of users",
    formula="∞",
    assumptions="two alternatives suffice where the types' "
    "laws are independent, three where they are laws on pairs",
    claims=(
        Claim("lower", _METHODS, SOCIAL, USERS, _bound, law="free", types=2),
        Claim(
            *("lower", _METHODS, BALL, USERS, _bound),
            law="free",
            reference="free",
            budget="positive",
            loose=True,
            types=2,
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
