"""One Python file that proves the claim again with nothing but the standard library.

The file is `proof.py` of this folder with the instance put in, and with the rules that the claim
does not need left out, so that a changed method or witness finds none and proves nothing. Its
witness holds explicit points where a certificate may hold a recipe: a policy ∝
reference·e^(score/temperature) is a list of weights, moved a little towards the reference, and the
reward is a lower and an upper bound.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from decimal import ROUND_HALF_EVEN
from fractions import Fraction
from importlib.resources import files
from typing import Any

from mpmath import mp

from adversary.certifying import precise, rewards
from adversary.certifying.precise import Model, Real, Vector
from adversary.errors import CertificateError, printable
from adversary.exact import parse_rational, to_float, to_text
from adversary.export import proof
from adversary.export.format import Format
from adversary.export.source import Item
from adversary.files import dumps

_LEVELS = {30: (128, 256, 512), 80: (512, 1024), 320: (1024, 2048, 4096), 1280: (4096,)}
"""By decimal digits of the explicit points: bits of the intervals that can make use of them."""
_LEAST = Fraction(1, 10**1000)  # of a weight


def write(items: Sequence[Item]) -> str:
    """Return the text of a script that has been seen to prove its claim.

    Raises InputError where the file makes no claim, CertificateError where it is not proved, or
    not with as much work as a script may do (`proof.WORK`).
    """
    item = items[0]
    item.claimed()
    reason = "no proof in rational intervals was found"
    for digits, precisions in _LEVELS.items():
        with suppress(ArithmeticError):  # the digits do not suffice
            text = _spelled(_content(item, digits))
            if proof.proved(text, precisions):
                return _script(text)
            if proof.Interval.work > proof.WORK:
                reason = f"a script would take more than {proof.WORK:,} units of work"
                break
    raise CertificateError(f"{printable(str(item.path))}: {reason}")


def _spelled(content: Mapping[str, Any]) -> str:
    """Return JSON in ASCII, as scripts go through any terminal."""
    return re.sub(r"[^\x00-\x7e]", lambda c: json.dumps(c[0])[1:-1], dumps(content).strip())


def _content(item: Item, digits: int) -> dict[str, Any]:
    """The certificate without provenance, its witness made explicit."""
    document = item.document
    content = document.instance.to_dict()
    del content["format"]  # the witness differs
    content |= {"method": dict(document.method or {}), "claim": dict(document.claim or {})}
    witness = dict(document.witness or {})
    with mp.workdps(2 * digits + 20):
        model = precise.model(document.instance)
        score = precise.borda(model)[1] if item.method == "ipo" else model.utility
        if "reward" in witness:
            start = [to_float(parse_rational("reward", r)) for r in witness.pop("reward")]
            score = rewards.reward(model, start)
            witness |= _bounds(model, score, digits)
        for name, values in (("optimum", model.utility), ("anchor", score)):
            if isinstance(witness.get(name), dict):
                temperature = parse_rational(name, witness[name]["temperature"])
                witness[name] = _explicit(model, values, temperature, digits)
    return content | {"witness": witness}


def _bounds(model: Model, reward: Vector, digits: int) -> dict[str, list[str]]:
    """Points a little above and below the reward, with the same entry at the pinned alternative."""
    shift = [mp.mpf(10) ** -digits * rise for rise in rewards.drift(model, reward)]
    bounds = {}
    for name, sign in (("above", 1), ("below", -1)):
        found = [r + sign * rise for r, rise in zip(reward, shift, strict=True)]
        bounds[name] = [_decimal(r, 2 * digits) for r in found]
    return bounds


def _explicit(model: Model, score: Vector, temperature: Fraction, digits: int) -> list[str]:
    """The weights of a policy in the ball, so near to its edge that the loss does not count."""
    policy = precise.tilt(model.reference, score, 1 / precise.real(temperature))
    share = mp.mpf(10) ** -digits
    mixed = [(1 - share) * p + share * q for p, q in zip(policy, model.reference, strict=True)]
    return [_decimal(p, digits + 15) for p in mixed]


def _decimal(value: Real, digits: int) -> str:
    found = precise.decimal(value, digits, ROUND_HALF_EVEN)
    return to_text(found if abs(found) > _LEAST else Fraction(0), decimal=True)


def _script(text: str) -> str:
    """Put a certificate into the template, with the one rule that it needs."""
    content = json.loads(text)
    method, chosen = content["method"]["name"], "chosen" in content["witness"]
    rule = f"Certificate.{proof.RULES[method][chosen].__name__}"
    kept = f"RULES = {{{method!r}: ({f'None, {rule}' if chosen else f'{rule}, None'})}}"
    source = files("adversary.export").joinpath("proof.py").read_text("utf-8")
    source = re.sub(r"RULES = \{.*?\n\}", kept, source, flags=re.DOTALL)
    source = re.sub(r"\n{3,}", "\n\n", _without_unused(source))
    return source.replace('r"""{}"""', f'r"""{text}"""')


def _without_unused(source: str) -> str:
    """Leave out the imports, functions and methods that nothing outside of them uses."""
    tree, lines = ast.parse(source), source.splitlines(keepends=True)
    spare: dict[str, ast.stmt] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
            spare[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            spare[node.names[0].name] = node
    parts, queue = set(spare.values()), [tree]
    while queue:
        used = set(_names(queue.pop(), parts)) & spare.keys()
        queue += [spare.pop(name) for name in used]
    for node in spare.values():
        first = min(n.lineno for n in (node, *getattr(node, "decorator_list", ()))) - 1
        lines[first : node.end_lineno] = [""] * ((node.end_lineno or 0) - first)
    return "".join(lines)


def _names(node: ast.AST, parts: Set[ast.AST]) -> Iterator[str]:
    """Yield the names in a part of the source, other than those in the parts inside it."""
    for child in ast.iter_child_nodes(node):
        if child not in parts:
            if isinstance(child, ast.Name | ast.Attribute):
                yield child.id if isinstance(child, ast.Name) else child.attr
            yield from _names(child, parts)


def _claimed(item: Item, alone: bool) -> None:
    item.claimed()


FORMAT = Format(
    "standalone", "a Python script that proves the claim by itself", write, "one", holds=_claimed
)
