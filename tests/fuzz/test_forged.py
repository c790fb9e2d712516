"""Some of the files that `forge.py` forges by the hundred thousand, and of what `states.py` damages."""

import os
import signal
import sys

import forge
import pytest
import states
from stand_alone import native_command

COUNT = int(os.environ.get("LINOCUT_FUZZ", "100"))
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from Linux's /proc")


@pytest.mark.parametrize("kind", forge.KINDS)
def test_forged_files_are_read_or_refused(kind, capsys):
    assert forge.main(kind, COUNT) == 0, capsys.readouterr().out


def test_damaged_states_are_taken_or_refused(capsys):
    (runner,) = native_command()
    assert states.main(runner, max(20, COUNT // 10)) == 0, capsys.readouterr().out


def stuck():
    while True:
        pass


TROUBLE = {
    lambda: os.kill(os.getpid(), signal.SIGKILL): "ended with status -9",
    stuck: "TooSlow",
    lambda: b"x" * (1 << 27): "bytes of memory for a file of",
    lambda: bytes(1 << 40): "MemoryError",
    lambda: {}["x"]: "KeyError",
}


def test_what_must_not_be_is_seen(monkeypatch, tmp_path, capsys):
    """After each the next file is tried."""
    calls = list(TROUBLE)
    monkeypatch.setattr("forge.MOST_SECONDS", 1.0)
    monkeypatch.setattr("forge.FOUND", tmp_path)
    monkeypatch.setattr("forge.forged", lambda kind, seed, number: b"%d" % number)
    monkeypatch.setitem(forge.KINDS, "model", (None, lambda path: calls[int(path.read_bytes())]()))
    assert forge.main("model", len(calls)) == len(calls)
    for number, call in enumerate(calls):
        assert TROUBLE[call] in (tmp_path / f"model-0-{number}.txt").read_text()
        assert (tmp_path / f"model-0-{number}").read_bytes() == b"%d" % number
