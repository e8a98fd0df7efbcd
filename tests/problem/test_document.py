"""Files: strict reading, a round trip without loss, atomic writing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adversary.errors import InputError
from adversary.problem import document
from adversary.problem.document import Document, read, to_json, write
from adversary.problem.instance import (
    Independent,
    Instance,
    Pairs,
    Reference,
    UserDependent,
    UserType,
    all_pairs,
)


def plain() -> dict[str, Any]:
    """Return the JSON value of a complete, valid file."""
    return {
        "format": "adversary-instance/1",
        "beta": "8",
        "alternatives": ["a", "b", "c"],
        "users": [{"weight": "1/3", "utilities": ["0", "1/2", "1"]}],
        "sampling": {"kind": "independent", "weights": ["1/3", "1/3", "1/3"]},
        "reference": {"weights": ["1/2", "1/2", "0"], "kl_budget": "1"},
        "method": {"name": "rlhf", "parameters": {}},
        "claim": {"distortion_at_least": "2", "policies": "every"},
        "witness": {},
        "provenance": {"seed": 3},
    }


def written(path: Path, content: object) -> Path:
    """Write text, or a value as JSON, and return the path."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_reads_a_complete_file(tmp_path: Path) -> None:
    """Every part is there, and the numbers are exact."""
    found = read(written(tmp_path / "w.json", plain()))
    assert found.instance.users[0].weight == Fraction(1, 3)
    assert found.instance.reference == Reference(
        (Fraction(1, 2), Fraction(1, 2), Fraction(0)), Fraction(1)
    )
    assert found.method == {"name": "rlhf", "parameters": {}}
    assert found.claim == {"distortion_at_least": "2", "policies": "every"}
    assert found.witness == {}
    assert found.provenance == {"seed": 3}


