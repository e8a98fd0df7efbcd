"""Rates: fits that tell β/2 from e^β, growth in m, the table and the figure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adversary.certifying.certify import certify
from adversary.cli import main
from adversary.errors import InputError
from adversary.figures.rates import save
from adversary.interface.method import by_name
from adversary.results.rates import Setting, against_beta, alike, growth, rates
from adversary.sweeping.directory import FAILED, Entry
from adversary.theory import ghy_cor4, ghy_thm9, kl_vertex, path_law
from adversary.theory.formulas import borda_rate, rate

BETAS = (1, 2, 4, 6, 8, 10, 12)


def entry(beta: object, value: float, method: str = "borda", *, kl: object = "none",
          sampling: str = "independent", m: int = 3, certified: bool = True) -> Entry:  # fmt: skip
    bound = Fraction(value) if certified else None
    numeric = None if certified else value
    return Entry(Path("x.json"), method, Fraction(str(beta)), m, sampling, kl, bound,  # type: ignore[arg-type]
                 numeric, None, {}, None, "every")  # fmt: skip


def one(curve: Callable[[float], float], **options: object):
    (found,) = rates([entry(beta, curve(beta), **options) for beta in BETAS])  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("curve", "model", "reading"),
    [
        (rate, "linear", "β/2"),
        (borda_rate, "linear", "β"),
        (lambda beta: 0.73 * beta + 2, "linear", "0.73β"),
        (lambda beta: math.cosh(beta / 2) ** 2, "exponential", "e^(1.00β)"),
        (lambda beta: math.exp(beta / 2), "exponential", "e^(0.50β)"),
    ],
    ids=["K", "borda", "linear", "vertex", "half"],
)
def test_growth_is_read(curve: Callable[[float], float], model: str, reading: str):
    """The curves of theory are told apart; small β, where all are alike, are left out."""
    found = one(curve)
    assert (found.model, found.reading) == (model, reading)
    assert [p.beta for p in found.fitted] == [4, 6, 8, 10, 12]


def test_few_points_decide_nothing():
    found = rates([entry(b, rate(b)) for b in (2, 4)])[0]
    assert (found.linear, found.model, found.reading) == (None, "undecided", "undecided")
    found = rates([entry(b, rate(b)) for b in (2, 4, 6)])[0]
    assert found.linear is not None
    assert (found.model, found.reading) == ("undecided", "undecided")


def test_the_best_certified_file_counts():
    """A numeric value only where nothing is certified, and never in a fit."""
    files = [entry(4, 2.0), entry(4, 2.5), entry(4, 9.0, certified=False),
             entry(6, 3.0, certified=False), entry(8, math.inf, certified=False)]  # fmt: skip
    (found,) = rates(files)
    assert [(p.beta, p.bound, p.certified) for p in found.points] == [
        (4, 2.5, True), (6, 3.0, False), (8, math.inf, False)
    ]  # fmt: skip
    assert len(found.fitted) == 1


def infinite(beta: object, method: str = "rlhf", **options: Any) -> Entry:
    """A certificate that claims the largest bound that the checker names."""
    return replace(entry(beta, 1e100, method, **options), infinite=True)


def test_infinite_bounds_are_in_no_fit():
    """They are points all the same; a rate of nothing else is infinite."""
    curve = [entry(b, math.cosh(b / 2) ** 2, "rlhf", kl="free") for b in BETAS[:-1]]
    (without,) = rates(curve)
    (found,) = rates([*curve, infinite(12, kl="free")])
    assert found.points[-1].bound == math.inf
    assert (found.fitted, found.linear, found.exponential, found.support) == (
        without.fitted, without.linear, without.exponential, without.support
    )  # fmt: skip
    assert found.reading == without.reading == "e^(0.99β)"
    (none,) = rates([infinite(b, kl="free") for b in BETAS])
    assert (none.fitted, none.linear, none.support, none.reading) == ((), None, None, "infinite")
    assert [r.setting.method for r in alike(rates([
        *(infinite(b, name, kl="free") for b in BETAS for name in ("dpo", "rlhf")),
    ]))[0]] == ["dpo", "rlhf"]  # fmt: skip


def test_an_infinite_bound_beats_every_finite_one():
    (found,) = rates([entry(4, 1e120, "rlhf"), infinite(4), entry(4, 3.0, "rlhf")])
    assert [p.bound for p in found.points] == [math.inf]


def test_infinite_growth_in_m():
    """The power is fitted to the finite sizes."""
    files = [entry(4, 1.5 * m**0.5, "rlhf", sampling="pairs", m=m) for m in (3, 4, 8, 16)]
    (without,) = growth(rates(files))
    (found,) = growth(rates([*files, infinite(4, sampling="pairs", m=6)]))
    assert [bound for _, bound in found.points].count(math.inf) == 1
    assert (found.power, found.support, found.reading) == (
        without.power, without.support, without.reading
    )  # fmt: skip
    (none,) = growth(rates([infinite(4, sampling="pairs", m=m) for m in (3, 4, 8)]))
    assert (none.power, none.reading) == (None, "infinite")


def test_theory_may_be_infinite():
    """Beside an infinite published bound there is no fit of weaker ones."""
    (found,) = rates([infinite(4, kl=Fraction(1), sampling="pairs", m=4)])
    assert found.theory is not None
    assert (found.theory.theorem.key, found.theory.bound, found.theory.line) == (
        "kl-path", math.inf, None
    )  # fmt: skip


def test_groups():
    files = [entry(4, 2), entry(4, 2, "nlhf"), entry(4, 2, kl=Fraction(1)), entry(4, 2, m=4),
             entry(4, 2, sampling="pairs")]  # fmt: skip
    assert len(rates(files)) == 5
    assert len(rates(files + files)) == 5


def test_theory_stands_beside():
    """The best lower bound, fitted at the same β."""
    found = one(borda_rate).theory
    assert found is not None
    assert found.theorem.key == "ghy-thm12"
    line = one(borda_rate).linear
    assert found.line is not None
    assert line is not None
    assert found.line.slope == pytest.approx(line.slope, rel=1e-12)
    assert found.bound == pytest.approx(borda_rate(BETAS[-1]), rel=1e-14)
    assert one(rate, method="nobody").theory is None
    upper = Setting("borda", "none", "independent", 3).upper(4)
    assert upper is not None
    assert upper[0].key == "borda-kernel"


def test_growth_in_m():
    """m^p under laws on pairs only; at least three sizes for an interval."""
    files = [entry(4, 1.5 * m**0.5, "rlhf", sampling="pairs", m=m) for m in (3, 4, 8, 16)]
    files += [entry(4, 2, "rlhf", m=m) for m in (3, 4, 8)]
    (found,) = growth(rates(files))
    assert found.power is not None
    assert found.power.slope == pytest.approx(0.5)
    assert found.power.margin < 1e-6
    assert (found.model, found.reading) == ("power", "m^0.50")
    assert [m for m, _ in found.points] == [3, 4, 8, 16]
    few = growth(rates(files[:2]))[0]
    assert (few.power, few.exponential, few.reading) == (None, None, "undecided")


@pytest.mark.parametrize("beta", [2, 4, 8])
def test_exponential_growth_in_m(beta: int):
    """Known bounds under laws on pairs are told from a power, and stand beside."""
    sizes = (3, 4, 5, 6, 7, 8, 12)
    files = [entry(beta, path_law.bound(beta, m) or 0, "rlhf", sampling="pairs", m=m)
             for m in sizes]  # fmt: skip
    (found,) = growth(rates(files))
    assert found.model == "exponential"
    assert found.exponential is not None
    assert math.exp(found.exponential.slope) == pytest.approx(path_law.growth(beta), rel=0.02)
    assert found.reading == f"{math.exp(found.exponential.slope):.2f}^m"
    assert found.theory is not None
    assert (found.theory.theorem.key, found.theory.line) == ("path-law", found.exponential)


def test_methods_with_the_same_bounds_are_one():
    """Within 2 % at every β, in the same setting; what has only numeric values stands alone."""
    same = [entry(b, rate(b) * f, name) for b in BETAS
            for name, f in (("a", 1), ("b", 1.015), ("c", 1.05))]  # fmt: skip
    found = rates([*same, *(entry(b, rate(b), "d", certified=False) for b in BETAS)])
    assert [[r.setting.method for r in g] for g in alike(found)] == [["a", "b"], ["c"], ["d"]]
    other = rates([entry(b, rate(b), kl=kl) for b in BETAS for kl in ("none", "free")])
    assert len(alike(other)) == 2


def test_what_only_growth_in_m_shows():
    """One β for each m says nothing of β, unless it is all that there is."""
    files = [entry(4, 2.0**m, "rlhf", sampling="pairs", m=m) for m in (3, 4, 8)]
    few, many = rates(files[:2]), rates([*files, entry(4, 2)])
    assert against_beta(few, growth(few)) == few
    assert [r.setting.method for r in against_beta(many, growth(many))] == ["borda"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real certificates of published constructions."""
    path = tmp_path_factory.mktemp("rates")
    for beta in (4, 6, 8, 10):
        social = certify(ghy_cor4.instance(beta, "1/1000"), by_name("maximal-lotteries"))
        social.save(path / f"ml-{beta}.json")
        vertex = kl_vertex.instance(beta, "1/1000", f"1e-{beta}")
        certify(vertex, by_name("rlhf")).save(path / f"rlhf-{beta}.json")
    for m in (3, 5, 8):
        certify(ghy_thm9.instance(4, m), by_name("rlhf")).save(path / f"pairs-{m}.json")
    record = {
        "cell": {"method": "nlhf", "beta": "6", "alternatives": 3, "sampling": "independent",
                 "kl": "1", "users": 4, "strategy": {"name": "auto"}, "seed": 0},
        "reason": "no certificate: none today", "numeric_distortion": "2.9",
    }  # fmt: skip
    (path / f"nlhf{FAILED}").write_text(json.dumps(record))
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["rates", *arguments])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_table(directory: Path, capsys: pytest.CaptureFixture[str]):
    status, out, err = call(capsys, str(directory))
    assert (status, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines() if " 4 to 10 " in line}
    assert " β/2 " in rows["maximal-lotteries"]
    assert "(ghy-cor4)" in rows["maximal-lotteries"]
    assert " e^(0.99β) " in rows["rlhf"]
    assert "m^p: p" in out


