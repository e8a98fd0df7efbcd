"""The enclosure of the reward."""

import pytest
from flint import arb, ctx, fmpq
from mpmath import mp

from adversary.certificate import parse
from adversary.certificate.model import comparisons
from adversary.certificate.reward import component, enclose

from . import reference
from .samples import changed, encode, sample

FILES = ["rlhf-social-pairs-chain", "rlhf-social-user-dependent", "dpo-social-independent"]


@pytest.mark.parametrize("name", FILES)
def test_encloses_the_reward(name: str):
    document = parse(encode(sample(name)))
    with ctx.workprec(256), mp.workdps(50):
        margins, rows = comparisons(document)
        found = enclose(margins, [row for row in rows if row], document.witness["reward"])
        assert found is not None
        expected = reference.bradley_terry(reference.problem(sample(name)))
        for value, exact in zip(found, expected, strict=True):
            difference = value - found[0] - arb(mp.nstr(exact - expected[0], 45))
            assert abs(difference) < arb("1e-38")
            assert value.rad() < arb("1e-50")


def test_a_poor_guess_is_improved_or_refused():
    document = parse(encode(sample("rlhf-social-pairs-chain")))
    margins, rows = comparisons(document)
    known = [row for row in rows if row]
    with ctx.workprec(128):
        good = enclose(margins, known, document.witness["reward"])
        near = enclose(margins, known, [guess + fmpq(1, 3) for guess in document.witness["reward"]])
        far = enclose(margins, known, [fmpq(10**30 * x) for x in range(6)])
    assert good is not None
    assert near is not None
    assert all(a.overlaps(b) for a, b in zip(good, near, strict=True))
    assert far is None


def test_wrong_margins_move_the_enclosure():
    document = parse(encode(sample("dpo-social-independent")))
    other = parse(encode(changed("dpo-social-independent", "beta", "3.000001")))
    guess = document.witness["reward"]
    margins, rows = comparisons(document)
    first = enclose(margins, [row for row in rows if row], guess)
    margins, rows = comparisons(other)
    second = enclose(margins, [row for row in rows if row], guess)
    assert first is not None
    assert second is not None
    assert not all(a.overlaps(b) for a, b in zip(first, second, strict=True))


def test_component():
    one, none = arb(1), arb(0)
    rows = [[none, one, none], [one, none, none], [none, none, one]]
    assert component(rows, 0) == [0, 1]
    assert component(rows, 2) == [2]
    assert component([[one, none], None], 0) == [0]


def test_one_alternative():
    assert enclose([[arb(0)]], [[arb(1)]], [fmpq(5)]) == [arb(0)]
