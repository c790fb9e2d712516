"""The static runner trains to the Trainer's bits in the memory that docs/devices.md promises, code and all."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from stand_alone import small_command

import linocut as lc

PROMISED = 3 << 20  # bytes, for the perceptron of the paper in batches of 200


@pytest.fixture(scope="module")
def runner() -> list[str]:
    return small_command()


def peak(process: subprocess.Popen[str]) -> int:
    """Bytes that the process had resident at most, as long as it could be asked."""
    most = 0
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                most = max(most, int(line.split()[1]) << 10)
        time.sleep(0.005)
    return most


def test_it_trains_in_three_mebibytes(tmp_path: Path, runner: list[str]) -> None:
    chance = np.random.default_rng(3)
    examples = chance.integers(0, 256, (3000, 28, 28, 1), dtype=np.uint8), chance.integers(0, 10, 3000)
    twin, trainer = (lc.Trainer(lc.models.mlp(), batch_size=200, seed=1, threads=1) for _ in range(2))
    twin.fit(examples, epochs=4)
    lc.pack(trainer, examples, tmp_path, epochs=4)
    # A file that was just written is in memory whole, so that as many of its pages are mapped as can be.
    fresh = shutil.copy(runner[0], tmp_path / "linocut-runner")
    words = [str(fresh), str(tmp_path), "--threads", "1"]
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        most = peak(process)
        said = process.stdout.read() if process.stdout else ""
    assert process.returncode == 0
    assert f"state_sha256 {twin.session.state_sha256()}" in said
    assert trainer.compiled.program.arena_bytes < most <= PROMISED


def test_it_needs_no_other_file(runner: list[str]) -> None:
    listed = subprocess.run(["readelf", "--program-headers", runner[0]], capture_output=True, text=True, check=True)
    assert "LOAD" in listed.stdout and "INTERP" not in listed.stdout