def test_json(directory: Path, capsys: pytest.CaptureFixture[str]):
    status, out, _ = call(capsys, str(directory), "--json")
    found = json.loads(out)
    assert status == 0
    by_model = {row["model"]: row for row in found["rates"]}
    assert by_model["linear"]["linear"]["slope"] == pytest.approx(0.5, rel=0.05)
    assert by_model["exponential"]["exponential"]["slope"] == pytest.approx(1, rel=0.05)
    assert by_model["exponential"]["theory"]["key"] == "kl-vertex"
    (grown,) = found["growth_in_m"]
    assert grown["power"]["slope"] > grown["exponential"]["slope"] > 0
    assert (grown["model"], grown["theory"]["key"]) == ("undecided", "path-law")
    assert [p["certified"] for row in found["rates"] for p in row["points"]].count(False) == 1


def test_refused_files_are_told(directory: Path, tmp_path: Path,
                                capsys: pytest.CaptureFixture[str]):  # fmt: skip
    for beta in (4, 6):
        source = (directory / f"ml-{beta}.json").read_text("utf-8")
        (tmp_path / f"{beta}.json").write_text(source, "utf-8")
    false = source.replace('"distortion_at_least": "', '"distortion_at_least": "9')
    (tmp_path / "6.json").write_text(false, "utf-8")
    status, out, err = call(capsys, str(tmp_path), "--json")
    assert status == 1
    assert "6.json: " in err
    assert [len(row["points"]) for row in json.loads(out)["rates"]] == [1]


