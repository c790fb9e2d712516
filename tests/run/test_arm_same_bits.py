"""64-bit Arm trains to the golden hashes: NEON with and without dot products, and portable code, under qemu-user."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden import CASES, golden
from stand_alone import PROCESSORS, arm_command, report

from linocut.run.standalone import write_feeds, write_program

STARTED = ("program.bin", "--state", "state.bin", "--feed", "input=input.bin", "--feed", "labels=labels.bin")
SLOW = {("cnv", "portable"), ("resnete18", "portable")}  # what they run is in the others too


@pytest.mark.timeout(1200)  # the first builds the runner, if nothing did before
@pytest.mark.parametrize(("name", "isa"), [(n, i) for n in CASES for i in PROCESSORS if (n, i) not in SLOW])
def test_arm_has_the_same_bits(name: str, isa: str, tmp_path: Path) -> None:
    command, session = arm_command(isa), CASES[name].session(threads=1)
    write_program(session, tmp_path)
    write_feeds(session, tmp_path, CASES[name].feeds())
    found = report(tmp_path, command, *STARTED, "--threads", 2)
    assert (found["isa"], found["state_sha256"]) == (isa, golden()[name])
