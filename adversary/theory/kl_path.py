"""In a KL ball RLHF and DPO have infinite distortion under a pair law, with four alternatives.

Alternatives b, a, c, d, where the reference supports b and a alone (with mass ½ each, so that
τ ≥ log 2 lets the policy play either), and the pairs a–d, d–c, c–b are asked. Most users have
(b, a, c, d) = (0, 0, ½, 1), a share w has (ε, 0, 0, 0). So U(a) = 0 < U(b).
On a path the reward's differences are the log-odds of the three contests,
    r_b − r_a = L(d≻a) − L(d≻c) − L(c≻b),  L(x≻y) = log p(x≻y)/p(y≻x).
At w = 0 this is β − β/2 − β/2 = 0. Its derivative in w at w = 0 is, by dL = dp/(p·(1−p)),
    −sinh(β) + 2·sinh(β/2) + O(ε) = −2·sinh(β/2)·(cosh(β/2) − 1) + O(ε) < 0 :
users who are indifferent blur one large step more than two steps of half its size. So for small ε
and w the reward of a is higher, every policy of RLHF plays a alone, and its utility is 0: infinite
distortion for every β > 0. In social choice the same law allows K·(1+M)-like factors only
(`path_law`): there d, which a is measured against, could be played itself.
"""

from __future__ import annotations

import math
from fractions import Fraction

from adversary.problem.instance import Instance, Pairs, Reference, UserType
from adversary.theory.parameters import beta_of, number
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return +inf for m ≥ 4 and τ ≥ log 2."""
    if (m is not None and m < 4) or (tau is not None and tau < math.log(2)):
        return None
    return math.inf


def lead(beta: float, epsilon: float, share: float) -> float:
    """Return r_a − r_b of the instance, positive for small ε and w."""

    def odds(much: float, little: float) -> float:
        """Return the log-odds of a contest that the two types see with these differences."""
        half = (1 - share) * math.tanh(beta * much / 2) + share * math.tanh(beta * little / 2)
        return 2 * math.atanh(half)

    return odds(0.5, 0) + odds(0.5, -epsilon) - odds(1, 0)


def instance(beta: object, epsilon: object = "1/100", share: object = "1/1000") -> Instance:
    """Return the instance. ε and w lie in (0, 1) and are small, w·e^β too. Raises InputError."""
    b = beta_of(beta)
    size = number("epsilon", epsilon, 0, 1)
    w = number("share", share, 0, 1)
    zero, one, half = Fraction(0), Fraction(1), Fraction(1, 2)
    users = (UserType(1 - w, (zero, zero, half, one)), UserType(w, (size, zero, zero, zero)))
    path = Pairs(((1, 3, one), (2, 3, one), (0, 2, one)))
    return Instance(b, ("b", "a", "c", "d"), users, path, Reference((one, one, zero, zero), one))


THEOREM = Theorem(
    key="kl-path",
    title="RLHF and DPO in a KL ball have infinite distortion under a pair law",
    source=PROJECT,
    place="log-odds on a path",
    methods=("rlhf", "dpo"),
    setting="alignment",
    laws=("pairs", "user-dependent"),
    status="lower",
    formula="∞",
    assumptions="τ ≥ log 2, m ≥ 4, a reference with zeros",
    bound=bound,
    construction=instance,
)
