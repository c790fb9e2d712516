"""The portable code runs on the oldest 64-bit x86 processor, played by qemu-user, and trains to the golden hashes.

What a compiler option or an inlined header let into it from the wider instruction sets would end it here.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from golden import CASES, golden
from stand_alone import native_command, report

from linocut import _native
from linocut.run.standalone import write_feeds, write_program

EMULATOR, OLDEST = "qemu-x86_64", "qemu64"  # which has SSE3, and nothing of AVX
STARTED = ("program.bin", "--state", "state.bin", "--feed", "input=input.bin", "--feed", "labels=labels.bin")


@pytest.mark.parametrize("name", ["mlp", "mlp-sgd", "mlp-bop-in-2", "mlp-lean8", "binarynet"])
def test_the_oldest_processor_has_the_same_bits(name: str, tmp_path: Path) -> None:
    if "avx2" not in _native.isas():
        pytest.skip("this machine's own code is no wider than the baseline, or it is no x86-64")
    if not shutil.which(EMULATOR):
        pytest.skip(f"there is no {EMULATOR} here: apt-get install qemu-user")
    session = CASES[name].session(threads=1)
    write_program(session, tmp_path)
    write_feeds(session, tmp_path, CASES[name].feeds())
    found = report(tmp_path, [EMULATOR, "-cpu", OLDEST, *native_command()], *STARTED, "--threads", 2)
    assert (found["isa"], found["state_sha256"]) == ("portable", golden()[name])
