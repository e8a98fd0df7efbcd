"""Upper bounds: what is proved, and never less than the truth."""

import json
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mpf
from scipy.optimize import linprog

from adversary.certificate import Verdict, check
from adversary.certificate.bound import Bound
from adversary.certificate.boxes import Proof
from adversary.certificate.methods import METHODS
from adversary.certificate.reader import load

from . import bounds, reference
from .bounds import BETAS, constants, text
from .instances import random_document
from .samples import CHECKER
from .test_main import run

DELTAS = ("1e-5", "1e-7", "1e-9", "1e-15")


def proof(document: dict[str, Any]) -> Proof:
    """What the checker finds."""
    return Bound(load(json.dumps(document).encode())).examine()


def lowered(document: dict[str, Any], factor: str) -> dict[str, Any]:
    """The same with a claim of `factor` times as much."""
    t = Fraction(document["claim"]["distortion_at_most"]) * Fraction(factor)
    return {**document, "claim": {"distortion_at_most": str(t)}}


def verdict(document: dict[str, Any], folder: Path) -> Verdict:
    """The verdict on a file with this content."""
    path = folder / "bound.json"
    path.write_text(json.dumps(document), "utf-8")
    return check(path)


def files(folder: str) -> list[Path]:
    """The files of one folder."""
    return sorted((CHECKER / "bounds" / folder).glob("*.json"))


@pytest.mark.parametrize("path", files("accept"), ids=lambda path: path.stem)
def test_accept(path: Path):
    result = check(path)
    assert result.accepted, result.message
    document = json.loads(path.read_text("utf-8"))
    assert result.at_most == Fraction(document["claim"]["distortion_at_most"])
    assert result.bound is None
    relation = "U(" if isinstance(document["outcome"], dict) else "distortion <= "
    assert result.message.startswith(f"{document['method']['name']} {relation}")


@pytest.mark.parametrize("path", files("reject"), ids=lambda path: path.stem)
def test_reject(path: Path):
    result = check(path)
    assert not result.accepted
    assert result.method is not None, result.message  # it was read
    assert result.message.startswith("cases[")


@pytest.mark.parametrize("path", files("malformed"), ids=lambda path: path.stem)
def test_malformed(path: Path):
    result = check(path)
    assert not result.accepted
    assert result.method is None
    assert result.message.startswith(path.stem.split("--")[0]), result.message
    assert len(result.message) < 200


def test_there_are_enough():
    assert len(files("accept")) >= 20
    assert len(files("reject")) >= 25
    assert len(files("malformed")) >= 40


def test_a_line_for_each_scope(tmp_path: Path):
    result = verdict(bounds.scores("borda", "4", "1e-3"), tmp_path)
    words = "borda distortion <= 2.685270227293092286297437082440562475586 "
    assert result.message.endswith("(every independent law, every m); beta = 4, social choice")
    assert result.message.split(" (")[0].startswith(words[:24])
    result = verdict(bounds.vertex("dpo", "4", "1e-3"), tmp_path)
    assert "budget not binding" in result.message


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("delta", DELTAS)
def test_the_true_constants(beta: str, delta: str):
    for method in ("borda", "rlhf", "dpo", "ipo"):
        assert proof(bounds.scores(method, beta, delta)).accepted
    for method in ("ipo", "rlhf", "dpo"):
        assert proof(bounds.vertex(method, beta, delta)).accepted
    for setting in ("social-choice", "alignment"):
        assert proof(bounds.game("nlhf", setting, beta, delta)).accepted
        assert proof(bounds.game("maximal-lotteries", setting, beta, delta)).accepted
        assert proof(bounds.uncovered(setting, beta, delta)).accepted


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("below", ["0.9", "0.999", "0.999999", "0.999999999"])
def test_nothing_below_the_true_constants(beta: str, below: str):
    for document in (
        bounds.scores("borda", beta, "1e-12"),
        bounds.vertex("ipo", beta, "1e-12"),
        bounds.game("nlhf", "alignment", beta, "1e-12"),
    ):
        result = proof(lowered(document, below))
        assert not result.accepted
        assert result.point is not None


@pytest.mark.parametrize("beta", ["1", "4", "16"])
def test_wrong_multipliers(beta: str):
    for document in (
        bounds.scores("borda", beta, "1e-7"),
        bounds.vertex("ipo", beta, "1e-7"),
        bounds.game("nlhf", "alignment", beta, "1e-7"),
    ):
        [case] = document["cases"]
        for i, value in enumerate(case["multipliers"]):
            for factor in ("0.999", "1.001", "0", "2"):
                changed = list(case["multipliers"])
                changed[i] = str(Fraction(value) * Fraction(factor))
                assert not proof({**document, "cases": [{"multipliers": changed}]}).accepted


