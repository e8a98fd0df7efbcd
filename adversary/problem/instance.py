"""Exact, immutable instances: user types, pair laws, reference policy and KL budget.

Everything here is a rational number. The float64 view for solvers is `problem.population`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from adversary import files
from adversary.errors import InputError
from adversary.exact import parse_rational, spelled, to_text

FORMAT = "adversary-instance/1"
MAX_BETA = 10_000

Setting = Literal["social-choice", "alignment"]


def _weights(field: str, values: Sequence[object]) -> tuple[Fraction, ...]:
    """Return the values as exact non-negative weights with a positive sum (not normalised)."""
    weights = tuple(parse_rational(f"{field}[{i}]", value) for i, value in enumerate(values))
    for i, weight in enumerate(weights):
        if weight < 0:
            raise InputError(f"{field}[{i}]", to_text(weight), "a weight of at least 0")
    if sum(weights) <= 0:
        raise InputError(
            field, [spelled("weight", w) for w in weights], "weights with a positive sum"
        )
    return weights


@dataclass(frozen=True)
class UserType:
    """One type of user: its weight (normalised over all types) and m utilities in [0, 1]."""

    weight: Fraction
    utilities: tuple[Fraction, ...]


@dataclass(frozen=True)
class Independent:
    """Pair law: both members of a pair drawn i.i.d. from these m weights over alternatives."""

    weights: tuple[Fraction, ...]

    kind = "independent"


@dataclass(frozen=True)
class Pairs:
    """Pair law: a weight for each unordered pair of alternatives, as (i, j, weight) with i < j."""

    weights: tuple[tuple[int, int, Fraction], ...]

    kind = "pairs"


@dataclass(frozen=True)
class UserDependent:
    """Pair law: one `Independent` or `Pairs` law for each user type, in the order of the types."""

    laws: tuple[Independent | Pairs, ...]

    kind = "user-dependent"


PairLaw = Independent | Pairs | UserDependent


@dataclass(frozen=True)
class Reference:
    """Reference policy (m weights, zeros allowed) and KL budget τ ≥ 0 in nats."""

    weights: tuple[Fraction, ...]
    kl_budget: Fraction


@dataclass(frozen=True)
class Instance:
    """One problem: users, Bradley–Terry temperature β, pair law and, for alignment, a reference.

    Without a reference the setting is social choice: any policy in the simplex. Numbers may be
    given as int, Fraction or string; they are stored as Fractions. Raises InputError, which names
    the field, on anything that is not a valid instance.
    """

    beta: Fraction
    alternatives: tuple[str, ...]
    users: tuple[UserType, ...]
    sampling: PairLaw
    reference: Reference | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "beta", parse_rational("beta", self.beta))
        if not 0 < self.beta <= MAX_BETA:
            raise InputError(
                "beta", spelled("beta", self.beta), f"a number above 0, at most {MAX_BETA}"
            )
        put(self, "alternatives", tuple(self.alternatives))
        for name in self.alternatives:
            if not isinstance(name, str) or not name:
                raise InputError("alternatives", name, "a non-empty string")
        if len(self.alternatives) < 2:
            raise InputError("alternatives", list(self.alternatives), "at least 2 names")
        if len(set(self.alternatives)) != len(self.alternatives):
            raise InputError("alternatives", list(self.alternatives), "names without duplicates")
        put(self, "users", self._checked_users())
        put(self, "sampling", self._checked_law("sampling", self.sampling))
        if self.reference is not None:
            put(self, "reference", self._checked_reference(self.reference))

    def _checked_users(self) -> tuple[UserType, ...]:
        if not self.users:
            raise InputError("users", [], "at least one user type")
        weights = _weights("users.weight", [user.weight for user in self.users])
        types = []
        for k, user in enumerate(self.users):
            field = f"users[{k}].utilities"
            self._check_length(field, user.utilities)
            utilities = tuple(
                parse_rational(f"{field}[{x}]", u) for x, u in enumerate(user.utilities)
            )
            for x, utility in enumerate(utilities):
                if not 0 <= utility <= 1:
                    raise InputError(f"{field}[{x}]", to_text(utility), "a utility in [0, 1]")
            types.append(UserType(weights[k], utilities))
        return tuple(types)

    def _checked_law(self, field: str, law: PairLaw) -> PairLaw:
        if isinstance(law, Independent):
            self._check_length(f"{field}.weights", law.weights)
            return Independent(_weights(f"{field}.weights", law.weights))
        if isinstance(law, Pairs):
            return Pairs(self._checked_pairs(f"{field}.weights", law))
        if not isinstance(law, UserDependent):
            raise InputError(field, law, "an Independent, Pairs or UserDependent law")
        if len(law.laws) != len(self.users):
            expected = f"one law for each of the {len(self.users)} user types"
            raise InputError(f"{field}.laws", f"{len(law.laws)} laws", expected)
        laws = []
        for k, own in enumerate(law.laws):
            if not isinstance(own, Independent | Pairs):
                raise InputError(f"{field}.laws[{k}]", own, "an Independent or Pairs law")
            laws.append(self._checked_law(f"{field}.laws[{k}]", own))
        return UserDependent(tuple(laws))

    def _checked_pairs(self, field: str, law: Pairs) -> tuple[tuple[int, int, Fraction], ...]:
        m, seen = len(self.alternatives), set()
        for x, y, _ in law.weights:
            if not (0 <= x < m and 0 <= y < m) or x == y:
                raise InputError(field, (x, y), f"two different indices below {m}")
            pair = (min(x, y), max(x, y))
            if pair in seen:
                names = [self.alternatives[z] for z in pair]
                raise InputError(field, names, "each unordered pair at most once")
            seen.add(pair)
        weights = _weights(field, [weight for _, _, weight in law.weights])
        entries = zip(law.weights, weights, strict=True)
        return tuple(sorted((min(x, y), max(x, y), weight) for (x, y, _), weight in entries))

    def _checked_reference(self, reference: Reference) -> Reference:
        self._check_length("reference.weights", reference.weights)
        weights = _weights("reference.weights", reference.weights)
        budget = parse_rational("reference.kl_budget", reference.kl_budget)
        if budget < 0:
            raise InputError("reference.kl_budget", to_text(budget), "a budget of at least 0")
        return Reference(weights, budget)

    def _check_length(self, field: str, values: Sequence[object]) -> None:
        m = len(self.alternatives)
        if len(values) != m:
            raise InputError(field, f"{len(values)} entries", f"{m}, one for each alternative")

    @property
    def setting(self) -> Setting:
        """'alignment' where there is a reference policy, else 'social-choice'."""
        return "social-choice" if self.reference is None else "alignment"

    @property
    def average_utility(self) -> tuple[Fraction, ...]:
        """U(x) = Σ_k w_k u_k(x), exact, with the weights normalised."""
        total = sum((user.weight for user in self.users), Fraction(0))
        return tuple(
            sum((user.weight * user.utilities[x] for user in self.users), Fraction(0)) / total
            for x in range(len(self.alternatives))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of a bare instance in the file format."""
        reference = self.reference
        return {
            "format": FORMAT,
            "beta": spelled("beta", self.beta),
            "alternatives": list(self.alternatives),
            "users": [
                {
                    "weight": spelled("weight", user.weight),
                    "utilities": [spelled("utility", u) for u in user.utilities],
                }
                for user in self.users
            ],
            "sampling": _law_to_dict(self.sampling, self.alternatives),
            "reference": reference
            and {
                "weights": [spelled("weight", w) for w in reference.weights],
                "kl_budget": spelled("kl_budget", reference.kl_budget),
            },
        }

    def save(self, path: str | Path) -> None:
        """Write the bare instance to a file, atomically."""
        files.write_text(files.dumps(self.to_dict()), path)


def _law_to_dict(law: PairLaw, names: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(law, Independent):
        return {"kind": law.kind, "weights": [spelled("weight", w) for w in law.weights]}
    if isinstance(law, Pairs):
        entries = [[names[x], names[y], spelled("weight", w)] for x, y, w in law.weights]
        return {"kind": law.kind, "weights": entries}
    return {"kind": law.kind, "laws": [_law_to_dict(own, names) for own in law.laws]}


def uniform(m: int) -> Independent:
    """Return the uniform independent pair law over m alternatives."""
    return Independent((Fraction(1, m),) * m)


def all_pairs(m: int) -> list[tuple[int, int]]:
    """Return the m(m−1)/2 unordered pairs (i, j), i < j, in the package's one fixed order."""
    return list(combinations(range(m), 2))
