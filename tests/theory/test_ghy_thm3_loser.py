"""GHY Theorem 3, second half: no method here plays a Condorcet loser, so K at every m."""

from __future__ import annotations

import pytest
import torch

from adversary.interface.method import by_name
from adversary.problem.distortion import evaluate
from adversary.problem.instance import Independent, Instance, Pairs, UserType, all_pairs
from adversary.problem.population import Population
from adversary.theory import ghy_cor4
from adversary.theory.formulas import rate
from adversary.theory.ghy_thm3_loser import THEOREM


def random_law(m: int, generator: torch.Generator, kind: str) -> Independent | Pairs:
    """Return a law of full support whose weights span many orders of magnitude."""
    size = m if kind == "independent" else len(all_pairs(m))
    masses = [f"1e-{int(p)}" for p in torch.randint(0, 6, (size,), generator=generator)]
    if kind == "independent":
        return Independent(tuple(masses))  # type: ignore[arg-type]
    pairs = zip(all_pairs(m), masses, strict=True)
    return Pairs(tuple((x, y, mass) for (x, y), mass in pairs))  # type: ignore[misc]


@pytest.mark.parametrize("method", THEOREM.methods)
@pytest.mark.parametrize("kind", ["independent", "pairs"])
@pytest.mark.parametrize("m", [2, 3, 5])
def test_k_is_reached_at_every_m_under_any_law(method, kind, m):
    """The instance whose special alternative is a Condorcet loser, under laws of every shape."""
    near = ghy_cor4.instance(4, "1e-6", "1.0001", m)
    generator = torch.Generator().manual_seed(m)
    users = tuple(UserType(u.weight, u.utilities) for u in near.users)
    for _ in range(5):
        law = random_law(m, generator, kind)
        found = Instance(near.beta, near.alternatives, users, law)
        result, outcome = evaluate(Population.of(found), by_name(method))
        assert outcome.log_policy[0, 0].exp() < 1e-9
        assert result.every.item() == pytest.approx(rate(4), rel=1e-3)
    assert THEOREM.bound(4, m) is not None
