"""The collection of theorems: found by itself, consistent, safely rounded, and asked rightly."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path

import mpmath
import pytest

import adversary.theory
from adversary.interface.method import available
from adversary.theory import SIDES, Claim, Law, Question, all_theorems, known, strongest
from adversary.theory.question import REWARDED
from adversary.theory.sources import PROJECT

EXTREMES = tuple(map(Fraction, ("1e-300", "1e-9", "1", "700", "711", "1500", "10000")))
LAWS = ("independent", "uniform", "pairs", "user-dependent")


def ask(
    method: str,
    setting: str = "social-choice",
    law: str | Law = "independent",
    beta: object = 4,
    m: int | None = None,
    tau: object = None,
    **more: object,
) -> Question:
    named = Law.named(law) if isinstance(law, str) else law
    budget = None if tau is None else Fraction(tau)  # type: ignore[arg-type]
    return Question(method, setting, named, Fraction(beta), m, budget, **more)  # type: ignore[arg-type]


def keys(*question: object, **more: object) -> list[str]:
    """Return 'key' of each lower bound that applies, and '≤ key' of each upper one."""
    found = known(ask(*question, **more))  # type: ignore[arg-type]
    return [("≤ " if t.status == "upper" else "") + t.key for t, _ in found]


def test_every_file_is_found():
    here = Path(adversary.theory.__file__).parent
    files = {f.stem.replace("_", "-") for f in here.glob("*.py") if "THEOREM = " in f.read_text()}
    assert files == {theorem.key for theorem in all_theorems()}
    assert len(files) == 22


def test_fields_are_filled_and_methods_exist():
    for theorem in all_theorems():
        assert theorem.title
        assert theorem.place
        assert theorem.formula
        assert theorem.assumptions
        assert theorem.claims
        assert theorem.citation == theorem.source.citation
        assert set(theorem.methods) <= set(available())
        assert theorem.methods or theorem.subject


def test_papers_are_not_credited_with_methods_that_they_do_not_treat():
    """GHY: no IPO and no Copeland, but rules in general; AG: Borda and Copeland."""
    derived = {t.key: set(t.derived) for t in all_theorems() if t.derived}
    assert derived == {"ghy-thm2": {"ipo"}, "ghy-thm12": {"ipo"}}
    for theorem in all_theorems():
        stated = set(theorem.methods) - set(theorem.derived)
        if theorem.source.short == "AG":
            assert stated <= {"borda", "copeland"}
        if theorem.source.short == "GHY" and not theorem.key.startswith("ghy-thm3"):
            assert not stated & {"ipo", "copeland"}


def test_papers_are_not_credited_with_laws_that_they_do_not_treat():
    """Their laws are common to all users; what depends on the user is derived, or a limit."""
    for theorem in all_theorems():
        for claim in theorem.claims:
            wider = claim.side == "lower" and "user-dependent" in claim.laws
            if theorem.source is not PROJECT and wider:
                assert claim.derived or claim.limit


def test_every_condition_is_in_the_words():
    """What the listing prints of a claim names each condition that its fields have."""
    words = {
        "law": {"free": "not fixed", "shown": "every alternative shown", "uniform": "uniform",
                "tree": "on the pairs of a tree"},
        "reference": {"free": "reference not fixed"},
        "budget": {"zero": "τ = 0", "positive": "τ > 0", "log 2": "τ ≥ log 2"},
        "policies": {"some": "some policy"},
    }  # fmt: skip
    for claim in (claim for theorem in all_theorems() for claim in theorem.claims):
        text = claim.in_words
        for field, values in words.items():
            assert values.get(getattr(claim, field), "") in text
        assert all(kind in text for kind in claim.laws)
        assert all(method in text for method in claim.methods)
        assert (f"derived: {claim.derived}" in text) == bool(claim.derived)
        assert (f"stated for {claim.limit} only" in text) == bool(claim.limit)
        assert ("budget not binding" in text) == (claim.loose and claim.side == "upper")


def every_question(betas: tuple[object, ...]):
    """Yield questions of every kind that a search, a file or a table asks."""
    budgets = (("social-choice", None), *(("alignment", tau) for tau in (None, 0, "1/10", 1)))
    trees = tuple(Law("pairs", fixed=True, longest=n) for n in (2, 3, 5))
    for method, beta, m in product(available(), betas, (None, 2, 3, 4, 64)):
        for (setting, tau), law in product(budgets, (*LAWS, *trees)):
            fixed = not isinstance(law, str)
            if fixed and (m is None or (law.longest or 0) > m or (m == 2) != (law.longest == 2)):
                continue
            more = [{}, {"policies": "some"}, {"types": 2}, {"reference": False}]
            if setting == "alignment" and method in REWARDED:
                more.append({"loose": True})
            for options in more:
                yield ask(method, setting, law, beta, m, tau, **options)


def test_lower_bounds_stay_below_upper_bounds():
    """Whatever is asked, at any β: the strongest of both sides, as exact numbers."""
    compared = 0
    for question in every_question(("1e-300", "1/10", 2, 4, 12, 10_000)):
        lower, upper = strongest(question)
        if lower is not None and upper is not None:
            compared += 1
            assert lower.value <= upper.value, question
    assert compared > 4_000


def test_the_narrower_class_is_no_worse():
    """Whatever is fixed, a lower bound that still applies was there before."""
    for question in every_question((2, 12)):
        lower, _ = strongest(question)
        wide, _ = strongest(replace(question, types=None, reference=True, loose=False))
        if lower is not None:
            assert wide is not None
            assert wide.value >= lower.value


def test_claims_apply_where_their_conditions_hold_and_only_there():
    """One condition after the other, on a claim that has it and one that has not."""
    any_ = Claim("lower", ("rlhf",), ("social-choice", "alignment"), ("independent", "pairs"),
                 lambda beta, m: 2.5)  # fmt: skip
    ball = ask("rlhf", "alignment", "independent", 4, 3, 1)

    def says(question: Question = ball, **conditions: object) -> bool:
        return replace(any_, **conditions).value(question) is not None

    assert says()
    assert not says(ask("dpo", "alignment", "independent", 4, 3, 1))
    assert not says(ask("rlhf", "alignment", "user-dependent", 4, 3, 1))
    assert says(least=3)
    assert not says(least=4)
    assert says(ask("rlhf", "alignment", "independent", 4, None, 1), least=4)
    assert not says(settings=("social-choice",))
    assert says(types=2)
    assert not says(replace(ball, types=1), types=2)
    assert says(replace(ball, types=3), types=None)
    assert not says(replace(ball, types=2), types=None)
    assert not says(replace(ball, types=0))
    for need, given in (("free", "uniform"), ("tree", "uniform")):
        assert says(law=need)
        assert not says(ask("rlhf", "alignment", given, 4, 3, 1), law=need)
    assert says(ask("rlhf", "alignment", "uniform", 4, 3, 1), law="uniform")
    assert says(reference="free")
    assert not says(replace(ball, reference=False), reference="free")
    assert not says(replace(ball, loose=True))
    assert says(replace(ball, loose=True), loose=True)
    assert not says(policies="some")
    assert says(replace(ball, policies="some"), policies="some")
    assert not says(replace(ball, policies="some"))
    assert not says(bound=None)


@pytest.mark.parametrize(
    ("budget", "taus"),
    [
        ("any", {None, "0", "1/10", "0.6931471805599453", "0.6931471805599454"}),
        ("zero", {"0"}),
        ("positive", {None, "1/10", "0.6931471805599453", "0.6931471805599454"}),
        ("log 2", {None, "0.6931471805599454"}),
    ],
)
def test_budgets(budget: str, taus: set[str | None]):
    """Whether τ is at least log 2 = 0.69314718055994530942 is decided exactly."""
    claim = Claim("lower", ("rlhf",), ("alignment",), ("independent",), lambda beta, m: 2.5,
                  budget=budget)  # type: ignore[arg-type] # fmt: skip
    asked = (None, "0", "1/10", "0.6931471805599453", "0.6931471805599454")
    assert {t for t in asked if claim.value(ask("rlhf", "alignment", tau=t)) is not None} == taus
    upper = replace(claim, side="upper", budget="zero")
    assert upper.value(ask("rlhf", "alignment", tau=0)) == 2.5
    assert upper.value(ask("rlhf", "alignment")) is None


def test_upper_bounds_apply_where_they_cover_everything_asked_about():
    claim = Claim("upper", ("rlhf",), ("social-choice",), ("pairs",), lambda beta, m: m)

    def says(given: Law, **conditions: object) -> object:
        return replace(claim, **conditions).value(ask("rlhf", law=given, m=5))

    free, hidden = Law("pairs"), Law("pairs", fixed=True, shown=False)
    assert says(free) == says(hidden) == 5
    assert says(free, law="shown") == 5
    assert says(hidden, law="shown") is None
    assert says(free, law="uniform") is None
    assert says(Law("pairs", fixed=True, uniform=True), law="uniform") == 5
    assert says(free, law="tree") is None
    assert says(Law("pairs", fixed=True, longest=3), law="tree") == 3
    assert says(free, loose=True) is None


def test_what_applies_where():
    loser = ["ghy-thm3", "ghy-thm3-loser"]
    assert keys("nlhf", "alignment", "pairs", 8, 4, "1/2") == ["ghy-thm7", "≤ ghy-thm7"]
    assert keys("nlhf", "alignment", "pairs", 8, 2, "1/2") == ["≤ ghy-thm7"]
    assert keys("nlhf", "alignment", "pairs", 8, 2, 1) == ["ghy-thm7", "≤ ghy-thm7"]
    assert keys("nlhf", "alignment", "user-dependent", 8) == ["ghy-thm7", "user-dependent"]
    lotteries = ["ghy-cor4", "≤ ghy-cor4", *loser]
    assert keys("maximal-lotteries", beta=8) == lotteries
    assert keys("rlhf", "alignment", "independent", 2, 3, 1) == ["kl-vertex"]
    assert keys("rlhf", "alignment", "independent", 12, 3, 1) == ["ghy-thm6", "kl-vertex"]
    assert keys("rlhf", "alignment", "independent", 12, 3, "1/2") == []
    assert keys("rlhf", "alignment", "independent", 12, 4, "1/2") == ["kl-vertex"]
    assert keys("rlhf", "alignment", "independent", 2, 3, 1, loose=True) == [
        "kl-vertex",
        "≤ kl-vertex",
    ]
    pairs = ["ghy-thm6", "ghy-thm9", "kl-path", "kl-vertex", "path-law"]
    assert keys("rlhf", "alignment", "pairs", 4, 8) == pairs
    borda = ["≤ ag-borda-2k", "≤ borda-kernel", "ghy-thm12", "≤ ghy-thm2", *loser]
    assert keys("borda", m=3) == borda
    assert keys("borda", m=2) == [key for key in borda if key != "ghy-thm12"]
    assert keys("borda", law="pairs") == ["borda-pairs", "ghy-thm12", *loser]
    assert keys("borda", law="pairs", m=3) == ["ghy-thm12", *loser]
    assert keys("ipo", "alignment", beta=8, m=3, tau=1) == ["kl-vertex", "≤ slope-ratio"]
    assert keys("ipo", "alignment", beta=8, m=3, tau="1/2") == ["≤ slope-ratio"]
    assert keys("ipo", m=3) == ["≤ borda-kernel", "ghy-thm12", "≤ ghy-thm2", *loser]
    copeland = ["≤ ag-copeland-2k", "copeland", "≤ copeland", *loser]
    assert keys("copeland", m=4) == keys("copeland", law="pairs") == copeland
    assert keys("copeland", m=3) == ["≤ ag-copeland-2k", "≤ copeland", *loser]
    assert keys("copeland", m=3, policies="some") == ["≤ ag-copeland-2k", "copeland", "≤ copeland"]
    assert keys("copeland", "alignment", "pairs", 4, 4, "1/10") == ["copeland", "≤ copeland"]
    assert "≤ copeland" not in keys("copeland", law="user-dependent")
    assert keys("no-such-method") == []


def test_a_fixed_law_is_not_charged_with_what_a_free_one_can_do():
    """`search borda --beta 8 --sampling uniform`: 6.1536 needs a law that is chosen."""
    assert "ghy-thm12" not in keys("borda", law="uniform", beta=8, m=3)
    lower, upper = strongest(ask("borda", law="uniform", beta=8, m=3))
    assert lower is not None
    assert upper is not None
    assert lower.value < Fraction("4.1069") < upper.value  # what the library proves is at most
    assert "kl-vertex" not in keys("rlhf", "alignment", "uniform", 8, 3, 1)
    assert "kl-vertex" not in keys("rlhf", "alignment", "independent", 8, 3, 1, reference=False)
    assert "path-law" not in keys("rlhf", law=Law("pairs", fixed=True, uniform=True), m=5)
    for size in (3, 5):
        lower, upper = strongest(ask("rlhf", law=Law("pairs", fixed=True, longest=size), m=6))
        free, _ = strongest(ask("rlhf", law="pairs", m=size))
        assert lower is not None
        assert upper is not None
        assert free is not None
        assert lower.theorem.key == upper.theorem.key == "path-law"
        assert upper.directed == pytest.approx(lower.directed, rel=1e-12)
        assert free.directed == pytest.approx(lower.directed, rel=1e-12)


def test_the_paper_s_own_instance_of_theorem_6_asks_for_many_alternatives():
    """Under the uniform law from m = 3,085 on at β = 10, with the law free from 3 on."""
    assert keys("rlhf", "alignment", "uniform", 10, 3_000, 1) == []
    (found,) = known(ask("rlhf", "alignment", "uniform", 10, 4_000, 1))
    assert found.claim.limit
    assert float(found.value) == pytest.approx(math.exp(10) / 100, rel=1e-12)


@cache
@mpmath.workdps(700)
def exact(key: str, beta: Fraction):
    """Return a theorem's number at m = 3 to many digits, by formulas of its own."""
    b = mpmath.mpf(beta.numerator) / beta.denominator
    k = b / 2 * mpmath.coth(b / 2)
    gamma = 2 / b * mpmath.acosh(mpmath.sqrt(k))
    gain = mpmath.tanh(b * gamma / 2) / mpmath.tanh(b / 2) - gamma
    copy = {"ghy-thm12": "borda-kernel", "copeland": "borda-kernel", "path-law": "borda-kernel"}
    copy |= {"ghy-thm7": "ghy-cor4", "ghy-thm3-loser": "ghy-cor4", "kl-vertex": "slope-ratio"}
    return {
        "borda-kernel": k * (1 + gain),
        "ghy-cor4": k,
        "slope-ratio": mpmath.cosh(b / 2) ** 2,
        "ag-borda-2k": 2 * k,
        "ag-copeland-2k": 2 * k,
        "ghy-thm2": k**2,
        "ghy-thm3": 1 / (mpmath.mpf(1) / 3 + 1 / k),
        "ghy-thm6": mpmath.exp(b) / (10 * b),
    }[copy.get(key, key)]