@pytest.mark.slow
@pytest.mark.parametrize("beta", BETAS)
def test_no_multipliers_prove_less_than_the_truth(beta: str):
    """Thousands of attempts a little below the supremum."""
    rng, c = random.Random(7), constants(beta)
    wanted = [
        (lambda t, v: bounds.bound("borda", "social-choice", beta, t, v, sampling="independent"),
         c.scores, (c.slope, c.slope * c.gain)),
        (lambda t, v: bounds.bound("ipo", "alignment", beta, t, v, sampling="independent"),
         c.vertex, (c.steepest,)),
        (lambda t, v: bounds.bound("nlhf", "alignment", beta, t, v), c.k, (c.slope,)),
        (lambda t, v: bounds.bound("copeland", "social-choice", beta, t, v),
         c.scores, (c.slope * (1 + c.gain), c.slope)),
    ]  # fmt: skip
    for make, t, multipliers in wanted:
        for _ in range(300):
            size = mpf(10) ** rng.uniform(-9, -1)
            moved = [abs(v * (1 + size * rng.gauss(0, 1))) for v in multipliers]
            below = t * (1 - mpf(10) ** rng.uniform(-6, -2))
            assert not proof({**make(below, moved), "boxes": "3000"}).accepted


@pytest.mark.parametrize("beta", BETAS)
def test_copeland_and_a_short_path_reach_the_constant_of_borda(beta: str):
    """A cycle of three, and RLHF under a path of three, are no better than Borda."""
    for method, beats in (("copeland", [(1, 0), (2, 1), (0, 2)]), ("rlhf", bounds.path(3))):
        document, solved = bounds.majorities(method, beta, beats, 2, 0, 3)
        assert proof(document).accepted
        assert solved.t == pytest.approx(float(constants(beta).scores), rel=1e-4)


@pytest.mark.parametrize("m", [3, 4, 5])
@pytest.mark.parametrize("beta", ["1", "8"])
def test_a_path(m: int, beta: str):
    document, solved = bounds.majorities("rlhf", beta, bounds.path(m), m - 1, 0, m)
    assert solved.proof.accepted
    assert proof(document).accepted
    assert not proof(lowered(document, "0.9999")).accepted


@pytest.mark.slow
@pytest.mark.parametrize("m", [6, 7, 8])
@pytest.mark.parametrize("beta", ["1", "4", "16"])
def test_a_long_path(m: int, beta: str):
    document, _ = bounds.majorities("rlhf", beta, bounds.path(m), m - 1, 0, m)
    assert proof(document).accepted
    assert not proof(lowered(document, "0.9999")).accepted


def margins(utilities: np.ndarray, shares: np.ndarray, beta: str) -> np.ndarray:
    """A(x, y)."""
    differences = utilities[:, :, None] - utilities[:, None, :]
    return np.einsum("k,kxy->xy", shares, np.tanh(float(beta) * differences / 2) / 2)


def worst_population(
    users: np.ndarray, beta: str, beats: list[tuple[int, int]], winner: int, best: int
) -> float:
    """The largest U(best) / U(winner) with these majorities and these types of users only."""
    tables = np.tanh(float(beta) * (users[:, :, None] - users[:, None, :]) / 2) / 2
    result = linprog(
        -users[:, best],
        A_ub=-np.array([tables[:, x, y] for x, y in beats]),
        b_ub=np.zeros(len(beats)),
        A_eq=users[:, [winner]].T,
        b_eq=[1],
        options={"primal_feasibility_tolerance": 1e-10},
    )
    assert result.success, result.message
    return -float(result.fun)


@pytest.mark.parametrize(
    ("method", "beats", "winner", "best", "m", "share"),
    [
        ("copeland", [(1, 0), (2, 1), (0, 2)], 2, 0, 3, 0.7),
        ("copeland", [(0, 1), (0, 2), (1, 2)], 0, 2, 3, 0.7),
        ("copeland", [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)], 0, 3, 4, 0.7),
        ("rlhf", bounds.path(3), 2, 0, 3, 0.7),
        ("dpo", bounds.path(5), 4, 0, 5, 0.6),
    ],
)
@pytest.mark.parametrize("beta", ["2", "8"])
def test_majorities_bound_the_worst_populations(
    method: str,
    beats: list[tuple[int, int]],
    winner: int,
    best: int,
    m: int,
    share: float,
    beta: str,
):
    document, solved = bounds.majorities(method, beta, beats, winner, best, m)
    assert proof(document).accepted
    assert not proof(lowered(document, "0.9999")).accepted
    rng = np.random.default_rng(3)
    users = rng.random((4000, m)) * (rng.random((4000, m)) < 0.7) * rng.choice([1, 1e-2], (4000, 1))
    users[:2000] = np.where(rng.random((2000, m)) < 0.5, np.round(users[:2000]), users[:2000])
    found = worst_population(users, beta, beats, winner, best)
    assert share * solved.t <= found <= solved.t * (1 + 1e-7)


