"""A disk that is full or broken from some write, sync or rename on leaves the last good checkpoint and a message."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REASONS = {errno.ENOSPC: "No space left on device", errno.EIO: "Input/output error"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What failing.py printed: of the whole run, and of one for every call that may fail."""
    compiler = os.environ.get("CXX") or shutil.which("c++")
    if not sys.platform.startswith("linux") or not compiler:
        pytest.skip("a failing disk needs glibc and a C++ compiler")
    folder = tmp_path_factory.mktemp("disk")
    library = folder / "failing.so"
    options = ["-std=c++20", "-O1", "-shared", "-fPIC"]
    subprocess.run([*compiler.split(), *options, HERE / "failing.cpp", "-o", library, "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, HERE / "failing.py", folder / "runs"],
        env={**os.environ, "LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_call_failed_in_turn(outcomes):
    whole, *failed = outcomes
    assert whole["status"] == 0
    assert whole["calls"] >= 40
    assert len(failed) == 2 * whole["calls"]


def test_the_command_line_says_what_failed_in_one_line(outcomes):
    for found in outcomes[1:]:
        assert found["status"] == 1, found
        assert len(found["said"].splitlines()) == 1, found
        assert found["said"].startswith("error: "), found
        assert f"written{' and locked' if '.lock' in found['said'] else ''}: {REASONS[found['error']]}" in found["said"]


def test_the_last_good_checkpoint_stays(outcomes):
    steps = {}
    for found in outcomes[1:]:
        assert not any(name.endswith(".part") or name == ".lock" for name in found["files"]), found
        steps.setdefault(found["error"], []).append(found["step"])
    for kind in steps.values():
        reached = [step for step in kind if step is not None]
        assert kind == [None] * (len(kind) - len(reached)) + reached  # nothing, then a checkpoint
        assert reached == sorted(reached)  # the later it fails, the more is kept
        assert set(reached) == {0, 3, 6}


def test_a_resumed_run_ends_in_the_bits_of_the_whole(outcomes):
    for found in outcomes[1:]:
        assert found["again"] == 0, found
        assert found["state"] == outcomes[0]["state"], found
