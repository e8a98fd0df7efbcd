"""The table of exact distortions: what is matched with what, and what the command prints."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from adversary.cli import main
from adversary.errors import CertificateError, InputError
from adversary.figures.table import draw
from adversary.results.table import Row, rows
from tests import planted

INSTANCES = Path(__file__).parents[2] / "instances"
FILES = (
    "borda-social-choice-sharp-beta4.json",
    "borda-social-choice-m3-beta4.json",
    "rlhf-kl1-m3-beta4.json",
    "rlhf-pairs-path-m4-beta4.json",
    "nlhf-kl1-pairs-m3-beta4.json",
    "bounds/borda-social-choice-beta4.json",
    "bounds/borda-social-choice-beta8.json",
    "bounds/rlhf-vertex-beta4.json",
    "bounds/rlhf-path-m4-beta4.json",
    "bounds/nlhf-every-budget-beta4.json",
    "bounds/borda-uniform-m3-beta8.json",
    "ipo-kl1-pairs-m3-beta4.json",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with some of the project's certificates."""
    (tmp_path / "bounds").mkdir()
    for name in FILES:
        shutil.copy(INSTANCES / name, tmp_path / name)
    return tmp_path


def row(found: list[Row], method: str, setting: str, law: str, beta: int) -> Row:
    """Return the one row with this key."""
    (one,) = (r for r in found
              if (r.method, r.setting, r.law, r.beta) == (method, setting, law, beta))  # fmt: skip
    return one


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Return status, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_the_best_of_both_sides(folder: Path) -> None:
    """The larger of two lower bounds meets the upper bound for all laws."""
    one = row(rows([folder]), "borda", "social-choice", "independent", 4)
    assert one.lower is not None
    assert one.upper is not None
    assert Path(one.lower.file).name == FILES[0]
    assert one.gap is not None
    assert 0 < one.gap < 1e-6
    assert one.scope == ""


def test_new_against_the_literature(folder: Path) -> None:
    """GHY Theorem 12 is reached, not exceeded; 2K and K² are improved on; e^β/(44β) is exceeded."""
    found = rows([folder])
    borda = row(found, "borda", "social-choice", "independent", 4)
    ball = row(found, "rlhf", "alignment", "independent", 4)
    nash = row(found, "nlhf", "alignment", "pairs", 4)
    assert borda.lower is not None
    assert borda.upper is not None
    assert (borda.lower.new, borda.upper.new) == (False, True)
    assert ball.lower is not None
    assert ball.lower.new
    assert nash.lower is not None
    assert nash.upper is not None
    assert (nash.lower.new, nash.upper.new) == (False, False)


def test_outcomes_and_fixed_laws_keep_their_place(folder: Path) -> None:
    """A bound for one outcome says so, and stands beside no instance that it does not cover."""
    found = rows([folder])
    assert row(found, "rlhf", "alignment", "independent", 4).scope == "budget not binding"
    paths = [r for r in found if r.law == "pairs, m = 4"]
    assert [(r.scope != "", r.lower is None, r.upper is None) for r in paths] == [
        (False, False, True),  # its first contest goes the other way, by a little
        (True, True, False),
    ]
    only = row(found, "borda", "social-choice", "independent", 8)
    assert only.lower is None
    assert only.gap is None
    assert only.upper is not None
    assert only.upper.value == Fraction(
        json.loads((folder / FILES[6]).read_text("utf-8"))["claim"]["distortion_at_most"]
    )


