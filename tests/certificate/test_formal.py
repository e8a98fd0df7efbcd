"""Exact ties."""

import pytest
from flint import arb, ctx, fmpq

from adversary.certificate import parse
from adversary.certificate.formal import add, copeland, outcome, value
from adversary.certificate.model import comparisons

from .samples import changed, encode, sample


def test_formal_margins_are_the_margins():
    for name in ("borda-social-pairs", "borda-social-user-dependent"):
        document = parse(encode(sample(name)))
        margins, _ = comparisons(document)
        for x in range(3):
            for y in range(3):
                total: dict[fmpq, fmpq] = {}
                add(total, document, fmpq(1), x, y)
                assert (value(total, document) - margins[x][y]).contains(0)
                add(total, document, fmpq(1), y, x)
                assert total == {}


def test_exact_zero_is_not_a_ball():
    document = parse(encode(sample("some-borda-tie-pairs")))
    needed = dict(outcome(document, document.witness["chosen"]))
    assert needed[0] == 0
    assert not isinstance(needed[0], arb)
    assert needed[1] < 0


@pytest.mark.parametrize("text", ["0.5000000000000000000000001", "0.4999999999999999999999999"])
def test_a_near_tie_is_no_tie(text: str):
    """The winner c and the loser d move together, so a and c tie no more."""
    document = changed("some-borda-tie-pairs", "users.0.utilities.2", text)
    exact = parse(encode(document))
    with ctx.workprec(256):
        needed = dict(outcome(exact, exact.witness["chosen"]))
    assert isinstance(needed[0], arb)
    assert (needed[0] > 0) == (text < "0.5")


def test_copeland_scores():
    """Exact halves for exact ties; at too low a precision a contest is open, never guessed."""
    document = parse(encode(sample("copeland-social-exact-tie-of-clones")))  # a, b, b2, c
    with ctx.workprec(256):
        assert copeland(document) == {0: 1, 1: fmpq(3, 2), 2: fmpq(3, 2), 3: 2}
    with ctx.workprec(53):  # b beats a by 1e-40
        score = copeland(document)
    assert score[3] == 2
    for x, ends in ((0, (1, 3)), (1, (fmpq(1, 2), fmpq(3, 2)))):
        open_score = score[x]
        assert isinstance(open_score, arb)
        assert all(open_score.contains(end) for end in ends)


def test_copeland_counts_contests_of_the_support_only():
    document = parse(encode(sample("some-copeland-pair-never-asked-alignment")))
    assert copeland(document) == {1: fmpq(1, 2), 2: fmpq(1, 2)}