@pytest.mark.parametrize("beta", EXTREMES, ids=str)
def test_no_number_is_beyond_the_truth(beta: Fraction):
    """At any β: an upper bound is not too small, a lower one not too large, as floats too."""
    told = set()
    laws = ("uniform", "independent", "pairs", Law("pairs", fixed=True, longest=3))
    settings = ("social-choice", "alignment")
    for theorem, side, setting, law in product(all_theorems(), SIDES, settings, laws):
        tau = None if setting == "social-choice" else 1
        for method, loose in product(theorem.methods, (False, True)):
            question = ask(method, setting, law, beta, 3, tau, loose=loose)
            found = theorem.said(question, side)
            if found is None or found.value == math.inf or theorem.key == "ghy-thm9":
                continue
            told.add((theorem.key, side))
            with mpmath.workdps(700):
                true = exact(theorem.key, beta)
                value, near = found.value, found.directed
                stated = mpmath.mpf(value.numerator) / value.denominator  # type: ignore[union-attr]
                assert abs(stated / true - 1) < mpmath.mpf("1e-17")
                assert (stated <= true) if side == "lower" else (stated >= true)
                assert (near <= stated) if side == "lower" else (near >= stated)
                if true < mpmath.mpf("1e308"):
                    assert near == pytest.approx(float(str(true)), rel=1e-15)
    assert {key for key, side in told if side == "upper"} >= {"slope-ratio", "path-law", "copeland"}
    assert {key for key, side in told if side == "lower"} >= {"kl-vertex", "path-law", "ghy-thm12"}


