"""The trusted checker. SPEC.md and BOUNDS.md say what "accepted" means.

Imports the standard library and python-flint only.
"""

from .checker import Verdict, check, proved_bound
from .document import FORMAT, Document, Rejected, parse

__all__ = ["FORMAT", "Document", "Rejected", "Verdict", "check", "parse", "proved_bound"]
