"""Files that attack the checker: refused within two seconds and 200 MB, without a traceback."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adversary.certificate import check

from .samples import changed, encode, sample
from .test_main import ROOT

NAME = "rlhf-alignment-interior"


def deep(opening: bytes, closing: bytes) -> bytes:
    """A sample with nesting of 100,000."""
    inner = opening * 100_000 + b"1" + closing * 100_000
    return encode(sample(NAME))[:-1] + b', "provenance": ' + inner + b"}"


def many_alternatives() -> bytes:
    """10,000 alternatives."""
    document = sample(NAME)
    document["alternatives"] = [f"x{i}" for i in range(10_000)]
    return encode(document)


def padded(entry: bytes) -> bytes:
    """A file near the size limit."""
    return b"[" + entry * (1_990_000 // len(entry)) + b"0]"


CONTENTS: dict[str, Callable[[], bytes]] = {
    "numerator of a million digits": lambda: encode(changed(NAME, "beta", "1" * 10**6)),
    "bare integer of a million digits": lambda: encode(sample(NAME)).replace(b'"6"', b"6" * 10**6),
    "bare integer in provenance": lambda: (
        encode(sample(NAME))[:-1] + b', "provenance": {"n": ' + b"7" * 10**6 + b"}}x"
    ),
    "huge exponent": lambda: encode(changed(NAME, "beta", "1e999999999")),
    "huge negative exponent": lambda: encode(changed(NAME, "beta", "1e-999999999")),
    "exponent of a million digits": lambda: encode(changed(NAME, "beta", "1e" + "9" * 10**6)),
    "bare huge exponent": lambda: encode(sample(NAME)).replace(b'"6"', b"1e999999999"),
    "nested lists": lambda: deep(b"[", b"]"),
    "nested objects": lambda: deep(b'{"a":', b"}"),
    "only opening brackets": lambda: b"[" * 1_990_000,
    "only quotes": lambda: b'"' * 1_990_000,
    "escaped quotes without an end": lambda: b'"' + b'\\"' * 990_000,
    "backslashes": lambda: b"\\" * 1_990_000,
    "10,000 alternatives": many_alternatives,
    "empty lists": lambda: padded(b"[],"),
    "empty objects": lambda: padded(b"{},"),
    "small objects": lambda: padded(b'{"a":1},'),
    "short strings": lambda: padded(b'"00",'),
    "many keys": lambda: json.dumps({str(i): "" for i in range(150_000)}).encode(),
    "many keys, one twice": lambda: (
        json.dumps({str(i): "" for i in range(120_000)}).encode()[:-1] + b', "119999": ""}'
    ),
    "invalid UTF-8": lambda: b"\xff" * 1_990_000,
    "zero bytes": lambda: b"\0" * 1_990_000,
    "many denominators": lambda: encode(
        changed(
            NAME,
            "users",
            [
                {"weight": f"1/{10**3000 + 2 * i + 1}", "utilities": ["1", "0", "1"]}
                for i in range(900)
            ],
        )
    ),
}


def refuse(path: Path | str) -> str:
    """The line printed; asserts the limits on time, memory and status."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (200 * 2**20, 200 * 2**20))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(
        [sys.executable, "-m", "adversary.certificate", str(path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=20,
        preexec_fn=limit,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
    assert result.stderr == ""
    assert result.returncode == 2
    assert result.stdout.count("\n") == 1
    assert result.stdout.startswith("rejected: ")
    assert "internal error" not in result.stdout
    assert len(result.stdout) < 500
    return result.stdout


@pytest.mark.parametrize("name", CONTENTS)
def test_contents(name: str, tmp_path: Path):
    path = tmp_path / "hostile.json"
    path.write_bytes(CONTENTS[name]())
    refuse(path)


def test_a_sparse_file_of_1_gb(tmp_path: Path):
    path = tmp_path / "sparse.json"
    with path.open("wb") as file:
        file.truncate(2**30)
    assert "larger than" in refuse(path)


def test_no_descriptor_leaks(tmp_path: Path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "wrong").write_text("{", "utf-8")
    before = len(os.listdir("/proc/self/fd"))
    for name in (".", "loop", "wrong", "missing"):
        for _ in range(20):
            assert not check(tmp_path / name).accepted
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_fifo_a_directory_and_a_missing_file(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "regular file" in refuse(tmp_path / "fifo")
    assert "regular file" in refuse(tmp_path) or "directory" in refuse(tmp_path)
    refuse(tmp_path / "missing")
    refuse(tmp_path / "loop")
    refuse("/dev/zero")
    refuse("/dev/stdin")
