"""Strict reading of `adversary-instance/1` (SPEC sections 1 and 2): exact data or a refusal."""

import json
import os
import re
import stat
from dataclasses import dataclass
from typing import Any, NoReturn

from flint import fmpq, fmpz

FORMAT = "adversary-instance/1"
FILE_BYTES = 4_000_000
CONTAINERS = 200_000  # objects and lists in one file
NESTING = 32
NUMBER_LENGTH = 4_000  # characters of one number
EXPONENT = 5_000  # largest absolute decimal exponent
DENOMINATOR_BITS = 2**17  # of the least common denominator of all numbers in a file
TABLE_BITS = 2**29  # alternatives * users * bits of that denominator
ALTERNATIVES = 256
USERS = 1_024
WORK = 2**20  # alternatives^2 * users
BETA = 10_000

# The fields of a witness by method; "optimum", "smoothing" and "chosen" are added in `witness`.
WITNESS = {
    "borda": ("anchor", "multiplier"),
    "copeland": ("anchor", "multiplier"),
    "ipo": ("anchor", "multiplier"),
    "rlhf": ("anchor", "reward", "multiplier"),
    "dpo": ("anchor", "reward", "multiplier"),
    "maximal-lotteries": ("opponent", "multiplier"),
    "nlhf": ("opponent", "multiplier"),
}
IGNORES_BUDGET = ("borda", "copeland", "maximal-lotteries")

_NUMBER = re.compile(r"(-?[0-9]+)(?:/([0-9]+)|(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?)")
# A string is consumed even where its closing quote is missing, so that scanning stays linear.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)

Policy = tuple[fmpq, ...]


class Rejected(Exception):  # noqa: N818 (a verdict)
    """The reason for which a file is refused."""


@dataclass(frozen=True)
class Tilt:
    """The policy proportional to reference * exp(score / temperature)."""

    temperature: fmpq


@dataclass(frozen=True)
class Law:
    """A pair law of total 1: independent draws from `weights`, or `pairs` x < y -> weight."""

    weights: Policy | None
    pairs: dict[tuple[int, int], fmpq]

    def mass(self, x: int, y: int) -> fmpq:
        """N(x, y), the weight of the ordered pair (SPEC 3.1)."""
        if self.weights is not None:
            return self.weights[x] * self.weights[y]
        return self.pairs.get((min(x, y), max(x, y)), fmpq(0)) / 2


@dataclass(frozen=True)
class Ball:
    """The policies within KL divergence `budget` of `reference`."""

    reference: Policy
    budget: fmpq


@dataclass(frozen=True)
class Document:
    """A certificate as it was written: exact and not yet believed."""

    beta: fmpq
    alternatives: tuple[str, ...]
    shares: Policy  # of the user types
    utilities: tuple[Policy, ...]  # by user type
    laws: tuple[Law, ...]  # one for all users, or one for each type
    common: bool  # whether one law serves all users
    ball: Ball | None  # None: the social-choice setting
    method: str
    bound: fmpq
    bound_text: str
    policies: str
    witness: dict[str, Any]  # SPEC section 5: policies are Policy or Tilt, numbers fmpq
    bits: int  # of the least common denominator of all numbers

    @property
    def support(self) -> list[int]:
        """The alternatives that a policy may use."""
        everything = range(len(self.alternatives))
        return [x for x in everything if self.ball is None or self.ball.reference[x] > 0]


