"""The house's layers (design §2): who may import whom, how large, how fast to load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import adversary

ROOT = Path(adversary.__file__).parent
# Each entry imports only entries before it; a package is one entry.
LAYERS = [
    "version", "errors", "exact", "files", "interface", "solvers", "methods", "problem", "theory",
    "columns", "searching", "certificate", "certifying", "bounding", "verbs", "sweeping",
    "results", "figures", "export", "cli", "__main__",
]  # fmt: skip
CONCRETE = {"borda", "copeland", "dpo", "ipo", "maximal-lotteries", "nlhf", "rlhf"}
CLASSES = {"Borda", "Copeland", "DPO", "IPO", "MaximalLotteries", "NLHF", "RLHF"}
FILES = sorted(ROOT.rglob("*.py"))


def module(path: Path) -> str:
    """Return the dotted name of a file inside the package: methods.borda, or '' for the root."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports anywhere, those for type checking included."""
    package = "adversary" + "".join(f".{p}" for p in path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            home = ".".join(base) if node.level else ""
            source = ".".join(part for part in (home, node.module or "") if part)
            named = [f"{source}.{alias.name}" for alias in node.names]
            known = {f"adversary.{module(other)}" for other in FILES}
            if not known.issuperset(named):
                yield source
            yield from named


def ours(path: Path) -> set[str]:
    """Return the modules of the package that a file imports."""
    known = {module(other) for other in FILES}
    found = {name.removeprefix("adversary.") for name in imports(path)
             if name.startswith("adversary.")}  # fmt: skip
    return {name for name in found if name in known}


def test_imports_are_seen() -> None:
    """The reader of imports finds what is plainly there."""
    assert ours(ROOT / "methods" / "rlhf.py") >= {"solvers.bradley_terry", "interface.method"}
    assert "torch" in set(imports(ROOT / "solvers" / "game.py"))


@pytest.mark.parametrize("path", FILES, ids=module)
def test_layers(path: Path) -> None:
    """A module imports only what stands above it."""
    name = module(path)
    if not name:
        return  # the root loads everything lazily
    layer = name.split(".")[0]
    assert layer in LAYERS, f"give {layer} its place in LAYERS"
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    below = {other for other in ours(path) if other and other.split(".")[0] not in allowed}
    assert not below


def test_methods_never_see_instances() -> None:
    """The order of the floors: what methods are made of stands above the instance."""
    assert max(map(LAYERS.index, ("interface", "solvers", "methods"))) < LAYERS.index("problem")


@pytest.mark.parametrize("path", sorted((ROOT / "searching").glob("*.py")), ids=module)
def test_searches_name_no_method(path: Path) -> None:
    """A search works for any method: none is imported, named or compared with."""
    assert not {name for name in ours(path) if name.startswith("methods")}
    tree = ast.parse(path.read_text("utf-8"))
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    words |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    words |= {node.value for node in ast.walk(tree)
              if isinstance(node, ast.Constant) and isinstance(node.value, str)}  # fmt: skip
    assert not words & (CONCRETE | CLASSES)


@pytest.mark.parametrize("path", sorted((ROOT / "certificate").glob("*.py")), ids=module)
def test_the_checker_stands_alone(path: Path) -> None:
    """The checker imports the standard library, flint and itself."""
    for name in imports(path):
        top = name.split(".")[0]
        if top == "adversary":
            assert name.split(".")[1:2] == ["certificate"], name
        else:
            assert top == "flint" or top in sys.stdlib_module_names, name


def test_no_cycles() -> None:
    """No module imports itself by any detour."""
    graph = {module(path): ours(path) - {module(path)} for path in FILES if module(path)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {error.args[1]}")


@pytest.mark.parametrize("path", FILES, ids=module)
def test_modules_are_short(path: Path) -> None:
    """At most 400 lines."""
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_import_is_light() -> None:
    """`import adversary` loads no numerics and takes well below 0.3 s (best of three)."""
    code = (
        "import sys, time; start = time.perf_counter(); import adversary; "
        "seconds = time.perf_counter() - start; "
        "heavy = {'torch', 'numpy', 'scipy', 'cvxpy', 'matplotlib', 'flint', 'rich', 'typer'}; "
        "print(sorted(heavy & set(sys.modules))); print(seconds)"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        loaded, taken = done.stdout.splitlines()
        assert loaded == "[]"
        seconds.append(float(taken))
    assert min(seconds) < 0.3


def test_public_names_load_lazily() -> None:
    """Every public name resolves, and an unknown one is an AttributeError."""
    for name in adversary.__all__:
        assert getattr(adversary, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        _ = adversary.serach  # pyright: ignore
