"""A session of the native core: its arena, its threads and its instruction set, and what it refuses to run."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_native_loader import ACCEPTED, quantise

from linocut import _native
from linocut.compile.binary import encode
from linocut.compile.program import Program, Section


def session(program: Program, threads: int = 1, isa: str = "") -> _native.Session:
    return _native.Session(_native.Program(encode(program)), threads, isa)


def buffer_of(running: _native.Session, program: Program, number: int, dtype: str) -> NDArray[Any]:
    b = program.buffers[number]
    view: NDArray[Any] = running.arena[b.offset : b.offset + b.nbytes].view(dtype)
    shaped: NDArray[Any] = view.reshape(b.shape)
    return shaped


@pytest.mark.parametrize("isa", _native.isas())
@pytest.mark.parametrize(
    "what", [what for what in ACCEPTED if any(w in what for w in ("pool", "gate", "windows", "bits"))]
)
def test_any_bytes_are_harmless_to_pools_and_gates(what: str, isa: str) -> None:
    """A `max_pool` index of any bits, exponents of any size, numbers that are none."""
    program = ACCEPTED[what]()
    for seed in range(3):
        running = session(program, 2, isa)
        running.arena[...] = np.random.default_rng(seed).integers(0, 256, running.arena.size)
        running.run("step")


@pytest.mark.parametrize("isa", _native.isas())
@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_result_does_not_depend_on_threads(isa: str, threads: int) -> None:
    program = quantise(1000, 7)
    running = session(program, threads, isa)
    assert (running.isa, running.threads) == (isa, threads)
    x = np.linspace(-1.5, 1.5, 7000, dtype=np.float32).reshape(1000, 7)
    buffer_of(running, program, 0, "f4")[...] = x
    expected = np.floor(np.clip((x.astype(np.float64) + 1.0) * (255.0 / 2.0) + 0.5, 0.0, 255.0))
    for _ in range(20):
        buffer_of(running, program, 1, "u1")[...] = 0
        running.run("step")
        assert np.array_equal(buffer_of(running, program, 1, "u1"), expected)


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_thread_count_out_of_range_is_refused(threads: int) -> None:
    with pytest.raises(ValueError, match=rf"threads is {threads}, must be 1 to 256"):
        session(quantise(), threads)


def test_unknown_instruction_set_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"'vax' cannot be used here, choose one of: .*portable"):
        session(quantise(), 1, "vax")


def test_environment_chooses_the_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINOCUT_ISA", raising=False)
    assert session(quantise()).isa == _native.isas()[0]
    monkeypatch.setenv("LINOCUT_ISA", "portable")
    assert session(quantise()).isa == "portable"
    assert session(quantise(), 1, _native.isas()[0]).isa == _native.isas()[0]


def test_unknown_section_is_refused() -> None:
    for run in (session(quantise()).run, session(quantise()).run_timed):
        with pytest.raises(ValueError, match="no section is called 'nothing'"):
            run("nothing")


def test_run_timed_gives_a_time_to_each_instruction() -> None:
    program = quantise()
    program = replace(program, instructions=program.instructions * 3, sections=(Section("step", 1, 3),))
    times = session(program).run_timed("step")
    assert len(times) == 2 and all(t >= 0 for t in times)


def test_the_parts_of_a_section_come_to_the_section() -> None:
    whole, parts = session(quantise(100, 10)), session(quantise(100, 10))
    for one in (whole, parts):
        one.arena[: 4 * 100 * 10] = np.random.default_rng(0).integers(0, 256, 4000, np.uint8) & 0x3F
    whole.run("step")
    before = parts.arena.copy()
    parts.run_part("step", 0, 0)
    assert np.array_equal(parts.arena, before)
    parts.run_part("step", 0, 1)
    assert np.array_equal(parts.arena, whole.arena)


@pytest.mark.parametrize(("begin", "end"), [(-1, 1), (0, 2), (1, 0)])
def test_a_part_that_a_section_has_not_is_refused(begin: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"a part of 'step' is {begin} to {end}, there are 1 instructions"):
        session(quantise()).run_part("step", begin, end)
    with pytest.raises(ValueError, match="no section is called 'nothing'"):
        session(quantise()).run_part("nothing", 0, 0)


def test_arena_is_zero_aligned_and_keeps_the_session_alive() -> None:
    running = session(quantise(100, 100))
    arena = running.arena
    assert arena.dtype == np.uint8 and arena.flags.writeable and not arena.any()
    assert arena.ctypes.data % 64 == 0
    del running
    gc.collect()
    arena[...] = 1
    assert arena.all()


def test_arena_that_the_machine_has_not_is_a_memory_error() -> None:
    program = _native.Program(encode(Program((), (), (), 2**47)))
    with pytest.raises(MemoryError, match=f"{2**47} bytes"):
        _native.Session(program, 1)
