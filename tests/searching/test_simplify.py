"""Simplification: what it keeps, what it never touches, and what it must reach."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from adversary.errors import InputError
from adversary.exact import to_text
from adversary.methods.borda import Borda
from adversary.methods.nlhf import NLHF
from adversary.methods.rlhf import RLHF
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
from adversary.searching.simplify import polish, simplify, values

# A worst case of Borda at β = 4 as a search leaves it: four types, long numbers.
ROUGH = Instance(
    Fraction(4),
    ("a", "b", "c"),
    (
        UserType(Fraction("0.1143"), tuple(map(Fraction, ("3.003e-11", "0.1345", "1")))),
        UserType(Fraction("0.1508"), tuple(map(Fraction, ("1", "7.352e-8", "0.5382")))),
        UserType(Fraction("0.7348"), tuple(map(Fraction, ("1.478e-5", "0.07947", "3.27e-7")))),
        UserType(Fraction("0.0001603"), tuple(map(Fraction, ("0.0063", "0.1455", "0.0002")))),
    ),
    Independent(tuple(map(Fraction, ("1", "4.002e-13", "5.225e-11")))),
)


def size(instance: Instance) -> int:
    """Characters of all utilities and weights."""
    users = sum(len(to_text(u)) for user in instance.users for u in user.utilities)
    return users + sum(len(to_text(user.weight)) for user in instance.users)


@pytest.mark.parametrize("loss", [1e-6, 1e-2, 0.1])
def test_keeps_its_promise_and_is_simpler(loss):
    """At most the loss is lost; more loss is never met by a longer instance."""
    before = values([ROUGH], Borda())[0]
    simple = simplify(ROUGH, Borda(), loss)
    assert values([simple], Borda())[0] >= before * (1 - loss)
    assert len(simple.users) == 3
    assert size(simple) < (0.6 if loss < 1e-3 else 0.4) * size(ROUGH)


def test_readable_by_a_person():
    """One per cent turns the searched instance into zeros, ones and short fractions."""
    simple = simplify(ROUGH, Borda(), 0.01)
    numbers = [u for user in simple.users for u in user.utilities]
    assert sum(u in (0, 1) for u in numbers) >= 6
    assert max(len(to_text(u)) for u in numbers) <= 5


def test_drops_alternatives_unless_told_not_to():
    """A copy of the loser at the bottom is of no use, and goes."""
    padded = Instance(
        ROUGH.beta,
        ("a", "b", "c", "d"),
        tuple(UserType(u.weight, (*u.utilities, Fraction(0))) for u in ROUGH.users),
        Independent((*ROUGH.sampling.weights, Fraction("1e-15"))),  # type: ignore[union-attr]
    )
    assert len(simplify(padded, Borda(), 1e-4).alternatives) == 3
    assert len(simplify(padded, Borda(), 1e-4, alternatives=False).alternatives) == 4


def test_fixed_parts_stay():
    """β, a uniform law, the budget and all names are not the simplifier's to change."""
    torch.manual_seed(3)
    rough = Instance(
        Fraction("3.3333"),
        ("x", "y", "z"),
        tuple(
            UserType(Fraction(str(w)), tuple(Fraction(f"{u:.9f}") for u in row))
            for w, row in zip((0.31, 0.3301, 0.3599), torch.rand(3, 3).tolist(), strict=True)
        ),
        uniform(3),
        Reference(tuple(map(Fraction, ("0.512345", "0.2", "0.287655"))), Fraction("0.123456789")),
    )
    simple = simplify(rough, RLHF(), 0.05)
    assert simple.beta == rough.beta
    assert set(simple.sampling.weights) == set(simple.sampling.weights[:1])  # type: ignore[union-attr]
    assert simple.reference is not None
    assert simple.reference.kl_budget == Fraction("0.123456789")
    assert set(simple.alternatives) <= set(rough.alternatives)
    assert values([simple], RLHF())[0] >= 0.95 * values([rough], RLHF())[0]


def test_an_independent_law_keeps_all_alternatives_compared():
    """Borda would take a mass of zero, but nobody would then see the alternative."""
    assert all(w > 0 for w in simplify(ROUGH, Borda(), 0.05).sampling.weights)  # type: ignore[union-attr]


def test_pair_laws_lose_needless_pairs():
    """A pair law keeps its kind; weights that do not matter become zero or one."""
    users = (
        UserType(Fraction(1, 3), tuple(map(Fraction, ("0.9", "0.1", "0.50001")))),
        UserType(Fraction(2, 3), tuple(map(Fraction, ("0.1", "0.2", "0.15003")))),
    )
    weights = [Fraction("0.123456"), Fraction("0.7654"), Fraction("0.11")]
    law = Pairs(tuple((x, y, w) for (x, y), w in zip(all_pairs(3), weights, strict=True)))
    rough = Instance(Fraction(3), ("a", "b", "c"), users, law)
    simple = simplify(rough, NLHF(), 0.01)
    assert isinstance(simple.sampling, Pairs)
    assert values([simple], NLHF())[0] >= 0.99 * values([rough], NLHF())[0]
    by_user = Instance(Fraction(3), ("a", "b", "c"), users, UserDependent((law, uniform(3))))
    simple = simplify(by_user, RLHF(), 0.01)
    assert isinstance(simple.sampling, UserDependent)
    assert len(simple.sampling.laws) == len(simple.users)


def test_polish_climbs_and_keeps_what_is_settled():
    """A short ascent does not fall, and leaves settled utilities alone, exactly."""
    settled = {(0, 0): Fraction(0), (1, 2): Fraction(1, 2)}
    users = (
        UserType(ROUGH.users[0].weight, (Fraction(0), *ROUGH.users[0].utilities[1:])),
        UserType(ROUGH.users[1].weight, (*ROUGH.users[1].utilities[:2], Fraction(1, 2))),
        *ROUGH.users[2:],
    )
    start = Instance(ROUGH.beta, ROUGH.alternatives, users, ROUGH.sampling)
    better = polish(start, Borda(), settled)
    assert values([better], Borda())[0] > values([start], Borda())[0]
    assert better.users[0].utilities[0] == 0
    assert better.users[1].utilities[2] == Fraction(1, 2)


def test_same_input_same_result():
    assert simplify(ROUGH, Borda(), 0.02) == simplify(ROUGH, Borda(), 0.02)


def test_refuses_what_makes_no_sense():
    """A loss of 1, and a method that has no policy here."""
    with pytest.raises(InputError, match="keep"):
        simplify(ROUGH, Borda(), 1.0)
    law = Pairs(((0, 1, Fraction(1)),))
    torn = Instance(Fraction(1), ("a", "b", "c"), ROUGH.users, law)
    with pytest.raises(InputError, match="method"):
        simplify(torn, RLHF(), 0.1)
