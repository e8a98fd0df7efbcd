"""Policies solved a second, against the floor and against cvxpy, all in one run.

    python -m tests.benchmarks.policies [--repeats N] [--programs N]

The floor is the time to compute the win-probability table alone: σ of the utility differences,
averaged over the user types; the median of all its measurements, one beside every solver's, serves
all rows. cvxpy solves each method's definition, compiled once for its shape, one instance at a
time. Medians of several repeats after one to warm up, on one thread; a solver's time includes
computing the preferences.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from adversary import DPO, NLHF, RLHF, Borda, MaximalLotteries, Method, Population
from adversary.interface.method import Status
from adversary.problem.distortion import evaluate
from tests import reference

BATCH, M, USERS, BETA = 4096, 8, 8, 5.0
METHODS = (Borda, RLHF, DPO, MaximalLotteries, NLHF)


def population(social: bool, seed: int = 0) -> Population:
    """Random utilities, weights and law; in the ball a budget that binds for most methods."""
    generator = torch.Generator().manual_seed(seed)

    def logs(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).log_softmax(-1)

    return Population(
        beta=torch.full((BATCH,), BETA, dtype=torch.float64),
        log_weights=logs(BATCH, USERS),
        utilities=torch.rand(BATCH, USERS, M, generator=generator, dtype=torch.float64),
        log_mu=logs(BATCH, M),
        log_reference=None if social else logs(BATCH, M),
        budget=None if social else torch.full((BATCH,), 0.2, dtype=torch.float64),
    )


def clock(function: Callable[[], object]) -> float:
    """The time of one call."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def win_probabilities(people: Population) -> Tensor:
    """The floor."""
    scaled = people.beta[:, None, None] * people.utilities
    table = torch.sigmoid(scaled[..., :, None] - scaled[..., None, :])
    return torch.einsum("nk,nkxy->nxy", people.log_weights.exp(), table)


def program(method: type[Method], people: Population) -> Callable[[int], object]:
    """Return what solves element i by the method's definition in cvxpy."""
    preferences = people.preferences()
    win, margin = preferences.win.numpy(), preferences.margin.numpy()
    law, base = preferences.log_pairs.numpy(), preferences.log_reference.exp().numpy()
    opponents, budget = preferences.log_opponents.exp().numpy(), preferences.budget.numpy()
    social = people.log_reference is None

    def best(score: np.ndarray, i: int) -> object:
        if social:
            return int(score.argmax())
        ball = reference.ball(M)
        return reference.solved(ball, score=score, reference=base[i], budget=budget[i])

    def rlhf(i: int) -> object:
        first, second = reference.counts(win[i], law[i])
        return best(reference.solved(reference.likelihood(M), first=first, second=second)[1], i)

    def dpo(i: int) -> object:
        first, second = reference.counts(win[i], law[i])
        program = reference.dpo(M)
        return best(reference.solved(program, first=first, second=second, b=1.0)[1], i)

    def nash(i: int) -> object:
        table = {"margin": margin[i], "inverse": 1 / base[i], "reference": base[i]}
        return reference.solved(reference.nash(M), **table, budget=budget[i])

    def lottery(i: int) -> object:
        return reference.solved(reference.lottery(M), margin=margin[i])

    def borda(i: int) -> object:
        return int((opponents[i] * margin[i]).sum(-1).argmax())  # no program to state

    names = {Borda: borda, RLHF: rlhf, DPO: dpo, MaximalLotteries: lottery}
    return names.get(method, lottery if social else nash)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--programs", type=int, default=20, help="cvxpy instances in a repeat")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"batch {BATCH}, m = {M}, {USERS} user types, β = {BETA:g}; one thread; "
        f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}"
    )
    header = ("setting", "method", "policies/s", "/ floor", "cvxpy/s", "× cvxpy", "solved")
    print("{:14} {:18} {:>10} {:>8} {:>9} {:>8} {:>8}".format(*header))
    rows, floors = [], []
    for setting in ("social choice", "KL ball"):
        people = population(setting == "social choice")
        for method in METHODS:
            with torch.no_grad():
                times = measure(method, people, options.repeats, options.programs)
            floors += [floor for floor, _, _ in times]
            rows.append((setting, method, people, times))
    for setting, method, people, times in rows:
        report(setting, method, people, times, statistics.median(floors))


Times = list[tuple[float, float, float]]


def measure(method: type[Method], people: Population, repeats: int, programs: int) -> Times:
    """Time the floor, one method and cvxpy in turn; seconds for the batch."""
    one = program(method, people)
    times = []
    for _ in range(repeats + 1):
        floor = clock(lambda: win_probabilities(people))
        fast = clock(lambda: method().solve(people.preferences()))
        slow = clock(lambda: [one(i) for i in range(programs)]) * BATCH / programs
        times.append((floor, fast, slow))
    return times[1:]


def report(
    setting: str, method: type[Method], people: Population, times: Times, floor: float
) -> None:
    """Print a method's line."""
    took = statistics.median(fast for _, fast, _ in times)
    slow = statistics.median(slow for _, _, slow in times)
    gain = statistics.median(slow / fast for _, fast, slow in times)
    ratio = took / floor
    status = evaluate(people, method())[1].status
    solved = float((status < Status.DISCONNECTED).double().mean())
    # Borda's definition needs no program: numpy's argmax is no opponent.
    against = ("", "") if method is Borda else (f"{BATCH / slow:.0f}", f"{gain:.0f}")
    print(
        f"{setting:14} {method.name:18} {BATCH / took:10.0f} {ratio:8.1f} "
        f"{against[0]:>9} {against[1]:>8} {solved:8.2%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
