"""Every file in tests/checker becomes a test by lying there.

A malformed file is named FIELD--what.json after the field that the refusal must name first.
"""

import time
from pathlib import Path

import pytest

from adversary.certificate import check

from .samples import CHECKER


def files(folder: str) -> list[Path]:
    """The files of one folder."""
    return sorted((CHECKER / folder).glob("*.json"))


def name(path: Path) -> str:
    """The name of a test."""
    return path.stem


@pytest.mark.parametrize("path", files("accept"), ids=name)
def test_accept(path: Path):
    verdict = check(path)
    assert verdict.accepted, verdict.message


@pytest.mark.parametrize("path", files("reject"), ids=name)
def test_reject(path: Path):
    verdict = check(path)
    assert not verdict.accepted
    assert verdict.method is not None, verdict.message  # it was read
    assert verdict.status == 1
    assert not verdict.message.startswith("internal error")


@pytest.mark.parametrize("path", files("malformed"), ids=name)
def test_malformed(path: Path):
    verdict = check(path)
    assert not verdict.accepted
    assert verdict.method is None
    assert verdict.message.startswith(path.stem.split("--")[0])
    assert verdict.status == 2


@pytest.mark.parametrize("path", sorted(CHECKER.rglob("*.json")), ids=name)
def test_decided_in_two_seconds(path: Path):
    started = time.process_time()
    message = check(path).message
    assert time.process_time() - started < 2
    assert message.isascii()
    assert message.isprintable()


def test_there_are_enough():
    assert len(files("accept")) >= 20
    assert len(files("reject")) >= 40
    assert len(files("malformed")) >= 60
