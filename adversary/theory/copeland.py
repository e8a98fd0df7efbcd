"""Copeland has distortion exactly K(1+M), between the (1−ε)β and the 2K of AG.

At most: let a be best and w a Copeland winner. If w beats or ties a, GHY Lemma 1 gives
U(a) ≤ K·U(w). Else some b is beaten or tied by w and beats or ties a: if a beat every b that w
beats or ties, a would have at least w's score without the contest of the two, and win that too.
Then A(w,b) ≥ 0 ≥ A(b,b) and A(w,b) ≥ 0 ≥ A(a,b): the Borda conditions for all mass on b, so
U(a) ≤ K(1+M)·U(w) by the kernel argument (`borda_kernel`), which holds for every law.

At least: in the instance of GHY Theorem 12 c beats b and b beats a. With copies of b, which tie,
c beats more of them than any of them beats others, and is the only Copeland winner (m ≥ 4). As
Copeland ignores the budget, a reference with nearly all mass on a gives the same for every τ.
"""

from __future__ import annotations

from adversary.instance import Instance
from adversary.theory import ghy_thm12
from adversary.theory.formulas import borda_rate
from adversary.theory.parameters import count
from adversary.theory.sources import PROJECT
from adversary.theory.theorem import COMMON_LAWS, Theorem


def bound(beta: float, m: int | None = None, tau: float | None = None) -> float | None:
    """Return K(1+M) for m ≥ 4. With fewer the bad winner is not alone or beats the best: K."""
    return borda_rate(beta) if m is None or m >= 4 else None


def instance(beta: object, epsilon: object, m: object = 4) -> Instance:
    """Return the instance of GHY Theorem 12 with m − 2 copies of b. Raises InputError.

    b beats a by 1e-40 of the votes. For m = 4 that contest decides, and floats take it for a tie;
    for m ≥ 5 it does not matter.
    """
    return ghy_thm12.instance(beta, epsilon, m=count("m", m, 4))


THEOREM = Theorem(
    key="copeland",
    title="Copeland has distortion K(1+M) = (1−o(1))β",
    source=PROJECT,
    place="kernel argument, proof sketched",
    methods=("copeland",),
    setting="both",
    laws=COMMON_LAWS,
    status="tight",
    formula="K·(1+M), M = max over γ of (σ(βγ)−½)/(σ(β)−½) − γ",
    assumptions="the same pair law for every user, m ≥ 4; any reference and budget",
    bound=bound,
    construction=instance,
)
