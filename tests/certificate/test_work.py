"""The work of a file is bounded whatever it holds (SPEC 1)."""

import json
import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from adversary.certificate import METHODS, check
from adversary.certificate.reader import FILE_BYTES

from . import bounds
from .worst import worst

LAWS = ("independent", "pairs", "user-dependent")
SIZES = ((2, 1024), (8, 8), (16, 1024), (32, 32), (64, 60), (128, 4), (256, 4), (256, 1))


def seconds(document: dict[str, Any], folder: Path) -> float:
    """Processor time of one check."""
    path = folder / "worst.json"
    path.write_text(json.dumps(document), "utf-8")
    assert path.stat().st_size <= FILE_BYTES
    started = time.process_time()
    assert not check(path).message.startswith("internal error")
    return time.process_time() - started


@pytest.mark.parametrize("case", [
    ("copeland", 64, 60, "independent", 6, False, False, True),
    ("borda", 256, 4, "pairs", 6, True, False, False),
    ("ipo", 16, 1024, "independent", 6, True, True, False),
    ("nlhf", 16, 16, "user-dependent", 9, True, True, True),
    ("rlhf", 32, 32, "pairs", 9, False, False, False),
    ("rlhf", 128, 4, "independent", 6, False, False, False),
    ("maximal-lotteries", 16, 16, "independent", 400, True, False, True),
    ("dpo", 3, 3, "pairs", 3900, False, True, False),
], ids=str)  # fmt: skip
def test_the_worst(case: tuple[Any, ...], tmp_path: Path):
    assert seconds(worst(*case), tmp_path) < 2


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("law", LAWS)
def test_every_limit_and_method(method: str, law: str, tmp_path: Path):
    switches = list(product((False, True), repeat=3))
    for (m, users), digits, flags in product(SIZES, (6, 40, 400), switches):
        document = worst(method, m, users, law, digits, *flags)
        if len(json.dumps(document)) <= FILE_BYTES:
            assert seconds(document, tmp_path) < 2, (m, users, digits, flags)


def test_many_cases_and_long_numbers_of_a_bound(tmp_path: Path):
    masses = [str(x + 1) for x in range(64)]
    case = {"best": ["0", "1/3"], "winner": ["0", "1/3"], "multipliers": ["1", "1"]}
    document = bounds.bound(
        "borda", "social-choice", "256", "1", [], cases=[case] * 256, boxes="1",
        alternatives=[f"a{x}" for x in range(64)],
        sampling={"kind": "independent", "weights": masses},
    )  # fmt: skip
    assert seconds(document, tmp_path) < 2
