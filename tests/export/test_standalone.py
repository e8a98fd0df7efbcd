"""The scripts prove what the checker accepts, nothing else, with the standard library alone."""

from __future__ import annotations

import ast
import copy
import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adversary.certificate import check
from adversary.errors import CertificateError, InputError
from adversary.exact import to_text
from adversary.export import proof, standalone
from adversary.export.source import load
from tests.export.mutations import mutated
from tests.export.samples import CHECKER, INSTANCES, RLHF, awkward, with_claim

ACCEPTED = sorted((CHECKER / "accept").glob("*.json"))
REJECTED = [  # but for true claims whose reward the exporter finds by itself
    path
    for path in sorted((CHECKER / "reject").glob("*.json"))
    if path.stem not in ("reward-garbage", "reward-huge-exponents")
]


def script(path: Path) -> str:
    return standalone.write(load([path]))


def run(text: str, folder: Path) -> tuple[int, str, str]:
    """Run a script where no installed package can be seen."""
    (folder / "proof.py").write_text(text, "utf-8")
    command = [sys.executable, "-I", "-S", "-W", "error", "proof.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def statement(path: Path) -> str:
    """What the script says of a file, read from the file."""
    content = json.loads(path.read_text("utf-8"))
    claim, reference = content["claim"], content["reference"]
    setting = "social choice" if reference is None else f"KL budget {reference['kl_budget']}"
    scope = f"{claim['policies']} policy; beta = {content['beta']}, {setting}"
    law, m = content["sampling"]["kind"], len(content["alternatives"])
    bound = f"{content['method']['name']} distortion >= {claim['distortion_at_least']}"
    return f"{bound} ({scope}, {law} law, m = {m})"


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_proves_the_claim_and_no_more(path: Path, tmp_path: Path) -> None:
    text = script(path)
    assert text.isascii()
    assert len(text.splitlines()) <= 330  # five alternatives; the proof itself is the same
    assert run(text, tmp_path) == (0, f"proved: {statement(path)}\n", "")
    claim = json.loads(path.read_text("utf-8"))["claim"]["distortion_at_least"]
    raised = str(Fraction(claim) * Fraction(100_001, 100_000))
    more = text.replace(f'"distortion_at_least": "{claim}"', f'"distortion_at_least": "{raised}"')
    assert more != text
    assert run(more, tmp_path) == (1, "not proved\n", "")


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_a_script_is_for_one_method(path: Path) -> None:
    """Under another name its rule proves nothing; rlhf and dpo share theirs, but not the script."""
    text = script(path)
    assert said(text)
    [item] = load([path])
    for method in proof.RULES.keys() - {item.method}:
        renamed = text.replace(f'"name": "{item.method}"', f'"name": "{method}"')
        assert renamed != text
        assert said(renamed) is None


def said(text: str) -> str | None:
    """What a script prints as proved, without a process of its own."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(text, "script", "exec"), names)
    return names["proved"](names["CERTIFICATE"])


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
    text = script(path)
    assert run(text, tmp_path) == (0, f"proved: {statement(path)}\n", "")
    every = text.replace('"policies": "some"', '"policies": "every"')
    witness = json.loads(path.read_text("utf-8"))["witness"]
    expected = None if "chosen" in witness else statement(path).replace("(some", "(every")
    assert said(every) == expected


@pytest.mark.slow
@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_proves_what_the_checker_accepts(path: Path) -> None:
    assert script(path)


def proves(content: dict[str, Any]) -> bool:
    return proof.proved(json.dumps(content), (128, 256)) is not None


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_does_not_prove_what_the_checker_rejects(path: Path) -> None:
    """Without the exporter's own refusal."""
    try:
        [item] = load([path])
        content = standalone._content(item, 30)
    except (ArithmeticError, InputError):
        return  # no such script can be written
    assert not proves(content)


def explicit(path: Path) -> dict[str, Any]:
    [item] = load([path])
    return standalone._content(item, 30)


def as_file(content: dict[str, Any]) -> dict[str, Any]:
    """The certificate for the checker: one reward in the place of its two bounds."""
    content = {"format": "adversary-instance/1", **copy.deepcopy(content)}
    witness = content.get("witness")
    if isinstance(witness, dict) and "above" in witness:
        above, below = witness.pop("above"), witness.pop("below", None)
        try:
            sides = zip(above, below, strict=True)
            witness["reward"] = [to_text((Fraction(a) + Fraction(b)) / 2, True) for a, b in sides]
        except (ArithmeticError, TypeError, ValueError):
            witness["reward"] = above
    return content


def attack(count: int, seed: int, folder: Path) -> None:
    """Change certificates at random; what is still proved must be accepted by the checker."""
    rng, file, proved = random.Random(seed), folder / "changed.json", 0
    pool = [explicit(path) for path in (*INSTANCES, *SOME)]
    for _ in range(count):
        content = mutated(rng.choice(pool), pool, rng)
        if proves(content):
            file.write_text(json.dumps(as_file(content)))
            verdict = check(file)
            undecided = "not proved at 4096 bits" in verdict.message  # multipliers like 1e4999
            assert verdict.accepted or undecided, (verdict.message, content)
            proved += 1
    assert proved > count / 10


def test_mutations_are_not_proved_unless_accepted(tmp_path: Path) -> None:
    attack(500, 0, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_many_mutations(seed: int, tmp_path: Path) -> None:
    attack(2000, seed, tmp_path)


def changed(**witness: object) -> dict[str, Any]:
    """The certificate for RLHF with a claim that is far from sharp and a changed witness."""
    content = explicit(RLHF)
    content["claim"]["distortion_at_least"] = "1/200"
    return content | {"witness": content["witness"] | witness}


def test_the_witness_is_checked_whatever_the_claim() -> None:
    """A reward that is too high, bounds without a common entry, and a negative multiplier."""
    assert proves(changed())
    witness = changed()["witness"]
    [pin] = [x for x in range(3) if witness["above"][x] == witness["below"][x]]
    moved = [
        str(Fraction(r) + (x != pin) * Fraction(1, 10**9)) for x, r in enumerate(witness["above"])
    ]
    assert proves(changed(above=moved, multiplier="0"))
    assert not proves(changed(above=moved, below=moved, multiplier="0"))
    apart = [str(Fraction(r) + 1) for r in witness["above"]]
    assert not proves(changed(above=apart, multiplier="0"))
    assert not proves(changed(multiplier="-1e-30"))


def test_a_chosen_policy_lives_on_exact_winners() -> None:
    """A mixture with a loser is not allowed, whatever the claim."""
    content = explicit(CHECKER / "accept" / "some-ipo-tie-pairs.json")
    content["claim"]["distortion_at_least"] = "1/200"
    assert proves(content)
    content["witness"]["chosen"] = ["1"] * len(content["alternatives"])
    assert not proves(content)


def small(method: str, witness: dict[str, Any], pairs: str, **other: Any) -> dict[str, Any]:
    """Social choice among a, b and c, two of which are compared in each pair."""
    law = {"kind": "pairs", "weights": [[*pair, "1"] for pair in pairs.split()]}
    content = {
        "beta": "2",
        "alternatives": ["a", "b", "c"],
        "users": [{"weight": "1", "utilities": ["1", "1/2", "1/4"]}],
        "sampling": law,
        "reference": None,
        "method": {"name": method, "parameters": {}},
        "claim": {"distortion_at_least": "1/1000", "policies": "every"},
        "witness": witness | {"multiplier": "0"},
    }
    return content | other


FIRST = ["1", "0", "0"]
BALL = {"weights": ["0", "1", "1"], "kl_budget": "1"}


@pytest.mark.parametrize("method", ["ipo", "rlhf"])
def test_scores_must_exist(method: str) -> None:
    """An alternative that is never shown has no score, a graph in two parts no reward."""
    witness: dict[str, Any] = {"anchor": FIRST}
    if method == "rlhf":
        witness |= {"above": ["0", "-0.9", "-1.39"], "below": ["0", "-1.1", "-1.61"]}
    assert proves(small(method, witness, "ab bc"))
    assert not proves(small(method, witness, "ab"))
    assert proves(small("borda", {"anchor": FIRST}, "ab"))


def test_policies_live_on_the_support() -> None:
    for method, name in (("nlhf", "opponent"), ("maximal-lotteries", "opponent"),
                         ("ipo", "anchor"), ("copeland", "anchor")):  # fmt: skip
        inside = {"optimum": ["0", "1", "1"], name: ["0", "1", "1"]}
        assert proves(small(method, inside, "ab bc", reference=BALL))
        assert not proves(small(method, inside | {name: FIRST}, "ab bc", reference=BALL))
        assert not proves(small(method, inside | {"optimum": FIRST}, "ab bc", reference=BALL))


def test_numbers_and_fields_are_read_as_by_the_checker() -> None:
    """What Python would take for a number, a second key of the same name, a list for an object."""
    content = small("borda", {"anchor": FIRST}, "ab bc")
    assert proves(content)
    for wrong in (" 2", "2\n", "1_0", "+2", "٢", 2, 2.0, "1e-5001", "0", "10001"):
        assert not proves(content | {"beta": wrong})
    assert not proves(content | {"claim": {"distortion_at_least": "1/9", "policies": "each"}})
    assert not proves(content | {"witness": list(content["witness"].items())})
    text = json.dumps(content)
    assert proof.proved(text.replace('"beta"', '"beta": "1", "beta"')) is None


FRACTION = f"1/{10**900 + 7}"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            small("borda", {"anchor": ["1"] + ["0"] * 255}, "ab")
            | {"alternatives": [f"a{x}" for x in range(256)]}
            | {"users": [{"weight": "1", "utilities": ["1"] + ["1/3"] * 255}] * 16}
            | {"sampling": {"kind": "independent", "weights": ["1"] * 256}},
            id="many-pairs",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            small("borda", {"anchor": FIRST}, "ab bc")
            | {"users": [{"weight": f"1/{10**900 + k}", "utilities": ["1"] * 3}
                         for k in range(300)]},
            id="long-weights",
        ),
        pytest.param(
            small("maximal-lotteries", {"opponent": [FRACTION, f"1/{10**900 + 9}", "1"]}, "ab bc")
            | {"users": [{"weight": f"1/{10**900 + k}", "utilities": ["1", "1/2", FRACTION]}
                         for k in range(60)]},
            id="long-numbers-everywhere",
        ),
    ],
)  # fmt: skip
def test_work_is_bounded(content: dict[str, Any]) -> None:
    """A certificate that would take minutes, or far more, is given up after `proof.WORK`."""
    assert proof.proved(json.dumps(content)) is None
    assert proof.WORK < proof.Interval.work < 2 * proof.WORK


def test_names_of_any_kind(tmp_path: Path) -> None:
    """Quotes, escapes and letters beyond ASCII end up in a script that any terminal shows."""
    content = json.loads(RLHF.read_text("utf-8"))
    content["alternatives"] = ['"""\\', "\x1b[31m中\x7f", "🙂\ud800"]
    file = tmp_path / "names.json"
    file.write_text(json.dumps(content))
    text = script(file)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert run(text, tmp_path)[:2] == (0, f"proved: {statement(file)}\n")


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
    text = standalone._script(json.dumps(explicit(RLHF) | {field: value}))
    assert run(text, tmp_path) == (1, "not proved\n", "")


def test_refuses_what_is_not_certified(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="certificate"):
        script(awkward(tmp_path))
    with pytest.raises(CertificateError, match="proves only"):
        script(with_claim(RLHF, "1e6", tmp_path))
