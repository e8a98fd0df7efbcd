"""What copies and other names spare the exact search.

Alternatives that all users value alike are one alternative of a smaller program; outcomes that
differ in names alone have the same program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
from numpy import ndarray

from adversary.columns.generation import Solution
from adversary.columns.program import Program, Types
from adversary.interface.conditions import Conditions

_MOST_NAMES = 3  # alternatives whose names are exchanged: six ways


def merged(program: Program, alike: Sequence[int] | None) -> Program:
    """Return the program with one alternative in place of each group of copies."""
    if alike is None:
        return program
    first, group = np.unique(alike, return_inverse=True)
    members = (group[:, None] == np.arange(len(first))).astype(float)
    return replace(
        program,
        best=program.best @ members,
        policy=program.policy @ members,
        pairs=np.einsum("jxy,xa,yb->jab", program.pairs, members, members),
    )


def narrow(types: Types, alike: Sequence[int] | None) -> Types:
    """Return types that value copies alike, as the merged program has them."""
    return types if alike is None else _of(types, np.unique(alike))


def widen(solution: Solution, alike: Sequence[int] | None) -> Solution:
    """Return the solution of a merged program in all alternatives."""
    if alike is None:
        return solution
    group = np.unique(alike, return_inverse=True)[1]
    return replace(solution, types=_of(solution.types, group), pool=_of(solution.pool, group))


def _of(types: Types, alternatives: ndarray) -> Types:
    return Types(types.utilities[:, alternatives], types.slope[:, alternatives], types.pair)


def distinct(options: Sequence[Conditions], *named: int) -> Iterator[int]:
    """Yield the indices of conditions that no earlier ones become when alternatives swap names.

    The `named` alternatives keep theirs. Of many alternatives no names are swapped.
    """
    m = options[0].coefficients.shape[-1] if options else 0
    others = [x for x in range(m) if x not in named]
    orders = permutations(others) if len(others) <= _MOST_NAMES else [others]
    names = []
    for order in orders:
        index = np.arange(m)
        index[others] = order
        names.append(index)
    seen: set[bytes] = set()
    for which, option in enumerate(options):
        keys = {_key(option, index) for index in names}
        if not seen & keys:
            seen |= keys
            yield which


def _key(option: Conditions, index: ndarray) -> bytes:
    """Return what tells conditions apart, once alternatives have other names."""
    table = option.coefficients.numpy()[:, index][:, :, index]
    others = option.constants.numpy(), option.equality.numpy()
    rows = np.column_stack([table.reshape(len(table), -1), *others])
    alike = np.arange(len(index)) if option.alike is None else np.array(option.alike)
    copies = alike[index, None] == alike[index]
    return rows[np.lexsort(rows.T)].tobytes() + copies.tobytes()
