"""GHY Corollary 4: maximal lotteries have distortion K, the best possible."""

from __future__ import annotations

from adversary.problem.instance import Instance
from adversary.theory import ghy_thm3
from adversary.theory.formulas import rate
from adversary.theory.sources import GHY
from adversary.theory.theorem import COMMON_LAWS, Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return K(β)."""
    return rate(beta) if m is None or m >= 2 else None


def instance(beta: object, epsilon: object, xi: object = "1.001", m: object = 2) -> Instance:
    """Return the instance of Theorem 3 with ξ > 1, where a maximal lottery never plays s.

    The ratio is α/((1−α)ξε), which tends to K for ε → 0 and ξ → 1 at every m.
    """
    return ghy_thm3.instance(beta, epsilon, xi, m)


THEOREM = Theorem(
    key="ghy-cor4",
    title="Maximal lotteries have distortion K",
    source=GHY,
    place="Corollary 4",
    methods=("maximal-lotteries",),
    setting="social-choice",
    laws=COMMON_LAWS,
    status="tight",
    formula="K = (β/2)·coth(β/2)",
    assumptions="the same pair law for every user",
    bound=bound,
    construction=instance,
)
