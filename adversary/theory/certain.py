"""What is certain of an instance in ball arithmetic: who beats whom, and whether its budget binds.

Under a common law the margin A(x,y) = p(x≻y) − ½ is the users' mean of h(u(x) − u(y)), whatever the
law. Under an independent law the reward orders the reference's support as the Borda score does
(SLH); the budget does not bind RLHF and DPO iff the alternatives of highest reward have a reference
mass of e^(−τ) at least.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb, ctx

from adversary.problem.instance import Independent, Instance, Reference
from adversary.theory.parameters import ball, half_margin

_PRECISIONS = (256, 1024, 4096)  # bits
_LARGEST = 20_000  # differences of utilities; beyond, nothing is decided


def beats(instance: Instance, x: int, y: int) -> bool:
    """Return whether x certainly wins a majority against y, under a common law."""
    for bits in _PRECISIONS:
        with ctx.workprec(bits):
            margin = _margin(instance, x, y)
            if margin > 0 or margin < 0:
                return bool(margin > 0)
    return False


def loose(instance: Instance) -> bool:
    """Return whether the budget certainly does not bind RLHF and DPO; of independent laws alone."""
    reference, law = instance.reference, instance.sampling
    if reference is None or not isinstance(law, Independent):
        return False
    support = [x for x, mass in enumerate(reference.weights) if mass > 0]
    if len(support) > 1 and not all(law.weights[x] > 0 for x in support):
        return False  # the rewards are open
    if len(support) * len(instance.alternatives) * len(instance.users) > _LARGEST:
        return False
    for bits in _PRECISIONS:
        with ctx.workprec(bits):
            decided = _decided(instance, law, reference, support)
        if decided is not None:
            return decided
    return False


def _decided(
    instance: Instance, law: Independent, reference: Reference, support: list[int]
) -> bool | None:
    shown = [y for y, weight in enumerate(law.weights) if weight]
    scores = [  # multiples of BC(x) − ½
        sum((ball(law.weights[y]) * _margin(instance, x, y) for y in shown), ball(0))
        for x in support
    ]
    best = [x for x, s in zip(support, scores, strict=True) if not any(s < t for t in scores)]
    # One of several that tie at this precision may be the only best one.
    mass = min(reference.weights[x] for x in best) / sum(reference.weights)
    needed = (-ball(reference.kl_budget)).exp()
    if ball(mass) >= needed:
        return True
    return False if len(best) == 1 and ball(mass) < needed else None


def _margin(instance: Instance, x: int, y: int) -> arb:
    """Return a multiple of A(x,y): the weights are not normalised."""
    differences = ((user.weight, user.utilities[x] - user.utilities[y]) for user in instance.users)
    beta, start = instance.beta, ball(Fraction(0))
    return sum((ball(w) * half_margin(beta, d) for w, d in differences if d), start)
