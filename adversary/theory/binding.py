"""Whether a KL budget certainly does not bind RLHF and DPO: what their bound at vertices asks for.

Under an independent law the reward orders the reference's support as the Borda score does (SLH).
The budget does not bind iff the alternatives of highest reward have a reference mass of e^(−τ).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from flint import arb, ctx

from adversary.problem.instance import Independent, Instance, Reference
from adversary.theory.parameters import ball, half_margin

_PRECISIONS = (256, 1024, 4096)  # bits
_LARGEST = 20_000  # differences of utilities; beyond, nothing is decided


def loose(instance: Instance) -> bool:
    """Return whether the budget certainly does not bind under the instance's independent law."""
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
    scores = dict(zip(support, _scores(instance, law, support), strict=True))
    best = [x for x in support if not any((scores[x] < s) is True for s in scores.values())]
    total = sum(reference.weights)
    # One of several that tie at this precision may be the only best one.
    mass = min(reference.weights[x] for x in best) / total
    needed = (-ball(reference.kl_budget)).exp()
    if (ball(mass) >= needed) is True:
        return True
    return False if len(best) == 1 and (ball(mass) < needed) is True else None


def _scores(instance: Instance, law: Independent, support: list[int]) -> Iterator[arb]:
    """Yield multiples of BC(x) − ½."""
    for x in support:
        yield sum(
            (
                ball(user.weight * law.weights[y]) * half_margin(instance.beta, difference)
                for user in instance.users
                for y, utility in enumerate(user.utilities)
                if (difference := user.utilities[x] - utility) and law.weights[y]
            ),
            ball(Fraction(0)),
        )
