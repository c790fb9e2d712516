"""Files are on the disk before they get their names, and the names before anybody is told so."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from linocut import files
from linocut.errors import RunError

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")


@pytest.fixture
def calls(monkeypatch):
    """What the disk is asked for, in order: syncs with the bytes that the system knows of, and renames."""
    found = []
    sync, rename = os.fsync, os.replace

    def noted_sync(descriptor):
        found.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor).st_size))
        sync(descriptor)

    def noted_rename(source, target):
        found.append(("rename", os.fspath(source), os.fspath(target)))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_rename)
    return found


@pytest.mark.parametrize("size", [0, 3, 10**6])
def test_a_file_is_written_synced_named_and_its_name_synced(tmp_path, calls, size):
    path = tmp_path / "file"
    with files.replacing(path) as file:
        file.write(bytes(size))
        part = file.name
    synced, renamed, settled = calls
    assert synced == ("sync", part, size)  # all of it, not what happens to have left Python's own buffer
    assert renamed == ("rename", part, str(path))
    assert settled[:2] == ("sync", str(tmp_path))
    assert path.read_bytes() == bytes(size)


def test_folders_that_are_made_are_synced_in_those_above(tmp_path, calls):
    made = files.make_folder(tmp_path / "a" / "b" / "c")
    assert made == [tmp_path / "a" / "b" / "c", tmp_path / "a" / "b", tmp_path / "a"]
    assert [Path(path) for _, path, _ in calls] == [folder.parent for folder in made]
    calls.clear()
    assert files.make_folder(tmp_path / "a") == [] and not calls


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_what_others_wait_at_is_not_replaced(tmp_path, kind):
    path = tmp_path / "it"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.close()
    with pytest.raises(RunError, match="it is no plain file; move away what is there"):
        files.write_text(path, "new")
    assert not path.is_file() and list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_neither_a_part_nor_another_file(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(ZeroDivisionError), files.replacing(tmp_path / "file") as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"file": "old"}
