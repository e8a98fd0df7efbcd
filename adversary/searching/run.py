"""One method, one space, one strategy; the result is an exact instance with a numeric ratio."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import torch

from adversary.errors import InputError, SearchError
from adversary.exact import parse_rational
from adversary.interface.method import Method, learned, must_be_method
from adversary.problem.instance import Independent, Instance, PairLaw, UserType, all_pairs
from adversary.searching.evolution import Evolution
from adversary.searching.exact import Columns, searchable
from adversary.searching.gradient import Gradient
from adversary.searching.simplify import values
from adversary.searching.space import FREE, SearchSpace
from adversary.searching.strategy import Incumbent, Strategy, one_thread
from adversary.theory import Known, Law, Question, known

MAX_LOSS = 5e-7
STRATEGIES: dict[str, type[Strategy]] = {s.name: s for s in (Columns, Gradient, Evolution)}


@dataclass(frozen=True)
class Finding:
    """What a search found. The instance is exact; the distortion is a float, not a proof."""

    method: str
    instance: Instance
    distortion: float
    """Numeric distortion of the exact instance, for every policy that the method allows."""
    theory: tuple[Known, ...]
    """What the theorems say of the space that was searched."""
    strategy: str
    seed: int
    evaluations: int
    seconds: float
    stopped: str
    """'finished', 'time limit', 'interrupted', or what was wrong with what the method returned."""
    history: tuple[tuple[float, float], ...]
    """(seconds, best distortion) at each improvement."""
    reducible: bool
    """Whether all numbers but β, the budget and a uniform law were the search's to choose."""


def find(
    method: Method,
    beta: Fraction | int | str,
    alternatives: int = 3,
    *,
    users: int | tuple[UserType, ...] | None = None,
    sampling: str | PairLaw = "independent",
    reference: object = None,
    kl_budget: object = None,
    strategy: str | Strategy = "auto",
    seed: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Incumbent], None] | None = None,
) -> Finding:
    """Search for the instance on which `method` has the largest distortion.

    Args:
        method: any Method, the project's own or the caller's.
        beta: Bradley–Terry temperature β > 0, exact.
        alternatives: number of alternatives m ≥ 2.
        users: number of user types (default m + 1, and one more for each pair where every type
            has a law of its own), or fixed types.
        sampling: 'independent', 'pairs' or 'user-dependent' (the search chooses the law), or a
            fixed pair law.
        reference: FREE or fixed weights; default FREE where there is a budget.
        kl_budget: None for social choice, FREE, or a fixed budget τ ≥ 0.
        strategy: 'auto' ('columns' where the method has outcome conditions, else 'gradient' where
            it has a gradient, else 'evolution'), one of these, or a Strategy.
        seed: the same seed gives the same bits, unless the time limit cuts the search short.
        time_limit: seconds.
        progress: called with the incumbent as the search goes on.

    An interruption (Ctrl-C) ends the search and keeps the best so far, if there is one. Raises
    InputError on a wrong request and SearchError where no usable instance was found.
    """
    must_be_method(method)
    if time_limit is not None and not time_limit > 0:
        raise InputError("time limit", time_limit, "a number of seconds above 0")
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError("seed", seed, "a whole number from 0 to 2^63 − 1")
    budget = kl_budget
    if budget is not None and budget is not FREE:
        budget = parse_rational("KL budget", budget)
    space = SearchSpace(
        beta=beta,  # type: ignore[arg-type]
        alternatives=alternatives,
        users=default_users(alternatives, sampling) if users is None else users,
        sampling=sampling,
        reference=FREE if reference is None and budget is not None else reference,  # type: ignore[arg-type]
        budget=budget,  # type: ignore[arg-type]
    )
    chosen = _strategy(strategy, method, space)
    started = time.monotonic()
    deadline = math.inf if time_limit is None else started + time_limit
    incumbent = Incumbent(deadline, progress)
    try:
        with one_thread():
            chosen.run(space, method, seed, incumbent)
        stopped = "time limit" if incumbent.out_of_time else "finished"
    except KeyboardInterrupt:
        if incumbent.value == 0:
            raise
        stopped = "interrupted"
    except InputError as error:  # the method's own, now and then: what it had found stays
        if incumbent.value == 0:
            raise
        stopped = str(error)
    instance, value = exact_instance(space, method, incumbent)
    return Finding(
        method=method.name,
        instance=instance,
        distortion=value,
        theory=tuple(known(_question(method, space))),
        strategy=chosen.name,
        seed=seed,
        evaluations=incumbent.evaluations,
        seconds=time.monotonic() - started,
        stopped=stopped,
        history=tuple(incumbent.history),
        reducible=_reducible(space),
    )


