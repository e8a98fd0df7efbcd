"""What the exact search moves outside the users: patterns, coordinates, and the balls they give."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
import torch

from adversary import NLHF, RLHF
from adversary.problem.instance import Independent, Pairs
from adversary.searching.frames import Frame, pair_masses, patterns
from adversary.searching.space import FREE, SearchSpace
from tests.generators import NEVER

ONE = Fraction(1)


def space(m: int = 3, sampling: object = "independent", ball: object = None) -> SearchSpace:
    """Return a space with free users, and with a free reference where there is a ball."""
    reference = None if ball is None else FREE
    return SearchSpace(Fraction(4), m, m + 1, sampling, reference, ball)  # type: ignore[arg-type]


def fixed(*weights: int, budget: object = ONE, sampling: object = "independent") -> SearchSpace:
    """Return a space with a fixed reference."""
    whole = tuple(Fraction(w) for w in weights)
    return replace(space(len(weights), sampling), reference=whole, budget=budget)


def direction(frame: Frame) -> torch.Tensor:
    """Return the utilities that like the best alternative only."""
    m = frame.space.alternatives
    return (torch.arange(m) == frame.pattern.best).double()


def vertices(where: SearchSpace) -> list[tuple]:
    """Return every winner, best and support that a space allows."""
    everybody = tuple(range(where.alternatives))
    supports = [s for k in range(2, len(everybody) + 1) for s in combinations(everybody, k)]
    if where.reference is None:
        supports = [everybody]
    elif isinstance(where.reference, tuple):
        supports = [tuple(x for x in everybody if where.reference[x])]
    return [(w, b, s) for s in supports for w, b in permutations(s, 2)]


def symmetries(where: SearchSpace) -> list[tuple[int, ...]]:
    """Return the permutations of the alternatives that leave what is fixed as it is."""

    def label(x: int) -> object:
        law, reference = where.sampling, where.reference
        own = reference[x] if isinstance(reference, tuple) else None
        if isinstance(law, Pairs):
            return x, own
        return law.weights[x] if isinstance(law, Independent) else None, own

    orders = permutations(range(where.alternatives))
    return [order for order in orders if all(label(x) == label(y) for x, y in enumerate(order))]


FLAT, UNEVEN = (Independent((ONE, ONE, Fraction(w), ONE)) for w in (1, 2))
RING = Pairs(tuple((min(x, y), max(x, y), ONE) for x, y in [(0, 1), (1, 2), (2, 3), (3, 0)]))


@pytest.mark.parametrize(
    "where",
    [
        *(space(m, law, ball) for m in (2, 3, 4) for law in ("independent", "pairs")
          for ball in (None, FREE)),
        *(space(4, law, ball) for law in (FLAT, UNEVEN, RING) for ball in (None, FREE)),
        fixed(1, 1, 0, 1),
        fixed(1, 1, 0, 2),
        fixed(2, 1, 2, 1, sampling=UNEVEN),
    ],
)  # fmt: skip
def test_patterns_up_to_relabelling(where: SearchSpace) -> None:
    """Exactly one vertex of every class under the permutations that keep what is fixed."""
    group = symmetries(where)
    classes = {
        frozenset((o[w], o[b], tuple(sorted(o[x] for x in support))) for o in group)
        for w, b, support in vertices(where)
    }
    found = [
        (p.winner, p.best, tuple(sorted(p.support)))
        for p in patterns(where)
        if not p.interior and not p.path
    ]
    assert all(sum(vertex in orbit for vertex in found) == 1 for orbit in classes)
    assert len(found) == len(classes)


def kinds(where: SearchSpace) -> Counter[str]:
    """Return how many vertices, paths and interiors there are."""
    names = ("path" if p.path else "interior" if p.interior else "vertex" for p in patterns(where))
    return Counter(names)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (space(5), {"vertex": 1}),
        (space(5, "pairs"), {"vertex": 1, "path": 1}),
        (space(5, "user-dependent"), {"vertex": 1, "path": 1}),
        (space(4, ball=ONE), {"vertex": 3, "interior": 3}),
        (space(4, "pairs", FREE), {"vertex": 3, "interior": 3, "path": 2}),
        (space(2, "pairs", FREE), {"vertex": 1, "interior": 1, "path": 1}),
        (space(3, Independent((ONE, ONE, ONE))), {"vertex": 1}),
        (space(4, RING, ONE), {"vertex": 12 + 4 * 6 + 6 * 2, "interior": 11}),
        (fixed(1, 1, 0), {"vertex": 1, "interior": 1}),
        (fixed(1, 2, 3, sampling="pairs"), {"vertex": 6, "interior": 1}),
        (fixed(1, 0, 0), {}),
    ],
)
def test_counts_of_patterns(where: SearchSpace, expected: dict[str, int]) -> None:
    """What is fixed tells alternatives apart."""
    assert kinds(where) == expected
    assert len(set(patterns(where))) == sum(expected.values())


@pytest.mark.parametrize("m", [9, 40])
def test_many_alternatives_have_few_patterns(m: int) -> None:
    """Enumeration stops long before 2^m supports."""
    law = Independent(tuple(Fraction(x + 1) for x in range(m)))
    assert 1 <= len(list(patterns(space(m, law)))) <= m * (m - 1)
    assert 1 <= len(list(patterns(space(m, law, ONE)))) <= 64 * m * (m - 1)


SPACES = [
    space(3),
    space(3, "pairs"),
    space(3, "user-dependent"),
    space(3, ball=FREE),
    space(4, "pairs", FREE),
    space(3, ball=Fraction(1, 10)),
    space(3, ball=Fraction(30)),
    space(3, Pairs(((0, 1, ONE), (1, 2, ONE))), ONE),
    fixed(3, 2, 1),
    fixed(1, 1, 0, sampling="pairs"),
]


@pytest.mark.parametrize("where", SPACES, ids=range(len(SPACES)))  # pyright: ignore
def test_targets_keep_what_is_fixed(where: SearchSpace) -> None:
    """Every target of every pattern: a policy of the ball that its score explains."""
    generator, seen = torch.Generator().manual_seed(0), 0
    for pattern, _ in product(patterns(where), range(3)):
        frame = Frame(where, pattern)
        point = frame.random(NLHF(), generator)
        if point is None:
            continue
        assert ((point >= frame.limits[0]) & (point <= frame.limits[1])).all()
        made = frame.target(point, direction(frame))
        if made is None:
            continue
        seen += 1
        target, best = made
        m = where.alternatives
        reference = target.log_reference.exp()
        assert float(reference.sum()) == pytest.approx(1)
        if where.reference is not None:
            assert set(target.support) == set(pattern.support)
        if isinstance(where.reference, tuple):
            total = sum(where.reference)
            weights = [float(w / total) for w in where.reference]
            assert reference.tolist() == pytest.approx(weights)
        if isinstance(where.budget, Fraction):
            assert float(target.budget) == float(where.budget)
        policy = target.log_policy.exp()
        assert float(policy.sum()) == pytest.approx(1)
        for inside in (policy, best):
            spent = torch.xlogy(inside, inside / reference)[inside > 0].sum()
            assert float(spent) <= float(target.budget) + 1e-9
        if pattern.interior:
            assert target.winner is None
            spent = (policy * (target.log_policy - target.log_reference)).nan_to_num().sum()
            assert float(spent) == pytest.approx(float(target.budget), rel=1e-9)
            inside = torch.tensor(pattern.support)
            ratio = (target.log_policy - target.log_reference)[inside]
            score = target.score[inside]
            ratio, score = ratio - ratio.mean(), score - score.mean()
            slope = ratio @ score / score.square().sum()
            assert (ratio - slope * score).abs().max() <= 1e-8 * (1 + float(ratio.abs().max()))
            assert slope > 0
        else:
            assert target.winner == pattern.winner
            others = [x for x in pattern.support if x != pattern.winner]
            assert (target.score[others] <= target.score[pattern.winner]).all()
        if where.reference is None:
            assert best.tolist() == [float(x == pattern.best) for x in range(m)]
        table = target.log_pairs
        assert torch.equal(table, table.T)
        assert float(table.logsumexp((0, 1))) == pytest.approx(0, abs=1e-12)
    assert seen >= 1


def test_the_ball_may_forbid_a_vertex() -> None:
    """A fixed reference with little mass on the winner."""
    where = fixed(9, 1, budget=Fraction(1, 2))
    made = {}
    for pattern in patterns(where):
        if pattern.interior:
            continue
        frame = Frame(where, pattern)
        point = frame.random(RLHF(), torch.Generator().manual_seed(1))
        assert point is not None
        made[pattern.winner] = frame.target(point, direction(frame))
    assert made[0] is not None
    assert made[1] is None  # −log 0.1 exceeds ½


@pytest.mark.parametrize("budget", [Fraction(1, 1000), ONE, Fraction(50)])
def test_a_free_reference_always_allows_its_winner(budget: Fraction) -> None:
    """Whatever the budget the winner's mass is just large enough."""
    where = space(3, ball=budget)
    for pattern in patterns(where):
        if not pattern.interior:
            frame = Frame(where, pattern)
            point = frame.random(RLHF(), torch.Generator().manual_seed(2))
            assert point is not None
            assert frame.target(point, direction(frame)) is not None


