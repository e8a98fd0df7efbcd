"""GHY Corollary 4: maximal lotteries have distortion K, the best possible."""

from __future__ import annotations

from adversary.problem.instance import Instance
from adversary.theory import ghy_thm3
from adversary.theory.constants import rate
from adversary.theory.sources import GHY
from adversary.theory.theorem import BALL, COMMON, EVERY, SOCIAL, Claim, Theorem, widened


def instance(beta: object, epsilon: object, xi: object = "1.001", m: object = 2) -> Instance:
    """Return the instance of Theorem 3 with ξ > 1, where a maximal lottery never plays s.

    The ratio is α/((1−α)ξε), which tends to K for ε → 0 and ξ → 1 at every m.
    """
    return ghy_thm3.instance(beta, epsilon, xi, m)


_METHODS = ("maximal-lotteries",)
_WHY = "it ignores the budget and plays against all of the reference's support"

THEOREM = Theorem(
    key="ghy-cor4",
    title="Maximal lotteries have distortion K",
    source=GHY,
    place="Corollary 4",
    formula="K = (β/2)·coth(β/2)",
    assumptions="in a KL ball the lower bound has nearly all of the reference's mass on the best",
    claims=(
        *widened(Claim("lower", _METHODS, SOCIAL, COMMON, rate, types=2)),
        Claim("upper", _METHODS, SOCIAL, COMMON, rate),
        Claim("lower", _METHODS, BALL, EVERY, rate, reference="free", types=2, derived=_WHY),
        Claim("upper", _METHODS, BALL, COMMON, rate, derived=_WHY),
    ),
    construction=instance,
)
bound = THEOREM.bound
