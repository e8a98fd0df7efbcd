"""RLHF: a Bradley–Terry reward model, then the policy with the highest reward in the KL ball."""

from __future__ import annotations

from typing import ClassVar, final

from adversary import bradley_terry
from adversary.method import Method, Outcome, linear_outcome
from adversary.preferences import Preferences


@final
class RLHF(Method):
    """RLHF with the KL constraint KL(π‖π_ref) ≤ τ (GHY; PPO solved to optimality, theory §2).

    Every policy of the ball on the set of highest rewards is allowed where the budget does not
    bind. A pair graph that does not join the reference's support is reported as disconnected.
    """

    name: ClassVar[str] = "rlhf"
    summary: ClassVar[str] = "Bradley–Terry reward, then the best policy of the KL ball (PPO)"

    def solve(self, preferences: Preferences) -> Outcome:
        """Fit the reward by maximum likelihood, then maximise it over the ball."""
        fit = bradley_terry.fit(preferences)
        return linear_outcome(
            fit.reward,
            fit.noise,
            preferences.log_reference,
            preferences.budget,
            fit.determined,
            fit.residual,
        )
