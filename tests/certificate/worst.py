"""Files that cost the checker the most work that its limits allow."""

import random
from typing import Any

from mpmath import mp

with mp.workdps(4000):
    LOG2 = mp.nstr(mp.log(2), 3900)


def number(rng: random.Random, digits: int) -> str:
    """A decimal of (0, 1) with so many digits."""
    return "0." + "".join(rng.choice("0123456789") for _ in range(digits - 1)) + "1"


def worst(
    method: str, m: int, users: int, law: str, digits: int, some: bool, ball: bool, close: bool
) -> dict[str, Any]:
    """One file; `digits`: of every number.

    The first alternative is everybody's favourite. In a ball its divergence is the budget, to 3,900
    digits, so that no precision decides; `close`: types come in pairs that nearly cancel.
    """
    rng = random.Random(f"{method} {m} {users} {law}")
    names = [f"a{x}" for x in range(m)]
    table = [["1"] + [number(rng, digits) for _ in names[1:]] for _ in range(users)]
    if close:
        for k in range(1, users, 2):
            flipped = [f"{10**9 - int(10**9 * float(u))}/{10**9 + 1}" for u in table[k - 1]]
            table[k] = flipped
    first = ["1"] + ["0"] * (m - 1)
    pairs = [[names[x], names[y], number(rng, digits)] for x in range(m) for y in range(x)]
    laws: dict[str, dict[str, Any]] = {
        "independent": {"kind": "independent", "weights": [number(rng, digits) for _ in names]},
        "pairs": {"kind": "pairs", "weights": pairs},
    }
    laws["user-dependent"] = {
        "kind": "user-dependent",
        "laws": [laws["independent"] | {"weights": ["1"] * m}] * users,
    }
    witness: dict[str, Any] = {"optimum": first} if ball else {}
    if some:
        witness["chosen"] = first
    else:
        role = "opponent" if method in ("nlhf", "maximal-lotteries") else "anchor"
        witness |= {role: first, "multiplier": "0"}
        if method in ("rlhf", "dpo"):
            witness["reward"] = [str(50 * x) for x in range(m)]
    reference = {"weights": ["1", "1", *["0"] * (m - 2)], "kl_budget": LOG2}
    return {
        "format": "adversary-instance/1",
        "beta": "7.3",
        "alternatives": names,
        "users": [{"weight": number(rng, digits), "utilities": row} for row in table],
        "sampling": laws[law],
        "reference": reference if ball else None,
        "method": {"name": method, "parameters": {}},
        "claim": {
            "distortion_at_least": "1." + "0" * 97,
            "policies": "some" if some else "every",
        },
        "witness": witness,
    }
