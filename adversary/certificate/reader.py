"""Strict reading (SPEC 1 and 2): bytes to JSON to exact values, or a refusal."""

import json
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple, NoReturn

from flint import fmpq, fmpz

FILE_BYTES, NESTING = 2_000_000, 32
LENGTH, SHORT = 4_000, 100  # characters of a number; of one that is printed
EXPONENT = 5_000  # largest absolute decimal exponent
DATA_BITS = 2**23  # of all numbers of a file, written over their least common denominator

_NUMBER = re.compile(r"-?[0-9]+(?:/0*[1-9][0-9]*|(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?)")
# A string is consumed even where its closing quote is missing, so that scanning stays linear.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)

Read = Callable[["Place"], Any]
Policy = dict[int, fmpq]  # the positive weights


class Rejected(Exception):  # noqa: N818 (a verdict)
    """The reason for which a file is refused."""


class Law(NamedTuple):
    """A pair law: independent draws from `weights`, or `pairs` x < y -> weight."""

    weights: Sequence[fmpz] | None
    pairs: Mapping[tuple[int, int], fmpz]
    total: fmpz  # of the masses of all ordered pairs

    def mass(self, x: int, y: int) -> fmpz:
        """N(x, y) times the total (SPEC 3.1)."""
        if self.weights is not None:
            return self.weights[x] * self.weights[y]
        return self.pairs.get((min(x, y), max(x, y)), fmpz(0))