@pytest.mark.parametrize("beta", EXTREMES, ids=str)
@pytest.mark.parametrize("theorem", all_theorems(), ids=lambda t: t.key)
def test_bounds_are_distortions_or_none(theorem, beta):
    for m, tau in product((None, 2, 3, 64), (None, 0, 1)):
        bound = theorem.bound(beta, m, tau)
        assert bound is None or bound >= 1


def test_bounds_beyond_floats():
    """A lower bound of the largest float is true, and so is an upper bound of infinity."""
    by_key = {theorem.key: theorem for theorem in all_theorems()}
    vertex, ratio = by_key["kl-vertex"], by_key["slope-ratio"]
    assert vertex.bound(700) == pytest.approx(2.53558013683751e303, rel=1e-14)
    assert vertex.bound(711) == pytest.approx(float("1.51815684443249825e308"), rel=1e-14)
    assert vertex.bound(1500) == vertex.bound(10_000) == sys.float_info.max
    assert ratio.bound(711) == pytest.approx(vertex.bound(711), rel=1e-15)
    assert ratio.bound(1500) == ratio.bound(10_000) == math.inf
    lower, upper = strongest(ask("ipo", "alignment", beta=1500, m=3, tau=1))
    assert lower is not None
    assert upper is not None
    assert lower.text == "6.91294e+650"  # e^1500/4
    assert upper.text == "6.91295e+650"
    assert by_key["ghy-thm6"].bound(10_000, 3) == sys.float_info.max
    assert by_key["ghy-thm9"].bound(2) == math.inf
    assert by_key["ghy-thm9"].bound(2, 3, 0) is None


def test_import_is_light():
    code = "import sys, adversary.theory as t; t.all_theorems(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
