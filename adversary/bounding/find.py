"""The verb `bound`: which of the checker's rules holds for a request, and its certificate."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adversary import files
from adversary.bounding import kernels, laws, outcomes
from adversary.bounding.proving import Draft, Proved
from adversary.certificate.bound import ALTERNATIVES, BETA, KERNELS, OUTCOME_ALTERNATIVES
from adversary.certificate.methods import ALIGNMENT, METHODS, SOCIAL, Method
from adversary.errors import InputError
from adversary.exact import parse_rational, to_text
from adversary.problem.instance import Independent, uniform

if TYPE_CHECKING:
    from adversary.interface import method as interface
    from adversary.problem.instance import Instance

_PATH = "pairs-path"
_TOURNAMENTS = 5  # the most alternatives for which all are proved


@dataclass(frozen=True)
class UpperBound:
    """A proved upper bound: one document, or one for each outcome that the request covers."""

    outcomes: tuple[Proved, ...]
    """The largest bound first."""
    seconds: float

    @property
    def document(self) -> Mapping[str, Any]:
        """The document of the largest bound, of format `adversary-bound/1`."""
        return self.outcomes[0].document

    @property
    def upper_bound(self) -> Fraction:
        """The largest bound."""
        return self.outcomes[0].upper_bound

    @property
    def text(self) -> str:
        """What is proved, as the checker says it."""
        return self.outcomes[0].text

    @property
    def boxes(self) -> int:
        """How many boxes the proofs took."""
        return sum(outcome.boxes for outcome in self.outcomes)

    def paths(self, path: str | Path) -> list[Path]:
        """Return the files of `save`: the given one, and FILE-2.json and so on for the others."""
        first = Path(path)
        others = range(2, len(self.outcomes) + 1)
        return [first, *(first.with_name(f"{first.stem}-{i}{first.suffix}") for i in others)]

    def save(self, path: str | Path) -> None:
        """Write each file atomically, once the checker has accepted its content on disk."""
        from adversary.certifying.certify import (
            must_be_accepted,  # which loads PyTorch: only when saving
        )

        for outcome, file in zip(self.outcomes, self.paths(path), strict=True):
            files.write_text(files.dumps(outcome.document), file, verify=must_be_accepted)


def bound(
    method: str | interface.Method,
    beta: Any,
    alternatives: int | str = "every",
    sampling: str | Independent | None = None,
    kl_budget: Any = None,
    outcome: Instance | None = None,
) -> UpperBound:
    """Find multipliers that prove an upper bound on the method's distortion, and prove it.

    `alternatives`: a number, or 'every'. `sampling`: 'every', 'independent', 'uniform',
    'pairs-path', or an independent law; None: every law for which the bound holds. `kl_budget`:
    None is social choice; anything else is the KL ball, where what is proved holds for every
    budget. `outcome`: an instance whose outcome the bound is for. The certificate may cover more
    than was asked for; its text says what. Raises InputError where there is no rule for the
    request, CertificateError where the proof fails.
    """
    started = time.perf_counter()
    name = method if isinstance(method, str) else method.name
    known = sorted(name for name, record in METHODS.items() if record.kernels)
    if name not in known:
        raise InputError("method", name, f"one of {', '.join(known)}")
    request = _Request(name, _beta(beta), _count(alternatives), sampling, _budget(kl_budget))
    found = request.proved() if outcome is None else [request.outcome(outcome)]
    ordered = sorted(found, key=lambda proved: -proved.upper_bound)
    return UpperBound(tuple(ordered), time.perf_counter() - started)


def _beta(value: Any) -> Fraction:
    beta = parse_rational("beta", value)
    if not 0 < beta <= BETA:
        raise InputError("beta", to_text(beta), f"a number above 0, at most {BETA}")
    return beta


def _count(value: int | str) -> int | None:
    if value == "every":
        return None
    expected = f"'every' or a whole number from 2 to {ALTERNATIVES}"
    try:
        number = int(value)
    except ValueError:
        raise InputError("alternatives", value, expected) from None
    if not 2 <= number <= ALTERNATIVES:
        raise InputError("alternatives", number, expected)
    return number


def _budget(value: Any) -> str | None:
    if value is None or value in ("free", "every"):
        return value
    budget = parse_rational("kl", value)
    if budget < 0:
        raise InputError("kl", to_text(budget), "a budget of at least 0, 'free' or 'every'")
    return to_text(budget)


@dataclass(frozen=True)
class _Request:
    method: str
    beta: Fraction
    alternatives: int | None
    sampling: str | Independent | None
    kl: str | None

    @property
    def record(self) -> Method:
        """What the checker knows of the method."""
        return METHODS[self.method]

    def proved(self) -> Sequence[Proved]:
        """Prove by the rule that fits, or raise InputError."""
        setting = SOCIAL if self.kl is None else ALIGNMENT
        if setting not in self.record.kernels:
            raise InputError("kl", self.kl, f"none: {self.method} has no bound in a KL ball")
        draft = Draft(self.beta, self.method, setting)
        kernel, law, m = KERNELS[self.record.kernels[setting]], self.law(), self.alternatives
        scores = kernel.sampling == "independent"
        if "tournament" in self.record.outcomes and m is not None and setting == SOCIAL:
            if m > _TOURNAMENTS:
                expected = f"at most {_TOURNAMENTS} (each tournament is proved) or 'every'"
                raise InputError("alternatives", m, expected)
            return list(outcomes.prove_tournaments(draft, m))
        if law == _PATH and scores:
            return [self.path(draft)]
        if law == "every" and scores:
            raise InputError("sampling", law, f"{self.laws()}, as no bound holds for every law")
        if isinstance(law, Independent) and scores and setting == SOCIAL:
            return [self.one_law(draft, law)]
        return [kernels.prove_kernel(draft)]

    def law(self) -> str | Independent | None:
        """Return the law; 'uniform' made explicit."""
        law, m = self.sampling, self.alternatives
        if law == "uniform":
            if m is None:
                raise InputError("alternatives", "every", "a number, as the law is fixed")
            return uniform(m)
        if isinstance(law, str) and law not in ("every", "independent", _PATH):
            law = self.weights(law)
        if isinstance(law, Independent) and m not in (None, len(law.weights)):
            expected = f"{m} weights, one for each alternative"
            raise InputError("sampling", f"{len(law.weights)} weights", expected)
        return law

    def weights(self, text: str) -> Independent:
        """Return the independent law with the weights of a list such as '1/2,1/4,1/4'."""
        try:
            weights = tuple(parse_rational("sampling", part) for part in text.split(","))
        except InputError:
            raise InputError("sampling", text, self.laws()) from None
        return Independent(weights)

    def laws(self) -> str:
        """Return what a message says of laws."""
        words = "'independent', 'uniform' or weights such as '1/2,1/4,1/4'"
        if KERNELS[self.record.kernels[SOCIAL]].sampling == "every":
            return f"'every', {words}"
        return f"'{_PATH}', {words}" if "path" in self.record.outcomes else words

    def path(self, draft: Draft) -> Proved:
        """BOUNDS 3.6 along a path."""
        m = self.alternatives
        if "path" not in self.record.outcomes:
            raise InputError("sampling", _PATH, self.laws())
        if draft.setting != SOCIAL:
            raise InputError("kl", self.kl, f"none: the law {_PATH} is for social choice")
        if m is None or m > OUTCOME_ALTERNATIVES:
            expected = f"a whole number from 2 to {OUTCOME_ALTERNATIVES}, as the law is a path"
            raise InputError("alternatives", "every" if m is None else m, expected)
        return outcomes.prove_path(draft, m)

    def one_law(self, draft: Draft, law: Independent) -> Proved:
        """BOUNDS 3.2."""
        low = min(law.weights)
        if not 2 <= len(law.weights) <= ALTERNATIVES or low < 0 or sum(law.weights) == 0:
            expected = f"from 2 to {ALTERNATIVES} weights of at least 0, not all 0"
            raise InputError("sampling", [to_text(w) for w in law.weights], expected)
        if low == 0 and self.record.rewarded:
            raise InputError("sampling", "0", f"positive weights, as {self.method} needs them")
        return laws.prove_law(draft, law.weights)

    def outcome(self, instance: Instance) -> Proved:
        """BOUNDS 3.7: beta is that of the instance, and so is all else."""
        from adversary.bounding.rewards import prove_reward

        if "reward" not in self.record.outcomes:
            known = " or ".join(name for name, one in METHODS.items() if "reward" in one.outcomes)
            raise InputError("outcome", self.method, f"{known}, whose policies have a reward")
        given = {"alternatives": self.alternatives, "sampling": self.sampling, "kl": self.kl}
        for field, value in given.items():
            if value is not None:
                raise InputError(field, value, "nothing, as the outcome's instance says it")
        if instance.beta != self.beta:
            expected = f"{to_text(instance.beta)}, as in the outcome's instance"
            raise InputError("beta", to_text(self.beta), expected)
        if len(instance.alternatives) > OUTCOME_ALTERNATIVES:
            expected = f"an instance of at most {OUTCOME_ALTERNATIVES} alternatives"
            raise InputError("outcome", f"{len(instance.alternatives)} alternatives", expected)
        return prove_reward(instance, self.method)