def read(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file of at most FILE_BYTES; never blocks, never reads more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise Rejected("file: expected a regular file")
            content = file.read(FILE_BYTES + 1) if status.st_size <= FILE_BYTES else None
    except OSError as error:
        raise Rejected(f"file: cannot be read: {error.strerror}") from None
    except (TypeError, ValueError):
        raise Rejected("file: not a valid path") from None
    if content is None or len(content) > FILE_BYTES:
        raise Rejected(f"file: larger than {FILE_BYTES} bytes")
    return content


def parse(content: bytes) -> Document:
    """The document, or `Rejected` with the field, its value and what was expected."""
    return of_json(load(content))


def of_json(value: object) -> Document:
    """The document of a JSON value that `load` returned."""
    return _Reader().document(value)


_BARE = object()  # stands for every JSON number; only provenance may hold one


def load(content: bytes) -> object:
    """The JSON value, strictly; bare numbers are replaced by a mark that no field accepts."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected(f"file: not UTF-8 at byte {error.start}") from None
    depth = containers = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth, containers = depth + 1, containers + 1
            if depth > NESTING:
                raise Rejected(f"file: nested more than {NESTING} deep")
            if containers > CONTAINERS:
                raise Rejected(f"file: more than {CONTAINERS} lists and objects")
        elif token[0] in "]}":
            depth -= 1
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=lambda _: _BARE,
            parse_float=lambda _: _BARE,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise Rejected(f"file: not JSON: {error.msg} (line {error.lineno})") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise Rejected(f"file: duplicate key {_show(name)}")
        result[name] = value
    return result


def _constant(name: str) -> NoReturn:
    raise Rejected(f"file: not JSON: {name}")


def _show(value: object) -> str:
    if isinstance(value, str):
        return ascii(value) if len(value) <= 40 else ascii(value[:40]) + "..."
    kinds: dict[type, str] = {dict: "an object", list: "a list", bool: "a boolean"}
    return "null" if value is None else kinds.get(type(value), "a JSON number")


def _wrong(where: str, value: object, expected: str) -> NoReturn:
    raise Rejected(f"{where}: got {_show(value)}, expected {expected}")


class _Reader:
    """Reads the fields of one file and keeps the least common denominator of its numbers."""

    def __init__(self) -> None:
        self.denominator = fmpz(1)
        self.denominator_bits = DENOMINATOR_BITS
        self.names: dict[str, int] = {}
        self.support: list[bool] = []

    def fields(
        self, value: Any, where: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            _wrong(where, value, "an object")
        prefix = "" if where == "file" else where + "."
        for name in value:
            if name not in required and name not in optional:
                raise Rejected(f"{prefix}{_show(name)[1:-1]}: unknown field")
        for name in required:
            if name not in value:
                raise Rejected(f"{prefix}{name}: missing")
        return value

    def items(self, value: Any, where: str, low: int, high: int) -> list[Any]:
        if not isinstance(value, list):
            _wrong(where, value, "a list")
        if not low <= len(value) <= high:
            expected = str(low) if low == high else f"{low} to {high}"
            raise Rejected(f"{where}: got {len(value)} entries, expected {expected}")
        return value

    def choice(self, value: Any, where: str, allowed: tuple[str, ...]) -> str:
        if not isinstance(value, str) or value not in allowed:
            _wrong(where, value, "one of " + ", ".join(allowed))
        return value

    def number(self, value: Any, where: str, low: int | None = 0, high: int | None = None) -> fmpq:
        """SPEC 2.2; by default nonnegative."""
        if not isinstance(value, str):
            _wrong(where, value, 'a string that holds a number, such as "3/7" or "1e-40"')
        if len(value) > NUMBER_LENGTH:
            _wrong(where, value, f"at most {NUMBER_LENGTH} characters")
        match = _NUMBER.fullmatch(value)
        if match is None:
            _wrong(where, value, "an integer, a fraction a/b or a decimal")
        whole, divisor, digits, power = match.groups(default="")
        if divisor:
            if fmpz(divisor) == 0:
                _wrong(where, value, "a denominator that is not zero")
            result = fmpq(fmpz(whole), fmpz(divisor))
        else:
            exponent = fmpz(power.removeprefix("+") or "0")
            if abs(exponent) > EXPONENT:
                _wrong(where, value, f"an exponent from -{EXPONENT} to {EXPONENT}")
            shift = int(exponent) - len(digits)
            result = fmpq(fmpz(whole + digits)) * fmpq(10) ** shift
        if (low is not None and result < low) or (high is not None and result > high):
            _wrong(where, value, f"at least {low}" if high is None else f"from {low} to {high}")
        if self.denominator % result.q != 0:
            self.denominator = self.denominator.lcm(result.q)
        if self.denominator.bit_length() > self.denominator_bits:
            raise Rejected(f"{where}: common denominator of more than {self.denominator_bits} bits")
        return result

    def positive(self, value: Any, where: str, high: int | None = None) -> fmpq:
        result = self.number(value, where, 0, high)
        if result == 0:
            _wrong(where, value, "a positive number")
        return result

    def numbers(
        self, value: Any, where: str, low: int | None = 0, high: int | None = None
    ) -> Policy:
        entries = self.items(value, where, len(self.names), len(self.names))
        return tuple(self.number(v, f"{where}[{i}]", low, high) for i, v in enumerate(entries))

    def distribution(self, weights: Policy, where: str) -> Policy:
        total = sum(weights, fmpq(0))
        if total == 0:
            raise Rejected(f"{where}: all weights are zero")
        return tuple(weight / total for weight in weights)

    def policy(self, value: Any, where: str) -> Policy:
        result = self.distribution(self.numbers(value, where), where)
        for x, weight in enumerate(result):
            if weight > 0 and not self.support[x]:
                raise Rejected(f"{where}[{x}]: positive where the reference is zero")
        return result

    def policy_or_tilt(self, value: Any, where: str) -> Policy | Tilt:
        if not isinstance(value, dict):
            return self.policy(value, where)
        raw = self.fields(value, where, ("temperature",))
        return Tilt(self.positive(raw["temperature"], f"{where}.temperature"))

    def law(self, value: Any, where: str) -> Law:
        raw = self.fields(value, where, ("kind", "weights"))
        kind = self.choice(raw["kind"], f"{where}.kind", ("independent", "pairs"))
        where = f"{where}.weights"
        if kind == "independent":
            return Law(self.distribution(self.numbers(raw["weights"], where), where), {})
        pairs: dict[tuple[int, int], fmpq] = {}
        for i, entry in enumerate(self.items(raw["weights"], where, 1, WORK)):
            at = f"{where}[{i}]"
            first, second, weight = self.items(entry, at, 3, 3)
            x, y = self.alternative(first, f"{at}[0]"), self.alternative(second, f"{at}[1]")
            if x == y:
                _wrong(f"{at}[1]", second, "another alternative than the first")
            pair = (min(x, y), max(x, y))
            if pair in pairs:
                raise Rejected(f"{at}: this pair has a weight already")
            pairs[pair] = self.number(weight, f"{at}[2]")
        law = self.distribution(tuple(pairs.values()), where)
        return Law(None, dict(zip(pairs, law, strict=True)))

    def alternatives(self, value: Any, most: int) -> int:
        """Read the names; return how many there are."""
        for i, name in enumerate(self.items(value, "alternatives", 2, most)):
            if not isinstance(name, str) or name in ("", *self.names):
                _wrong(f"alternatives[{i}]", name, "a new name that is not empty")
            self.names[name] = i
        return len(self.names)

    def alternative(self, value: Any, where: str) -> int:
        if not isinstance(value, str) or value not in self.names:
            _wrong(where, value, "the name of an alternative")
        return self.names[value]

    def document(self, value: Any) -> Document:
        required = ("format", "beta", "alternatives", "users", "sampling", "reference")
        required += ("method", "claim", "witness")
        raw = self.fields(value, "file", required, ("provenance",))
        self.choice(raw["format"], "format", (FORMAT,))
        if not isinstance(raw.get("provenance", {}), dict):
            _wrong("provenance", raw["provenance"], "an object")
        beta = self.positive(raw["beta"], "beta", BETA)
        m = self.alternatives(raw["alternatives"], ALTERNATIVES)
        users = self.items(raw["users"], "users", 1, USERS)
        if m * m * len(users) > WORK:
            raise Rejected(f"users: alternatives^2 * user types is more than {WORK}")
        self.denominator_bits = min(DENOMINATOR_BITS, TABLE_BITS // (m * len(users)))
        weights: list[fmpq] = []
        utilities: list[Policy] = []
        for k, user in enumerate(users):
            user = self.fields(user, f"users[{k}]", ("weight", "utilities"))
            weights.append(self.number(user["weight"], f"users[{k}].weight"))
            utilities.append(self.numbers(user["utilities"], f"users[{k}].utilities", 0, 1))
        laws, common = self.sampling(raw["sampling"], len(users))
        ball, self.support = None, [True] * m
        if raw["reference"] is not None:
            part = self.fields(raw["reference"], "reference", ("weights", "kl_budget"))
            where = "reference.weights"
            reference = self.distribution(self.numbers(part["weights"], where), where)
            ball = Ball(reference, self.number(part["kl_budget"], "reference.kl_budget"))
            self.support = [weight > 0 for weight in reference]
        part = self.fields(raw["method"], "method", ("name", "parameters"))
        method = self.choice(part["name"], "method.name", tuple(WITNESS))
        self.fields(part["parameters"], "method.parameters", ())
        claim = self.fields(raw["claim"], "claim", ("distortion_at_least", "policies"))
        policies = self.choice(claim["policies"], "claim.policies", ("every", "some"))
        bound = self.number(claim["distortion_at_least"], "claim.distortion_at_least")
        witness = self.witness(raw["witness"], method, policies, ball is not None)
        return Document(
            beta=beta,
            alternatives=tuple(self.names),
            shares=self.distribution(tuple(weights), "users"),
            utilities=tuple(utilities),
            laws=laws,
            common=common,
            ball=ball,
            method=method,
            bound=bound,
            bound_text=claim["distortion_at_least"],
            policies=policies,
            witness=witness,
            bits=self.denominator.bit_length(),
        )

    def sampling(self, value: Any, users: int) -> tuple[tuple[Law, ...], bool]:
        kinds = ("independent", "pairs", "user-dependent")
        kind = value.get("kind") if isinstance(value, dict) else None
        if kind != "user-dependent":
            if isinstance(value, dict) and "kind" in value:
                self.choice(kind, "sampling.kind", kinds)
            return (self.law(value, "sampling"),), True
        raw = self.fields(value, "sampling", ("kind", "laws"))
        laws = self.items(raw["laws"], "sampling.laws", users, users)
        return tuple(self.law(law, f"sampling.laws[{k}]") for k, law in enumerate(laws)), False

    def witness(self, value: Any, method: str, policies: str, alignment: bool) -> dict[str, Any]:
        """SPEC section 5: which fields there must be, may be and must not be."""
        required, optional = WITNESS[method], ()
        if isinstance(value, dict) and "chosen" in value:
            if policies != "some":
                raise Rejected("witness.chosen: proves a claim about some policies only")
            required = ("chosen",)
        elif alignment and method not in IGNORES_BUDGET:
            optional = ("smoothing",)
        raw = self.fields(value, "witness", required + ("optimum",) * alignment, optional)
        tilted = alignment and method in ("ipo", "rlhf", "dpo")
        readers: dict[str, Any] = {
            "optimum": self.policy_or_tilt,
            "anchor": self.policy_or_tilt if tilted else self.policy,
            "reward": lambda entries, where: self.numbers(entries, where, None),
            "multiplier": self.number,
            "smoothing": self.positive,
        }
        return {
            name: readers.get(name, self.policy)(entry, f"witness.{name}")
            for name, entry in raw.items()
        }
