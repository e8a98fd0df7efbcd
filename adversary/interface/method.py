"""The interface of a method, and how methods are found.

A method is one class with one required function, `solve`. Installed packages announce theirs by
an entry point in the group `adversary.methods`; the project's own use the same door.
"""

from __future__ import annotations

import abc
import difflib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from adversary.errors import InputError, in_one_line
from adversary.interface.conditions import Conditions, Target
from adversary.interface.preferences import Preferences

_GROUP = "adversary.methods"
_TOLERANCE = 1e-6  # of the total mass of a policy
_BY_ALTERNATIVE = ("log_policy", "score")


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
        if not isinstance(policy, Tensor):
            raise TypeError(f"a policy of type {type(policy).__name__}, not a tensor")
        valid = (policy >= -_TOLERANCE).all(-1) & ((policy.sum(-1) - 1).abs() <= _TOLERANCE)
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


def must_be_method(method: object) -> None:
    """Raise InputError for what is no object of a Method class, or has no name to be shown."""
    if not isinstance(method, Method):
        raise InputError("method", method, "an object of a Method class, such as RLHF()")
    name, summary = getattr(method, "name", None), method.summary
    if not (isinstance(name, str) and name.strip() and name.isprintable()):
        field = f"method {type(method).__name__}"
        raise InputError(field, f"name {name!r}", "'name', a string that can be printed")
    if not isinstance(summary, str):
        raise InputError(f"method {name}", f"summary {summary!r}", "'summary', a string")


def learned(method: Method, preferences: Preferences) -> Outcome:
    """Return what a method makes of preferences: `solve`, checked.

    Raises InputError, which names the method, where `solve` raises, or returns another type or
    shape, or (status FAILED aside) what is no distribution, such as NaN.
    """
    with _named(method, "an Outcome"):
        outcome = method.solve(preferences)
        if not isinstance(outcome, Outcome):
            raise _wrong(method, type(outcome).__name__, "an Outcome")
    shape = preferences.log_reference.shape
    for part in ("log_policy", "status", "residual", "score"):
        found = getattr(outcome, part)
        if part != "score" or found is not None:
            _check_shape(method, part, found, shape if part in _BY_ALTERNATIVE else shape[:-1])
    status, mass = outcome.status, outcome.log_policy.detach().exp().sum(-1)
    if status.is_floating_point() or bool(((status < 0) | (status >= len(Status))).any()):
        raise _wrong(method, f"status {status.tolist()}", "a Status for each batch element")
    wrong = ~((mass - 1).abs() <= _TOLERANCE) & (status < Status.DISCONNECTED)
    if bool(wrong.any()):
        total = f"{float(mass[wrong][0]):g}"
        raise _wrong(method, f"a policy of mass {total}", "mass 1, or the status FAILED")
    highest = outcome.highest
    if highest is None:
        return outcome

    def checked(values: Tensor) -> Tensor:
        with _named(method, "what 'highest' returns"):
            found = highest(values)
            _check_shape(method, "highest", found, values.shape[:-1])
        return found

    return replace(outcome, highest=checked)


def stated(method: Method, target: Target) -> Sequence[Conditions]:
    """Return a method's conditions, checked. Raises InputError, which names the method."""
    expected = "a sequence of Conditions"
    m = len(target.score)
    with _named(method, expected):
        found = method.conditions(target)
        if not isinstance(found, Sequence):
            raise _wrong(method, type(found).__name__, expected)
        for each in found:
            if not isinstance(each, Conditions):
                raise _wrong(method, f"a sequence of {type(each).__name__}", expected)
            count = len(each.equality)
            _check_shape(method, "coefficients", each.coefficients, (count, m, m))
            _check_shape(method, "constants", each.constants, (count,))
    return found


@contextmanager
def _named(method: Method, expected: str) -> Iterator[None]:
    """Turn an exception of a method's own into an InputError that names the method."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise _wrong(method, in_one_line(error), expected) from error


def _check_shape(method: Method, part: str, found: object, shape: Sequence[int]) -> None:
    actual = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if actual != tuple(shape):
        raise _wrong(method, f"{part} {actual}", f"a tensor of shape {tuple(shape)}")


def _wrong(method: Method, returned: str, expected: str) -> InputError:
    return InputError(f"method {method.name}", returned, expected)


@cache
def _plug_ins() -> tuple[dict[str, type[Method]], list[tuple[str, InputError]]]:
    """Return the methods by name, and the entry points that name none, with what is wrong."""
    found: dict[str, type[Method]] = {}
    broken: list[tuple[str, InputError]] = []
    for point in sorted(entry_points(group=_GROUP), key=_ours_first):
        try:
            method = _loaded(point)
            if found.setdefault(method.name, method) is not method:
                raise _refusal(point, f"another name than {method.name!r}, which is taken")
        except InputError as error:
            broken.append((point.name, error))
    return dict(sorted(found.items())), broken


def _ours_first(point: EntryPoint) -> tuple[bool, str, str]:
    return not point.value.startswith("adversary."), point.name, point.value


def _loaded(point: EntryPoint) -> type[Method]:
    """Return the method that an entry point names. Raises InputError where it names none."""
    try:
        with redirect_stdout(sys.stderr):  # standard output is the caller's
            method = point.load()
    except (Exception, SystemExit) as error:
        raise _refusal(point, f"a method that can be imported ({in_one_line(error)})") from None
    if not (isinstance(method, type) and issubclass(method, Method)):
        raise _refusal(point, "a subclass of Method")
    try:
        must_be_method(method())
    except (Exception, SystemExit) as error:
        raise _refusal(point, f"a method that is complete ({in_one_line(error)})") from None
    return method


def _refusal(point: EntryPoint, expected: str) -> InputError:
    package = f" of package {point.dist.name}" if point.dist else ""
    return InputError(f"entry point {point.name}{package}", point.value, expected)


def available() -> dict[str, type[Method]]:
    """Return all methods by name: the project's own and those of installed packages that work."""
    return dict(_plug_ins()[0])


def broken() -> list[tuple[str, InputError]]:
    """Return the entry points of methods that do not work, each with what is wrong."""
    return list(_plug_ins()[1])


def by_name(name: str) -> Method:
    """Return a method by name. Raises InputError: what is wrong with it, or the nearest name."""
    methods = available()
    if name in methods:
        return methods[name]()
    for entry, error in broken():
        if name == entry:
            raise InputError(*error.args)
    near = difflib.get_close_matches(name.lower(), methods, n=1, cutoff=0.4)
    hint = f"'{near[0]}'? (all: {', '.join(methods)})" if near else ", ".join(methods)
    raise InputError("method", name, hint)
