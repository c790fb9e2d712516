"""linocut-runner as tests call it: the one that was built with the binding."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from linocut import _native

NATIVE = Path(_native.__file__).with_name("linocut-runner")
COMMAND = (str(NATIVE),)


def need_runner() -> None:
    if not NATIVE.exists():
        pytest.skip(f"{NATIVE} is not there: build the native core again")


def call(folder: Path, *arguments: object, command: Sequence[str] = COMMAND) -> subprocess.CompletedProcess[str]:
    words = [*command, *map(str, arguments)]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=280)


def report(folder: Path, *arguments: object, command: Sequence[str] = COMMAND) -> dict[str, str]:
    """What the runner printed, by name."""
    done = call(folder, *arguments, command=command)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())
