"""Files: whole or not at all, and nothing is replaced that should not be."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adversary import files
from adversary.errors import InputError


def read_only(folder: Path) -> Path:
    path = folder / "old"
    path.write_text("old")
    path.chmod(0o444)
    return path


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


PLACES: dict[str, Callable[[Path], Path]] = {
    "a directory": lambda folder: folder,
    "no directory": lambda folder: folder / "no" / "file",
    "a file as directory": lambda folder: read_only(folder) / "file",
    "a device": lambda _: Path("/dev/null"),
    "a pipe": pipe,
    "a read-only file": read_only,
    "a file system without files": lambda _: Path("/proc/file"),
    "a long name": lambda folder: folder / ("x" * 300),
    "a link to a device": lambda folder: linked(folder, Path("/dev/null")),
}


def linked(folder: Path, target: Path) -> Path:
    (folder / "link").symlink_to(target)
    return folder / "link"


@pytest.mark.parametrize("kind", PLACES)
def test_places_of_no_use(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found before the work, in the same words as after it; all stays as it was."""
    path = PLACES[kind](tmp_path)
    truly = os.access  # which permits root everything
    monkeypatch.setattr(
        os, "access", lambda p, mode: truly(p, mode) and bool(os.stat(p).st_mode & 0o222)
    )
    before = {file: file.lstat() for file in tmp_path.iterdir()}
    with pytest.raises(InputError, match=r"^out: got ") as early:
        files.check_writable("out", path)
    if os.path.realpath(path) != "/dev/null":  # the one mistake that would cost the machine its own
        with pytest.raises(InputError, match=r"^file: got ") as late:
            files.write_text("new", path)
        assert str(early.value).replace("out: ", "file: ") == str(late.value)
    assert {file: file.lstat() for file in tmp_path.iterdir()} == before


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that takes no new file, as for a user who is not root."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        files.check_writable("out", tmp_path / "new")


def test_a_place_is_left_as_it_was(tmp_path: Path) -> None:
    """Asking leaves no file, and no mark on an old one."""
    old = tmp_path / "old"
    old.write_text("old")
    before = old.stat()
    files.check_writable("out", old)
    files.check_writable("out", tmp_path / "new")
    assert list(tmp_path.iterdir()) == [old]
    assert (old.read_text(), old.stat()) == ("old", before)


def test_what_is_replaced_keeps_its_place(tmp_path: Path) -> None:
    """The end of a link is written, not the link."""
    real = tmp_path / "real"
    real.write_text("old")
    link = linked(tmp_path, real)
    files.write_text("new", link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_full_disk_leaves_the_old_file(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails: one line, the old content, nothing unfinished."""
    path = tmp_path / "old"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(InputError, match="No space left on device"):
        files.write_text("new", path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_old_unfinished_files_are_abandoned(tmp_path: Path) -> None:
    """Another host may be writing a young one; what is named otherwise is somebody else's."""
    names = (".w.json.abc.unfinished", ".x.json.def.unfinished", ".w.json.bak", "w.json")
    hours_ago = time.time() - 7200
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (hours_ago, hours_ago))
    (tmp_path / names[1]).touch()
    assert [path.name for path in files.abandoned(tmp_path)] == [names[0]]


def test_two_writers_at_once(tmp_path: Path) -> None:
    """Each has a name of its own until it is done."""
    path = tmp_path / "w"

    def meanwhile(_: str) -> None:
        files.write_text("second", path)
        assert path.read_text() == "second"

    files.write_bytes(b"first", path, meanwhile)
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
