"""From the exact search's solution, often a limit, to a concrete instance near its value."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from numpy import ndarray

from adversary.columns.generation import Solution
from adversary.columns.master import Master
from adversary.columns.program import Program, Types
from adversary.exact import to_decimal
from adversary.interface.conditions import Conditions, Target
from adversary.problem.instance import (
    Independent,
    Instance,
    Pairs,
    Reference,
    UserDependent,
    UserType,
    all_pairs,
)
from adversary.searching.frames import pair_masses, unit
from adversary.searching.space import FREE, SearchSpace

_DIGITS = 12
_ROUNDING = 2.0**-44  # 256 units in the last place, for sums over types and logs of weights


def scaled(conditions: Conditions, beta: float) -> Conditions:
    """Return the conditions in their units."""
    size = unit(beta)
    return replace(
        conditions,
        coefficients=conditions.coefficients / size,
        constants=conditions.constants / size,
    )


def program(
    target: Target, best: ndarray, conditions: Conditions, beta: float, by_pair: bool
) -> Program:
    """Return the linear program of an outcome; `by_pair`: each user has a law of its own."""
    table = conditions.coefficients.detach().numpy()
    return Program(
        beta=beta,
        best=best,
        policy=target.log_policy.detach().exp().numpy(),
        pairs=table - table.transpose(0, 2, 1),
        constants=conditions.constants.detach().numpy(),
        equality=conditions.equality.numpy(),
        law=pair_masses(target).detach().numpy() if by_pair else None,
    )


def firmly(target: Target, step: float) -> Target:
    """Return the target with its single winner's score higher by `step`: nothing is tied."""
    if target.winner is None:
        return target
    ahead = torch.zeros_like(target.score)
    ahead[target.winner] = step
    return replace(target, score=target.score + ahead)


def population(solution: Solution, outcome: Program, step: float) -> tuple[Types, ndarray] | None:
    """Return plain types and weights for which every inequality holds with a margin.

    `step`: the margin, as a share of each condition's terms and of the utility of the policy, and
    the size of the utilities that stand for vanishing ones. The margin is also above what the
    terms of all types may lose by rounding (`Preferences.noise`).
    """
    types = solution.types + solution.pool[~solution.pool.tangent]
    types = types.concrete(step)
    gain, cost, phi = outcome.features(types)
    margin = step * (np.abs(phi) + cost[:, None])  # also where no type of weight has an opinion
    size = np.minimum(0.5 * outcome.beta * types.utilities, 0.5) @ np.abs(outcome.pairs).sum(-1).T
    margin[:, : size.shape[1]] += _ROUNDING * size
    phi = np.where(outcome.equalities, phi, phi - margin)
    used = (gain != 0) | (cost != 0) | (phi != 0).any(-1)
    features = gain[used], cost[used], phi[used]
    found = Master.of(*features, outcome.equalities, solution.units).solve(1 / step**2)
    if found is None or not found.feasible:
        return None
    chosen = found.weights > 0
    return types[used][chosen], found.weights[chosen]


def instance(space: SearchSpace, target: Target, types: Types, weights: ndarray) -> Instance:
    """Return the exact instance, in decimals of 12 significant digits."""
    users = tuple(
        UserType(weight, tuple(to_decimal(u, _DIGITS) for u in row))
        for weight, row in zip(_decimals(weights), types.utilities.tolist(), strict=True)
    )
    couples = all_pairs(space.alternatives)
    law = space.sampling
    if law == "user-dependent":
        law = UserDependent(tuple(Pairs(((*couples[p], Fraction(1)),)) for p in types.pair))
    elif law == "independent":
        law = Independent(_decimals(target.log_opponents[0].detach().exp().numpy()))
    elif law == "pairs":
        masses = _decimals(pair_masses(target).detach().numpy())
        law = Pairs(tuple((x, y, w) for (x, y), w in zip(couples, masses, strict=True) if w))
    assert not isinstance(law, str)
    reference = None
    if space.reference is not None:
        masses = space.reference
        if masses is FREE:
            masses = _decimals(target.log_reference.detach().exp().numpy())
        budget = space.budget
        if budget is FREE:
            budget = to_decimal(float(target.budget), _DIGITS)
        reference = Reference(masses, budget)  # type: ignore[arg-type]
    return Instance(space.beta, space.names, users, law, reference)


def _decimals(masses: ndarray) -> tuple[Fraction, ...]:
    """Return weights relative to the largest, which is 1."""
    return tuple(to_decimal(mass, _DIGITS) for mass in (masses / masses.max()).tolist())
