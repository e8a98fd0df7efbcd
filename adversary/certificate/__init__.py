"""The trusted checker, of the standard library and python-flint only: SPEC.md and BOUNDS.md."""

from .checker import check
from .lower import FORMAT, Document
from .methods import METHODS
from .reader import Rejected
from .verdict import Scope, Verdict

__all__ = ["FORMAT", "METHODS", "Document", "Rejected", "Scope", "Verdict", "check"]