def test_the_law_of_a_path() -> None:
    """Only neighbours are asked, whatever the coordinates."""
    where = space(4, "pairs")
    frame = Frame(where, next(p for p in patterns(where) if p.path))
    point = frame.random(RLHF(), torch.Generator().manual_seed(3))
    assert point is not None
    made = frame.target(point, direction(frame))
    assert made is not None
    shown = (made[0].log_pairs > NEVER).nonzero().tolist()
    assert shown == [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]]
    assert pair_masses(made[0]).tolist() == pytest.approx([1 / 3, 0, 0, 1 / 3, 0, 1 / 3])
    assert frame.moving.tolist() == [False] * (frame.dimension - 4) + [True] * 4


def test_an_outsider_may_have_the_highest_reward() -> None:
    """Outside the reference's support a score is not a gap below the winner's."""
    where = space(3, "pairs", FREE)
    pattern = next(p for p in patterns(where) if p.support == (0, 1) and not p.path)
    frame = Frame(where, pattern)
    point = torch.zeros(frame.dimension).double()
    point[-3:] = torch.tensor([0.7, 0.7, 0.7])
    made = frame.target(point, direction(frame))
    assert made is not None
    assert made[0].score.tolist() == pytest.approx([0, -math.exp(0.7), math.sinh(0.7)])


