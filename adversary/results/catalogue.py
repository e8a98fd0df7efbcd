"""Folders of certificates as tables.

`python -m adversary.results.catalogue FOLDER` writes README.md.
Upper bounds lie in FOLDER/bounds, with a table of their own.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

from adversary import files
from adversary.certificate import check
from adversary.certifying.infinity import infinite
from adversary.errors import CertificateError
from adversary.exact import INFINITE, rounded_down, to_text
from adversary.problem.document import read
from adversary.problem.instance import Instance
from adversary.theory import known

_INTRODUCTION = """# Certified instances

Each file is an exact instance with a claim and a witness; `adversary check *.json` proves every
claim again. The bound holds for every policy that the method allows. The last column compares it
with the largest published lower bound and the smallest upper bound for the method, setting, law, β
and m (several can hold at once: an instance may be small rather than extreme). Certified upper
bounds are in [bounds](bounds/README.md).
"""
_HEADER = ("file", "method", "setting", "pair law", "β", "m", "types", "certified ≥", "theory")
_BOUNDS_INTRODUCTION = """# Certified upper bounds

Each file proves that no instance of its kind is worse; `adversary check *.json` proves every claim
again, and [BOUNDS.md](../../adversary/certificate/BOUNDS.md) says what is covered. An outcome other
than *every* restricts the claim: *vertex* to budgets that do not bind, *beats* to these majorities,
*reward* to this policy.
"""
_BOUNDS_HEADER = ("file", "method", "setting", "pair law", "outcome", "β", "m", "distortion ≤")


def markdown(folder: Path) -> str:
    """Return the README of a folder of certificates. Raises CertificateError if one is refused."""
    rows = [_row(path) for path in sorted(folder.glob("*.json"))]
    rows.sort(key=lambda row: (*row[1:4], float(Fraction(row[4])), int(row[5]), row[0]))
    return _page(_INTRODUCTION, _HEADER, rows)


def bounds_markdown(folder: Path) -> str:
    """Return the README of a folder of upper bounds. Raises CertificateError if one is refused."""
    rows = [_bounds_row(path) for path in sorted(folder.glob("*.json"))]
    return _page(_BOUNDS_INTRODUCTION, _BOUNDS_HEADER, rows)


def _page(introduction: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return introduction + "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _bounds_row(path: Path) -> tuple[str, ...]:
    verdict = check(path)
    if not verdict.accepted or verdict.at_most is None or verdict.method is None:
        raise CertificateError(f"{path}: {verdict.message}")
    content = json.loads(path.read_text("utf-8"))
    law, outcome, names = content["sampling"], content["outcome"], content["alternatives"]
    return (
        f"[{path.name}]({path.name})",
        verdict.method,
        content["setting"].replace("-", " "),
        law if isinstance(law, str) else law["kind"],
        outcome if isinstance(outcome, str) else next(iter(outcome)),
        content["beta"],
        names if isinstance(names, str) else str(len(names)),
        content["claim"]["distortion_at_most"],
    )


def _row(path: Path) -> tuple[str, ...]:
    verdict = check(path)
    if not verdict.accepted or verdict.bound is None or verdict.method is None:
        raise CertificateError(f"{path}: {verdict.message}")
    instance = read(path).instance
    reference = instance.reference
    setting = "social choice" if reference is None else f"KL ≤ {to_text(reference.kl_budget)}"
    return (
        f"[{path.name}]({path.name})",
        verdict.method,
        setting,
        instance.sampling.kind,
        to_text(instance.beta),
        str(len(instance.alternatives)),
        str(len(instance.users)),
        INFINITE if infinite(verdict) else rounded_down(verdict.bound),
        _theory(instance, verdict.method),
    )


def _theory(instance: Instance, method: str) -> str:
    bounds = known(instance, method)
    lower = max(((b, t.key) for t, b in bounds if t.status != "upper"), default=None)
    upper = min(((b, t.key) for t, b in bounds if t.status != "lower"), default=None)
    parts = [f"≥ {lower[0]:.6g} ({lower[1]})"] if lower else []
    parts += [f"≤ {upper[0]:.6g} ({upper[1]})"] if upper else []
    return (", ".join(parts) or "nothing published").replace("≥ inf", INFINITE)


if __name__ == "__main__":
    where = Path(sys.argv[1] if len(sys.argv) > 1 else "instances")
    files.write_text(markdown(where), where / "README.md")
    if (where / "bounds").is_dir():
        files.write_text(bounds_markdown(where / "bounds"), where / "bounds" / "README.md")
