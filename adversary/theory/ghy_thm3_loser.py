"""GHY Theorem 3, second half: rules that hardly play a Condorcet loser are no better than K.

A Condorcet loser s loses every contest. None of the methods here ever plays it: its Borda score is
below ½, and the mean of all is ½; its reward is not the highest, as the stationarity equation
Σ_y N(s,y)·(σ(r_s − r_y) − p(s≻y)) = 0 could not hold; it has the fewest wins; and a game is lost by
playing it. So in the instances of `ghy_cor4` they play nothing but alternatives worth ξε, at every
m ≥ 2 and under every common law.
"""

from __future__ import annotations

from adversary.theory import ghy_cor4
from adversary.theory.constants import rate
from adversary.theory.ghy_thm3 import METHODS, limited
from adversary.theory.sources import GHY
from adversary.theory.theorem import COMMON, EVERY, SOCIAL, Claim, Theorem

THEOREM = Theorem(
    key="ghy-thm3-loser",
    title="Rules that hardly play a Condorcet loser are no better than K",
    source=GHY,
    place="Theorem 3, second half",
    formula="K = (β/2)·coth(β/2) for m → ∞; for rules that never play a Condorcet loser at every m",
    assumptions="any rule that plays a Condorcet loser with a probability of at most 1/m, however "
    "many comparisons it sees of each user",
    claims=(
        Claim("lower", METHODS, SOCIAL, COMMON, limited, law="shown", types=2, limit="m → ∞"),
        Claim(
            *("lower", METHODS, SOCIAL, EVERY, rate),
            law="shown",
            types=2,
            derived="it never plays a Condorcet loser, so that m does not matter",
        ),
    ),
    construction=ghy_cor4.instance,
)
bound = THEOREM.bound
