"""Pricing: the types at which the dual is violated most, by vectorised multi-start.

The pricing function is F(u) = ⟨g,u⟩ + c + Σ_{x<y} κ(x,y)·h(β(u_x − u_y)) on [0,1]^m. Along one
coordinate a sum of sigmoids has several maxima, so each start first climbs by coordinates, globally
in each (on a grid), and then by projected Newton steps with exact derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from adversary.columns.program import FAR, Saturated, apart, half_tanh

_GRID = (17, 257)  # fewest and most points; between them two in each 1/β
_SWEEPS = 3
_NEWTON = 12
_CELLS = 2**20  # entries of one temporary


@dataclass(frozen=True)
class Pricing:
    """A pricing function on [0,1]^m."""

    beta: float
    linear: Float[ndarray, "m"]
    constant: float
    tables: Float[ndarray, "j m m"]
    """κ, skew-symmetric, in parts to be summed: what cancels does so inside a part."""

    @cached_property
    def table(self) -> Float[ndarray, "m m"]:
        """The sum κ of all parts."""
        return self.tables.sum(0)

    @cached_property
    def _upper(self) -> tuple[ndarray, ndarray]:
        return np.triu_indices(len(self.linear), 1)

    @cached_property
    def _saturated(self) -> Saturated:
        return Saturated(self.tables[:, *self._upper])

    def value(self, u: Float[ndarray, "n m"]) -> Float[ndarray, "n"]:
        """Return F(u)."""
        first, second = self._upper
        gap = self.beta * (u[:, first] - u[:, second])
        base, table = u @ self.linear + self.constant, self.table[first, second]
        if self.beta <= FAR:
            return base + half_tanh(gap) @ table
        sign, rest = apart(gap)
        return base + rest @ table + self._saturated.sums(sign)[0].sum(-1)

    def derivatives(self, u: Float[ndarray, "n m"]) -> tuple[ndarray, ndarray]:
        """Return gradient (n, m) and Hessian (n, m, m)."""
        gap = self.beta * (u[:, :, None] - u[:, None, :])
        h = half_tanh(gap)
        slope = self.beta * (0.25 - h * h)  # βσ'
        if self.beta > FAR:  # to its own precision
            size = np.exp(-np.abs(gap))
            slope = self.beta * size / (1 + size) ** 2
        gradient = self.linear + (self.table * slope).sum(-1)
        bend = -2 * self.beta * self.table * h * slope  # κβ²σ'', symmetric
        hessian = -bend
        diagonal = np.arange(u.shape[-1])
        hessian[:, diagonal, diagonal] += bend.sum(-1)
        return gradient, hessian

    def climb(self, starts: Float[ndarray, "n m"]) -> tuple[ndarray, ndarray]:
        """Return local maxima (n, m), one for each start, and their values (n,)."""
        u = starts.copy()
        rows = max(1, _CELLS // (u.shape[-1] * self._points))
        parts = [self._coordinates(u[i : i + rows]) for i in range(0, len(u), rows)]
        return self._newton(np.concatenate(parts))

    @property
    def _points(self) -> int:
        return int(np.clip(2 * self.beta, *_GRID))

    def _coordinates(self, u: ndarray) -> ndarray:
        n, m = u.shape
        grid = np.broadcast_to(np.linspace(0.0, 1.0, self._points), (n, self._points))
        value = np.full(n, -np.inf)
        for _ in range(_SWEEPS):
            for x in range(m):
                coupled = np.flatnonzero(self.table[x])
                options = np.concatenate([grid, u[:, x : x + 1]], axis=1)
                gap = self.beta * (options[:, :, None] - u[:, None, coupled])
                curved = self._change(gap) @ self.table[x, coupled]
                values = options * self.linear[x] + curved
                u[:, x] = np.take_along_axis(options, values.argmax(1)[:, None], 1)[:, 0]
            before, value = value, self.value(u)
            if (value <= before + 1e-13 * np.abs(value)).all():
                break
        return u

    def _change(self, gap: ndarray) -> ndarray:
        """Return h at the options, less the ±½ that a pair adds where the last one is."""
        if self.beta <= FAR:
            return half_tanh(gap)
        sign, rest = apart(gap)
        return rest + 0.5 * (sign - sign[:, -1:])

    def _newton(self, u: ndarray) -> tuple[ndarray, ndarray]:
        value = self.value(u)
        identity = np.eye(u.shape[-1])
        for _ in range(_NEWTON):
            gradient, hessian = self.derivatives(u)
            stuck = ((u <= 0) & (gradient <= 0)) | ((u >= 1) & (gradient >= 0))
            gradient = np.where(stuck, 0.0, gradient)
            held = stuck[:, :, None] | stuck[:, None, :]
            curvature, axes = np.linalg.eigh(np.where(held, identity, hessian))
            scale = np.maximum(np.abs(curvature), 1e-9 * np.abs(curvature).max(-1, keepdims=True))
            scale = np.maximum(scale, 1e-300)
            along = np.einsum("nij,ni->nj", axes, gradient) / scale
            step = np.where(stuck, 0.0, np.einsum("nij,nj->ni", axes, along))
            step *= np.minimum(1.0, 1.0 / np.maximum(np.abs(step).max(-1), 1e-300))[:, None]
            moved = False
            for _ in range(5):
                trial = (u + step).clip(0.0, 1.0)
                reached = self.value(trial)
                better = reached > value
                u = np.where(better[:, None], trial, u)
                value = np.where(better, reached, value)
                moved |= bool(better.any())
                step = np.where(better[:, None], 0.0, 0.25 * step)
                if better.all():
                    break
            if not moved:
                break
        return u, value