def default_users(alternatives: int, sampling: str | PairLaw) -> int:
    """Return how many user types a search may use where nothing is said."""
    pairs = len(all_pairs(alternatives)) if sampling == "user-dependent" else 0
    return alternatives + 1 + pairs


def _reducible(space: SearchSpace) -> bool:
    law = space.sampling
    uniform = isinstance(law, Independent) and len(set(law.weights)) == 1
    free_reference = space.reference is None or space.reference is FREE
    return isinstance(space.users, int) and (isinstance(law, str) or uniform) and free_reference


def _strategy(strategy: str | Strategy, method: Method, space: SearchSpace) -> Strategy:
    if isinstance(strategy, Strategy):
        return strategy
    if strategy == "auto" and searchable(method, space) and space.types > space.alternatives:
        return Columns()
    if strategy == "auto":
        return Gradient() if _differentiable(method, space) else Evolution()
    if strategy not in STRATEGIES:
        raise InputError("strategy", strategy, f"auto, {', '.join(STRATEGIES)}")
    return STRATEGIES[strategy]()


def _differentiable(method: Method, space: SearchSpace) -> bool:
    """Whether the method's outcome carries a gradient at a random point."""
    points, support = space.random(4, torch.Generator().manual_seed(0))
    preferences = space.population(points.requires_grad_(), support).preferences()
    try:
        outcome = learned(method, preferences)
    except InputError:  # a black box that calls `numpy()` on what carries a gradient
        return False
    return outcome.log_policy.requires_grad or (
        outcome.score is not None and outcome.score.requires_grad
    )


def exact_instance(
    space: SearchSpace, method: Method, incumbent: Incumbent
) -> tuple[Instance, float]:
    """Return the incumbent in the fewest decimal digits that keep its ratio up to 5e-7."""
    if incumbent.exact is not None:
        return incumbent.exact, incumbent.value
    if incumbent.point is None or incumbent.support is None:
        raise SearchError(f"{method.name}: found no instance on which its policy is determined")
    best: tuple[float, Instance] | None = None
    for instance in space.instances(incumbent.point, incumbent.support):
        value = values([instance], method)[0]
        if best is None or value > best[0]:
            best = value, instance
        if value >= incumbent.value * (1 - MAX_LOSS):
            return instance, value
    assert best is not None
    if best[0] == -math.inf:
        raise SearchError(f"{method.name}: undetermined at every rounding of the incumbent")
    return best[1], best[0]


def _question(method: Method, space: SearchSpace) -> Question:
    """Return the class of instances that the space is.

    Free laws of types are laws on pairs: with two alternatives that is one law.
    """
    m, law = space.alternatives, space.sampling
    if isinstance(law, str):
        laws = Law.named("pairs" if law == "user-dependent" and m == 2 else law)
    else:
        laws = Law.of(law, m)
    return Question(
        method.name,
        "social-choice" if space.reference is None else "alignment",
        laws,
        space.beta,
        m,
        space.budget if isinstance(space.budget, Fraction) else None,
        reference=space.reference is FREE,
        types=space.users if isinstance(space.users, int) else 0,
    )
