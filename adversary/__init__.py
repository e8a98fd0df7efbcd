"""adversary: finds worst cases of preference-alignment methods.

Names are loaded when first used, so that `import adversary` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from adversary.version import __version__

if TYPE_CHECKING:
    from adversary.bounding.find import UpperBound, bound
    from adversary.certificate import Verdict, check
    from adversary.certifying.certify import Certificate
    from adversary.errors import CertificateError, InputError, SearchError
    from adversary.interface.method import Method, Outcome, Status
    from adversary.interface.preferences import Preferences
    from adversary.methods.borda import Borda
    from adversary.methods.copeland import Copeland
    from adversary.methods.dpo import DPO
    from adversary.methods.ipo import IPO
    from adversary.methods.maximal_lotteries import MaximalLotteries
    from adversary.methods.nlhf import NLHF
    from adversary.methods.rlhf import RLHF
    from adversary.problem.distortion import Distortion, evaluate
    from adversary.problem.document import Document, read, write
    from adversary.problem.instance import (
        Independent,
        Instance,
        Pairs,
        Reference,
        UserDependent,
        UserType,
        uniform,
    )
    from adversary.problem.population import Population
    from adversary.searching.space import FREE, SearchSpace
    from adversary.sweeping.run import sweep
    from adversary.verbs import SearchResult, search, simplify

_HOMES = {
    "Distortion": "problem.distortion",
    "evaluate": "problem.distortion",
    "Document": "problem.document",
    "read": "problem.document",
    "write": "problem.document",
    "InputError": "errors",
    "SearchError": "errors",
    "Independent": "problem.instance",
    "Instance": "problem.instance",
    "Pairs": "problem.instance",
    "Reference": "problem.instance",
    "UserDependent": "problem.instance",
    "UserType": "problem.instance",
    "uniform": "problem.instance",
    "Method": "interface.method",
    "Outcome": "interface.method",
    "Status": "interface.method",
    "Borda": "methods.borda",
    "Copeland": "methods.copeland",
    "DPO": "methods.dpo",
    "IPO": "methods.ipo",
    "MaximalLotteries": "methods.maximal_lotteries",
    "NLHF": "methods.nlhf",
    "RLHF": "methods.rlhf",
    "Population": "problem.population",
    "Preferences": "interface.preferences",
    "sweep": "sweeping.run",
    "SearchResult": "verbs",
    "search": "verbs",
    "simplify": "verbs",
    "UpperBound": "bounding.find",
    "bound": "bounding.find",
    "check": "certificate",
    "Verdict": "certificate",
    "Certificate": "certifying.certify",
    "CertificateError": "errors",
    "FREE": "searching.space",
    "SearchSpace": "searching.space",
}

__all__ = ["__version__", *sorted(_HOMES)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'adversary' has no attribute {name!r}")
    value = getattr(import_module(f"adversary.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
