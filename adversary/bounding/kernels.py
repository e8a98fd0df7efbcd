"""Bounds for every law and every number of alternatives (BOUNDS 3.1, 3.3 to 3.5)."""

from __future__ import annotations

import math
from dataclasses import replace

from adversary.bounding import programs
from adversary.bounding.multipliers import SLACK, rational, rounded_up
from adversary.bounding.proving import Draft, Proved, case, prove, prove_least
from adversary.certificate.bound import KERNELS
from adversary.certificate.methods import METHODS

_PROGRAMS = {"score": programs.score, "game": programs.game, "uncovered": programs.uncovered}


def prove_kernel(draft: Draft, slack: float = SLACK) -> Proved:
    """Prove the least bound, up to the slack, that the method's kernel allows in the setting."""
    name = METHODS[draft.method].kernels[draft.setting]
    kernel, beta = KERNELS[name], float(draft.beta)
    whole = replace(draft, alternatives="every", sampling=kernel.sampling, outcome=kernel.outcome)
    if name in _PROGRAMS:
        return prove_least(whole, _PROGRAMS[name](beta), slack)
    return _prove_ball(whole, beta, slack)


def _prove_ball(draft: Draft, beta: float, slack: float) -> Proved:
    """Prove t = cosh²(β/2) with L = 1/(βσ'(β)) (theory.kl_vertex).

    Both tangents at 0 decide; the linear program would see differences of e^(−β), lost in floats.
    """
    t = math.cosh(beta / 2) ** 2
    factor = rational(4 * t / beta * (1 + slack / 2))
    return prove(draft, rounded_up(t * (1 + slack)), [case([factor])])
