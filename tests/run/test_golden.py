"""The golden hashes, on every instruction set, for every number of threads, in the reference, whole and in pieces."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden import CASES, golden, trained
from stand_alone import native_command, report

from linocut import _native
from linocut.run import REFERENCE
from linocut.run.standalone import write_feeds, write_program

MEND = "bits have changed; if that is meant, python tests/run/golden.py keeps the new ones"
STARTED = ("program.bin", "--state", "state.bin", "--feed", "input=input.bin", "--feed", "labels=labels.bin")


def test_every_case_is_kept() -> None:
    assert golden().keys() == CASES.keys()
    assert len(set(golden().values())) == len(CASES)


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("lean4")])
def test_a_case_of_few_bits_has_some(name: str) -> None:
    """Only maps of many channels have gradients of four bits."""
    assert "i4" in {buffer.format for buffer in CASES[name].session(threads=1).program.buffers}


@pytest.mark.parametrize("isa", _native.isas())
@pytest.mark.parametrize("name", CASES)
def test_every_instruction_set_and_number_of_threads(name: str, isa: str) -> None:
    best = isa == _native.isas()[0]
    found = {threads: trained(CASES[name], isa=isa, threads=threads) for threads in ((1, 2, 3, 8) if best else (3,))}
    assert {threads: found for threads, found in found.items() if found != golden()[name]} == {}, MEND


@pytest.mark.usefixtures("as_bytes")
@pytest.mark.parametrize("name", CASES)
def test_gradients_as_bytes(name: str) -> None:
    assert trained(CASES[name], threads=3) == golden()[name], MEND


@pytest.mark.parametrize("name", CASES)
def test_the_reference(name: str) -> None:
    assert trained(CASES[name], backend=REFERENCE) == golden()[name], MEND


@pytest.mark.parametrize("name", CASES)
def test_without_python_and_interrupted(name: str, tmp_path: Path) -> None:
    """Every state is written and read again: a run may end after any step."""
    command, session = native_command(), CASES[name].session(threads=1)
    write_program(session, tmp_path)
    for number, feeds in enumerate(CASES[name].feeds()):
        write_feeds(session, tmp_path, [feeds])
        found = report(tmp_path, command, *STARTED, "--save", "state.bin", "--threads", 1 + number % 3)
    assert found["state_sha256"] == golden()[name], MEND