def read(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file of at most FILE_BYTES; never blocks, never reads more."""
    try:
        path = os.fspath(path)
        with open(path, "rb", 0, opener=lambda p, f: os.open(p, f | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Rejected("file: expected a regular file")
            content = file.read(FILE_BYTES + 1)
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", "not a path")
        raise Rejected(f"file: cannot be read: {reason}") from None
    if len(content) > FILE_BYTES:
        raise Rejected(f"file: larger than {FILE_BYTES} bytes")
    return content


def load(content: bytes) -> Any:
    """The JSON value, strictly; a bare number is an ellipsis, which no field accepts."""
    try:
        text, depth = content.decode("utf-8"), 0
        for token in _TOKEN.finditer(text):
            depth += (token[0] in "[{") - (token[0] in "]}")
            if depth > NESTING:
                raise Rejected(f"file: nested more than {NESTING} deep")
        bare: Any = dict.fromkeys(("parse_int", "parse_float"), lambda _: ...)
        bare["parse_constant"] = _constant
        return json.loads(text, object_pairs_hook=_unique, **bare)
    except ValueError as error:
        raise Rejected(f"file: not JSON in UTF-8: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise Rejected(f"file: duplicate key {shown(name)}")
    return result


def _constant(name: str) -> NoReturn:
    raise Rejected(f"file: not JSON: {name}")


def plain(text: str) -> str:
    """Printable ASCII, the rest escaped, without ": " and "  ": nothing that imitates a line."""
    kept = (c if " " <= c <= "~" and c != "\\" else ascii(c)[1:-1] for c in text)
    return re.sub("(?<=[: ]) ", r"\\x20", "".join(kept))


def shown(value: object) -> str:
    """A JSON value for a message."""
    if isinstance(value, str):
        return f"'{plain(value[:40])}'" + "..." * (len(value) > 40)
    kinds = {dict: "an object", list: "a list", type(...): "a bare number"}
    return kinds.get(type(value)) or json.dumps(value)


def whole(values: Iterable[fmpq], weights_at: str = "") -> tuple[list[fmpz], fmpz]:
    """Numbers over their least common denominator, and that; weights at a path are not all 0."""
    values, unit = list(values), fmpz(1)
    for value in values:
        unit = unit if unit % value.q == 0 else unit.lcm(value.q)
    if weights_at and not any(values):
        raise Rejected(f"{weights_at}: all weights are zero")
    return [value.p * (unit // value.q) for value in values], unit


class File:
    """What is known of a file while its fields are read."""

    def __init__(self, data_bits: int = DATA_BITS) -> None:
        self.names: dict[str, int] = {}  # of the alternatives
        self.support: Collection[int] = ()  # where policies may be positive
        self.unit, self.numerator = fmpz(1), 0  # the least common denominator; most bits above it
        self.bits = self.count = 0  # of the longest number over that denominator; of numbers
        self.data_bits = data_bits  # what count * bits may be


@dataclass(frozen=True)
class Place:
    """A JSON value, its path in the file, and the readers of what it may be."""

    value: Any
    path: str
    file: File

    def wrong(self, expected: str) -> NoReturn:
        """Refuse the value."""
        raise Rejected(f"{self.path or 'file'}: got {shown(self.value)}, expected {expected}")

    def word(self, *allowed: str) -> str:
        """One of some words."""
        if not isinstance(self.value, str) or self.value not in allowed:
            self.wrong("one of " * (len(allowed) > 1) + ", ".join(allowed))
        return self.value

    def fields(self, table: Mapping[str, Read] | None, *may: str) -> dict[str, Any]:
        """The fields of an object in the order of a table, or none of any object without one."""
        if not isinstance(self.value, dict):
            self.wrong("an object")
        known, prefix = table or {}, self.path and self.path + "."
        for name in self.value if table is not None else ():
            if name not in known:
                raise Rejected(f"{prefix}{shown(name)[1:-1]}: unknown field")
        for name in known:
            if name not in self.value and name not in may:
                raise Rejected(f"{prefix}{name}: missing")
        parts = {n: Place(self.value[n], prefix + n, self.file) for n in known if n in self.value}
        return {name: known[name](part) for name, part in parts.items()}

    def method(self, known: Iterable[str]) -> str:
        """The name of a method, which has no parameters."""
        table = {"name": lambda at: at.word(*known), "parameters": lambda at: at.fields({})}
        return self.fields(table)["name"]

    def items(self, low: int, high: int, read: Read = lambda at: at) -> list[Any]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            self.wrong("a list")
        if not low <= len(self.value) <= high:
            expected = str(low) if low == high else f"{low} to {high}"
            raise Rejected(f"{self.path}: got {len(self.value)} entries, expected {expected}")
        return [read(Place(v, f"{self.path}[{i}]", self.file)) for i, v in enumerate(self.value)]

    def number(self, sign: str = ">= 0", high: int | None = None, length: int = LENGTH) -> fmpq:
        """SPEC 2.2. `sign`: ">= 0", "> 0" or "any"."""
        text = self.value if isinstance(self.value, str) else ""
        match, file = _NUMBER.fullmatch(text), self.file
        if match is None or len(text) > length or abs(int(match[1] or 0)) > EXPONENT:
            self.wrong("an integer, a fraction a/b or a decimal with an exponent of at most "
                       f"{EXPONENT}, as a string of at most {length} characters")  # fmt: skip
        exact = Fraction(text)
        if not {"any": True, ">= 0": exact >= 0, "> 0": exact > 0}[sign]:
            self.wrong(f"a number {sign}")
        if high is not None and exact > high:
            self.wrong(f"a number <= {high}")
        result = fmpq(exact.numerator, exact.denominator)
        file.unit = file.unit if file.unit % result.q == 0 else file.unit.lcm(result.q)
        file.count, file.numerator = file.count + 1, max(file.numerator, result.p.bit_length())
        file.bits = file.unit.bit_length() + file.numerator
        if file.count * file.bits > file.data_bits:
            raise Rejected(f"{self.path}: more than {file.data_bits} bits over one denominator")
        return result

    def numbers(self, sign: str = ">= 0", high: int | None = None) -> list[fmpq]:
        """A number for each alternative."""
        m = len(self.file.names)
        return self.items(m, m, lambda at: at.number(sign, high))

    def weights(self) -> list[fmpz]:
        """A distribution on the alternatives, to be divided by its sum."""
        return whole(self.numbers(), self.path)[0]

    def policy(self, narrows: bool = False) -> Policy:
        """A distribution on the support, which it may narrow to its own."""
        weights = self.weights()
        for x, weight in enumerate(weights):
            if weight and x not in self.file.support:
                raise Rejected(f"{self.path}[{x}]: positive where the reference is zero")
        result = {x: fmpq(weight, sum(weights)) for x, weight in enumerate(weights) if weight}
        self.file.support = result.keys() if narrows else self.file.support
        return result

    def law(self) -> Law:
        """A law for all, or for one type of user."""
        kind = self.value.get("kind") if isinstance(self.value, dict) else None
        read = Place._pairs if kind == "pairs" else Place.weights
        table = {"kind": lambda at: at.word("independent", "pairs"), "weights": read}
        found = self.fields(table)["weights"]
        if kind == "pairs":
            return Law(None, found, 2 * sum(found.values(), fmpz(0)))
        return Law(found, {}, sum(found, fmpz(0)) ** 2)

    def _pairs(self) -> dict[tuple[int, int], fmpz]:
        pairs: dict[tuple[int, int], fmpq] = {}
        for entry in self.items(1, len(self.file.names) ** 2):
            x, y, weight = entry.pair(3)
            x, y = sorted((x, y))
            if (x, y) in pairs:
                raise Rejected(f"{entry.path}: this pair has a weight already")
            pairs[x, y] = weight.number()
        return dict(zip(pairs, whole(pairs.values(), self.path)[0], strict=True))

    def pair(self, length: int = 2) -> tuple[Any, ...]:
        """A list that begins with two different alternatives."""
        first, second, *more = self.items(length, length)
        x, y = first.alternative(), second.alternative()
        return (x, y, *more) if x != y else second.wrong("another alternative than the first")

    def alternatives(self, most: int) -> tuple[str, ...]:
        """The names, which are known from then on."""
        for entry in self.items(2, most):
            if not isinstance(entry.value, str) or entry.value in ("", *self.file.names):
                entry.wrong("a new name that is not empty")
            self.file.names[entry.value] = len(self.file.names)
        self.file.support = range(len(self.file.names))
        return tuple(self.file.names)

    def alternative(self) -> int:
        """The number of an alternative."""
        if not isinstance(self.value, str) or self.value not in self.file.names:
            self.wrong("the name of an alternative")
        return self.file.names[self.value]


POSITIVE = partial(Place.number, sign="> 0")
PRINTED = partial(POSITIVE, length=SHORT)
