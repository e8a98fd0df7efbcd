"""From a limit to exact instances: margins, digits, laws and balls, and a certificate for a few."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from adversary import DPO, IPO, NLHF, RLHF, Borda, Copeland, Method
from adversary.certifying.certify import certify
from adversary.interface.conditions import Conditions, Target
from adversary.problem.instance import Independent, Pairs, UserDependent
from adversary.problem.population import Population
from adversary.searching import concrete
from adversary.searching.exact import _build, _instance, _look, _Place, _program, _starts, _View
from adversary.searching.simplify import values
from adversary.searching.space import FREE, SearchSpace

TAU = Fraction(1, 4)


def views(method: Method, law: str, ball: object, m: int = 3) -> list[_View]:
    """Return the solutions at one start in each pattern."""
    reference = None if ball is None else FREE
    space = SearchSpace(Fraction(4), m, 20, law, reference, ball)  # type: ignore[arg-type]
    rng, found = np.random.default_rng(0), []
    for place in _starts(space, method, torch.Generator().manual_seed(4), 1):
        view = _look(place, method, rng, None, 1e-7, 1e6)
        if view is not None and view.solution.solved:
            found.append(view)
    assert found
    return found


def target_of(place: _Place, method: Method) -> tuple[Target, Tensor, Conditions]:
    """Return target, policy to compare with, and conditions at a place."""
    made = _build(place, method)
    assert made is not None
    return made


CASES = [
    (Borda(), "independent", None),
    (RLHF(), "independent", FREE),
    (RLHF(), "pairs", TAU),
    (DPO(), "independent", TAU),
    (NLHF(), "independent", TAU),
    (IPO(), "independent", TAU),
    (IPO(), "user-dependent", TAU),
]
every_case = pytest.mark.parametrize(
    ("method", "law", "ball"), CASES, ids=lambda v: v.name if isinstance(v, Method) else str(v)
)


@every_case
def test_instances_are_nearly_as_bad_as_the_supremum(
    method: Method, law: str, ball: object
) -> None:
    """The method returns the target's policy, and its distortion is at least nearly the value.

    It may be larger: the program compares with one policy, which need not be the best.
    """
    for view in views(method, law, ball):
        target, best, _ = target_of(view.place, method)
        reached = 0.0
        for step in (1e-3, 1e-4, 1e-5, 1e-6):
            made = _instance(view, method, step)
            if made is None:
                continue
            population = Population.of(made)
            policy = method.solve(population.preferences()).log_policy[0].exp()
            assert (policy - target.log_policy.exp()).abs().max() <= 1e-6
            utility = population.average_utility[0]
            assert best @ utility <= view.solution.dual.price * (1 + 1e-5) * (policy @ utility)
            reached = max(reached, values([made], method)[0])
        assert reached >= (1 - 1e-3) * view.value


@every_case
def test_instances_state_law_and_ball(method: Method, law: str, ball: object) -> None:
    """The kind of the law, the budget as it was asked for, numbers of at most 12 digits."""
    kinds = {"independent": Independent, "pairs": Pairs, "user-dependent": UserDependent}
    for view in views(method, law, ball):
        made = _instance(view, method, 1e-4)
        if made is None:
            continue
        assert isinstance(made.sampling, kinds[law])
        assert made.beta == 4
        assert (made.reference is None) is (ball is None)
        if made.reference is not None and ball is TAU:
            assert made.reference.kl_budget == TAU
        masses = [user.weight for user in made.users]
        assert max(masses) == 1
        for number in [*masses, *(u for user in made.users for u in user.utilities)]:
            assert 0 <= number <= 1
            digits = f"{float(number):.11e}"
            assert Fraction(digits) == number
        if isinstance(made.sampling, UserDependent):
            assert all(isinstance(own, Pairs) and len(own.weights) == 1
                       for own in made.sampling.laws)  # fmt: skip


@pytest.mark.parametrize("step", [1e-2, 1e-4, 1e-6])
def test_populations_meet_conditions_with_a_margin(step: float) -> None:
    """Every inequality holds by the share `step` of its terms, and the ratio is not far."""
    for method, law in ((Borda(), "independent"), (Copeland(), "independent"), (NLHF(), "pairs")):
        for view in views(method, law, None):
            target, best, conditions = target_of(view.place, method)
            outcome = _program(view.place.frame.space, target, best, conditions)
            found = concrete.population(view.solution, outcome, step)
            assert found is not None
            types, weights = found
            assert not types.tangent.any()
            gain, cost, phi = outcome.features(types)
            margin = weights @ (phi - step * np.abs(phi))
            assert (margin >= -1e-9 * (weights @ np.abs(phi))).all()
            assert weights @ cost == pytest.approx(1, rel=1e-8)
            ratio = weights @ gain / (weights @ cost)
            assert (1 - 20 * step) * view.value <= ratio <= view.solution.dual.price


def test_a_firm_target() -> None:
    """At a vertex the winner's score is higher, elsewhere nothing changes."""
    for view in views(RLHF(), "pairs", TAU):
        target, _, _ = target_of(view.place, RLHF())
        firm = concrete.firmly(target, 0.5)
        change = firm.score - target.score
        winner = target.winner
        expected = [0.5 * (x == winner) for x in range(3)]
        assert change.tolist() == pytest.approx(expected)
        assert torch.equal(firm.log_policy, target.log_policy)


def test_the_program_of_a_target() -> None:
    """κ is skew-symmetric; with a law for each user the masses of the pairs are the law."""
    for law in ("pairs", "user-dependent"):
        space = SearchSpace(Fraction(4), 3, 9, law)
        place = next(iter(_starts(space, RLHF(), torch.Generator().manual_seed(0), 1)))
        target, best, conditions = target_of(place, RLHF())
        outcome = _program(space, target, best, conditions)
        assert np.array_equal(outcome.pairs, -outcome.pairs.transpose(0, 2, 1))
        assert outcome.beta == 4
        assert outcome.policy.tolist() == [0, 0, 1]
        if law == "pairs":
            assert outcome.law is None
        else:
            assert outcome.law is not None
            assert outcome.law.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("method", "law", "ball"),
    [
        (Borda(), "independent", None),
        (RLHF(), "independent", FREE),
        (NLHF(), "independent", None),
        (RLHF(), "pairs", None),
    ],
    ids=lambda v: v.name if isinstance(v, Method) else str(v),
)
def test_instances_can_be_certified(method: Method, law: str, ball: object) -> None:
    """The proof loses next to nothing of the numeric ratio."""
    view = views(method, law, ball)[0]
    made = _instance(view, method, 1e-5)  # a share of the utility; at 1e-4 it costs 2e-3 here
    assert made is not None
    certificate = certify(made, method)
    assert float(certificate.lower_bound) >= 0.999 * view.value
