"""The interface of a method, and how methods are found.

A method is one class with one required function, `solve`. Installed packages announce theirs by
an entry point in the group `adversary.methods`; the project's own use the same door.
"""

from __future__ import annotations

import abc
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.metadata import entry_points
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from adversary.errors import InputError
from adversary.interface.conditions import Conditions, Target
from adversary.interface.preferences import Preferences

_GROUP = "adversary.methods"


class Status(IntEnum):
    """What became of one batch element, and what to make of it."""

    SOLVED = 0
    TIED = 1
    UNDETERMINED = 2
    DISCONNECTED = 3
    FAILED = 4

    @property
    def advice(self) -> str:
        """Return one sentence for people."""
        return _ADVICE[self]


_ADVICE = {
    Status.SOLVED: "solved",
    Status.TIED: "several policies are allowed; the one nearest to the reference is shown",
    Status.UNDETERMINED: "what decides is below the rounding error: the policy is one of several, "
    "and its distortion lies between theirs",
    Status.DISCONNECTED: "the pair law does not determine the policy: the pair graph on the "
    "reference's support is not connected, and each part was given mean reward 0",
    Status.FAILED: "the solver did not converge; the policy is not to be relied on",
}


@dataclass(frozen=True)
class Outcome:
    """What a method returns, batched over leading dimensions."""

    log_policy: Float[Tensor, "*batch m"]
    """Log of the policy; −inf where it has no mass."""
    status: Int[Tensor, "*batch"]
    """A `Status` for each batch element."""
    residual: Float[Tensor, "*batch"]
    """Relative residual of the method's own equations."""
    score: Float[Tensor, "*batch m"] | None = None
    """What the policy maximises (reward, Borda score, payoff), where there is such a thing."""
    highest: Callable[[Tensor], Tensor] | None = None
    """The largest ⟨values, π⟩ over all policies that the method allows, and over those too that it
    may allow, as far as rounding lets one see (`Status.UNDETERMINED`); None: only one."""

    @classmethod
    def of(cls, policy: Float[Tensor, "*batch m"]) -> Outcome:
        """Wrap the probabilities of a method that always allows exactly one policy.

        What a convex solver leaves within 1e-6 of a distribution is rounded to one; anything else
        (NaN, a negative mass, another sum) has failed.
        """
        valid = (policy >= -1e-6).all(-1) & ((policy.sum(-1) - 1).abs() <= 1e-6)
        policy = policy.clamp(min=0.0)
        policy = policy / policy.sum(-1, keepdim=True)
        status = torch.where(valid, int(Status.SOLVED), int(Status.FAILED))
        residual = torch.where(valid, 0.0, torch.inf).to(policy.dtype)
        return cls(policy.log(), status, residual)


class Method(abc.ABC):
    """A preference-alignment method. Subclasses are final: they implement, never override."""

    name: ClassVar[str]
    """How files and the command line call it."""
    summary: ClassVar[str] = ""
    """One line for `adversary methods`."""

    @abc.abstractmethod
    def solve(self, preferences: Preferences) -> Outcome:
        """Return the policy learned from the preferences, for each batch element."""

    def conditions(self, target: Target) -> Sequence[Conditions]:
        """Return conditions on win probabilities, each sufficient for the method's policy to be so.

        Optional; what it makes possible is the exact search (strategy 'columns'). Empty: the
        method never returns this policy, or cannot say when.
        """
        return ()


@cache
def available() -> dict[str, type[Method]]:
    """Return all methods by name: the project's own and those of installed packages."""
    found = {}
    for point in sorted(entry_points(group=_GROUP), key=lambda p: p.name):
        try:
            method = point.load()
        except Exception as error:
            expected = f"a method that can be imported ({type(error).__name__}: {error})"
            raise InputError(f"entry point {point.name}", point.value, expected) from error
        if not (isinstance(method, type) and issubclass(method, Method)):
            raise InputError(f"entry point {point.name}", point.value, "a subclass of Method")
        found[method.name] = method
    return found


def by_name(name: str) -> Method:
    """Return a method by name. Raises InputError that suggests the nearest name."""
    methods = available()
    if name not in methods:
        near = difflib.get_close_matches(name.lower(), methods, n=1, cutoff=0.4)
        hint = f"'{near[0]}'? (all: {', '.join(methods)})" if near else ", ".join(methods)
        raise InputError("method", name, hint)
    return methods[name]()
