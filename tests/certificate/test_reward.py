"""The enclosure of the reward."""

import pytest
from flint import arb, ctx
from mpmath import mp

from adversary.certificate import Rejected
from adversary.certificate.reward import reward

from . import reference
from .samples import changed, parsed, sample

FILES = ["rlhf-social-pairs-chain", "rlhf-social-user-dependent", "dpo-social-independent"]


@pytest.mark.parametrize("name", FILES)
def test_encloses_the_reward(name: str):
    with ctx.workprec(256), mp.workdps(50):
        found = reward(parsed(sample(name)))
        assert found is not None
        expected = reference.bradley_terry(reference.problem(sample(name)))
        for x, exact in enumerate(expected):
            difference = found[x] - found[0] - arb(mp.nstr(exact - expected[0], 45))
            assert abs(difference) < arb("1e-38")
            assert found[x].rad() < arb("1e-50")


def test_a_poor_guess_is_improved_or_refused():
    name = "rlhf-social-pairs-chain"
    guess = sample(name)["witness"]["reward"]
    near = [str(float(r) + 0.001 * x) for x, r in enumerate(guess)]
    far = [f"{x}e30" for x in range(len(guess))]
    with ctx.workprec(128):
        first = reward(parsed(sample(name)))
        second = reward(parsed(changed(name, "witness.reward", near)))
        assert reward(parsed(changed(name, "witness.reward", far))) is None
    assert first is not None
    assert second is not None
    assert all((first[x] - first[0]).overlaps(second[x] - second[0]) for x in first)


def test_another_beta_moves_the_enclosure():
    first = reward(parsed(sample("dpo-social-independent")))
    second = reward(parsed(changed("dpo-social-independent", "beta", "3.000001")))
    assert first is not None
    assert second is not None
    assert not all(first[x].overlaps(second[x]) for x in first)


def test_pairs_that_do_not_connect():
    law = [["a", "b", "1"], ["b", "c", "0"]]
    document = changed("rlhf-social-pairs-path", "sampling.weights", law)
    with pytest.raises(Rejected, match="do not connect"):
        reward(parsed(document))


def test_one_alternative():
    name = "rlhf-one-alternative-in-the-support"
    document = sample(name)
    assert reward(parsed(document)) is not None
    [alone] = parsed(document).support
    others = [other for x, other in enumerate(document["alternatives"]) if x != alone]
    law = {"kind": "pairs", "weights": [[*others[:2], "1"]]}
    assert reward(parsed(changed(name, "sampling", law))) == {alone: 0}
