"""The scripts prove what the checker accepts, nothing else, with the standard library alone."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adversary.certificate import check
from adversary.errors import CertificateError, InputError
from adversary.export import proof, standalone
from adversary.export.source import load
from tests.export.samples import CHECKER, INSTANCES, RLHF, awkward, with_claim

ACCEPTED = sorted((CHECKER / "accept").glob("*.json"))
REJECTED = sorted((CHECKER / "reject").glob("*.json"))
TELLING = ("chosen-mixed-with-a-loser", "copeland-chosen-a-loser", "ipo-anchor-outside-the-ball",
           "ipo-chosen-outside-the-ball")  # fmt: skip


def script(path: Path) -> str:
    return standalone.write(load([path]))


def run(text: str, folder: Path) -> tuple[int, str, str]:
    """Run a script where no installed package can be seen."""
    (folder / "proof.py").write_text(text, "utf-8")
    command = [sys.executable, "-I", "-S", "-W", "error", "proof.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_proves_the_claim_and_no_more(path: Path, tmp_path: Path) -> None:
    text = script(path)
    assert len(text.splitlines()) <= 260  # five alternatives; the proof itself is the same
    assert run(text, tmp_path) == (0, f"proved: {check(path).message.split(';')[0]}\n", "")
    claim = json.loads(path.read_text("utf-8"))["claim"]["distortion_at_least"]
    raised = str(Fraction(claim) * Fraction(100_001, 100_000))
    more = text.replace(f'"distortion_at_least": "{claim}"', f'"distortion_at_least": "{raised}"')
    assert more != text
    assert run(more, tmp_path) == (1, "not proved\n", "")


def test_needs_the_standard_library_only() -> None:
    """The template imports nothing else, and neither do its parts."""
    tree = ast.parse(Path(proof.__file__).read_text("utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
             for alias in node.names]  # fmt: skip
    names += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert set(names) <= sys.stdlib_module_names


SOME = [path for path in ACCEPTED if path.stem.startswith("some-")]


@pytest.mark.parametrize("path", SOME, ids=lambda path: path.stem)
def test_proves_claims_about_some_policies(path: Path, tmp_path: Path) -> None:
    assert run(script(path), tmp_path) == (0, f"proved: {check(path).message.split(';')[0]}\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_proves_what_the_checker_accepts(path: Path) -> None:
    assert script(path)


def proves(content: dict[str, Any], rule: str) -> bool:
    return proof.proved(content, getattr(proof, rule), (128, 256))


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[] if p.stem in TELLING else [pytest.mark.slow]) for p in REJECTED],
    ids=lambda path: path.stem,
)
def test_does_not_prove_what_the_checker_rejects(path: Path) -> None:
    """Without the exporter's own refusal."""
    try:
        [item] = load([path])
        rule = standalone._RULES[str(item.method)]["chosen" in (item.document.witness or {})]
        content = standalone._content(item, 30)
    except (ArithmeticError, InputError):
        return  # no such script can be written
    assert not proves(content, rule)


def test_the_telling_cases_are_there() -> None:
    assert set(TELLING) <= {path.stem for path in REJECTED}


def changed(**witness: object) -> dict[str, Any]:
    """The certificate for RLHF with a claim that is far from sharp and a changed witness."""
    [item] = load([RLHF])
    content = standalone._content(item, 30)
    content["claim"]["distortion_at_least"] = "1/200"
    return content | {"witness": content["witness"] | witness}


def test_the_witness_is_checked_whatever_the_claim() -> None:
    """A reward that is too high, bounds without a common entry, and a negative multiplier."""
    assert proves(changed(), "reward")
    witness = changed()["witness"]
    [pin] = [x for x in range(3) if witness["above"][x] == witness["below"][x]]
    moved = [
        str(Fraction(r) + (x != pin) * Fraction(1, 10**9)) for x, r in enumerate(witness["above"])
    ]
    assert proves(changed(above=moved, multiplier="0"), "reward")
    assert not proves(changed(above=moved, below=moved, multiplier="0"), "reward")
    apart = [str(Fraction(r) + 1) for r in witness["above"]]
    assert not proves(changed(above=apart, multiplier="0"), "reward")
    assert not proves(changed(multiplier="-1e-30"), "reward")


def test_a_chosen_policy_lives_on_exact_winners() -> None:
    """A mixture with a loser is not allowed, whatever the claim."""
    [item] = load([CHECKER / "accept" / "some-ipo-tie-pairs.json"])
    content = standalone._content(item, 30)
    content["claim"]["distortion_at_least"] = "1/200"
    assert proves(content, "tied_borda")
    content["witness"]["chosen"] = ["1"] * len(content["alternatives"])
    assert not proves(content, "tied_borda")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("users", [{"weight": "-1", "utilities": ["0", "0", "1"]}]),
        ("users", [{"weight": "1", "utilities": ["0", "0", "2"]}]),
        ("reference", {"weights": ["1", "1", "0"], "kl_budget": "0"}),
        ("witness", {}),
        ("beta", "0"),
    ],
)
def test_a_changed_instance_is_not_proved(field: str, value: object, tmp_path: Path) -> None:
    """Also what is no instance at all ends in one line."""
    [item] = load([RLHF])
    content = standalone._content(item, 30) | {field: value}
    assert run(standalone._script(content, "reward"), tmp_path) == (1, "not proved\n", "")


def test_refuses_what_is_not_certified(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="certificate"):
        script(awkward(tmp_path))
    with pytest.raises(CertificateError, match="proves only"):
        script(with_claim(RLHF, "1e6", tmp_path))
