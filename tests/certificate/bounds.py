"""Upper-bound files for tests: multipliers by hand formulas or by a linear program."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from flint import ctx, fmpq
from mpmath import acosh, cosh, coth, mp, mpf, nstr, sech, sqrt, tanh
from scipy.optimize import linprog, minimize

from adversary.certificate.boxes import Form, Proof, prove

BETAS = ("0.5", "1", "2", "4", "8", "16", "32")
DIGITS = 60
SMALLEST = 1e-9  # a point nearer to 0 than this is no column


def text(value: Any) -> str:
    """A number of a file, to 40 digits."""
    if isinstance(value, mpf):
        return str(nstr(value, 40, min_fixed=-10, max_fixed=40))
    return str(Fraction(float(value)) if isinstance(value, np.floating | float) else value)


def exact(value: Any) -> fmpq:
    """The number as the checker reads it."""
    fraction = Fraction(text(value))
    return fmpq(fraction.numerator, fraction.denominator)


@dataclass(frozen=True)
class Constants:
    """True constants at one β, to 60 digits."""

    k: Any  # (β/2) coth(β/2): games
    slope: Any  # 2 coth(β/2) = 1/h(1)
    gain: Any  # M = max S(γ) - γ
    vertex: Any  # cosh²(β/2)
    steepest: Any  # 1 / (β σ'(β))

    @property
    def scores(self) -> Any:
        """K (1 + M)."""
        with mp.workdps(DIGITS):
            return self.k * (1 + self.gain)


def constants(beta: str) -> Constants:
    """The constants of theory/borda_kernel.py and theory/kl_vertex.py."""
    with mp.workdps(DIGITS):
        b = mpf(beta)
        k = b / 2 * coth(b / 2)
        top = 2 / b * acosh(sqrt(k))
        gain = tanh(b * top / 2) / tanh(b / 2) - top
        steepest = 4 / (b * sech(b / 2) ** 2)
        return Constants(k, 2 * coth(b / 2), gain, cosh(b / 2) ** 2, steepest)


def bound(
    method: str,
    setting: str,
    beta: str,
    t: Any,
    multipliers: Sequence[Any] | np.ndarray,
    **fields: Any,
) -> dict[str, Any]:
    """A file for every law and every m, unless `fields` say otherwise."""
    return {
        "format": "adversary-bound/1",
        "beta": beta,
        "method": {"name": method, "parameters": {}},
        "setting": setting,
        "alternatives": "every",
        "sampling": "every",
        "outcome": "every",
        "claim": {"distortion_at_most": text(t)},
        "cases": [{"multipliers": [text(v) for v in multipliers]}],
        "boxes": "20000",
        **fields,
    }


def scores(method: str, beta: str, delta: str) -> dict[str, Any]:
    """Borda and its like in social choice, at K (1 + M) (1 + δ)."""
    c = constants(beta)
    with mp.workdps(DIGITS):
        t, room = c.scores * (1 + mpf(delta)), 1 + mpf(delta) / 2
        multipliers = [c.slope * room, c.slope * c.gain * room]
    return bound(method, "social-choice", beta, t, multipliers, sampling="independent")


def vertex(method: str, beta: str, delta: str) -> dict[str, Any]:
    """IPO, RLHF and DPO in a ball, at cosh²(β/2) (1 + δ)."""
    c, outcome = constants(beta), "every" if method == "ipo" else "vertex"
    with mp.workdps(DIGITS):
        t, multipliers = c.vertex * (1 + mpf(delta)), [c.steepest * (1 + mpf(delta) / 2)]
    fields = {"sampling": "independent", "outcome": outcome}
    return bound(method, "alignment", beta, t, multipliers, **fields)


def game(method: str, setting: str, beta: str, delta: str) -> dict[str, Any]:
    """NLHF and maximal lotteries, at K (1 + δ)."""
    c = constants(beta)
    with mp.workdps(DIGITS):
        t, multipliers = c.k * (1 + mpf(delta)), [c.slope * (1 + mpf(delta) / 2)]
    return bound(method, setting, beta, t, multipliers)


def uncovered(setting: str, beta: str, delta: str) -> dict[str, Any]:
    """Copeland, at K (1 + M) (1 + δ): its kernel is that of Borda."""
    c = constants(beta)
    with mp.workdps(DIGITS):
        t, room = c.scores * (1 + mpf(delta)), 1 + mpf(delta) / 2
        multipliers = [c.slope * (1 + c.gain) * room, c.slope * room]
    return bound("copeland", setting, beta, t, multipliers)


@dataclass(frozen=True)
class Program:
    """F = Σ best_x u_x - t Σ winner_x u_x + Σ_j λ_j (shift_j + Σ_xy terms_j[x, y] h(u_x - u_y))."""

    beta: str
    best: Sequence[float] | np.ndarray
    winner: Sequence[float] | np.ndarray
    terms: Sequence[dict[tuple[int, int], Any]]
    shifts: Sequence[float] = ()

    def row(self, u: np.ndarray) -> tuple[float, float, np.ndarray]:
        """The coefficients of 1, -t and λ at u."""
        parts = [
            sum(
                float(w) * np.tanh(float(self.beta) * (u[x] - u[y]) / 2) / 2
                for (x, y), w in term.items()
            )
            for term in self.terms
        ]
        shifts = np.array(self.shifts) if self.shifts else np.zeros(len(parts))
        return float(np.dot(self.best, u)), float(np.dot(self.winner, u)), shifts + parts

    def value(self, u: np.ndarray, t: float, factors: np.ndarray) -> float:
        """F(u)."""
        first, second, rest = self.row(u)
        return first - t * second + float(factors @ rest)

    def form(self, t: float, factors: np.ndarray) -> Form:
        """The exact form."""
        pairs: dict[tuple[int, int], fmpq] = {}
        for factor, term in zip(factors, self.terms, strict=True):
            for xy, w in term.items():
                pairs[xy] = pairs.get(xy, fmpq(0)) + exact(factor) * exact(w)
        pairs_of_weights = zip(self.best, self.winner, strict=True)
        linear = tuple(exact(b) - exact(t) * exact(w) for b, w in pairs_of_weights)
        shift = float(np.dot(self.shifts, factors)) if self.shifts else 0.0
        return Form(exact(self.beta), exact(shift), linear, pairs)


@dataclass(frozen=True)
class Solved:
    """The least t that columns allow, its multipliers, and the last proof."""

    t: float
    factors: np.ndarray
    proof: Proof


def solve(program: Program, margin: float = 1e-6, boxes: int = 50_000, rounds: int = 60) -> Solved:
    """Cutting planes: F <= -margin |u| at every column (-margin where F has shifts)."""
    n, count, rng = len(program.best), len(program.terms), np.random.default_rng(0)
    free = bool(program.shifts)
    columns = [1e-7 * row for row in np.eye(n)]
    columns += [np.array(u, float) for u in product((0, 1), repeat=n) if any(u) or free]
    rows: list[np.ndarray] = []
    for _ in range(rounds):
        for u in columns:
            first, second, rest = program.row(u)
            scale = 1 if free else u.max()
            rows.append(np.concatenate([[first, second], rest]) / scale)
        table = np.array(rows)
        result = linprog(
            [1.0] + [1e-9] * count,
            A_ub=np.hstack([-table[:, 1:2], table[:, 2:]]),
            b_ub=-table[:, 0] - margin,
            bounds=[(0, None)] + [(-1e4 if free else 0, 1e4)] * count,
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10},
        )
        assert result.success, result.message
        t, factors = float(result.x[0]), np.array(result.x[1:])
        columns = _climbed(program, t, factors, margin, rng)
        if not columns:
            with ctx.workprec(192):
                proof = prove(program.form(t, factors), boxes)
            if proof.point is None:
                return Solved(t, factors, proof)
            columns = [np.array([int(v.p) / int(v.q) for v in proof.point])]
    raise AssertionError("no proof")


def _climbed(
    program: Program, t: float, factors: np.ndarray, margin: float, rng: np.random.Generator
) -> list[np.ndarray]:
    found = []
    for _ in range(12):
        start = rng.random(len(program.best)) ** 2
        box = [(0, 1)] * len(start)
        u = minimize(lambda u: -program.value(u, t, factors), start, bounds=box).x
        scale = 1 if program.shifts else u.max()
        if scale > SMALLEST and program.value(u, t, factors) / scale > -margin / 2:
            found.append(u)
    return found


def names(m: int) -> list[str]:
    """The first m letters."""
    return list("abcdefgh"[:m])


def majorities(
    method: str, beta: str, beats: Sequence[tuple[int, int]], winner: int, best: int, m: int
) -> tuple[dict[str, Any], Solved]:
    """BOUNDS 3.6, with the multipliers of the linear program."""
    unit = np.eye(m)
    solved = solve(Program(beta, unit[best], unit[winner], [{pair: 1} for pair in beats]))
    label = names(m)
    pairs = [[label[x], label[y]] for x, y in beats]
    law = {"kind": "pairs", "weights": [[x, y, "1"] for x, y in pairs]}
    document = bound(
        method,
        "social-choice",
        beta,
        solved.t,
        solved.factors,
        alternatives=label,
        sampling="every" if method == "copeland" else law,
        outcome={"beats": pairs, "winner": label[winner], "best": label[best]},
        boxes="100000",
    )
    return document, solved


def path(m: int) -> list[tuple[int, int]]:
    """Each alternative beats the one before it."""
    return [(x + 1, x) for x in range(m - 1)]


def fixed_law(method: str, beta: str, weights: Sequence[str]) -> dict[str, Any]:
    """BOUNDS 3.2 with one case for each pair of weights, and the t of the worst of them."""
    masses = [Fraction(w) / sum(map(Fraction, weights)) for w in weights]
    cases, most = [], 0.0
    for p, q in sorted(
        {(p, q) for i, p in enumerate(masses) for q in masses[:i] + masses[i + 1 :]}
    ):
        rest = 1 - p - q
        terms = [{(1, 0): p + q, (1, 2): rest, (0, 2): -rest}, {(1, 0): p, (1, 2): rest}]
        program = Program(beta, (1, 0, 0), (0, 1, 0), terms)
        if rest == 0:  # nobody is third
            program = Program(beta, (1, 0), (0, 1), [{(1, 0): 1}, {(1, 0): p}])
        solved = solve(program)
        most = max(most, solved.t)
        multipliers = [text(v) for v in solved.factors]
        cases.append({"best": [str(p)] * 2, "winner": [str(q)] * 2, "multipliers": multipliers})
    return bound(
        method,
        "social-choice",
        beta,
        most,
        [],
        cases=cases,
        alternatives=names(len(weights)),
        sampling={"kind": "independent", "weights": list(weights)},
    )


def rewarded(
    beta: str, law: Sequence[str], reward: Sequence[str], reference: Sequence[str], comparison: int
) -> tuple[dict[str, Any], Solved]:
    """BOUNDS 3.7 at temperature 1 against one alternative."""
    m = len(law)
    mu = [Fraction(w) / sum(map(Fraction, law)) for w in law]
    r = np.array([float(Fraction(v)) for v in reward])
    policy = np.array([float(Fraction(w)) for w in reference]) * np.exp(r)
    policy /= policy.sum()
    terms = [{(x, y): mu[y] for y in range(m) if y != x} for x in range(m)]
    shifts = -np.tanh((r[:, None] - r[None, :]) / 2) @ np.array(mu, float) / 2
    solved = solve(Program(beta, np.eye(m)[comparison], policy, terms, list(shifts)))
    outcome = {
        "reward": list(reward),
        "temperature": "1",
        "reference": list(reference),
        "comparison": [str(int(x == comparison)) for x in range(m)],
    }
    document = bound(
        "rlhf",
        "alignment",
        beta,
        solved.t,
        solved.factors,
        alternatives=names(m),
        sampling={"kind": "independent", "weights": list(law)},
        outcome=outcome,
    )
    return document, solved
