"""The bounds of instances/bounds; `python -m adversary.bounding.library FOLDER` writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from adversary.bounding.find import bound
from adversary.problem.instance import Independent, Instance, Reference, UserType, uniform
from adversary.theory import kl_vertex

_BETAS = ("0.5", "1", "2", "4", "8", "16", "32")
_WEIGHTS = ("1,2,4", "3,1,4,1,5,9,2,6", "0.02,0.11,0.17,0.3,0.4")


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each file and what `bound` is asked for."""
    for beta in _BETAS:
        for name, request in _every_law():
            yield f"{name}-beta{beta}", {**request, "beta": beta}
    for beta in ("2", "4", "8"):
        for m in range(3, 9):
            request = {"method": "rlhf", "alternatives": m, "sampling": "pairs-path", "beta": beta}
            yield f"rlhf-path-m{m}-beta{beta}", request
    for beta in ("2", "8"):
        for m in (3, 8, 32):
            request = {"method": "borda", "sampling": uniform(m), "beta": beta}
            yield f"borda-uniform-m{m}-beta{beta}", request
    for weights in _WEIGHTS:
        law = Independent(tuple(map(Fraction, weights.split(","))))
        request = {"method": "rlhf", "sampling": law, "beta": "8"}
        yield f"rlhf-one-law-m{len(law.weights)}-beta8", request
    for name, instance in _outcomes():
        method, beta = name.split("-")[0], instance.beta
        yield f"{name}-beta{beta}", {"method": method, "beta": beta, "outcome": instance}


def _every_law() -> Iterator[tuple[str, dict[str, Any]]]:
    for method in ("borda", "rlhf", "dpo", "ipo"):
        yield f"{method}-social-choice", {"method": method}
    yield "ipo-every-budget", {"method": "ipo", "kl_budget": "every"}
    for method in ("rlhf", "dpo"):
        yield f"{method}-vertex", {"method": method, "kl_budget": "every"}
    yield "maximal-lotteries-social-choice", {"method": "maximal-lotteries"}
    yield "nlhf-every-budget", {"method": "nlhf", "kl_budget": "every"}
    yield "copeland-social-choice", {"method": "copeland"}


def _outcomes() -> Iterator[tuple[str, Instance]]:
    """Yield instances whose budget binds: that of `theory.kl_vertex`, and four alternatives."""
    for method, beta, budget in (("rlhf", 4, "1/2"), ("rlhf", 8, "1/10"), ("dpo", 8, "1/2")):
        instance = kl_vertex.instance(beta, "1/10", "1/100")
        assert instance.reference is not None
        reference = Reference(instance.reference.weights, Fraction(budget))
        yield f"{method}-reward-m3", replace(instance, reference=reference)
    one = Fraction(1)
    users = (
        UserType(one, (one, Fraction(0), Fraction(0), one / 2)),
        UserType(4 * one, (Fraction(0), one / 4, one / 2, Fraction(0))),
    )
    reference = Reference((one,) * 4, one / 4)
    yield "rlhf-reward-m4", Instance(one * 8, ("a", "b", "c", "d"), users, uniform(4), reference)


def write(folder: Path) -> None:
    """Write each file of the library, once the checker has accepted it."""
    for name, request in requests():
        bound(**request).save(folder / f"{name}.json")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "instances/bounds"))
