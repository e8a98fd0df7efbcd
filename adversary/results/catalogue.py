"""Folders of certificates as tables.

`python -m adversary.results.catalogue FOLDER` writes README.md.
Upper bounds lie in FOLDER/bounds, with a table of their own.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

from adversary import files
from adversary.certificate import check
from adversary.certifying.infinity import infinite
from adversary.errors import CertificateError
from adversary.exact import INFINITE, rounded_down, to_text
from adversary.problem.document import read
from adversary.problem.instance import Independent, PairLaw, UserDependent
from adversary.results.scopes import COMMON, INDEPENDENT, Scope
from adversary.theory import Known, Law, Question, strongest

_INTRODUCTION = """# Certified instances

Each file is an exact instance with a claim and a witness; `adversary check *.json` proves every
claim again. The bound holds for every policy that the method allows, or for some policy where the
line says so. The last column is about a class of instances, not about the one of the line: all
with its method, setting, kind of pair law, β, m and τ. Their worst case is at least the first
number (the largest lower bound of the theorems) and at most the second (the smallest upper bound);
*over laws* and *over references* say what the worst instances choose besides the users. A uniform
law is a class of its own; so are, for RLHF and DPO, the laws on the pairs of one path or other
tree, and the instances whose budget does not bind. Several instances of a class can stand here: one
may be small rather than extreme. Certified upper bounds are in [bounds](bounds/README.md).
"""
_HEADER = ("file", "method", "setting", "pair law", "β", "m", "types", "certified ≥", "theory")
_BOUNDS_INTRODUCTION = """# Certified upper bounds

Each file proves that no instance of its kind is worse, for any policy that the method allows;
`adversary check *.json` proves every claim again, and
[BOUNDS.md](../../adversary/certificate/BOUNDS.md) says what is covered. A common law is the same
for every user: of laws that depend on the user no file says anything. Where the outcome is not
*every*, the claim is about it alone: the best alternative beside the winner of these majorities
(*beats* may be a tie), or one policy beside the one that a reward leads to.
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
    escaped = (tuple(cell.replace("|", "\\|") for cell in row) for row in rows)
    lines = [header, ("---",) * len(header), *escaped]
    return introduction + "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _bounds_row(path: Path) -> tuple[str, ...]:
    verdict = check(path)
    if not verdict.accepted or verdict.at_most is None or verdict.method is None:
        raise CertificateError(f"{path}: {verdict.message}")
    about = Scope.read(path)
    names = about.alternatives
    laws = {COMMON: "every common law", INDEPENDENT: "every independent law"}
    return (
        f"[{path.name}]({path.name})",
        verdict.method,
        _setting(about),
        laws[about.sampling] if about.law is None else _one_law(about.law, len(names or ())),
        _outcome(about),
        to_text(about.beta),
        "every" if names is None else str(len(names)),
        to_text(verdict.at_most, decimal=True),
    )


def _setting(about: Scope) -> str:
    if about.setting == "social-choice":
        return "social choice"
    budgets = {"vertex": "budgets that do not bind", "reward": "its own budget"}
    return f"KL ball, {budgets.get(about.outcome, 'every budget')}"


def _outcome(about: Scope) -> str:
    if about.outcome == "majorities":
        contests = ", ".join(f"{x} beats {y}" for x, y in about.beats)
        return f"{about.best} beside {about.winner}: {contests}"
    return "one policy beside that of one reward" if about.outcome == "reward" else "every"


def _law(law: PairLaw, m: int) -> str:
    """Return a law in words: its kind, what class of its own it is, or its weights."""
    facts = Law.of(law, m)
    if facts.uniform:
        return f"{law.kind}, uniform"
    if facts.longest is not None and not isinstance(law, UserDependent):
        return f"{law.kind}, a {'path' if facts.longest == m else 'tree'}"
    return law.kind


def _one_law(law: PairLaw, m: int) -> str:
    """Return a law in words, an independent one with its weights."""
    if not isinstance(law, Independent) or len(set(law.weights)) == 1:
        return _law(law, m)
    return f"independent {', '.join(to_text(w / sum(law.weights)) for w in law.weights)}"


def _row(path: Path) -> tuple[str, ...]:
    verdict = check(path)
    if not verdict.accepted or verdict.bound is None or verdict.method is None:
        raise CertificateError(f"{path}: {verdict.message}")
    instance = read(path).instance
    reference, m = instance.reference, len(instance.alternatives)
    policies = "some" if verdict.policies == "some" else "every"
    about = strongest(Question.of(instance, verdict.method, policies))
    return (
        f"[{path.name}]({path.name})",
        verdict.method if policies == "every" else f"{verdict.method}, some policy",
        "social choice" if reference is None else f"KL ≤ {to_text(reference.kl_budget)}",
        _law(instance.sampling, m),
        to_text(instance.beta),
        str(m),
        str(len(instance.users)),
        INFINITE if infinite(verdict) else rounded_down(verdict.bound),
        ", ".join(_said(known) for known in about if known) or "no theorem",
    )


def _said(known: Known) -> str:
    """Return what a theorem says: ≥ 745.739 over laws and references (kl-vertex)."""
    theorem, claim = known.theorem, known.claim
    sign = "≥" if claim.side == "lower" else "≤"
    where = f" for {claim.over}" if claim.side == "upper" and claim.over else f" {claim.over}"
    number = f"is {INFINITE}" if known.text == INFINITE else f"{sign} {known.text}"
    return f"{number}{where.rstrip()} ({theorem.key})"


if __name__ == "__main__":
    where = Path(sys.argv[1] if len(sys.argv) > 1 else "instances")
    files.write_text(markdown(where), where / "README.md")
    if (where / "bounds").is_dir():
        files.write_text(bounds_markdown(where / "bounds"), where / "bounds" / "README.md")
