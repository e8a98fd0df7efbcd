"""Study files (TOML): grids of cells, each cell one search, checked before anything starts."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from adversary.errors import InputError
from adversary.exact import parse_rational, to_text
from adversary.interface.method import by_name
from adversary.problem.instance import PairLaw, uniform
from adversary.searching.run import STRATEGIES, default_users
from adversary.searching.space import FREE, MAX_ALTERNATIVES, SearchSpace
from adversary.searching.strategy import Strategy

MAX_CELLS = 100_000
_AXES = ("methods", "beta", "alternatives", "sampling", "kl", "users", "strategy", "seeds")


def kl_text(kl: Fraction | str) -> str:
    """Return a Cell's KL budget as text: 'none', 'free' or the number."""
    return kl if isinstance(kl, str) else to_text(kl)


@dataclass(frozen=True)
class Cell:
    """One search, repeatable to the bit: nothing in it depends on the clock."""

    method: str
    beta: Fraction
    alternatives: int
    sampling: str
    """'independent', 'pairs', 'user-dependent' (the search chooses the law) or 'uniform'."""
    kl: Fraction | str
    """'none' (social choice), 'free', or the budget τ."""
    users: int
    strategy: str
    effort: tuple[tuple[str, int | float], ...]
    """What the study sets of the strategy's own fields: restarts, steps, rounds, …"""
    seed: int

    @property
    def specification(self) -> dict[str, Any]:
        """Return the cell as a JSON object."""
        return {
            "method": self.method,
            "beta": to_text(self.beta),
            "alternatives": self.alternatives,
            "sampling": self.sampling,
            "kl": kl_text(self.kl),
            "users": self.users,
            "strategy": {"name": self.strategy, **dict(self.effort)},
            "seed": self.seed,
        }

    @property
    def stem(self) -> str:
        """Return the name of the cell's files: readable parts, and a hash of the specification."""
        spelled = json.dumps(self.specification, sort_keys=True)
        key = hashlib.sha256(spelled.encode()).hexdigest()[:12]
        size = f"m{self.alternatives}-k{self.users}-beta{to_text(self.beta)}-seed{self.seed}"
        parts = (self.method, f"kl-{kl_text(self.kl)}", self.sampling, size)
        readable = re.sub(r"[^A-Za-z0-9.+-]", "_", "-".join(parts))[:150]
        return f"{readable}-{key}"

    @property
    def law(self) -> str | PairLaw:
        """Return the pair law as a search takes it."""
        return uniform(self.alternatives) if self.sampling == "uniform" else self.sampling

    @property
    def budget(self) -> object:
        """Return the KL budget as a search takes it."""
        return {"none": None, "free": FREE}.get(self.kl) if isinstance(self.kl, str) else self.kl

    @property
    def strategist(self) -> str | Strategy:
        """Return the strategy as a search takes it."""
        return "auto" if self.strategy == "auto" else STRATEGIES[self.strategy](**dict(self.effort))


_SPECIFICATION = Cell("", Fraction(1), 2, "", "none", 1, "", (), 0).specification


def specification_in(value: object) -> dict[str, Any] | None:
    """Return a cell's specification as a file has it; None where it is none."""
    if not isinstance(value, dict) or value.keys() != _SPECIFICATION.keys():
        return None
    alike = all(isinstance(value[key], type(due)) for key, due in _SPECIFICATION.items())
    return value if alike else None


@dataclass(frozen=True)
class Study:
    """The cells of a study, each once, and how many seconds the search of one may take."""

    cells: tuple[Cell, ...]
    time_limit: float | None = None


