"""Search and simplify end in certificates that the checker accepts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import adversary
from adversary.errors import CertificateError, InputError
from adversary.searching.gradient import Gradient
from adversary.verbs import search, simplify

SHORT = Gradient(restarts=32, steps=60, rounds=1)


class Shy(adversary.Method):
    """Uniform, whatever the preferences: a method that the checker has no rule for."""

    name = "shy"

    def solve(self, preferences):
        support = preferences.support.double()
        return adversary.Outcome.of(support / support.sum(-1, keepdim=True))


@pytest.mark.parametrize("method", [adversary.Borda(), adversary.RLHF(), adversary.DPO()])
@pytest.mark.parametrize("kl_budget", [None, adversary.FREE, "1/2"])
def test_search_is_certified(tmp_path: Path, method, kl_budget):
    """The certified bound is just below the numeric one, and the saved file is accepted."""
    result = search(method, 5, kl_budget=kl_budget, strategy=SHORT, seed=1)
    assert result.certificate is not None
    bound = float(result.certificate.lower_bound)
    assert bound == pytest.approx(result.distortion, rel=1e-9)
    assert bound >= result.finding.distortion * (1 - 1e-6)
    assert bound <= result.distortion * (1 + 1e-12)
    result.save(str(tmp_path / "w.json"))
    verdict = adversary.check(tmp_path / "w.json")
    assert verdict.accepted
    assert verdict.bound == result.certificate.lower_bound
    provenance = adversary.read(tmp_path / "w.json").provenance
    assert provenance["seed"] == 1
    assert provenance["strategy"] == "gradient"


@pytest.mark.parametrize("method", [adversary.NLHF(), adversary.MaximalLotteries()])
@pytest.mark.parametrize("sampling", ["pairs", "user-dependent"])
def test_games_are_certified_under_every_law(method, sampling):
    result = search(method, 3, sampling=sampling, kl_budget="1", strategy=SHORT)
    assert result.certificate is not None
    assert float(result.certificate.lower_bound) >= result.finding.distortion * (1 - 1e-6)


def test_same_seed_same_file(tmp_path: Path):
    """To the bit."""
    for name in ("one.json", "two.json"):
        search(adversary.RLHF(), 4, kl_budget=1, strategy=SHORT, seed=7).save(str(tmp_path / name))
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_method_without_a_rule_stays_numeric(tmp_path: Path):
    """And says why; the file is an instance, which the checker does not accept."""
    result = search(Shy(), 4, strategy=Gradient(restarts=16, steps=20, rounds=1))
    assert result.certificate is None
    assert "no rule for 'shy'" in (result.uncertified or "")
    result.save(str(tmp_path / "w.json"))
    assert adversary.read(tmp_path / "w.json").method == {"name": "shy", "parameters": {}}
    assert not adversary.check(tmp_path / "w.json").accepted


def test_fixed_parts_are_not_simplified_away():
    """Users that the caller fixed come back as given."""
    users = (
        adversary.UserType(Fraction("0.123456789"), (Fraction("0.987654321"), Fraction(0))),
        adversary.UserType(Fraction("0.876543211"), (Fraction(0), Fraction("0.111111111"))),
    )
    result = search(adversary.RLHF(), 4, 2, users=users, kl_budget=adversary.FREE, strategy=SHORT)
    assert result.instance.users == users


def test_simplify_keeps_the_share_of_the_certified_bound():
    result = search(adversary.Borda(), 4, strategy=SHORT, seed=2)
    assert result.certificate is not None
    simple = simplify(result.instance, adversary.Borda(), "0.95")
    assert simple.lower_bound >= Fraction("0.95") * result.certificate.lower_bound


def test_simplify_refuses_a_method_without_a_rule():
    result = search(adversary.Borda(), 4, strategy=SHORT)
    with pytest.raises(CertificateError, match="no rule"):
        simplify(result.instance, Shy())
    with pytest.raises(InputError, match="keep"):
        simplify(result.instance, adversary.Borda(), "much")


def test_simplify_keeps_the_provenance(tmp_path: Path):
    """Where an instance came from is not lost with its long numbers."""
    result = search(adversary.Borda(), 4, strategy=SHORT, seed=5)
    about = {"seed": 5, "strategy": "gradient"}
    simple = simplify(result.instance, adversary.Borda(), "0.9999", provenance=about)
    simple.save(tmp_path / "s.json")
    kept = adversary.read(tmp_path / "s.json").provenance
    assert kept["seed"] == 5
    assert kept["strategy"] == "gradient"
    assert kept["simplified"] == "0.9999"
