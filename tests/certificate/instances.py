"""Random documents, seeded: every method, law and setting."""

import random
from typing import Any

METHODS = ("borda", "rlhf", "dpo", "maximal-lotteries", "nlhf", "ipo", "copeland")
LAWS = ("independent", "pairs", "user-dependent")


def _law(rng: random.Random, kind: str, names: list[str]) -> dict[str, Any]:
    m = len(names)
    if kind == "independent":
        return {"kind": kind, "weights": [str(rng.randint(1, 9)) for _ in names]}
    pairs = [[names[x], names[x + 1], str(rng.randint(1, 9))] for x in range(m - 1)]
    pairs += [
        [names[x], names[y], f"{rng.randint(1, 9)}/10"]
        for x in range(m)
        for y in range(x + 2, m)
        if rng.random() < 0.5
    ]
    return {"kind": "pairs", "weights": pairs}


def random_document(
    seed: int, method: str | None = None, law: str | None = None, alignment: bool | None = None
) -> dict[str, Any]:
    """A document without a witness and with a claim of 1; m <= 6, at most 8 types, beta <= 20."""
    rng = random.Random(seed)
    method = method or rng.choice(METHODS)
    law = law or rng.choice(LAWS)
    alignment = rng.random() < 0.5 if alignment is None else alignment
    m, types = rng.randint(2, 6), rng.randint(1, 8)
    names = list("abcdef"[:m])
    sampling = _law(rng, law, names)
    if law == "user-dependent":
        kinds = ("independent", "pairs")
        sampling = {
            "kind": law,
            "laws": [_law(rng, rng.choice(kinds), names) for _ in range(types)],
        }
    reference = None
    if alignment:
        weights = [str(rng.choice((0, 1, 2, 5))) for _ in names]
        weights[rng.randrange(m)] = "1"
        budget = rng.choice(("0.01", "0.1", "1/2", "1", "3"))
        reference = {"weights": weights, "kl_budget": budget}
    return {
        "format": "adversary-instance/1",
        "beta": str(rng.choice((1, 2, 5, 10, 20))),
        "alternatives": names,
        "users": [
            {
                "weight": str(rng.randint(1, 9)),
                "utilities": [f"{rng.randint(0, 100)}/100" for _ in names],
            }
            for _ in range(types)
        ],
        "sampling": sampling,
        "reference": reference,
        "method": {"name": method, "parameters": {}},
        "claim": {"distortion_at_least": "1", "policies": "every"},
        "witness": {},
    }
