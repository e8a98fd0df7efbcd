"""Utility profiles of the package pref_voting, as its `read_utility_profiles_from_json` takes them.

A JSON list with a profile for each file, as `UtilityProfile.as_dict` gives it: alternatives are
numbered from 0, `cmap` has their names, and a type of users is one utility function whose count
is its weight. The counts are the smallest whole numbers of voters in the right proportion; where
they add up to more than 2^53 they are the normalised weights as floats instead. A utility or weight
that no float comes near to is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from adversary.exact import to_float
from adversary.export.format import Format
from adversary.export.source import Item
from adversary.figures.numbers import is_double, plain
from adversary.problem.instance import Instance

_EXACT = 2**53  # the largest number of voters that a float holds


def write(items: Sequence[Item]) -> str:
    """Return the profiles of all files; pair law, reference and budget have no place in them."""
    return json.dumps([profile(item.document.instance) for item in items], indent=1) + "\n"


def profile(instance: Instance) -> dict[str, Any]:
    """Return one profile as JSON."""
    indices = range(len(instance.alternatives))
    return {
        "domain": list(indices),
        "utilities": [
            {str(x): to_float(utility) for x, utility in enumerate(user.utilities)}
            for user in instance.users
        ],
        "ucounts": _counts(instance),
        "cmap": {str(x): instance.alternatives[x] for x in indices},
    }


def _counts(instance: Instance) -> list[int] | list[float]:
    weights = [user.weight for user in instance.users]
    unit = math.lcm(*(w.denominator for w in weights))
    counts = [int(w * unit) for w in weights]
    divisor = math.gcd(*counts)
    if sum(counts) <= _EXACT * divisor:
        return [count // divisor for count in counts]
    return [to_float(w / sum(weights)) for w in weights]


def _floats(item: Item, alone: bool) -> None:
    users = item.document.instance.users
    total = sum(user.weight for user in users)
    for k, user in enumerate(users):
        for value in (user.weight / total, *user.utilities):
            if not is_double(value):
                place = f"users[{k}]"
                raise item.wrong(f"numbers in the range of doubles, not {plain(value)} in {place}")


FORMAT = Format(
    "pref-voting", "utility profiles of the package pref_voting (JSON)", write, holds=_floats
)
