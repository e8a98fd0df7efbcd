"""What is said of a file: what its claim is about, and the verdict."""

from dataclasses import dataclass
from fractions import Fraction

from .reader import Law


@dataclass(frozen=True)
class Scope:
    """All that the claim of a file is about; nothing is claimed beyond it."""

    kind: str  # a lower bound: "instance"; an upper one: on a "method", or on one "outcome"
    method: str
    beta: Fraction
    setting: str  # "social-choice" or "alignment"
    sampling: str  # a kind, for the law of the file; "every independent" or "every common" law
    laws: tuple[Law, ...]  # of the file: one, or by user type; () if the claim is for every law
    alternatives: tuple[str, ...] | None  # None: any number of them
    policies: str = "every"  # or "some" of those that the method allows
    outcome: str = "every"  # "vertex": no budget that binds; or "majorities", "reward" (BOUNDS 3)
    winner: str | None = None  # with majorities: U(best) is compared with U(winner)
    best: str | None = None
    beats: tuple[tuple[str, str], ...] = ()  # each first has one against the second
    sole: bool = False  # where they are strict the method plays the winner and nothing else

    def statement(self, relation: str, covers: str, beta: str) -> str:
        """The claim in words."""
        setting = self.setting.replace("-", " ")
        return f"{self.method} {relation} ({covers}); beta = {beta}, {setting}"


@dataclass(frozen=True)
class Verdict:
    """What the checker says of one file; all from `method` on is unset if that is malformed."""

    accepted: bool
    message: str  # one line
    method: str | None = None
    bound: Fraction | None = None  # of a lower bound, for `policies`
    policies: str | None = None
    at_most: Fraction | None = None  # of an upper bound
    infinite: bool = False  # it is also proved that these policies have utility 0
    scope: Scope | None = None

    @property
    def status(self) -> int:
        """0: accepted; 1: not proved; 2: unreadable or malformed."""
        return 0 if self.accepted else 1 if self.scope else 2