def test_what_moves() -> None:
    """Fixed parts, and those that do not matter, have no coordinate that moves."""
    assert not any(Frame(space(3), p).scored for p in patterns(space(3)))
    assert all(Frame(space(3, "pairs"), p).scored for p in patterns(space(3, "pairs")))
    assert all(Frame(fixed(1, 1), p).scored is p.interior for p in patterns(fixed(1, 1)))
    law = Independent((ONE, ONE, ONE))
    frames = [Frame(space(3, law), p) for p in patterns(space(3, law))]
    assert not any(bool(frame.moving.any()) for frame in frames)


def test_random_coordinates_are_repeatable() -> None:
    """The generator alone decides, in the interior too."""
    where = space(3, ball=Fraction(1, 10))
    for pattern in patterns(where):
        frame = Frame(where, pattern)
        one, two = (frame.random(RLHF(), torch.Generator().manual_seed(7)) for _ in range(2))
        assert one is not None
        assert two is not None
        assert torch.equal(one, two)


@pytest.mark.parametrize("budget", [FREE, Fraction(1, 5)])
def test_targets_are_differentiable(budget: object) -> None:
    """Law, reference, budget and score reach the target, smoothly."""
    where = space(3, "pairs", budget)
    generator = torch.Generator().manual_seed(5)
    for pattern in patterns(where):
        frame = Frame(where, pattern)
        point = frame.random(RLHF(), generator)
        if point is None:
            continue

        def parts(x: torch.Tensor, frame: Frame = frame) -> torch.Tensor:
            made = frame.target(x, direction(frame))
            assert made is not None
            target, best = made
            return torch.cat([target.log_opponents.exp().flatten(), target.score,
                              target.log_policy.exp(), best])  # fmt: skip

        assert torch.autograd.gradcheck(parts, point.clamp(-5, 2.5).requires_grad_(), atol=1e-4)
