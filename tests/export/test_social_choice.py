"""pref_voting and PrefLib: read back by the packages themselves where they are installed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from mpmath import mp
from preflibtools.instances import MatchingInstance

from adversary.certifying import precise
from adversary.export import pref_voting, preflib
from adversary.export.source import load
from adversary.problem.document import read
from tests.export.samples import AWKWARD_NAMES, INSTANCES, RLHF, awkward


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_preflib_reads_the_margins(path: Path, tmp_path: Path) -> None:
    """Names, every majority and its margin; an edge goes one way."""
    file = tmp_path / "graph.wmd"
    file.write_text(preflib.write(load([path])), "utf-8")
    graph = MatchingInstance(str(file))
    instance = read(path).instance
    assert graph.data_type == "wmd"
    assert list(graph.alternatives_name.values()) == list(instance.alternatives)
    with mp.workdps(100):
        margins = precise.model(instance).margins
    found = {(x - 1, y - 1): weight for x, y, weight in graph.edges()}
    expected = {(x, y): float(2 * margin) for x, row in enumerate(margins)
                for y, margin in enumerate(row) if margin > 1e-90}  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-15, abs=0)


def test_preflib_has_no_edge_for_a_tie(tmp_path: Path) -> None:
    content = {
        "format": "adversary-instance/1",
        "beta": "1",
        "alternatives": ["a", "two\nlines"],
        "users": [
            {"weight": "1", "utilities": ["0", "1/3"]},
            {"weight": "1", "utilities": ["1/3", "0"]},
        ],
        "sampling": {"kind": "independent", "weights": ["1", "1"]},
        "reference": None,
    }
    file = tmp_path / "tie.json"
    file.write_text(json.dumps(content))
    text = preflib.write(load([file]))
    assert text.endswith("# ALTERNATIVE NAME 1: a\n# ALTERNATIVE NAME 2: two\\nlines\n")
    assert "# NUMBER EDGES: 0\n" in text


def test_profile_has_whole_voters_in_the_right_proportion() -> None:
    """The smallest whole numbers, and the utilities as they are."""
    [item] = load([RLHF])
    profile = pref_voting.profile(item.document.instance)
    users = item.document.instance.users
    first, second = profile["ucounts"]
    assert isinstance(first, int)
    assert Fraction(first, second) == users[0].weight / users[1].weight
    assert Fraction(first, second).numerator == first
    assert profile["utilities"][0] == {"0": 0.0, "1": 7 / 97, "2": 3 / 94}
    assert profile["cmap"] == {"0": "a", "1": "b", "2": "c"}
    assert profile["domain"] == [0, 1, 2]


def test_profile_of_weights_beyond_whole_voters(tmp_path: Path) -> None:
    [item] = load([awkward(tmp_path)])
    profile = pref_voting.profile(item.document.instance)
    assert profile["ucounts"] == [0.0, 1.0]
    assert list(profile["cmap"].values()) == list(AWKWARD_NAMES)


def test_pref_voting_reads_the_profiles(tmp_path: Path) -> None:
    """The package's own reader, and its average utilities."""
    package = pytest.importorskip("pref_voting.utility_profiles")
    file = tmp_path / "profiles.json"
    file.write_text(pref_voting.write(load(INSTANCES)), "utf-8")
    profiles = package.read_utility_profiles_from_json(str(file))
    for path, profile in zip(INSTANCES, profiles, strict=True):
        instance = read(path).instance
        assert list(profile.cmap.values()) == list(instance.alternatives)
        for x, utility in enumerate(instance.average_utility):
            assert profile.util_avg(x) == pytest.approx(float(utility), rel=1e-12)
