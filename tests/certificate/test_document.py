"""Strict reading."""

import contextlib
import json
from fractions import Fraction
from typing import Any

import pytest
from flint import fmpq, fmpz
from hypothesis import given, settings
from hypothesis import strategies as st

from adversary.certificate import Document, Rejected, lower
from adversary.certificate.reader import EXPONENT, File, Law, Place, load

from .samples import changed, encode, sample


def number(text: Any) -> fmpq:
    """Reads one number of either sign."""
    return Place(text, "x", File()).number("any")


def parse(content: bytes) -> Document:
    """What the checker reads."""
    return lower.document(load(content))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("007", 7),
        ("-3/7", Fraction(-3, 7)),
        ("6/4", Fraction(3, 2)),
        ("0.125", Fraction(1, 8)),
        ("-0.5", Fraction(-1, 2)),
        ("1e-40", Fraction(1, 10**40)),
        ("2.50E+3", 2500),
        ("1e-05", Fraction(1, 10**5)),
        ("9" * 4000, 10**4000 - 1),
    ],
)
def test_numbers(text: str, value: Fraction):
    value = Fraction(value)
    assert number(text) == fmpq(value.numerator, value.denominator)


def test_exponent_limit():
    assert number(f"1e-{EXPONENT}") == fmpq(1, 10**EXPONENT)
    with pytest.raises(Rejected, match="exponent"):
        number(f"1e-{EXPONENT + 1}")


@given(st.fractions())
def test_fractions_round_trip(value: Fraction):
    assert number(str(value)) == fmpq(value.numerator, value.denominator)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=30))
def test_decimals_round_trip(value: Any):
    exact = Fraction(value)
    assert number(str(value)) == fmpq(exact.numerator, exact.denominator)


@given(st.text(alphabet="0123456789+-./eE_ \n٣²", max_size=12))
def test_numbers_mean_what_python_means_or_are_refused(text: str):
    try:
        value = number(text)
    except Rejected:
        return
    exact = Fraction(text)
    assert value == fmpq(exact.numerator, exact.denominator)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_refused(value: Any):
    with pytest.raises(Rejected):
        parse(json.dumps(value).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes):
    with pytest.raises(Rejected):
        parse(content)


def places(value: Any, path: str = "") -> list[str]:
    """Paths of all entries, outside provenance."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, entry in entries:
        found.append(f"{path}{key}")
        if isinstance(entry, dict | list):
            found += places(entry, f"{path}{key}.")
    return found


@settings(max_examples=300)
@given(st.sampled_from(["rlhf-alignment-interior", "borda-social-user-dependent"]), st.data(), JSON)
def test_any_entry_replaced_by_any_json(name: str, data: Any, value: Any):
    path = data.draw(st.sampled_from(places(sample(name))))
    with contextlib.suppress(Rejected):  # and nothing else
        parse(encode(changed(name, path, value)))


@settings(max_examples=300)
@given(st.integers(0, 10**6), st.binary(max_size=3))
def test_any_bytes_in_any_place(position: int, splice: bytes):
    content = encode(sample("rlhf-alignment-interior"))
    position %= len(content)
    with contextlib.suppress(Rejected):  # and nothing else
        parse(content[:position] + splice + content[position + 1 :])


def test_weights_are_normalised_exactly():
    document = parse(encode(sample("weights-not-normalised")))
    assert len({int(share) for share in document.shares}) == 1
    plain = parse(encode(changed("weights-not-normalised", "users", [
        {**user, "weight": "1"} for user in sample("weights-not-normalised")["users"]
    ])))  # fmt: skip
    assert document.utility == plain.utility


def test_pair_law_is_symmetric_and_of_total_one():
    law = parse(encode(sample("borda-social-pairs"))).laws[0]
    assert law.weights is None
    assert fmpq(law.mass(0, 1), law.total) == fmpq(5000, 5101) / 2
    assert law.mass(0, 1) == law.mass(1, 0)
    assert law.mass(2, 2) == 0
    assert sum(law.mass(x, y) for x in range(3) for y in range(3)) == law.total


def test_independent_law_has_a_diagonal():
    law = Law((fmpz(1), fmpz(2)), {}, fmpz(9))
    assert law.mass(0, 0) == 1
    assert law.mass(0, 1) == 2


def test_witness_types():
    witness = parse(encode(sample("rlhf-alignment-interior"))).witness
    assert isinstance(witness["anchor"], dict)
    assert isinstance(witness["optimum"], fmpq)
    assert sum(witness["anchor"].values()) == 1


def test_messages_are_short():
    document = changed("borda-social-pairs", "beta", "9" * 3999 + "x")
    with pytest.raises(Rejected) as refusal:
        parse(encode(document))
    assert len(str(refusal.value)) < 200


def test_work_limit():
    document = changed("borda-social-pairs", "alternatives", [f"x{i}" for i in range(200)])
    document["users"] = document["users"] * 300
    with pytest.raises(Rejected, match=r"^users: "):
        parse(encode(document))


def test_common_denominator_limit():
    primes = [str(10**2000 + 2 * i + 1) for i in range(40)]
    users = [{"weight": f"1/{p}", "utilities": ["1", "0", "1"]} for p in primes]
    document = changed("borda-social-pairs", "users", users)
    with pytest.raises(Rejected, match="over one denominator"):
        parse(encode(document))
