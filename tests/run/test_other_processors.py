"""Processors that this one is not train to the golden hashes, each by linocut-runner.

64-bit Arm with NEON, with and without dot products, and in portable code, and 32-bit Arm with NEON and without, under
qemu-user; AVX-512 emulated by SIMDe.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from golden import CASES, golden
from stand_alone import AVX512, PROCESSORS, command_for, isa_of, report

from linocut.run.standalone import write_feeds, write_program

STARTED = ("program.bin", "--state", "state.bin", "--feed", "input=input.bin", "--feed", "labels=labels.bin")
SLOW = {
    (n, i) for n in ("cnv", "cnv-lean4", "resnete18", "binarynet") for i in ("portable", "neon32", "portable32")
}  # what they run is in the others too


@pytest.mark.timeout(1200)  # the first builds the runner, if nothing did before
@pytest.mark.parametrize(
    ("name", "processor"), [(n, i) for n in CASES for i in (*PROCESSORS, AVX512) if (n, i) not in SLOW]
)
def test_another_processor_has_the_same_bits(name: str, processor: str, tmp_path: Path) -> None:
    command, session = command_for(processor), CASES[name].session(threads=1)
    write_program(session, tmp_path)
    write_feeds(session, tmp_path, CASES[name].feeds())
    found = report(tmp_path, command, *STARTED, "--threads", 2)
    assert (found["isa"], found["state_sha256"]) == (isa_of(processor), golden()[name])
