"""One Python file that proves the claim again with nothing but the standard library.

The file is `proof.py` of this folder with the instance put in, and with the rules that the claim
does not need left out. Its witness holds explicit points where a certificate may hold a recipe:
a policy ∝ reference·e^(score/temperature) is a list of weights, moved a little towards the
reference, and the reward is a lower and an upper bound.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from importlib.resources import files
from typing import Any

from mpmath import mp

from adversary.certifying import precise, rewards
from adversary.certifying.precise import Model, Real, Vector
from adversary.errors import CertificateError
from adversary.exact import parse_rational, to_text
from adversary.export import proof
from adversary.export.format import Format
from adversary.export.source import Item
from adversary.files import dumps

_LEVELS = {30: (128, 256), 80: (256, 512, 1024), 320: (1024, 2048, 4096), 1280: (4096,)}
"""By decimal digits of the explicit points: bits of the intervals that can make use of them."""
_RULES = {
    "borda": ("borda", "tied_borda"),
    "copeland": ("copeland", "tied_copeland"),
    "dpo": ("reward", "tied_borda"),
    "ipo": ("borda", "tied_borda"),
    "maximal-lotteries": ("game", "tied_game"),
    "nlhf": ("game", "tied_game"),
    "rlhf": ("reward", "tied_borda"),
}
"""By method: the function of `proof` for a witness of the dual rule, and for a chosen policy."""
_LEAST = Fraction(1, 10**1000)  # of a weight


def write(items: Sequence[Item]) -> str:
    """Return the text of a script that has been seen to prove its claim.

    Raises InputError where the file makes no claim, CertificateError where it is not proved.
    """
    item = items[0]
    item.claimed()
    if item.method not in _RULES:
        raise CertificateError(f"no standalone proof for {item.method}")
    rule = _RULES[item.method]["chosen" in (item.document.witness or {})]
    for digits, precisions in _LEVELS.items():
        with suppress(ArithmeticError):  # the digits do not suffice
            content = _content(item, digits)
            if proof.proved(content, getattr(proof, rule), precisions):
                return _script(content, rule)
    raise CertificateError(f"{item.path}: no proof in rational intervals was found")


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
            start = [float(parse_rational("reward", r)) for r in witness.pop("reward")]
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
    found = precise.decimal(value, digits, mp.nint)
    return to_text(found if abs(found) > _LEAST else Fraction(0), decimal=True)


def _script(content: dict[str, Any], rule: str) -> str:
    source = files("adversary.export").joinpath("proof.py").read_text("utf-8")
    source = source.replace("proved(CERTIFICATE, borda)", f"proved(CERTIFICATE, {rule})")
    kept = re.sub(r"\n{3,}", "\n\n", _without_unused(source))
    return kept.replace('r"""{}"""', f'r"""{dumps(content).strip()}"""')


def _without_unused(source: str) -> str:
    """Leave out the functions that the main block does not reach."""
    tree, lines = ast.parse(source), source.splitlines(keepends=True)
    parts = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    queue: list[ast.AST] = [tree.body[-1]]
    used: set[str] = set()
    while queue:
        names = {node.id for node in ast.walk(queue.pop()) if isinstance(node, ast.Name)}
        new = (names & parts.keys()) - used
        used |= new
        queue += [parts[name] for name in new]
    for name, node in parts.items():
        if name not in used:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
            lines[first : node.end_lineno] = [""] * ((node.end_lineno or 0) - first)
    return "".join(lines)


FORMAT = Format("standalone", "a Python script that proves the claim by itself", write, "one")
