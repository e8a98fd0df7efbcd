"""What a theorem on distortion says, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from adversary.problem.instance import Instance
from adversary.theory.sources import Source

Setting = Literal["social-choice", "alignment"]
Status = Literal["tight", "lower", "upper"]
Law = Literal["independent", "pairs", "user-dependent"]

EVERY_LAW: tuple[Law, ...] = ("independent", "pairs", "user-dependent")
COMMON_LAWS: tuple[Law, ...] = ("independent", "pairs")
"""The laws that are the same for every user."""


class Bound(Protocol):
    """A bound as a function of β, the number of alternatives and the KL budget."""

    def __call__(self, beta: float, m: int | None = None, tau: float | None = None) -> float | None:
        """Return the bound; None where the theorem says nothing. None for m or τ: not fixed."""
        ...


@dataclass(frozen=True)
class Theorem:
    """A bound on the worst-case distortion of some methods.

    The worst case is over all instances of the setting with β, m and τ as given, the law being of
    one of the kinds in `laws`. A lower bound for a kind of law also holds for every wider kind.
    """

    key: str
    """Short name, unique: 'ghy-thm3'."""
    title: str
    source: Source
    place: str
    """Where in the source: 'Theorem 3'."""
    methods: tuple[str, ...]
    setting: Setting | Literal["both"]
    laws: tuple[Law, ...]
    status: Status
    """'tight' (the worst case is the bound), 'lower' (at least), 'upper' (at most)."""
    formula: str
    assumptions: str
    bound: Bound
    construction: Callable[..., Instance] | None = None
    """Builds the instances that show the lower bound, where there are some."""

    @property
    def citation(self) -> str:
        """Return the citation key of the source."""
        return self.source.citation

    def covers(
        self,
        method: str,
        setting: str,
        law: str,
        beta: float,
        m: int | None = None,
        tau: float | None = None,
    ) -> bool:
        """Return whether the theorem says something here."""
        return (
            method in self.methods
            and self.setting in (setting, "both")
            and law in self.laws
            and self.bound(beta, m, tau) is not None
        )
