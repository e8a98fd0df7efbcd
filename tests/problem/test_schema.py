"""The JSON Schema agrees with the checker on what is well-formed, as far as a schema can."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

TESTS = Path(__file__).parents[1]
SCHEMA = json.loads(files("adversary").joinpath("instance.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
GOOD = sorted((TESTS.parent / "instances").glob("*.json"))
GOOD += sorted((TESTS / "checker" / "accept").glob("*.json"))
GOOD += sorted((TESTS / "checker" / "reject").glob("*.json"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_well_formed_files_fit(path: Path):
    VALIDATOR.validate(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "adversary-instance/2"),
        ("beta", 8),
        ("beta", "8.0.0"),
        ("beta", "1/0"),
        ("alternatives", ["a"]),
        ("alternatives", ["a", "a"]),
        ("users", []),
        ("users", [{"weight": "-1", "utilities": ["0", "1", "0"]}]),
        ("users", [{"weight": "1"}]),
        ("sampling", {"kind": "independent", "weights": ["1", 1, "1"]}),
        ("sampling", {"kind": "pairs", "weights": [["a", "b"]]}),
        ("sampling", {"kind": "user-dependent", "laws": [{"kind": "user-dependent", "laws": []}]}),
        ("reference", {"weights": ["1", "1", "1"]}),
        ("claim", {"distortion_at_least": "2", "policies": "most"}),
        ("witness", {"proof": "trivial"}),
        ("surprise", 1),
    ],
)
def test_malformed_files_do_not(field: str, value: object):
    content = json.loads(GOOD[0].read_text("utf-8")) | {field: value}
    assert not VALIDATOR.is_valid(content)
