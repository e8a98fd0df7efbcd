"""Random changes of a certificate: of its method, claim, numbers, laws, lists and fields."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from adversary.exact import to_text
from adversary.export import proof

Content = dict[str, Any]
Place = tuple[Any, int | str]  # a container and a key of it

WRONG = ("-1", "nan", "1 ", "", "1_0", "1/0", "+1", "1e99999", "٣", 1, 0.5, None, [])
EXTREME = ("0", "1", "1/2", "1e-30", "1e-4999", "1e4999", "10000", "10001")
FACTORS = (Fraction(2), Fraction(1, 10**6), Fraction(-1), 1 + Fraction(1, 10**25))
FIELDS = ("x", "smoothing", "chosen", "anchor", "multiplier", "laws", "weights", "optimum")


def mutated(content: Content, others: Sequence[Content], rng: random.Random) -> Content:
    """Return a copy with up to four changes; often its claim is made weak, so that it may hold."""
    changed = copy.deepcopy(content)
    if rng.random() < 0.6:
        changed["claim"]["distortion_at_least"] = rng.choice(("1/1000", "1/2", "1", "1.001"))
    for _ in range(rng.randint(1, 4)):
        with suppress(ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            rng.choice(CHANGES)(changed, others, rng)  # after an earlier one it may fail
    return changed


def _places(node: Any) -> Iterator[Place]:
    """Yield every entry of every list and object inside, the lists and objects among them."""
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(entries):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _method(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    content["method"]["name"] = rng.choice([*proof.RULES, "method"])


def _policies(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    content["claim"]["policies"] = rng.choice(("every", "some", "some", "each"))


def _number(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    where = rng.choice(("users", "sampling", "reference", "witness", "claim"))
    node, key = rng.choice([p for p in _places(content[where]) if isinstance(p[0][p[1]], str)])
    kind = rng.randrange(4)
    if kind < 2:
        node[key] = rng.choice((EXTREME, WRONG)[kind])
    else:
        node[key] = "0" if kind == 2 else to_text(Fraction(node[key]) * rng.choice(FACTORS))


def _list(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    found = [node[key] for node, key in _places(content) if isinstance(node[key], list)]
    entries = rng.choice(found)
    kind = rng.randrange(4)
    if kind == 0:
        entries.pop(rng.randrange(len(entries)))
    elif kind == 1:
        entries.append(copy.deepcopy(rng.choice(entries)))
    elif kind == 2:
        entries.append("0")
    else:
        entries.reverse()


def _field(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    found = [node[key] for node, key in _places(content) if isinstance(node[key], dict)]
    fields = rng.choice([content, *found])
    if rng.random() < 0.5:
        fields.pop(rng.choice(list(fields)))
    else:
        fields[rng.choice(FIELDS)] = rng.choice(("1", ["1"] * len(content["alternatives"])))


def _law(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    names = content["alternatives"]
    pairs = [[x, y, rng.choice("011")] for i, x in enumerate(names) for y in names[i + 1 :]]
    kept = [pair for pair in pairs if rng.random() < 0.6]
    if rng.random() < 0.1:
        kept.append([names[0], names[0], "1"])
    draw = {"kind": "independent", "weights": [rng.choice("011") for _ in names]}
    laws = (draw, {"kind": "pairs", "weights": kept})
    own = {"kind": "user-dependent", "laws": [rng.choice(laws) for _ in content["users"]]}
    content["sampling"] = rng.choice((*laws, own))


def _reference(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    if rng.random() < 0.3:
        content["reference"] = None
        content["witness"].pop("optimum", None)
        return
    weights = [rng.choice(("0", "1", "1e-9")) for _ in content["alternatives"]]
    content["reference"] = {"weights": weights, "kl_budget": rng.choice(("0", "1/100", "1", "50"))}
    content["witness"]["optimum"] = list(weights)


def _policy(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    name = rng.choice([n for n in ("anchor", "opponent", "chosen") if n in content["witness"]])
    content["witness"][name] = [rng.choice("001") for _ in content["alternatives"]]


def _part(content: Content, others: Sequence[Content], rng: random.Random) -> None:
    part = rng.choice(("method", "witness", "claim", "sampling", "reference", "users"))
    content[part] = copy.deepcopy(rng.choice(others)[part])


def _name(content: Content, _: Sequence[Content], rng: random.Random) -> None:
    names = content["alternatives"]
    names[rng.randrange(len(names))] = rng.choice(("", names[0], 3, None))


CHANGES: list[Callable[[Content, Sequence[Content], random.Random], None]] = [
    _method, _method, _policies, _number, _number, _number, _number, _list, _field, _law,
    _reference, _policy, _policy, _part, _name,
]  # fmt: skip
