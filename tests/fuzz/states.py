"""Damages what linocut-runner is given beside its program: states, feeds, checkpoints. A script: RUNNER COUNT [SEED].

Every run ends with a status of its own, whatever the bytes say, and a state or a checkpoint is taken by it where Python
takes it. RUNNER may be one that was built with sanitizers: `make fuzz` builds it as build/fuzz/linocut-runner.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import branched
import numpy as np
from forging import forged_tensors
from sound_files import of_kind
from spoiling import damage

import linocut as lc
from linocut.errors import LinocutError, SpecError
from linocut.run.standalone import PROGRAM, read_state
from linocut.train import device_checkpoint

STEPS = 2
FEEDS = ("input", "labels", "rates")
DEVICE = "device"  # in which a run is packed
NUMBERS = [
    *(struct.pack("<Q", number) for number in (0, 1, 2, 5, 20, 2**31, 2**40 + 1, 2**63, 2**64 - 1)),
    *(struct.pack("<d", number) for number in (0.0, 0.5, 1e-3, -1.0, 1e300, float("inf"), float("nan"))),
]
OWN = (0, 1, 2)  # done, diverged or the machine failed, refused
SANITIZED = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1:exitcode=98"}
NETWORKS = (lc.models.mlp((8, 8, 1), 10, (24,)), branched.CELL, branched.SEQUENCE, branched.REAL, branched.ONE)


def exported(folder):
    """A program, its state and feeds of each network under several policies, in a folder of its own; with trainers."""
    for number in range(2 * len(NETWORKS)):
        network = NETWORKS[number % len(NETWORKS)]
        try:
            trainer = of_kind(number, network)
        except SpecError:  # an optimizer that takes no micro-batches
            continue
        place = folder / str(number)
        examples = branched.examples(network, 20)
        lc.export_steps(trainer, examples, place, steps=STEPS)
        with suppress(SpecError):  # augmentation, which the runner does not do
            lc.pack(trainer, examples, place / DEVICE, epochs=STEPS)
        yield place, trainer


def damaged(data, chance):
    """Bytes of the same length, mostly: others are refused for it."""
    return damage(data, chance) if chance.random() < 0.1 else forged_tensors(data, chance)


def python_takes(trainer, path):
    try:
        read_state(trainer.session, path)
    except LinocutError:
        return False
    return True


def device_takes(trainer, device):
    try:
        device_checkpoint.read(trainer.session, device)
    except LinocutError:
        return False
    return True


def damaged_checkpoint(data, chance):
    """Bytes of a checkpoint that are others, half of them with a checksum that fits."""
    found = bytearray(data)
    if chance.random() < 0.5:
        field = chance.randrange(8, 184, 8)
        found[field : field + 8] = chance.choice(NUMBERS)
    else:
        found = bytearray(damaged(data, chance))
    if chance.random() < 0.8:
        found[-32:] = sha256(found[:-32]).digest()
    return bytes(found)


def run_device(runner, device):
    """What the runner says of a packed run."""
    words = [runner, str(device), "--threads", "1", "--epochs", str(STEPS)]  # damaged, it may ask for millions
    environment = {**os.environ, **SANITIZED}
    return subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment)


def tried_checkpoint(runner, folder, trainer, chance):
    """As `tried`, of the checkpoint of a packed run."""
    device = folder / "damaged-device"
    shutil.rmtree(device, ignore_errors=True)
    shutil.copytree(folder / DEVICE, device)
    kept = (device / device_checkpoint.NAME).read_bytes()
    (device / device_checkpoint.NAME).write_bytes(damaged_checkpoint(kept, chance))
    takes = device_takes(trainer, device)
    done = run_device(runner, device)
    *_, said = done.stderr.splitlines() or [""]
    if done.returncode not in OWN or (done.returncode and not said.startswith("error: ")):
        return f"checkpoint of {folder.name}: status {done.returncode}, {said[-2000:]}", "failed"
    refused = done.returncode == 2 and device_checkpoint.NAME in said and "cannot be written" not in said
    if refused == takes:
        return f"{folder.name}: the runner says {said!r} of a checkpoint that Python takes or not", "failed"
    return "", f"checkpoint {('done', 'diverged', 'refused')[done.returncode]}"


def run(runner, folder, name):
    """What the runner says of a folder where the file `name` is damaged: its status and line."""
    files = {part: f"{part}.bin" for part in ("state", *FEEDS)} | {name: "damaged"}
    feeds = [word for part in FEEDS[:2] for word in ("--feed", f"{part}={files[part]}")]
    words = [runner, PROGRAM, "--state", files["state"], *feeds, "--rates", files["rates"], "--threads", "1"]
    environment = {**os.environ, **SANITIZED}
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, env=environment)


def tried(runner, made, chance):
    """Why a damaged file was not answered as it must be, "" where it was; and what became of it."""
    folder, trainer = chance.choice(made)
    if chance.random() < 0.25 and (folder / DEVICE).exists():
        return tried_checkpoint(runner, folder, trainer, chance)
    name = chance.choice(("state", "state", *FEEDS))
    (folder / "damaged").write_bytes(damaged((folder / f"{name}.bin").read_bytes(), chance))
    done = run(runner, folder, name)
    said = done.stderr
    if done.returncode not in OWN or (done.returncode and not (said.startswith("error: ") and said.count("\n") == 1)):
        return f"{name} of {folder.name}: status {done.returncode}, {said[-2000:]}", "failed"
    if name == "state":
        refused = done.returncode == 2 and said.startswith("error: damaged")
        if refused == python_takes(trainer, folder / "damaged"):
            return f"{folder.name}: the runner says {said!r} of a state that Python takes or not", "failed"
    return "", f"{name} {('done', 'diverged', 'refused')[done.returncode]}"


def main(runner, count, seed=0):
    """Print what became of so many damaged files; how many were not answered as they must be."""
    chance, found, failures = random.Random(seed), Counter(), 0
    with tempfile.TemporaryDirectory() as name:
        made = list(exported(Path(name)))
        for _ in range(count):
            wrong, what = tried(os.path.abspath(runner), made, chance)
            found[what] += 1
            if wrong:
                failures += 1
                print(wrong)
    print(f"{count:,} damaged files, seed {seed}, {failures} failures: {dict(sorted(found.items()))}")
    return failures


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:])) > 0)
