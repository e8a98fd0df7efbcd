"""One row for each file: what spreadsheets and data frames take."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from adversary.errors import printable
from adversary.export.source import Item
from adversary.theory import Question, strongest

COLUMNS: dict[str, type] = {
    "file": str,
    "method": str,
    "setting": str,
    "law": str,
    "beta": Fraction,
    "m": int,
    "users": int,
    "kl_budget": Fraction,
    "certified_bound": Fraction,
    "policies": str,
    "accepted": bool,
    "theory_lower": float,
    "theory_upper": float,
    "strategy": str,
    "seed": int,
    "version": str,
}
"""The columns and the types of their values; every value but the first may be None.

`certified_bound` is None where the checker accepts no claim, and +inf where the certified ratio is
infinite; `accepted` is None where the file makes none. The theory columns hold the largest
published lower and the smallest upper bound. The last three are the file's provenance, which
nobody checks. Text is in one line, with what is not printable spelled in ASCII.
"""


def row(item: Item) -> dict[str, Any]:
    """Return the values of one file by column."""
    instance, about = item.document.instance, item.document.provenance
    reference = instance.reference
    lower, upper = None, None
    if item.method is not None:
        lower, upper = strongest(Question.of(instance, item.method))
    found = {
        "file": str(item.path),
        "method": item.method,
        "setting": item.setting,
        "law": instance.sampling.kind,
        "beta": instance.beta,
        "m": len(instance.alternatives),
        "users": len(instance.users),
        "kl_budget": None if reference is None else reference.kl_budget,
        "certified_bound": math.inf if item.infinite else item.bound,
        "policies": (item.document.claim or {}).get("policies"),
        "accepted": None if item.verdict is None else item.verdict.accepted,
        "theory_lower": lower and lower.directed,
        "theory_upper": upper and upper.directed,
    }
    own = {name: about[name] for name in ("strategy", "seed", "version") if name in about}
    typed = {name: value for name, value in own.items() if type(value) is COLUMNS[name]}
    values = dict.fromkeys(COLUMNS) | found | typed
    return {name: printable(v) if isinstance(v, str) else v for name, v in values.items()}
