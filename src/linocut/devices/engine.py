"""Rows of an engine: this machine runs linocut's own programs, and what they take follows from its peaks.

An instruction takes what its operations would at the peak of their kind, times how far its kernel is from that; what
its bytes take at the bandwidth, times how often they go by; and what calling it takes.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from functools import cache
from statistics import median

import numpy as np

from linocut.compile.program import Instruction, Program
from linocut.devices.device import Device, InstructionLaw
from linocut.devices.energies import read_energies
from linocut.devices.instructions import MULTIPLYING, accessed, kind_of, picojoules, variant_of
from linocut.devices.rows import COMPUTE, OVERHEAD, STREAMING, Row

COPIED = 2**22  # bytes that are copied to measure the bandwidth: what activations have, and others disturb little
ROUNDS = 20
WORD = 64  # signs in a word
PEAK_OF = {
    "float_sign": "float",
    "float_element": "float",
    "integer_element": "float",
}  # kinds without one of their own


def measured(device: Device) -> Device:
    """The device with this machine's peaks and bandwidth, as measured now; `linocut bench` shows the peaks too."""
    return dataclasses.replace(device, rates=_peaks(), bandwidth=_bandwidth())


def terms(program: Program, instruction: Instruction, rates: dict[str, float], bandwidth: float) -> tuple[float, ...]:
    """Seconds that an instruction's operations take at a peak, and its bytes at a bandwidth, on one thread.

    Operations on signs count in whole words of 64 channels, as they are packed.
    """
    kind = kind_of(program, instruction)
    nbytes = sum(count for _, count in accessed(program, instruction))
    operations = program.work(instruction).operations * (packing(program, instruction) if kind == "xnor" else 1.0)
    return operations / rates[PEAK_OF.get(kind, kind)], nbytes / bandwidth


def packing(program: Program, instruction: Instruction) -> float:
    """How many channels of signs are packed for one that there is: those of its first operand of bits."""
    channels = [b.shape[-1] for b in (program.buffers[index] for index in instruction.used()) if b.form.is_bits]
    return -(-channels[0] // WORD) * WORD / channels[0] if channels else 1.0


def key_of(program: Program, instruction: Instruction) -> tuple[str, str, str]:
    """What laws are found by: the instruction, the kind of its arithmetic, what slows it."""
    return instruction.op.name, kind_of(program, instruction), variant_of(program, instruction)


def rows(device: Device, program: Program, section: str, threads: int) -> tuple[Row, ...]:
    """A row for each instruction of a section, in order: what it writes, its name, its time on so many threads."""
    rates, law_of = dict(device.rates), _finder(device)
    energies = read_energies()
    memory = energies.memory_for(program.arena_bytes)
    found = []
    span = program.section(section)
    for instruction in program.instructions[span.begin : span.end]:
        law = law_of(key_of(program, instruction))
        computing, moving = terms(program, instruction, rates, device.bandwidth)
        parts = {
            COMPUTE: law.times * computing / threads,
            STREAMING: law.passes * moving / threads,
            OVERHEAD: law.call_s,
        }
        seconds = sum(parts.values())
        multiplies = kind_of(program, instruction) in MULTIPLYING
        found.append(
            Row(
                program.buffers[instruction.written()[0]].name,
                instruction.op.name,
                program.work(instruction).operations if multiplies else 0,
                seconds * device.clock_hz,
                computing / threads / seconds if multiplies and seconds else None,
                0.0,
                0.0,
                seconds * 1e3,
                picojoules(program, instruction, energies, memory) / 1e6,
                max(parts, key=lambda part: parts[part]),
            )
        )
    return tuple(found)


def unmeasured(device: Device, program: Program, section: str) -> tuple[str, ...]:
    """In words, the instructions of a section that no law was measured of; none where there are laws of all."""
    known, span = {law.op for law in device.laws}, program.section(section)
    lacking = sorted({one.op.name for one in program.instructions[span.begin : span.end]} - known)
    if not lacking:
        return ()
    return (f"not measured on any machine: {', '.join(lacking)}; their times are by the middle law of their kind",)


def _finder(device: Device) -> Callable[[tuple[str, str, str]], InstructionLaw]:
    """The law of a key; of instructions that were not measured one that is in the middle of its kind's, or of all."""
    laws = {(law.op, law.kind, law.variant): law for law in device.laws}

    @cache
    def law_of(key: tuple[str, str, str]) -> InstructionLaw:
        if key in laws:
            return laws[key]
        op, kind, variant = key
        alike = [law for law in device.laws if law.op == op and law.kind == kind]
        alike = alike or [law for law in device.laws if law.kind == kind] or list(device.laws)
        middle = [median(getattr(law, part) for law in alike) for part in ("times", "passes", "call_s")]
        return InstructionLaw(op, kind, variant, *middle)

    return law_of


def _peaks() -> tuple[tuple[str, float], ...]:
    from linocut import _native
    from linocut.run.profile import KINDS
    from linocut.run.session import find_isa

    return tuple((kind, _native.peak(find_isa(None), kind)) for kind in KINDS)


def _bandwidth() -> float:
    """Bytes a second that are read and written by one thread: the best of several copies."""
    source, target = np.ones(COPIED, np.uint8), np.empty(COPIED, np.uint8)
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - begin)
    return 2 * COPIED / best
