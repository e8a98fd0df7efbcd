"""Bounds for outcomes that majorities decide: along a path, and tournaments (BOUNDS 3.6).

The best is the first alternative and the winner the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations, product

from adversary.bounding import programs
from adversary.bounding.proving import Draft, Proved, prove_least

Beats = tuple[tuple[int, int], ...]
"""Pairs (x, y): x wins against y."""


def prove_path(draft: Draft, m: int) -> Proved:
    """Prove the outcome in which the reward rises along a path of m alternatives, from the best.

    A best inside the path is the same as a shorter path.
    """
    beats = tuple((x + 1, x) for x in range(m - 1))
    names = letters(m)
    law = {"kind": "pairs", "weights": [[names[y], names[x], "1"] for x, y in beats]}
    return _prove_majorities(replace(draft, sampling=law), beats, m)


def prove_tournaments(draft: Draft, m: int) -> Iterator[Proved]:
    """Prove every tournament without ties, its winner and best, up to relabelling."""
    for beats in tournaments(m):
        yield _prove_majorities(draft, beats, m)


def tournaments(m: int) -> list[Beats]:
    """Return the tournaments in which m − 1 has the most wins, up to relabelling all but 0, m − 1.

    Of those that differ only so, the first.
    """
    contests = list(combinations(range(m), 2))
    found: dict[Beats, Beats] = {}
    for turned in product((False, True), repeat=len(contests)):
        beats = tuple(
            (y, x) if turn else (x, y) for (x, y), turn in zip(contests, turned, strict=True)
        )
        wins = Counter(x for x, _ in beats)
        if wins[m - 1] == max(wins.values()):
            found.setdefault(_relabelled(beats, m), beats)
    return list(found.values())


def _relabelled(beats: Beats, m: int) -> Beats:
    """Return the same for all tournaments that differ by names other than 0 and m − 1."""
    orders = ((0, *order, m - 1) for order in permutations(range(1, m - 1)))
    return min(tuple(sorted((order[x], order[y]) for x, y in beats)) for order in orders)


def _prove_majorities(draft: Draft, beats: Beats, m: int) -> Proved:
    names = letters(m)
    outcome = {
        "beats": [[names[x], names[y]] for x, y in beats],
        "winner": names[m - 1],
        "best": names[0],
    }
    terms = [{pair: 1.0} for pair in beats]
    program = programs.majority(float(draft.beta), terms, 0, m - 1, m)
    return prove_least(replace(draft, alternatives=names, outcome=outcome), program)


def letters(m: int) -> list[str]:
    """Return the names of at most 26 alternatives."""
    return [chr(ord("a") + x) for x in range(m)]
