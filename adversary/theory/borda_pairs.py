"""Under a law on pairs Borda and IPO have no bound, with one type of user.

An alternative's Borda score is its average against those that it is compared with. If the law
chooses weak opponents for a bad alternative, and an equal for the best, the bad one wins.
Social choice: a and b are worth 1, c is worth ε, d nothing; nearly all of the law is on {a, b} and
{c, d}. BC(a) = BC(b) = ½ and BC(c) = σ(βε) > ½, up to the little mass on the other pairs, so that
c is played: 1/ε for every β > 0.
In a KL ball: a, b, c are worth 0, 2/5 and 1, the reference supports a and b, and {b, c} has much
more mass than {a, b}: BC(a) = σ(−2β/5) > σ(−3β/5) = BC(b), up to that. So Borda plays a alone, and
so does IPO where the reference has at least e^(−τ) on a: an infinite distortion.
"""

from __future__ import annotations

import math
from fractions import Fraction

from adversary.problem.instance import Instance, Pairs, Reference, UserType, all_pairs
from adversary.theory.parameters import below, beta_of, half_margin, number, working_precision
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import BALL, SOCIAL, WIDER, Claim, Theorem

_ONE, _ZERO = Fraction(1), Fraction(0)
_METHODS = ("borda", "ipo")


def instance(beta: object, epsilon: object) -> Instance:
    """Return the instance of social choice, of ratio 1/ε, with a law of full support.

    Each of the other pairs has h(ε)/8 of the mass of {a, b}, h(d) = σ(βd) − ½. Raises InputError.
    """
    b, small = beta_of(beta), number("epsilon", epsilon, 0, 1)
    with working_precision(b):
        rest = below(half_margin(b, small) / 8)
    heavy = (0, 1), (2, 3)
    law = Pairs(tuple((*xy, _ONE if xy in heavy else rest) for xy in all_pairs(4)))
    users = (UserType(_ONE, (_ONE, _ONE, small, _ZERO)),)
    return Instance(b, ("a", "b", "c", "d"), users, law)


def in_ball(beta: object, tau: object = 1) -> Instance:
    """Return the instance in a KL ball; π_ref(a) is 1/(1+τ) ≥ e^(−τ), or ½ if that is more.

    {a, b} has a share of (h(3/5) − h(2/5))/8 of the law, h(d) = σ(βd) − ½. Raises InputError.
    """
    b, budget = beta_of(beta), number("tau", tau, 0, 10**9)
    with working_precision(b):
        share = below((half_margin(b, Fraction(3, 5)) - half_margin(b, Fraction(2, 5))) / 8)
    law = Pairs(((0, 1, share), (1, 2, 1 - share)))
    mass = max(Fraction(1, 2), 1 / (1 + budget))
    users = (UserType(_ONE, (_ZERO, Fraction(2, 5), _ONE)),)
    return Instance(b, ("a", "b", "c"), users, law, Reference((mass, 1 - mass, _ZERO), budget))


THEOREM = Theorem(
    key="borda-pairs",
    title="Borda and IPO have no bound under a law on pairs",
    source=PROJECT,
    place="weak opponents",
    formula="∞",
    assumptions="unbounded in social choice; infinite on an instance in a KL ball, whose reference "
    "has a zero",
    claims=(
        Claim("lower", _METHODS, SOCIAL, WIDER, lambda b, m: math.inf, law="free", least=4),
        Claim(
            *("lower", _METHODS, BALL, WIDER, lambda b, m: math.inf),
            law="free",
            reference="free",
            least=3,
            budget="positive",
            loose=True,
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