def read(path: str | Path) -> Study:
    """Read a study file. Raises InputError on anything that no search could take."""
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError("file", str(path), f"a readable file ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError("file", str(path), f"a TOML document ({error})") from None
    _known("", content, ("time_limit", "grid"))
    limit = content.get("time_limit")
    if limit is not None and not (_number(limit) and limit > 0):
        raise InputError("time_limit", limit, "a number of seconds above 0")
    grids = content.get("grid")
    if not isinstance(grids, list) or not grids:
        raise InputError("grid", "nothing" if grids is None else grids, "[[grid]] tables")
    cells: dict[Cell, None] = {}
    for i, grid in enumerate(grids):
        cells |= dict.fromkeys(_cells(f"grid[{i}]", grid))
        if len(cells) > MAX_CELLS:
            raise InputError("grid", f"over {MAX_CELLS} cells", f"at most {MAX_CELLS}")
    return Study(tuple(cells), limit)


def _cells(name: str, grid: object) -> list[Cell]:
    table = _known(name, grid, _AXES)
    axes = {key: _axis(name, key, table) for key in _AXES}
    if (size := _product(axes)) > MAX_CELLS:
        raise InputError(name, f"{size} cells", f"at most {MAX_CELLS}")
    cells = []
    for method, beta, m, sampling, kl, users, (strategy, effort), seed in itertools.product(
        *axes.values()
    ):
        types = default_users(m, sampling) if users is None else users
        cells.append(Cell(method, beta, m, sampling, kl, types, strategy, effort, seed))
        _check(cells[-1])
    return cells


def _product(axes: Mapping[str, list[Any]]) -> int:
    size = 1
    for values in axes.values():
        size *= len(values)
    return size


def _check(cell: Cell) -> None:
    """Refuse now what the search would refuse."""
    reference = FREE if cell.kl != "none" else None
    law, budget = cell.law, cell.budget
    _ = SearchSpace(cell.beta, cell.alternatives, cell.users, law, reference, budget)  # type: ignore[arg-type]


def _axis(name: str, key: str, table: Mapping[str, Any]) -> list[Any]:
    """Return the values along one axis; an axis that is left out has its default only."""
    defaults = {"alternatives": [3], "sampling": ["independent"], "kl": ["none"],
                "users": None, "strategy": ["auto"], "seeds": [0]}  # fmt: skip
    field = f"{name}.{key}"
    values = table.get(key, defaults.get(key, MISSING))
    if values is MISSING:
        raise InputError(field, "nothing", "a list")
    if values is None:
        return [None]
    if not isinstance(values, list) or not values:
        raise InputError(field, values, "a list that is not empty")
    return [_value(f"{field}[{i}]", key, value) for i, value in enumerate(values)]


def _value(field: str, key: str, value: object) -> Any:
    if key == "beta" or (key == "kl" and value not in ("none", "free")):
        return parse_rational(field, value)
    if key in ("alternatives", "users", "seeds"):
        least, most = {"alternatives": (2, MAX_ALTERNATIVES), "users": (1, 1024),
                       "seeds": (0, 2**63 - 1)}[key]  # fmt: skip
        if type(value) is not int or not least <= value <= most:
            raise InputError(field, value, f"a whole number from {least} to {most}")
        return value
    if key == "strategy":
        return _strategy(field, value)
    if not isinstance(value, str):
        raise InputError(field, value, "a name")
    if key == "methods":
        by_name(value)
    return value


def _strategy(field: str, value: object) -> tuple[str, tuple[tuple[str, int | float], ...]]:
    """Return a strategy's name and effort, from a name or a table with a name."""
    table: Any = {"name": value} if isinstance(value, str) else value
    if not isinstance(table, dict):
        raise InputError(field, value, "a name or a table with a name")
    name, names = table.get("name", "nothing"), ("auto", *STRATEGIES)
    if name not in names:
        raise InputError(f"{field}.name", name, f"one of {', '.join(names)}")
    known = {} if name == "auto" else {f.name: f.default for f in fields(STRATEGIES[name])}  # type: ignore[arg-type]
    _known(field, table, ("name", *known))
    effort = sorted((key, part) for key, part in table.items() if key != "name")
    for key, part in effort:
        whole = isinstance(known[key], int)
        if not _number(part) or part <= 0 or (whole and not isinstance(part, int)):
            expected = f"a {'whole ' if whole else ''}number above 0"
            raise InputError(f"{field}.{key}", part, expected)
    return name, tuple(effort)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _known(name: str, value: object, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(name, value, "a table")
    for key in value:
        if key not in keys:
            field = f"{name}.{key}" if name else key
            raise InputError(field, value[key], f"only the keys {', '.join(keys)}")
    return value