def setter(*keys: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that sets the field at the end of a path of keys."""

    def change(content: dict[str, Any]) -> None:
        *path, last, value = keys
        target: Any = content
        for key in path:
            target = target[key]
        target[last] = value

    return change


def remover(*keys: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that removes the field at the end of a path of keys."""

    def change(content: dict[str, Any]) -> None:
        *path, last = keys
        target: Any = content
        for key in path:
            target = target[key]
        del target[last]

    return change


PAIRS = {"kind": "pairs", "weights": [["a", "b", "1"]]}
WRONG = [
    (setter("format", "adversary-instance/2"), "format: .* expected 'adversary-instance/1'"),
    (remover("format"), "format: got 'nothing'"),
    (setter("colour", "red"), "colour: got 'red', expected no such field"),
    (setter("users", 0, "name", "Ann"), r"users\[0\].name: got 'Ann', expected no such field"),
    (setter("sampling", "law", "1"), "sampling.law: .* no such field"),
    (setter("reference", "tau", "1"), "reference.tau: .* no such field"),
    (setter("method", "seed", "1"), "method.seed: .* no such field"),
    (setter("claim", "by", "1"), "claim.by: .* no such field"),
    (remover("beta"), "beta: got 'nothing', expected this field"),
    (remover("reference"), "reference: got 'nothing'"),
    (remover("users", 0, "weight"), r"users\[0\].weight: got 'nothing'"),
    (setter("beta", 8.0), "beta: got '8.0', expected an exact number as a string"),
    (setter("beta", 8), "beta: got '8', expected an exact number as a string"),
    (setter("users", 0, "utilities", 1, 0.5), r"users\[0\].utilities\[1\]: got '0.5'"),
    (setter("reference", "kl_budget", 1.0), "reference.kl_budget: got '1.0'"),
    (setter("beta", "1e999999999"), "beta: .* exponent of at most 5000"),
    (setter("beta", "1e4"), None),
    (setter("beta", "1.0001e4"), "beta: .* a number above 0, at most 10000"),
    (setter("beta", "0"), "beta: .* a number above 0"),
    (setter("beta", "-1e-5000"), "beta: .* a number above 0"),
    (setter("beta", "nan"), "beta: .* an exact number"),
    (setter("alternatives", ["a", "b", "a"]), "alternatives: .* without duplicates"),
    (setter("alternatives", ["a"]), "alternatives: .* at least 2"),
    (setter("alternatives", "abc"), "alternatives: .* a JSON list"),
    (setter("users", []), "users: .* at least one"),
    (setter("users", {}), "users: .* a JSON list"),
    (setter("users", 0, "utilities", 1, "1.01"), r"utilities\[1\]: got '1.01'"),
    (setter("users", 0, "utilities", 1, "-1e-40"), r"utilities\[1\]: got '-1e-40'"),
    (setter("users", 0, "weight", "0"), "users.weight: .* a positive sum"),
    (setter("sampling", "kind", "uniform"), "sampling.kind: got 'uniform', .*'user-dependent'"),
    (setter("sampling", "kind", ["pairs"]), "sampling.kind"),
    (setter("sampling", PAIRS | {"weights": [["a", "z", "1"]]}), "the name of an alternative"),
    (setter("sampling", PAIRS | {"weights": [["a", "b"]]}), r"\[name, name, weight\]"),
    (setter("sampling", PAIRS | {"weights": [["a", ["b"], "1"]]}), "the name of an alternative"),
    (setter("sampling", PAIRS | {"weights": [["a", "a", "1"]]}), "two different indices"),
    (
        setter("sampling", {"kind": "user-dependent", "laws": [{"kind": "user-dependent"}]}),
        r"sampling.laws\[0\].kind",
    ),
    (setter("claim", "policies", "most"), "claim.policies: got 'most', expected 'every' or 'some'"),
    (setter("claim", "distortion_at_least", 2.0), "claim.distortion_at_least: got '2.0'"),
    (setter("method", "name", 3), "method.name"),
    (setter("witness", []), "witness: .* a JSON object"),
    (setter("provenance", None), "provenance: .* a JSON object"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_strict(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str | None
) -> None:
    """Each deviation is refused with the field, the value and what was expected."""
    content = plain()
    change(content)
    path = written(tmp_path / "w.json", content)
    if message is None:
        read(path)
        return
    with pytest.raises(InputError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a JSON document"),
        ("{", "a JSON document"),
        ("[]", "file: .* a JSON object"),
        ("[" * 100_000, "file: .* "),
        ('{"beta": "1", "beta": "2"}', "beta: got 'a duplicate key', expected each key once"),
        ('{"provenance": {"a": NaN}}', "file: got 'NaN', expected a JSON document"),
        ("1" * 5000, "file: "),
    ],
)
def test_not_a_document(tmp_path: Path, text: str, message: str) -> None:
    """Other JSON, broken JSON, duplicate keys and deep nesting are refused."""
    with pytest.raises(InputError, match=message):
        read(written(tmp_path / "w.json", text))


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is refused."""
    (tmp_path / "w.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match="UTF-8"):
        read(tmp_path / "w.json")


def test_too_large(tmp_path: Path) -> None:
    """A file too large to be an instance is not read into memory."""
    with (tmp_path / "w.json").open("wb") as out:
        out.truncate(document.MAX_BYTES + 1)
    with pytest.raises(InputError, match="at most 4000000 bytes"):
        read(tmp_path / "w.json")


def test_not_a_file(tmp_path: Path) -> None:
    """A missing file, a directory and a FIFO are refused; none of them blocks."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "missing.json")
    with pytest.raises(InputError, match="regular file"):
        read(tmp_path)
    with pytest.raises(InputError, match="regular file"):
        read(tmp_path / "fifo")
    with pytest.raises(InputError, match="null"):
        read("a\0b")


exact = st.fractions(min_value=0, max_value=1, max_denominator=10**12) | st.builds(
    lambda d, p: Fraction(d, 10**p), st.integers(0, 9), st.integers(1, 600)
)
positive = exact.filter(lambda value: value > 0)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Draw a document of any shape: all laws, with and without reference, odd names."""
    m, users = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    vector = st.tuples(positive, *[exact] * (m - 1))
    pairs = st.builds(
        lambda ws: Pairs(tuple((x, y, w) for (x, y), w in zip(all_pairs(m), ws, strict=True))),
        st.tuples(positive, *[exact] * (m * (m - 1) // 2 - 1)),
    )
    law = st.builds(Independent, vector) | pairs
    laws = law | st.builds(lambda own: UserDependent(tuple(own)), st.tuples(*[law] * users))
    names = st.lists(st.text(min_size=1, max_size=4), min_size=m, max_size=m, unique=True)
    user = st.builds(UserType, positive, st.tuples(*[exact] * m))
    budget = exact | st.just(Fraction(10) ** 400)
    instance = Instance(
        draw(positive),
        tuple(draw(names)),
        draw(st.tuples(*[user] * users)),
        draw(laws),
        draw(st.none() | st.builds(Reference, vector, budget)),
    )
    values = st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers(), max_size=2)
    return Document(
        instance,
        method=draw(st.none() | st.just({"name": "rlhf", "parameters": {}})),
        claim=draw(st.none() | st.just({"distortion_at_least": "2", "policies": "some"})),
        witness=draw(st.none() | values),
        provenance=draw(values),
    )


@given(documents())
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, original: Document) -> None:
    """What is written is read back equal, number by number, and again the same bytes."""
    path = tmp_path_factory.mktemp("documents") / "w.json"
    write(original, path)
    assert read(path) == original
    assert to_json(read(path)) == path.read_text("utf-8")


def test_lone_surrogate_survives(tmp_path: Path) -> None:
    """A name that JSON can spell and UTF-8 cannot is written back as JSON spells it."""
    content = plain() | {"alternatives": ["\ud800", "b", "c"]}
    original = read(written(tmp_path / "w.json", content))
    write(original, tmp_path / "again.json")
    assert read(tmp_path / "again.json") == original


def test_unreadable_numbers_are_not_written(tmp_path: Path) -> None:
    """A number that no reader takes is refused before any file appears."""
    instance = read(written(tmp_path / "w.json", plain())).instance
    wild = Instance(
        Fraction(7**6000 + 1, 7**6000),
        instance.alternatives,
        instance.users,
        instance.sampling,
    )
    with pytest.raises(InputError, match="beta"):
        write(Document(wild), tmp_path / "new.json")
    assert not (tmp_path / "new.json").exists()


def test_write_is_atomic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails half-way leaves the old file and no other."""
    path = written(tmp_path / "w.json", plain())
    before, found = path.read_text(), read(path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(InputError, match="No space left"):
            write(found, path)
    assert path.read_text() == before
    assert os.listdir(tmp_path) == ["w.json"]


def test_write_replaces_and_respects_umask(tmp_path: Path) -> None:
    """An existing file is replaced; the new one has the usual permissions."""
    path = written(tmp_path / "w.json", "old")
    found = read(written(tmp_path / "source.json", plain()))
    old = os.umask(0o027)
    try:
        write(found, path)
    finally:
        os.umask(old)
    assert read(path) == found
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("place", ["missing/w.json", "w.json/x.json", ".", "a\0b"])
def test_unwritable_places(tmp_path: Path, place: str) -> None:
    """A place that cannot be written is an InputError that names it."""
    found = read(written(tmp_path / "w.json", plain()))
    with pytest.raises(InputError, match=r"^file: "):
        write(found, f"{tmp_path}/{place}")
    assert os.listdir(tmp_path) == ["w.json"]