@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_figure(directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str):
    """Vector and PNG, the same bytes each time; certified and numeric points, theory by name."""
    file = tmp_path / f"r.{ending}"
    status, out, _ = call(capsys, str(directory), "--figure", str(file))
    assert status == 0
    assert f"written to {file}" in out
    before = file.read_bytes(), file.with_suffix(".png").read_bytes()
    assert before[1].startswith(b"\x89PNG")
    call(capsys, str(directory), "--figure", str(file))
    assert (file.read_bytes(), file.with_suffix(".png").read_bytes()) == before
    if ending == "svg":
        text = before[0].decode()
        for word in ("e^(0.99β): rlhf", "β/2: maximal-lotteries", "numeric only", "undecided: β"):
            assert word in text
        assert "fill: none" in text


def test_infinite_bounds_in_the_figure(tmp_path: Path):
    """An arrow to the top edge, labelled ∞, and no axis that reaches for 1e100."""
    files = [entry(b, b / 2 + 1.0) for b in BETAS]
    files += [infinite(b, "rlhf", kl=Fraction(1), sampling="pairs", m=4) for b in (2, 8)]
    files += [infinite(8, "borda"), entry(10, math.inf, "ipo", certified=False)]
    files += [entry(4, 1.4**m, "rlhf", sampling="pairs", m=m) for m in (3, 4, 5, 8)]
    files += [infinite(4, sampling="pairs", m=6)]
    found = rates(files)
    save(found, growth(found), tmp_path / "r.svg")
    text = (tmp_path / "r.svg").read_text("utf-8")
    assert text.count("<!-- ∞ -->") == 5 or text.count(">∞<") == 5
    for mark in ("100}", "10^{5", "1e100", "1e+100"):
        assert mark not in text


def test_only_infinite_bounds_in_the_figure(tmp_path: Path):
    """Nothing to scale an axis by is no error."""
    found = rates([infinite(b, "rlhf", kl=Fraction(1), sampling="pairs", m=4) for b in (2, 8)])
    assert len(save(found, [], tmp_path / "r.pdf")) == 2


def test_what_is_in_no_fit_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The command names the infinite bounds; largest bounds are rounded down."""
    instances = Path(__file__).parents[2] / "instances"
    for name in ("rlhf-kl1-path-m4-infinite-beta2", "borda-social-choice-sharp-beta4"):
        (tmp_path / f"{name}.json").write_bytes((instances / f"{name}.json").read_bytes())
    status, out, _ = call(capsys, str(tmp_path))
    assert status == 0
    assert "\ninfinite, and in no fit: rlhf, KL ≤ 1, pairs, m = 4, β = 2\n" in out
    rows = {line.split()[0]: line for line in out.splitlines()[1:3]}
    assert " 2.682 " in rows["borda"]  # 2.68258…
    assert "infinite (kl-path)" in rows["rlhf"]


def test_figure_refuses_other_formats(tmp_path: Path):
    found = rates([entry(b, rate(b)) for b in BETAS])
    with pytest.raises(InputError, match=r"ends in \.pdf or \.svg"):
        save(found, [], tmp_path / "r.gif")
    assert not list(tmp_path.iterdir())


def test_an_empty_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    status, out, err = call(capsys, str(tmp_path))
    assert (status, out) == (2, "")
    assert "a directory with certificates" in err
    assert call(capsys, str(tmp_path / "nowhere"))[0] == 2
