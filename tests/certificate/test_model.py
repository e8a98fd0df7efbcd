"""Sums, balls and policies of the model contain what the definitions give."""

import pytest
from flint import arb, ctx, fmpq, fmpz
from mpmath import mp

from adversary.certificate.model import (
    Ball,
    Sum,
    copeland,
    half_tanh,
    located,
    soft_maximum,
    values,
)

from . import reference
from .samples import changed, parsed, sample

NAMES = ["borda-social-pairs", "borda-social-user-dependent", "borda-alternative-never-shown"]


def contains(ball: object, value: object) -> bool:
    """Whether a ball contains an mpf up to the digits of the latter, and is narrow."""
    return bool(abs(arb(ball) - arb(mp.nstr(value, 40))) < arb("1e-35"))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*NAMES, "rlhf-alignment-interior"])
def test_margins_and_rows(name: str):
    with ctx.workprec(200), mp.workdps(50):
        it, data = parsed(sample(name)), reference.problem(sample(name))
        for (x, y), margin in values(it, it.contests).items():
            assert contains(margin, data.margins[x][y])
        for row, expected in zip(it.rows, data.rows, strict=True):
            assert bool(row) == (expected is not None)
            total = sum(row.values())
            for y, share in enumerate(expected or ()):
                assert (y in row) == (share != 0)
                assert y not in row or contains(fmpq(row[y]) / total, share)


def test_utility_is_exact():
    it = parsed(sample("borda-social-pairs"))
    assert it.utility[0] == (3 + 0 + fmpq(2, 10) + fmpq(5, 20)) / 14


def test_equal_terms_merge_and_opposite_ones_cancel():
    one = Sum(fmpz(6)).add([(3, fmpz(1)), (-3, fmpz(4)), (5, fmpz(2)), (0, fmpz(9))], fmpz(2))
    assert one.terms == {3: -6, 5: 4}
    assert (one - Sum(fmpz(12)).add([(3, fmpz(-12)), (5, fmpz(8))], fmpz(1))).terms == {}


def test_half_tanh_keeps_relative_precision():
    value = half_tanh(arb(fmpq(1, 10**40)))
    assert value.rel_accuracy_bits() > ctx.prec - 8
    assert value.overlaps(arb(fmpq(1, 4 * 10**40)))


def test_divergence_of_equal_policies_is_exactly_zero():
    policy = {0: fmpq(1, 3), 2: fmpq(2, 3)}
    assert located(Ball(policy, fmpq(0)), {}, policy)[1].is_zero()


def test_divergence():
    ball = Ball({0: fmpq(1, 2), 1: fmpq(1, 2)}, fmpq(1))
    assert located(ball, {}, {0: fmpq(1)})[1].overlaps(arb(2).log())


def test_tilt_agrees_with_divergence():
    ball = Ball({0: fmpq(1, 5), 2: fmpq(4, 5)}, fmpq(1))
    policy, kl = located(ball, {0: fmpq(1), 2: fmpq(0)}, fmpq(1, 3))
    direct = sum((arb(p) * (arb(p) / ball.weights[x]).log() for x, p in policy.items()), arb(0))
    assert kl.overlaps(direct)
    assert arb(sum(policy.values(), fmpq(0))).overlaps(arb(1))


@pytest.mark.parametrize("eta", [fmpq(1, 10**3000), fmpq(1), fmpq(10) ** 3000])
def test_soft_maximum_is_above_the_maximum_in_the_ball(eta: fmpq):
    ball = Ball({0: fmpq(1, 10**400), 1: 1 - fmpq(1, 10**400)}, fmpq(10**4))
    bound = soft_maximum(ball, {0: arb(1), 1: arb(0)}, eta)
    assert bound.is_finite()
    assert not bound < 1


def test_exact_zero_is_not_a_ball():
    it = parsed(sample("some-borda-tie-pairs"))
    excess = values(it, it.borda)
    assert excess[0] == 0
    assert not isinstance(excess[0], arb)
    assert excess[1] < 0


@pytest.mark.parametrize("text", ["0.5000000000000000000000001", "0.4999999999999999999999999"])
def test_a_near_tie_is_no_tie(text: str):
    """The winner c and the loser d move together, so a and c tie no more."""
    it = parsed(changed("some-borda-tie-pairs", "users.0.utilities.2", text))
    with ctx.workprec(256):
        excess = values(it, it.borda)
    assert it.borda[0].terms or it.borda[2].terms
    assert any(isinstance(excess[x], arb) for x in (0, 2))


def test_copeland_scores():
    """Exact halves for exact ties; at too low a precision a contest is open, never guessed."""
    it = parsed(sample("copeland-social-exact-tie-of-clones"))  # a, b, b2, c
    with ctx.workprec(256):
        assert copeland(it) == {0: 1, 1: fmpq(3, 2), 2: fmpq(3, 2), 3: 2}
    with ctx.workprec(53):  # b beats a by 1e-40
        score = copeland(it)
    assert score[3] == 2
    for x, ends in ((0, (1, 3)), (1, (fmpq(1, 2), fmpq(3, 2)))):
        open_score = score[x]
        assert isinstance(open_score, arb)
        assert all(open_score.contains(end) for end in ends)


def test_copeland_counts_contests_of_the_support_only():
    it = parsed(sample("some-copeland-pair-never-asked-alignment"))
    assert copeland(it) == {1: fmpq(1, 2), 2: fmpq(1, 2)}