@pytest.mark.parametrize("beta", ["1", "4"])
@pytest.mark.parametrize("weights", [["1", "2", "3"], ["1/10", "9/10"], ["1", "1", "1", "1"]])
def test_one_law(beta: str, weights: list[str]):
    document = bounds.fixed_law("borda", beta, weights)
    assert proof(document).accepted
    assert not proof(lowered(document, "0.9999")).accepted
    assert Fraction(document["claim"]["distortion_at_most"]) < Fraction(
        text(constants(beta).scores * mpf("1.001"))
    )


def test_the_boxes_are_for_all_cases_together():
    document = bounds.fixed_law("borda", "4", ["1", "2", "3"])
    used = proof(document).boxes
    assert proof({**document, "boxes": str(used)}).accepted
    assert not proof({**document, "boxes": str(used - 1)}).accepted


def test_a_rectangle_for_every_law():
    """The multipliers for every law serve each law, in one rectangle or in several."""
    document = bounds.scores("borda", "4", "1e-7")
    [case] = document["cases"]
    document |= {
        "alternatives": bounds.names(3),
        "sampling": {"kind": "independent", "weights": ["1", "5", "2"]},
    }
    for cuts in (["0", "1"], ["0", "1/3", "5/8", "1"]):
        cases = [{**case, "best": list(side), "winner": ["0", "1"]} for side in pairwise(cuts)]
        assert proof({**document, "cases": cases}).accepted


def test_one_law_bounds_random_instances():
    weights = ["1", "2", "3"]
    t = Fraction(bounds.fixed_law("borda", "4", weights)["claim"]["distortion_at_most"])
    rng = np.random.default_rng(5)
    mu = np.array([1, 2, 3]) / 6
    worst = 0.0
    for _ in range(5000):
        utilities = rng.integers(0, 2, (3, 3)) * rng.random((3, 3)) ** 3
        shares = rng.dirichlet(np.ones(3) / 2)
        score, mean = margins(utilities, shares, "4") @ mu, shares @ utilities
        if mean[score.argmax()] > 0:
            worst = max(worst, mean.max() / mean[score.argmax()])
    assert 1.3 < worst <= t


COVERED = [
    *[(method, "independent", False) for method in ("borda", "rlhf", "dpo", "ipo")],
    ("ipo", "independent", True),
    *[
        (method, law, alignment)
        for method in ("nlhf", "maximal-lotteries", "copeland")
        for law in ("independent", "pairs")
        for alignment in (False, True)
    ],
]


@pytest.mark.parametrize(("method", "law", "alignment"), COVERED)
@pytest.mark.parametrize("seed", range(4))
def test_no_instance_is_worse(method: str, law: str, alignment: bool, seed: int):
    """The true constants against recomputed distortions of random instances."""
    document = random_document(3000 + seed, method, law, alignment)
    c = constants(document["beta"])
    most = {"nlhf": c.k, "maximal-lotteries": c.k, "copeland": c.scores}.get(
        method, c.vertex if alignment else c.scores
    )
    assert reference.distortion(document).every <= most


def test_a_reward_bounds_random_populations():
    """Populations are drawn, then weighted so that stationarity holds at the reward."""
    law, reward, ref = ["1", "2", "1"], ["0", "1/2", "-1/2"], ["1", "1", "2"]
    document, solved = bounds.rewarded("4", law, reward, ref, 2)
    assert proof(document).accepted
    assert not proof(lowered(document, "0.99")).accepted
    mu, r = np.array([1, 2, 1]) / 4, np.array([0, 0.5, -0.5])
    policy = np.array([1, 1, 2]) * np.exp(r)
    policy /= policy.sum()
    wanted = np.tanh((r[:, None] - r[None, :]) / 2) @ mu / 2
    rng, met = np.random.default_rng(11), 0
    for _ in range(300):
        utilities = rng.random((6, 3))
        rows = np.tanh(2 * (utilities[:, :, None] - utilities[:, None, :])) @ mu / 2
        result = linprog(
            -utilities[:, 2],
            A_eq=np.vstack([rows.T[:2], np.ones(6)]),
            b_eq=[*wanted[:2], 1],
            bounds=(0, None),
        )
        if result.success:
            met += 1
            mean = result.x @ utilities
            assert mean[2] <= solved.t * (policy @ mean) * (1 + 1e-9)
    assert met > 20


def test_both_kinds_in_one_call():
    upper = CHECKER / "bounds" / "accept" / "nlhf-ball.json"
    wrong = CHECKER / "bounds" / "reject" / "boxes-one.json"
    lower = CHECKER / "accept" / "borda-social-pairs.json"
    result = run(str(upper), str(lower), str(wrong))
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"accepted: {upper}: nlhf distortion <= 4.00268")
    assert " (every common law, every m, every reference, every budget); beta = " in lines[0]
    assert lines[1].startswith(f"accepted: {lower}: borda distortion >= ")
    assert lines[2] == f"rejected: {wrong}: cases[0]: not proved with 1 boxes"


def test_no_method_is_left_out():
    assert all(record.kernels for record in METHODS.values())