@pytest.fixture
def gullible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the table accept whatever a file claims."""
    monkeypatch.setattr("adversary.results.table.check", planted.believe)


@pytest.mark.usefixtures("gullible")
@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("copeland-cycle-some.json", "copeland-cycle-at-most.json"),
        ("rlhf-pairs-path-sharp-m4-beta4.json", "path-best-is-winner.json"),
        ("path-rising.json", "path-best-is-winner.json"),
        ("copeland-user-dependent-m3-beta4.json", "bounds/copeland-social-choice-beta4.json"),
        ("rlhf-kl1-pairs-m3-beta4.json", "bounds/rlhf-vertex-beta4.json"),
        ("rlhf-kl-free-full-support-1e-32-m3-beta8.json", "bounds/rlhf-vertex-beta8.json"),
        ("borda-social-choice-sharp-beta8.json", "bounds/borda-uniform-m3-beta8.json"),
        ("rlhf-kl1-sharp-beta8.json", "bounds/rlhf-reward-m3-beta8.json"),
        ("borda-kl1-beta4.json", "bounds/borda-social-choice-beta4.json"),
    ],
)
def test_pairs_that_do_not_meet_stand_apart(tmp_path: Path, lower: str, upper: str) -> None:
    """Adversarial files: no row has the one beside the other."""
    for source in (lower, upper):
        planted.plant(tmp_path, source)
    assert not [r for r in rows([tmp_path]) if r.lower is not None and r.upper is not None]


@pytest.mark.usefixtures("gullible")
def test_pairs_that_meet_stand_together(tmp_path: Path) -> None:
    """A path from the best to the winner; the smaller of two instances where the larger is none."""
    planted.plant(tmp_path, "path-rising.json")
    planted.plant(tmp_path, "rlhf-pairs-path-sharp-m4-beta4.json")
    planted.plant(tmp_path, "bounds/rlhf-path-m4-beta4.json")
    wide, narrow = rows([tmp_path])
    assert (wide.upper, wide.scope) == (None, "")
    assert wide.lower is not None
    assert narrow.lower is not None
    assert Path(wide.lower.file).name == "rlhf-pairs-path-sharp-m4-beta4.json"
    assert Path(narrow.lower.file).name == "path-rising.json"
    assert narrow.gap is not None
    assert 0 <= narrow.gap < 1e-4


@pytest.mark.usefixtures("gullible")
def test_a_contradiction_is_no_row(tmp_path: Path) -> None:
    """Two files of which one is false."""
    planted.plant(tmp_path, "rlhf-kl1-sharp-beta4.json")
    planted.plant(tmp_path, "bounds/rlhf-vertex-beta4.json", claim="14.1")
    with pytest.raises(CertificateError, match="contradicts"):
        rows([tmp_path])


def test_a_refused_file_stops_it(folder: Path) -> None:
    """Nothing is tabulated beside a false claim."""
    path = folder / FILES[5]
    content = json.loads(path.read_text("utf-8"))
    content["claim"]["distortion_at_most"] = "2.6"
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(CertificateError, match="borda-social-choice-beta4"):
        rows([folder])


def test_claims_about_some_policies_stay_out(tmp_path: Path) -> None:
    """They are no bound for every policy that the method allows."""
    shutil.copy(
        INSTANCES.parent / "tests" / "checker" / "accept" / "some-copeland-cycle.json", tmp_path
    )
    assert rows([tmp_path]) == []


def test_the_readme_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Its table is the command's, without the last column."""
    _, printed, _ = run(capsys, "table", str(INSTANCES), "--beta", "4")
    lines = printed.splitlines()
    shown = [line[: lines[0].index("files")].rstrip() for line in lines]
    assert "\n".join(shown) in (INSTANCES.parent / "README.md").read_text("utf-8")


def test_nothing_there(tmp_path: Path) -> None:
    """An empty folder is a wrong request."""
    with pytest.raises(InputError, match="certificates"):
        rows([tmp_path])


def test_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, LaTeX and JSON say the same; bounds are rounded outward."""
    status, text, _ = run(capsys, "table", str(folder), "--beta", "4")
    assert status == 0
    assert "2.68258" in text
    assert "2.68259" in text
    _, latex, _ = run(capsys, "table", str(folder), "--beta", "4", "--to", "latex")
    assert latex.count(r"\\") == text.count("\n")
    assert r"\toprule" in latex
    assert latex.isascii()
    _, printed, _ = run(capsys, "table", str(folder), "--json")
    betas = {entry["beta"] for entry in json.loads(printed)["rows"]}
    assert betas == {"4", "8"}


def test_figure(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figure is written; its curves hold every bound of their kind."""
    out = tmp_path / "bounds.png"
    assert run(capsys, "table", str(folder), "--figure", str(out))[0] == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    drawn = [len(line.get_xdata()) for line in draw(rows([folder])).axes[0].lines]  # type: ignore[arg-type]
    assert sum(drawn) == 6  # borda 1 + 2, rlhf 1 + 1, nlhf 0 + 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--to", "html"), "text or latex"),
        (("--beta", "x"), "exact number"),
        (("--figure", "a.txt"), "ends in"),
    ],
)
def test_wrong_requests(
    folder: Path,
    arguments: tuple[str, ...],
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line, exit status 2."""
    status, out, err = run(capsys, "table", str(folder), *arguments)
    assert status == 2
    assert out == ""
    assert expected in err
    assert err.count("\n") == 1


def test_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit status 2."""
    assert run(capsys, "table", str(tmp_path / "no"))[0] == 2


def test_infinite_bounds_in_the_figure(folder: Path) -> None:
    """An arrow to the top edge, labelled ∞, in place of a point at 1e100."""
    found = rows([folder])
    one = row(found, "ipo", "alignment", "pairs", 4)
    assert one.lower is not None
    assert (one.lower.infinite, one.gap) == (True, None)
    drawn = draw([*found, replace(one, law="independent", beta=Fraction(8))]).axes[0]
    assert [text.get_text() for text in drawn.texts] == ["∞"]
    assert drawn.get_ylim()[1] < 1e20
