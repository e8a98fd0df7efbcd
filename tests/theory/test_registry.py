"""The collection of theorems: found by itself, consistent, and asked the right way."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

import adversary.theory
from adversary.interface.method import available
from adversary.theory import all_theorems, applicable

BETAS = (1e-3, 0.1, 1.0, 2.0, 4.0, 8.0, 12.0, 20.0, 50.0)


def keys(*question) -> list[str]:
    return [theorem.key for theorem in applicable(*question)]


def test_every_file_is_found():
    here = Path(adversary.theory.__file__).parent
    files = {f.stem.replace("_", "-") for f in here.glob("*.py") if "THEOREM = " in f.read_text()}
    assert files == {theorem.key for theorem in all_theorems()}
    assert len(files) == 16


def test_fields_are_filled_and_methods_exist():
    for theorem in all_theorems():
        assert theorem.title
        assert theorem.place
        assert theorem.formula
        assert theorem.assumptions
        assert theorem.citation == theorem.source.citation
        assert set(theorem.methods) <= set(available())


@pytest.mark.parametrize("theorem", all_theorems(), ids=lambda t: t.key)
def test_bounds_are_distortions_or_none(theorem):
    for beta, m, tau in product((*BETAS, 700.0, 1e4), (None, 2, 3, 64), (None, 0.0, 1.0)):
        bound = theorem.bound(beta, m, tau)
        assert bound is None or bound >= 1


def test_lower_bounds_stay_below_upper_bounds():
    compared = 0
    settings = ("social-choice", "alignment")
    laws = ("independent", "pairs", "user-dependent")
    for method, setting, law, beta, m in product(
        available(), settings, laws, BETAS, (None, 2, 3, 64)
    ):
        found = [(t.status, t.bound(beta, m)) for t in applicable(method, setting, law, beta, m)]
        lower = [b for status, b in found if status != "upper" and b is not None]
        upper = [b for status, b in found if status != "lower" and b is not None]
        if lower and upper:
            compared += 1
            assert max(lower) <= min(upper) * (1 + 1e-15)
    assert compared > 100


def test_applicable_asks_method_setting_law_and_parameters():
    assert keys("nlhf", "alignment", "pairs", 8, 4, 0.5) == ["ghy-thm7"]
    assert keys("nlhf", "alignment", "user-dependent", 8) == []
    assert keys("maximal-lotteries", "social-choice", "independent", 8) == ["ghy-cor4", "ghy-thm3"]
    assert keys("rlhf", "alignment", "independent", 8, 3, 1) == ["kl-vertex"]
    assert keys("rlhf", "alignment", "independent", 12, 3, 1) == ["ghy-thm6", "kl-vertex"]
    assert keys("rlhf", "alignment", "independent", 12, 3, 0.5) == []
    assert keys("rlhf", "alignment", "pairs", 4, 8) == [
        "ghy-thm9",
        "kl-path",
        "kl-vertex",
        "path-law",
    ]
    borda = ["ag-borda-2k", "borda-kernel", "ghy-thm12", "ghy-thm2", "ghy-thm3"]
    assert keys("borda", "social-choice", "independent", 4, 3) == borda
    assert "ghy-thm12" not in keys("borda", "social-choice", "independent", 4, 2)
    assert keys("borda", "social-choice", "pairs", 4) == ["ghy-thm12", "ghy-thm3"]
    assert keys("ipo", "alignment", "independent", 8, 3, 1) == ["kl-vertex", "slope-ratio"]
    assert keys("ipo", "alignment", "independent", 8, 3, 0.5) == ["slope-ratio"]
    assert keys("ipo", "alignment", "pairs", 8) == ["kl-vertex"]
    social = ["borda-kernel", "ghy-thm12", "ghy-thm2", "ghy-thm3"]
    assert keys("ipo", "social-choice", "independent", 4, 3) == social
    copeland = ["ag-copeland-2k", "copeland", "ghy-thm3"]
    assert keys("copeland", "social-choice", "independent", 4) == copeland
    assert keys("copeland", "social-choice", "pairs", 4, 3) == ["ag-copeland-2k", "ghy-thm3"]
    assert keys("copeland", "alignment", "pairs", 4, 4, 0.1) == ["copeland"]
    assert keys("copeland", "social-choice", "user-dependent", 4) == ["ghy-thm3", "user-dependent"]
    assert keys("no-such-method", "social-choice", "independent", 4) == []


def test_bounds_at_extremes():
    by_key = {theorem.key: theorem for theorem in all_theorems()}
    assert by_key["ghy-thm9"].bound(2) == math.inf
    assert by_key["ghy-thm9"].bound(2, 3, 0.0) is None
    assert by_key["ghy-thm6"].bound(9.9) is None
    assert by_key["ghy-thm6"].bound(1e4) == sys.float_info.max
    assert by_key["ghy-thm6"].bound(50) == pytest.approx(math.exp(50) / 2200, rel=1e-12)


def test_import_is_light():
    code = "import sys, adversary.theory as t; t.all_theorems(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
