"""The master program: the best weights of the columns at hand, and the dual prices.

Columns and rows span many orders of magnitude (weights of 1e-12, ratios of 1e12): the program is
equilibrated, solved by HiGHS, and the basic solution is computed once more from its basis.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

_PASSES = 6
_IDLE = 1e-6  # a price this far below the equilibrated scale is no unit: the row is slack
_MET = 1e-7  # relative violation up to which a condition counts as met
_TOLERANCES = ("primal_feasibility_tolerance", "dual_feasibility_tolerance")
_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",
    "small_matrix_value": 1e-12,
    **dict.fromkeys(_TOLERANCES, 1e-9),
}
_RETRIES = (dict.fromkeys(_TOLERANCES, 1e-7), {"simplex_strategy": 4})  # usual ones; primal
_Status = highspy.HighsModelStatus
_FAILED = (_Status.kUnknown, _Status.kNotset, _Status.kSolveError)
_BASIC, _AT_ZERO = highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kLower
_AT_MOST = highspy.HighsBasisStatus.kUpper
_UNBOUNDED = (_Status.kUnbounded, _Status.kUnboundedOrInfeasible)


@dataclass(frozen=True)
class Basis:
    """Where a solution stands: which columns and which rows are basic."""

    columns: Bool[ndarray, "n"]
    rows: list[highspy.HighsBasisStatus]


@dataclass(frozen=True)
class Weights:
    """An optimal basic solution of the master program."""

    value: float
    """Σ ω_k ⟨π*,u_k⟩; the cap where it is unbounded."""
    weights: Float[ndarray, "n"]
    """ω ≥ 0."""
    price: float
    """t, the dual price of the normalisation."""
    multipliers: Float[ndarray, "conditions"]
    """λ_j: not negative for an inequality, of any sign for an equality."""
    feasible: bool
    """Whether some weights satisfy the conditions; if not, prices and weights are of phase 1."""
    unbounded: bool
    """Whether the columns at hand allow any value: the cap decided."""
    basis: Basis | None
    """For a warm start with more columns; None after phase 1."""


@dataclass(frozen=True)
class Master:
    """The equilibrated program of the columns at hand."""

    scaled: Float[ndarray, "rows n"]
    """Row 0 the gains ⟨π*,u⟩, row 1 the costs ⟨π,u⟩, then the conditions."""
    rows: Float[ndarray, "rows"]
    columns: Float[ndarray, "n"]
    equality: Bool[ndarray, "conditions"]

    @classmethod
    def of(
        cls,
        gain: ndarray,
        cost: ndarray,
        phi: ndarray,
        equality: ndarray,
        prices: ndarray | None = None,
        factor: float = 1.0,
    ) -> Master:
        """Scale the columns with these features.

        `prices`: (t, λ) as found before. They are the natural units of the rows: with them the
        optimal value is near 1 however large the ratio. Without them rows and columns are
        equilibrated. `factor`: what these units are to be multiplied by.
        """
        matrix = np.concatenate([gain[None], cost[None], phi.T])
        rows = _equilibrate(matrix)
        if prices is not None:
            known, rows = np.append(1.0, np.abs(prices)), rows / rows[0]
            rows = np.where(known > _IDLE * rows, known, rows)
        rows[1:] *= factor
        rows = np.exp2(np.round(np.log2(rows)))
        size = np.abs(matrix * rows[:, None]).max(0)
        columns = np.exp2(-np.round(np.log2(size)))
        return cls(matrix * rows[:, None] * columns, rows, columns, equality)

    def solve(self, cap: float, start: Basis | None = None) -> Weights | None:
        """Maximise ⟨gain,ω⟩ subject to ⟨cost,ω⟩ = 1 and the conditions; if unbounded, up to `cap`.

        Where the conditions cannot be met, the weights violate them least (in the scaled rows).
        None where the solver fails. `start`: a basis of the same rows, to start from.
        """
        result = self._weights(cap, start, feasibility=False)
        feasible = result is not None
        if result is None:
            result = self._weights(cap, None, feasibility=True)
        if result is None:
            return None
        weights, dual, basis = result
        prices = dual * self.rows / self.rows[0]
        weights = weights * self.columns * self.rows[1]
        value = float((self.scaled[0] / self.columns) @ weights / self.rows[0])
        unbounded = feasible and bool(abs(value / cap - 1) <= 1e-6)
        basis = basis if feasible and not unbounded else None
        return Weights(value, weights, float(prices[1]), -prices[2:], feasible, unbounded, basis)

    def met(self, found: Weights) -> bool:
        """Whether the weights satisfy the conditions, up to rounding."""
        terms = self.scaled[2:] / self.columns * found.weights
        total, size = terms.sum(1), np.abs(terms).sum(1)
        return bool((np.where(self.equality, -np.abs(total), total) >= -_MET * size).all())

    def centre(self, price: float) -> ndarray | None:
        """Return multipliers at which every column is below 0 by the largest common margin.

        `price`: t. The margin is in units of the scaled columns. None where there are none.
        """
        count, n = self.scaled.shape
        linear = self.scaled[0] - price * self.rows[0] / self.rows[1] * self.scaled[1]
        lp = highspy.HighsLp()
        infinity = highspy.kHighsInf
        # Unknowns: multipliers, margin, and the largest multiplier, which is made small afterwards:
        # of those with half the margin, the ones that share the load are nearer to the final ones.
        shared = np.flatnonzero(~self.equality)
        full = np.zeros((n + len(shared), count))
        full[:n, : count - 2], full[:n, count - 2] = self.scaled[2:].T, 1.0
        full[n + np.arange(len(shared)), shared], full[n:, -1] = 1.0, -1.0
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_ = np.append(np.zeros(count - 2), [1.0, 0.0])
        lp.col_lower_ = np.append(np.where(self.equality, -infinity, 0.0), [-infinity, 0.0])
        lp.col_upper_ = np.append(np.full(count - 2, infinity), [1.0, infinity])
        lp.row_lower_ = np.full(len(full), -infinity)
        lp.row_upper_ = np.append(-linear, np.zeros(len(shared)))
        _fill(lp, full)
        solver = _run(lp)
        if solver.getModelStatus() != _Status.kOptimal:
            return None
        found = np.array(solver.getSolution().col_value)
        if len(shared) > 1 and found[-2] > 0:
            solver.changeColBounds(count - 2, 0.5 * found[-2], 1.0)
            solver.changeColCost(count - 2, 0.0)
            solver.changeColCost(count - 1, -1.0)
            solver.run()
            if solver.getModelStatus() == _Status.kOptimal:
                found = np.array(solver.getSolution().col_value)
        return found[:-2] * self.rows[2:] / self.rows[0]

    def _weights(
        self, cap: float, start: Basis | None, feasibility: bool
    ) -> tuple[ndarray, ndarray, Basis] | None:
        """Return (weights, duals of all rows, basis) in scaled units; None where infeasible.

        Row 0 is the objective, kept as a row for its cap. In the feasibility program each
        condition may be missed at a price, which is the objective.
        """
        count, n = self.scaled.shape
        lp = highspy.HighsLp()
        infinity = highspy.kHighsInf
        slack = np.zeros((count, 0))
        if feasibility:
            miss = np.eye(count)[:, 1:]
            both = np.append(True, self.equality)
            slack = np.concatenate([miss, -miss[:, both]], axis=1)
        full = np.concatenate([self.scaled, slack], axis=1)
        lp.sense_ = highspy.ObjSense.kMaximize
        objective = np.full(full.shape[1], -1.0)
        objective[:n] = 0.0 if feasibility else self.scaled[0]
        lp.col_cost_ = objective
        lp.col_lower_ = np.zeros(full.shape[1])
        lp.col_upper_ = np.full(full.shape[1], infinity)
        lower, upper = np.zeros(count), np.full(count, infinity)
        upper[2:][self.equality] = 0.0
        lower[0] = -infinity
        lower[1] = upper[1] = 1.0
        lp.row_lower_, lp.row_upper_ = lower, upper
        _fill(lp, full)
        solver = _run(lp, start)
        if solver.getModelStatus() in _UNBOUNDED and not feasibility:
            upper[0] = cap * self.rows[0] / self.rows[1]
            solver.changeRowBounds(0, -infinity, upper[0])
            solver.run()
        if solver.getModelStatus() != _Status.kOptimal:
            return None
        return _refine(full, objective, lower, upper, solver, n)


def _equilibrate(matrix: ndarray) -> ndarray:
    """Return row factors that, with column factors, bring the entries near 1 (geometric means)."""
    size = np.abs(matrix)
    logs = np.log2(np.where(size > 0, size, 1.0))
    filled = size > 0
    rows, columns = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    for _ in range(_PASSES):
        for axis, factor in ((1, rows), (0, columns)):  # updated in place
            left = np.where(filled, logs + rows[:, None] + columns, 0.0)
            factor -= left.sum(axis) / np.maximum(filled.sum(axis), 1)
    return np.exp2(rows)


def _fill(lp: highspy.HighsLp, matrix: ndarray) -> None:
    entries = matrix.T
    index = np.nonzero(entries)
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum((entries != 0).sum(1))]).astype(np.int32)
    lp.a_matrix_.index_ = index[1].astype(np.int32)
    lp.a_matrix_.value_ = entries[index]


def _run(lp: highspy.HighsLp, start: Basis | None = None) -> highspy._core._Highs:
    solver = highspy._core._Highs()  # its public subclass prints a banner on standard output
    for name, value in _OPTIONS.items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    if start is not None:
        basis = highspy.HighsBasis()
        basis.col_status = [_BASIC if inside else _AT_ZERO for inside in start.columns.tolist()]
        basis.row_status = start.rows
        basis.valid = True
        solver.setBasis(basis)
    solver.run()
    for options in _RETRIES:
        if solver.getModelStatus() not in _FAILED:
            break
        for name, value in options.items():
            solver.setOptionValue(name, value)
        solver.clearSolver()
        solver.run()
    return solver


def _refine(
    full: ndarray,
    objective: ndarray,
    lower: ndarray,
    upper: ndarray,
    solver: highspy._core._Highs,
    n: int,
) -> tuple[ndarray, ndarray, Basis]:
    """Compute the basic solution and its duals from the basis, to full precision."""
    solution, statuses = solver.getSolution(), solver.getBasis()
    weights, dual = np.array(solution.col_value), np.array(solution.row_dual)
    inside = np.array([s == _BASIC for s in statuses.col_status])
    active = np.array([s != _BASIC for s in statuses.row_status])
    basis = Basis(inside[:n], list(statuses.row_status))
    if inside.sum() == active.sum():
        at_upper = np.array([s == _AT_MOST for s in statuses.row_status])
        side = np.where(at_upper, upper, lower)[active]
        square = full[np.ix_(active, inside)]
        try:
            exact = np.linalg.solve(square, side)
            prices = np.linalg.solve(square.T, objective[inside])
        except np.linalg.LinAlgError:
            return weights[:n].clip(min=0.0), dual, basis
        error = np.abs(exact - weights[inside]).max(initial=0.0)
        if error <= 1e-4 * np.abs(exact).max(initial=1.0):
            weights = np.zeros(full.shape[1])
            weights[inside] = exact
            dual = np.zeros(len(full))
            dual[active] = prices
    return weights[:n].clip(min=0.0), dual, basis
