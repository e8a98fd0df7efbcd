"""Instances: what is valid, what is refused and with which words, exact averages."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction
from typing import Any

import pytest

from adversary.errors import InputError
from adversary.problem.instance import (
    Independent,
    Instance,
    Pairs,
    Reference,
    UserDependent,
    UserType,
    all_pairs,
    uniform,
)

USERS = (UserType("1/3", ("0", "1/2", 1)), UserType("2/3", ("1", "0.25", "1e-400")))  # pyright: ignore


def build(**changes: Any) -> Instance:
    """Return a valid instance with some fields changed."""
    fields: dict[str, Any] = {
        "beta": "8",
        "alternatives": ("a", "b", "c"),
        "users": USERS,
        "sampling": uniform(3),
        "reference": Reference(("1/2", "1/2", 0), "1"),  # pyright: ignore
    }
    return Instance(**(fields | changes))


def test_numbers_are_exact() -> None:
    """Strings and ints are stored as Fractions; nothing is rounded."""
    instance = build()
    assert instance.beta == 8
    assert instance.users[1].utilities == (1, Fraction(1, 4), Fraction(1, 10**400))
    assert instance.average_utility[2] == Fraction(1, 3) + Fraction(2, 3) / 10**400


def test_average_utility_normalises_weights() -> None:
    """U is the weighted mean whatever the sum of the weights."""
    users = (UserType(1, (0, 1, 0)), UserType(3, (1, 0, 0)))  # pyright: ignore
    assert build(users=users).average_utility == (Fraction(3, 4), Fraction(1, 4), 0)


def test_immutable() -> None:
    """An instance cannot be changed."""
    with pytest.raises(FrozenInstanceError):
        build().beta = Fraction(1)  # pyright: ignore


def test_pairs_are_sorted() -> None:
    """A pair may be given either way round; the stored law has i < j."""
    law = Pairs(((2, 0, "1/2"), (0, 1, 1)))  # pyright: ignore
    stored = build(sampling=law).sampling
    assert stored == Pairs(((0, 1, Fraction(1)), (0, 2, Fraction(1, 2))))


def test_all_pairs() -> None:
    """The one order of unordered pairs."""
    assert all_pairs(4) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"beta": 0}, "beta: got '0', expected a number above 0"),
    ({"beta": "-1"}, "beta: got '-1'"),
    ({"beta": 8.0}, "beta: got '8.0', expected an exact number"),
    ({"beta": "nan"}, "beta: got 'nan'"),
    ({"beta": 10_001}, "beta: got '10001'"),
    ({"beta": Fraction(10) ** 5000}, "beta: got '1e5000'"),
    ({"alternatives": ("a",)}, "alternatives: .* at least 2 names"),
    ({"alternatives": ("a", "b", "b")}, "alternatives: .* without duplicates"),
    ({"alternatives": ("a", "b", "")}, "alternatives: got '', expected a non-empty string"),
    ({"alternatives": ("a", "b", 3)}, "alternatives: got '3'"),
    ({"users": ()}, "users: .* at least one user type"),
    ({"users": (UserType(Fraction(1), (0, 0)),)}, r"users\[0\].utilities: got '2 entries'"),  # pyright: ignore
    ({"users": (UserType(Fraction(0), (0, 0, 1)),)}, "users.weight: .* a positive sum"),  # pyright: ignore
    ({"users": (UserType(Fraction(-1), (0, 0, 1)),)}, r"users.weight\[0\]: got '-1'"),  # pyright: ignore
    ({"users": (UserType(Fraction(1), (0, 2, 1)),)}, r"users\[0\].utilities\[1\]: got '2'"),  # pyright: ignore
    (
        {"users": (UserType(Fraction(1), (0, Fraction(-1, 10**5000), 1)),)},  # pyright: ignore
        r"users\[0\].utilities\[1\]: got '-1e-5000', expected a utility in \[0, 1\]",
    ),
    ({"sampling": uniform(2)}, "sampling.weights: got '2 entries'"),
    ({"sampling": Independent((0, 0, 0))}, "sampling.weights: .* a positive sum"),  # pyright: ignore
    ({"sampling": Pairs(())}, "sampling.weights: .* a positive sum"),
    ({"sampling": Pairs(((0, 0, Fraction(1)),))}, "two different indices below 3"),
    ({"sampling": Pairs(((0, 3, Fraction(1)),))}, "two different indices below 3"),
    (
        {"sampling": Pairs(((0, 1, Fraction(1)), (1, 0, Fraction(1))))},
        "each unordered pair at most once",
    ),
    ({"sampling": UserDependent((uniform(3),))}, "one law for each of the 2 user types"),
    (
        {"sampling": UserDependent((uniform(3), UserDependent((uniform(3),))))},  # pyright: ignore
        r"sampling.laws\[1\]",
    ),
    ({"sampling": "uniform"}, "sampling: got 'uniform'"),
    ({"reference": Reference((1, 1), 1)}, "reference.weights: got '2 entries'"),  # pyright: ignore
    ({"reference": Reference((0, 0, 0), 1)}, "reference.weights: .* a positive sum"),  # pyright: ignore
    ({"reference": Reference((1, 1, 1), -1)}, "reference.kl_budget: got '-1'"),  # pyright: ignore
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_refused(changes: dict[str, Any], message: str) -> None:
    """Each wrong field is named together with its value and what was expected."""
    with pytest.raises(InputError, match=message):
        build(**changes)
