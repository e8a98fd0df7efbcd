"""In a KL ball RLHF and DPO have infinite distortion under a pair law, with four alternatives.

Alternatives b, a, c, d, where the reference supports b and a alone, a with a mass of at least
e^(−τ), so that the policy may play a alone, and the pairs a–d, d–c, c–b are asked. Most users have
(b, a, c, d) = (0, 0, ½, 1), a share w has (ε, 0, 0, 0). So U(a) = 0 < U(b), and the reference
itself has a utility above 0.
On a path the reward's differences are the log-odds of the three contests,
    r_b − r_a = L(d≻a) − L(d≻c) − L(c≻b),  L(x≻y) = log p(x≻y)/p(y≻x).
At w = 0 this is β − β/2 − β/2 = 0. Its derivative in w at w = 0 is, by dL = dp/(p·(1−p)),
    −sinh(β) + 2·sinh(β/2) + O(ε) = −2·sinh(β/2)·(cosh(β/2) − 1) + O(ε) < 0 :
users who are indifferent blur one large step more than two steps of half its size. So for small ε
and w the reward of a is higher, every policy of RLHF plays a alone, and its utility is 0: infinite
distortion for every β > 0 and τ > 0. Small means: the ε-term, βε·cosh²(β/4), is below
2·sinh(β/2)·(cosh(β/2) − 1), so ε below β²/8 where β is small; and w·e^β is small.
As r_a − r_b > 0 strictly, a little mass on the other pairs, a law of full support, changes nothing.
A little reference mass on c and d makes the distortion finite, and as large as one likes. In social
choice the same law allows factors like K·(1+M) only (`path_law`): there d, which a is measured
against, could be played itself.
"""

from __future__ import annotations

import math
from fractions import Fraction

from adversary.problem.instance import Instance, Pairs, Reference, UserType
from adversary.theory.parameters import ball, below, beta_of, number, working_precision
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import BALL, WIDER, Claim, Theorem


def lead(beta: float, epsilon: float, share: float) -> float:
    """Return r_a − r_b of the instance, positive for small ε and w."""

    def odds(much: float, little: float) -> float:
        """Return the log-odds of a contest that the two types see with these differences."""
        half = (1 - share) * math.tanh(beta * much / 2) + share * math.tanh(beta * little / 2)
        return 2 * math.atanh(half)

    return odds(0.5, 0) + odds(0.5, -epsilon) - odds(1, 0)


def instance(
    beta: object, epsilon: object = None, share: object = None, tau: object = 1
) -> Instance:
    """Return the instance; π_ref(a) is 1/(1+τ) ≥ e^(−τ), or ½ if that is more.

    ε and w lie in (0, 1). The defaults are small enough for every β: ε = min(β², 1)/100, and
    w = e^(−β)/1000. Raises InputError.
    """
    b = beta_of(beta)
    size = min(b * b, Fraction(1)) / 100 if epsilon is None else number("epsilon", epsilon, 0, 1)
    budget = number("tau", tau, 0, 10**9)
    with working_precision(b):
        small = below((-ball(b)).exp() / 1000)
    w = small if share is None else number("share", share, 0, 1)
    zero, one, half = Fraction(0), Fraction(1), Fraction(1, 2)
    users = (UserType(1 - w, (zero, zero, half, one)), UserType(w, (size, zero, zero, zero)))
    path = Pairs(((1, 3, one), (2, 3, one), (0, 2, one)))
    mass = max(half, 1 / (1 + budget))
    reference = Reference((1 - mass, mass, zero, zero), budget)
    return Instance(b, ("b", "a", "c", "d"), users, path, reference)


_REWARDED = ("rlhf", "dpo")

THEOREM = Theorem(
    key="kl-path",
    title="RLHF and DPO in a KL ball have infinite distortion under a pair law",
    source=PROJECT,
    place="log-odds on a path",
    formula="∞",
    assumptions="the reference has zeros, and at least e^(−τ) of its mass on one alternative; with "
    "full support the distortion is finite on each instance, and unbounded",
    claims=(
        Claim(
            *("lower", _REWARDED, BALL, WIDER, lambda b, m: math.inf),
            law="tree",
            reference="free",
            least=4,
            budget="positive",
            loose=True,
            types=2,
        ),
    ),
    construction=instance,
)
bound = THEOREM.bound
