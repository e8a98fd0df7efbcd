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
    from adversary.certify import Certificate
    from adversary.distortion import Distortion, evaluate
    from adversary.document import Document, read, write
    from adversary.errors import CertificateError, InputError, SearchError
    from adversary.instance import (
        Independent,
        Instance,
        Pairs,
        Reference,
        UserDependent,
        UserType,
        uniform,
    )
    from adversary.method import Method, Outcome, Status
    from adversary.methods.borda import Borda
    from adversary.methods.copeland import Copeland
    from adversary.methods.dpo import DPO
    from adversary.methods.ipo import IPO
    from adversary.methods.maximal_lotteries import MaximalLotteries
    from adversary.methods.nlhf import NLHF
    from adversary.methods.rlhf import RLHF
    from adversary.population import Population
    from adversary.preferences import Preferences
    from adversary.searching.space import FREE, SearchSpace
    from adversary.sweeping.run import sweep
    from adversary.verbs import SearchResult, search, simplify

_HOMES = {
    "Distortion": "distortion",
    "evaluate": "distortion",
    "Document": "document",
    "read": "document",
    "write": "document",
    "InputError": "errors",
    "SearchError": "errors",
    "Independent": "instance",
    "Instance": "instance",
    "Pairs": "instance",
    "Reference": "instance",
    "UserDependent": "instance",
    "UserType": "instance",
    "uniform": "instance",
    "Method": "method",
    "Outcome": "method",
    "Status": "method",
    "Borda": "methods.borda",
    "Copeland": "methods.copeland",
    "DPO": "methods.dpo",
    "IPO": "methods.ipo",
    "MaximalLotteries": "methods.maximal_lotteries",
    "NLHF": "methods.nlhf",
    "RLHF": "methods.rlhf",
    "Population": "population",
    "Preferences": "preferences",
    "sweep": "sweeping.run",
    "SearchResult": "verbs",
    "search": "verbs",
    "simplify": "verbs",
    "UpperBound": "bounding.find",
    "bound": "bounding.find",
    "check": "certificate",
    "Verdict": "certificate",
    "Certificate": "certify",
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
