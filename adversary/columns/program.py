"""The worst users for one outcome: a linear program over measures on [0,1]^m (theory §5).

maximise Σ ω_k ⟨π*,u_k⟩ subject to Σ ω_k ⟨π,u_k⟩ = 1 and Σ ω_k φ_j(u_k) ≥ 0 or = 0 over weights
ω ≥ 0 and types u, where φ_j(u) = c_j + Σ_{x<y} κ_j(x,y)·h(β(u_x − u_y)) and h(t) = σ(t) − ½.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

FAR = 16.0
"""Beyond this h(t) = σ(t) − ½ is taken apart into ±½ and what is left, at most 1e-7, of which h
itself keeps nine digits there and none from |t| = 37 on."""
_EPS = np.finfo(float).eps


def half_tanh(t: ndarray) -> ndarray:
    """Return h(t) = σ(t) − ½."""
    return 0.5 * np.tanh(0.5 * t)


def apart(t: ndarray) -> tuple[ndarray, ndarray]:
    """Return (s, r) with h(t) = s/2 + r, each to its own precision: s is ±1 where |t| > FAR."""
    size, h = np.abs(t), half_tanh(t)
    far = size > FAR
    if not far.any():
        return np.zeros_like(t), h
    sign, tail = np.sign(t), np.exp(-size)
    return np.where(far, sign, 0.0), np.where(far, -sign * tail / (1 + tail), h)


class Saturated:
    """Σ_p c_p·s_p/2 for signs s_p, where equal and opposite coefficients cancel exactly.

    What saturated pairs add is a whole number of times each size of a coefficient. Most of it
    cancels, and what is left of h can be smaller by e^(−β).
    """

    def __init__(self, coefficients: Float[ndarray, "j p"]) -> None:
        self._coefficients = coefficients

    @cached_property
    def _tables(self) -> tuple[Float[ndarray, "p q"], Float[ndarray, "q j"]]:
        """How often each size of each row counts for each pair, and the sizes by row, halved."""
        rows = [
            (j, size, np.sign(own) * (np.abs(own) == size))
            for j, own in enumerate(self._coefficients)
            for size in np.unique(np.abs(own[own != 0]))
        ]
        halves = np.zeros((len(rows), len(self._coefficients)))
        for row, (j, size, _) in enumerate(rows):
            halves[row, j] = 0.5 * size
        pairs = self._coefficients.shape[1]
        counts = np.array([count for _, _, count in rows]).reshape(len(rows), pairs)
        return counts.T, halves

    def sums(self, sign: Float[ndarray, "n p"]) -> tuple[ndarray, ndarray]:
        """Return the sums (n, j), and the sums of the sizes that have not cancelled."""
        if not sign.any():
            nothing = np.zeros((len(sign), len(self._coefficients)))
            return nothing, nothing
        counts, halves = self._tables
        found = sign @ counts
        return found @ halves, np.abs(found) @ halves


def _rounded(value: ndarray, size: ndarray) -> ndarray:
    """Return 0 for what is only the rounding error of its terms."""
    return np.where(np.abs(value) <= 4 * _EPS * size, 0.0, value)


@dataclass(frozen=True)
class Types:
    """User types as columns of the program.

    A tangent column stands for the limit s → 0 of the type u + s·e_x (or u − s·e_x) with weight
    1/s around a base type u, one that contributes nothing to objective, normalisation and
    conditions.
    """

    utilities: Float[ndarray, "n m"]
    slope: Float[ndarray, "n m"]
    """Zero for a plain type; the direction (a signed unit vector) of a tangent column."""
    pair: ndarray
    """Index of the only pair that the type is asked about, under a law for each user; else −1."""

    @classmethod
    def plain(cls, utilities: ndarray, pair: int = -1) -> Types:
        """Return plain types."""
        points = np.atleast_2d(np.asarray(utilities, dtype=float))
        return cls(points, np.zeros_like(points), np.full(len(points), pair))

    def __len__(self) -> int:
        """The number of columns."""
        return len(self.utilities)

    def __getitem__(self, index: object) -> Types:
        """Return some of the columns."""
        return Types(self.utilities[index], self.slope[index], self.pair[index])  # type: ignore[index]

    @classmethod
    def join(cls, parts: Sequence[Types]) -> Types:
        """Return the columns of all parts."""
        return cls(
            np.concatenate([part.utilities for part in parts]),
            np.concatenate([part.slope for part in parts]),
            np.concatenate([part.pair for part in parts]),
        )

    def __add__(self, other: Types) -> Types:
        """Return the columns of both."""
        return Types.join([self, other])

    @property
    def tangent(self) -> Bool[ndarray, "n"]:
        """Which columns are tangent columns."""
        return (self.slope != 0).any(-1)

    @property
    def moved(self) -> Float[ndarray, "n m"]:
        """What one unit of weight adds to the utilities: those of the type, or the slope."""
        return np.where(self.tangent[:, None], self.slope, self.utilities)

    def concrete(self, step: float) -> Types:
        """Return plain types: each tangent column becomes u + step·slope (to be weighed 1/step)."""
        return Types(self.utilities + step * self.slope, np.zeros_like(self.slope), self.pair)


@dataclass(frozen=True)
class Program:
    """One outcome's program, in float64."""

    beta: float
    best: Float[ndarray, "m"]
    """The policy π* to compare with."""
    policy: Float[ndarray, "m"]
    """The policy π that the method returns."""
    pairs: Float[ndarray, "j m m"]
    """κ_j, skew-symmetric."""
    constants: Float[ndarray, "j"]
    equality: Bool[ndarray, "j"]
    law: Float[ndarray, "p"] | None = None
    """Under a law for each user: the mass of each unordered pair in the mixture of all users.

    Every type is asked about one pair only, which loses nothing; φ_j then has κ_j(p)·h/law(p) for
    that pair, and one more equality for each pair says that the mixture is this law.
    """

    @property
    def alternatives(self) -> int:
        """The number of alternatives m."""
        return len(self.best)

    @cached_property
    def upper(self) -> tuple[ndarray, ndarray]:
        """The unordered pairs x < y."""
        return np.triu_indices(self.alternatives, 1)

    @cached_property
    def _flat(self) -> Float[ndarray, "j p"]:
        return self.pairs[:, self.upper[0], self.upper[1]]

    @cached_property
    def equalities(self) -> Bool[ndarray, "conditions"]:
        """Which conditions are equalities."""
        extra = 0 if self.law is None else len(self.law)
        return np.concatenate([self.equality, np.ones(extra, dtype=bool)])

    @cached_property
    def _saturated(self) -> Saturated:
        return Saturated(self._flat)

    def features(self, types: Types) -> tuple[ndarray, ndarray, ndarray]:
        """Return (⟨π*,u⟩, ⟨π,u⟩, φ) for each column: shapes (n,), (n,), (n, conditions).

        For a tangent column these are derivatives along its slope.
        """
        phi, size = self._conditions(types)
        phi = _rounded(phi, size)
        if self.law is not None:
            asked = types.pair[:, None] == np.arange(len(self.law))
            mixture = np.where(types.tangent[:, None], 0.0, asked - self.law)
            phi = np.concatenate([phi, mixture], axis=1)
        return types.moved @ self.best, types.moved @ self.policy, phi

    def rounding(self, types: Types) -> Float[ndarray, "n j"]:
        """Return about how far the features φ are off: by the rounding of their terms."""
        _, size = self._conditions(types)
        constant = np.where(types.tangent[:, None], 0.0, np.abs(self.constants))
        return _EPS * (size + constant)

    def _conditions(self, types: Types) -> tuple[ndarray, ndarray]:
        """Return φ and the sum of the sizes of its terms, without what cancels exactly."""
        sign, rest = self._terms(types)
        saturated, left = self._saturated.sums(sign)
        constant = np.where(types.tangent[:, None], 0.0, self.constants)
        phi = rest @ self._flat.T + constant + saturated
        return phi, np.abs(rest) @ np.abs(self._flat).T + left

    def _terms(self, types: Types) -> tuple[Float[ndarray, "n p"], Float[ndarray, "n p"]]:
        """Return (s, r) with h(β(u_x − u_y)) = s/2 + r for each pair; r alone is the slope's."""
        first, second = self.upper
        gap = self.beta * (types.utilities[:, first] - types.utilities[:, second])
        sign, terms = apart(gap)
        if self.law is not None:  # a type is asked about one pair: nothing cancels
            sign, terms = np.zeros_like(gap), half_tanh(gap)
        tangent = types.tangent
        if tangent.any():
            change = self.beta * (types.slope[:, first] - types.slope[:, second])
            # σ' = 1/(4cosh²), to full relative precision
            slope = 0.25 / np.cosh(0.5 * np.minimum(np.abs(gap), 700.0)) ** 2
            terms = np.where(tangent[:, None], slope * change, terms)
            sign = np.where(tangent[:, None], 0.0, sign)
        if self.law is None:
            return sign, terms
        asked = (types.pair[:, None] == np.arange(len(self.law))) & (self.law > 0)
        return sign, np.where(asked, terms / np.where(self.law > 0, self.law, 1.0), 0.0)

    def margins(self, types: Types) -> tuple[Float[ndarray, "n p"], Float[ndarray, "n p"]]:
        """Return what one unit of weight adds to p(x≻y) − ½ for x < y, as `features` counts it.

        In two parts, to be summed: ±½ where a pair is saturated, and the rest.
        """
        sign, rest = self._terms(types)
        return 0.5 * sign, rest

    def tables(self, multipliers: Float[ndarray, "j"]) -> Float[ndarray, "j m m"]:
        """Return λ_j κ_j, the pair coefficients of the pricing function, condition by condition."""
        return multipliers[: len(self.constants), None, None] * self.pairs
