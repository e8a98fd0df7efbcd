"""One record for each method: all that the checker knows of it (SPEC 3.7, 4.1, 4.3 and 5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .model import Document, Score, copeland, reward_ties, values
from .reward import reward

SOCIAL, ALIGNMENT = SETTINGS = ("social-choice", "alignment")


@dataclass(frozen=True)
class Method:
    """What proofs need to know of the policies that a method allows."""

    role: str  # of the policy in a witness: "anchor" of a score, or "opponent" in a game
    score: Callable[[Document], Score | None]  # c of SPEC 4.1; None: a higher precision is needed
    ties: Callable[[Document], Score] | None = None  # what orders and ties exactly as it (SPEC 4.3)
    confined: bool = False  # whether the policies lie in the ball
    rewarded: bool = False  # whether the score is the reward
    kernels: Mapping[str, str] = field(default_factory=dict)  # by setting: BOUNDS 3.1 to 3.5
    outcomes: tuple[str, ...] = ()  # BOUNDS 3.6 and 3.7


_SCORE = {SOCIAL: "score"}
_BORDA = Method("anchor", lambda it: values(it, it.borda), kernels=_SCORE)
_GAME = Method("opponent", lambda it: values(it, it.leads), kernels=dict.fromkeys(SETTINGS, "game"))
_REWARD = Method("anchor", reward, reward_ties, True, True, _SCORE | {ALIGNMENT: "vertex"},
                 ("path", "reward"))  # fmt: skip
METHODS = {
    "borda": _BORDA,
    "copeland": Method("anchor", copeland, kernels=dict.fromkeys(SETTINGS, "uncovered"),
                       outcomes=("tournament",)),
    "dpo": _REWARD,
    "ipo": replace(_BORDA, confined=True, kernels=_SCORE | {ALIGNMENT: "ball"}),
    "maximal-lotteries": _GAME,
    "nlhf": replace(_GAME, confined=True),
    "rlhf": _REWARD,
}  # fmt: skip
