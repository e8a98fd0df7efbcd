"""The Bradley–Terry reward in high precision, by Newton's method on a resistor network.

As in `solvers.bradley_terry`, an asked pair is a conductance N·σ'(r_x − r_y) with a voltage source
(p − σ)/σ' in it. Eliminating a node (star–mesh) never subtracts conductances, so that links of
e^(−1000) between rewards are as good as any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mpmath import mp

from adversary.certifying.precise import STEPS, Model, Real, Vector, real

Table = list[Vector]
Edge = Callable[[int, int], tuple[Real, Real]]
"""The slope σ'(r_x − r_y) of an asked pair, and its voltage."""


def reward(model: Model, start: Sequence[float] = ()) -> Vector:
    """Return the reward on the component of the support, 0 at its most shown; 0 elsewhere.

    Newton's method starts at `start` if that is finite, else at the rewards that would explain
    each asked pair by itself if one could, as they do for a single type of users.
    Raises ArithmeticError where it does not converge.
    """
    network = _Network(model)
    found = [mp.mpf(value) - start[network.nodes[0]] for value in start]
    if not found or not all(map(mp.isfinite, found)):
        found = network.explained()
    stride, last = 1, mp.inf
    for _ in range(STEPS):
        step = network.step(found)
        size = max(step) - min(step)
        damping = mp.log1p(size) / size if size > 0.5 else 1  # such a step ascends
        # In a tail Newton's steps are of length 1, however far it is; back it is one step.
        stride = 2 * stride if 1e-3 < size < 1.5 and size > 0.75 * last else 1
        found = [r + stride * damping * move for r, move in zip(found, step, strict=True)]
        last = size
        if size <= mp.mpf(10) ** (8 - mp.dps) * (max(found) - min(found)):
            return found
    raise ArithmeticError("the reward did not converge")


def drift(model: Model, found: Vector) -> Vector:
    """Return by how much rewards rise if each pays 1 less than it should for being shown.

    E(reward + t·drift) = t·Σ_y N(x,y) > 0 for small t > 0, in the notation of SPEC §3.4, but at the
    alternative shown most, where the drift is 0.
    """
    return _Network(model).drift(found)


class _Network:
    """The pairs that are asked, on the component of the support, the most shown first."""

    def __init__(self, model: Model) -> None:
        self.model, pairs = model, model.exact.pairs
        self.unit, self.wins = real(model.exact.unit), dict[tuple[int, int], Real]()
        shown = {x: sum(pairs[x]) - pairs[x][x] for x in component(model)}
        self.nodes = sorted(shown, key=lambda x: -shown[x])
        self.shown = [mp.mpf(shown[x]) for x in self.nodes]
        self.asked = [[mp.mpf(pairs[x][y] if x != y else 0) for y in self.nodes]
                      for x in self.nodes]  # fmt: skip

    def win(self, x: int, y: int) -> Real:
        """p(x≻y), accurate to its own size."""
        if (x, y) not in self.wins:
            asked = self.model.exact.asked(x, y)
            won = mp.fsum(mass * _sigma(self.unit * d) for d, mass in asked)
            self.wins[x, y] = won / sum(mass for _, mass in asked)
        return self.wins[x, y]

    def explained(self) -> Vector:
        """Rewards that are right where log-odds of all pairs are differences of rewards."""

        def edge(x: int, y: int) -> tuple[Real, Real]:
            won, lost = self.win(x, y), self.win(y, x)
            margin = self.model.margins[x][y]
            odds = 2 * mp.atanh(2 * margin) if abs(margin) < 0.4 else mp.log(won / lost)
            return won * lost, odds

        return self._solved(edge)

    def step(self, found: Vector) -> Vector:
        """Newton's step: the voltages balance."""

        def edge(x: int, y: int) -> tuple[Real, Real]:
            t, margin = found[x] - found[y], self.model.margins[x][y]
            slope = _sigma(t) * _sigma(-t)
            if abs(t) < 1:  # in each case the difference that does not cancel
                return slope, (margin - mp.tanh(t / 2) / 2) / slope
            high, low, sign = (x, y, 1) if t > 0 else (y, x, -1)
            fall = _sigma(-abs(t))
            return slope, sign * (1 - self.win(low, high) / fall) / _sigma(abs(t))

        return self._solved(edge)

    def drift(self, found: Vector) -> Vector:
        """What a current of Σ_y N(x,y) into every node but the first raises."""

        def edge(x: int, y: int) -> tuple[Real, Real]:
            t = found[x] - found[y]
            return _sigma(t) * _sigma(-t), mp.mpf(0)

        return self._solved(edge, self.shown)

    def _solved(self, edge: Edge, current: Sequence[Real] = ()) -> Vector:
        size = len(self.nodes)
        conductance, voltage = ([[mp.mpf(0)] * size for _ in range(size)] for _ in range(2))
        for i, x in enumerate(self.nodes):
            for j, y in enumerate(self.nodes[:i]):
                if self.asked[i][j]:
                    slope, source = edge(x, y)
                    conductance[i][j] = conductance[j][i] = self.asked[i][j] * slope
                    voltage[i][j], voltage[j][i] = source, -source
        found = potentials(conductance, voltage, list(current) or [mp.mpf(0)] * size)
        result = [mp.mpf(0)] * len(self.model.utility)
        for x, value in zip(self.nodes, found, strict=True):
            result[x] = value
        return result


def potentials(conductance: Table, voltage: Table, current: Vector) -> Vector:
    """Return δ with δ_0 = 0 and Σ_j conductance_ij·(δ_i − δ_j − voltage_ij) = current_i for i > 0.

    Conductances are symmetric, voltages skew-symmetric. Overwrites its arguments.
    """
    shares = list[Vector]()
    for k in range(len(conductance) - 1, 0, -1):
        links = [j for j in range(k) if conductance[k][j]]
        total = mp.fsum(conductance[k][:k])
        if not total:
            raise ArithmeticError("a network that is not connected")
        shares.append([g / total for g in conductance[k][:k]])
        current[k] /= total
        for i in links:
            current[i] += conductance[k][i] * current[k]
            for j in links:
                if j < i:
                    path = conductance[k][i] * shares[-1][j]
                    own, joined = conductance[i][j], conductance[i][j] + path
                    through = voltage[i][k] + voltage[k][j]
                    voltage[i][j] = (own * voltage[i][j] + path * through) / joined
                    voltage[j][i] = -voltage[i][j]
                    conductance[i][j] = conductance[j][i] = joined
    found = [mp.mpf(0)]
    for k, share in enumerate(reversed(shares), 1):
        rises = (s * (found[j] + voltage[k][j]) for j, s in enumerate(share) if s)
        found.append(current[k] + mp.fsum(rises))
    return found


def _sigma(t: Real) -> Real:
    return 1 / (1 + mp.exp(-t))


def component(model: Model) -> list[int]:
    """Return the alternatives that asked pairs join to the support's first."""
    found, queue = {model.support[0]}, [model.support[0]]
    while queue:
        reached = {y for y, n in enumerate(model.exact.pairs[queue.pop()]) if n} - found
        found |= reached
        queue += reached
    return sorted(found)
