"""The command theorems: what is published, and what certified instances say of it."""

from __future__ import annotations

from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adversary.cli.app import JSON, app, print_json
from adversary.cli.layout import at_least, print_records, prose, say, short
from adversary.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from adversary.problem.instance import Instance
    from adversary.theory import Theorem
    from adversary.theory.verdicts import Comparison

    Finding = tuple[str, str, Instance, Comparison]  # from where, method, instance, comparison


@app.command(epilog="Example: adversary theorems --check instances")
def theorems(
    directories: Annotated[
        list[Path] | None, typer.Argument(help="Certificates to compare.", metavar="[DIR]...")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Hold certificates and short searches against the theorems."),
    ] = False,
    as_json: JSON = False,
) -> None:
    """List the theorems; with --check, compare certified instances with those on their class.

    Exit status 1: a certified bound contradicts an upper bound, or a file is refused.
    """
    from adversary.theory import all_theorems

    if directories and not check:
        raise InputError("directory", str(directories[0]), "the option --check with it")
    if not check:
        if as_json:
            print_json({"theorems": [_json(theorem) for theorem in all_theorems()]})
        else:
            _print_list(all_theorems())
        return
    findings, refused = _findings(directories or [])
    for line in refused:
        say(f"no certificate: {line}", err=True)
    alarms = [f for f in findings if f[3].verdict.alarm]
    if as_json:
        rows = [
            {
                **_json(t),
                "comparisons": [_finding_json(f) for f in findings if f[3].theorem.key == t.key],
            }
            for t in all_theorems()
        ]
        print_json({"theorems": rows, "contradictions": len(alarms), "refused": refused})
    else:
        _print_findings(findings)
        for where, method, _, found in alarms:
            say(f"alarm: {where}: {method} {found.in_words}", err=True)
    raise typer.Exit(1 if alarms or refused else 0)


def _findings(directories: list[Path]) -> tuple[list[Finding], list[str]]:
    """Return all comparisons, of files and of searches, and what is no certificate."""
    from rich.console import Console

    from adversary.certifying.certify import Certificate
    from adversary.sweeping.cell import run
    from adversary.sweeping.directory import entries
    from adversary.sweeping.matching import cells

    findings, refused = [], []
    for directory in directories:
        for entry in entries(directory):
            if entry.bound is None or entry.instance is None or entry.policies is None:
                refused.append(f"{entry.path}: {entry.reason}")
                continue
            claim = entry.instance, entry.method, entry.bound, entry.policies, entry.infinite
            findings += _compared(str(entry.path), *claim)
    with Console(stderr=True).status("searching") as status:
        for cell in cells():
            where = f"search {cell.method}, β = {cell.beta}"
            status.update(where)
            outcome = run(cell)
            if not isinstance(outcome, Certificate):
                refused.append(f"{where}: {outcome.reason}")
                continue
            claim = outcome.lower_bound, outcome.policies, outcome.infinite
            findings += _compared("search", outcome.instance, cell.method, *claim)
    return findings, refused


def _compared(
    where: str, instance: Instance, method: str, bound: Fraction, policies: str, infinite: bool
) -> list[Finding]:
    from adversary.theory.verdicts import compare

    found = compare(instance, method, bound, policies, infinite)
    return [(where, method, instance, comparison) for comparison in found]


def _json(theorem: Theorem) -> dict[str, Any]:
    return {
        "key": theorem.key,
        "title": theorem.title,
        "source": theorem.citation,
        "place": theorem.place,
        "status": theorem.status,
        "subject": theorem.subject,
        "methods": list(theorem.methods),
        "derived": theorem.derived,
        "setting": theorem.setting,
        "laws": list(theorem.laws),
        "formula": theorem.formula,
        "assumptions": theorem.assumptions,
        "claims": [
            {field.name: getattr(claim, field.name) for field in fields(claim)}
            | {"bound": claim.bound is not None}
            for claim in theorem.claims
        ],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    from adversary.cli.report import bound_text, finite
    from adversary.exact import to_float, to_text

    where, method, instance, found = finding
    reference = instance.reference
    return {
        "from": where,
        "method": method,
        "beta": to_text(instance.beta),
        "alternatives": len(instance.alternatives),
        "kl_budget": None if reference is None else to_text(reference.kl_budget),
        "sampling": instance.sampling.kind,
        "bound": str(found.theorem.status),
        "published": finite(to_float(found.published)),
        "certified_lower_bound": bound_text(found.certified, found.infinite),
        "verdict": str(found.verdict),
    }


def _print_list(found: tuple[Theorem, ...]) -> None:
    for theorem in found:
        source = theorem.source
        paper = f"arXiv {source.arxiv}" if source.arxiv else source.title
        prose(f"{theorem.key}: {theorem.title}")
        about = [f"about: {theorem.subject}"] if theorem.subject else []
        for line in (
            f"{source.short} {theorem.place} ({paper}), {theorem.status} bound",
            *about,
            f"bound: {theorem.formula}",
            *(claim.in_words for claim in theorem.claims),
            f"also: {theorem.assumptions}",
        ):
            prose(line, indent="  ")


def _print_findings(findings: list[Finding]) -> None:
    """One line for each side of a theorem, method and setting: what comes nearest or goes furthest.

    A certificate under the theorem's own law is shown before any under a wider one.
    """
    from adversary.theory import SIDES, all_theorems

    header = ("theorem", "bound", "method", "setting", "law", "β", "m", "theory",
              "certified", "verdict", "from")  # fmt: skip
    rows = []
    for theorem, side in product(all_theorems(), SIDES):
        claims = [claim for claim in theorem.claims if claim.side == side]
        places = {
            (name, setting) for c in claims for name, setting in product(c.methods, c.settings)
        }
        for name, setting in sorted(places):
            where = setting.replace("-", " ") if setting == "social-choice" else "KL ball"
            own = [f for f in findings if f[3].theorem.key == theorem.key and f[1] == name
                   and f[3].theorem.status == side and f[2].setting == setting]  # fmt: skip
            if not own:
                none = "no number" if claims[0].bound is None else "nothing certified"
                rows.append((theorem.key, side, name, where, *[""] * 5, none, ""))
                continue
            law = claims[0].laws[0]
            source, _, instance, best = max(
                own, key=lambda f: (f[3].verdict.alarm, f[2].sampling.kind == law, f[3].share,
                                    f[3].certified)
            )  # fmt: skip
            rows.append((theorem.key, side, name, where, instance.sampling.kind,
                         short(instance.beta), str(len(instance.alternatives)),
                         best.text, at_least(best.certified, best.infinite),
                         str(best.verdict), Path(source).name))  # fmt: skip
    print_records(header, rows)
