"""A pipeline on an FPGA as a table for people: an operator a line, and the totals."""

from __future__ import annotations

from linocut.devices.pipeline.accelerate import ABOUT, Accelerated, Row, rows
from linocut.devices.pipeline.measured import Measured
from linocut.devices.pipeline.resources import Resources
from linocut.tables import table

COUNTED = ("operator", "block", "DSP", "LUT", "flip-flops", "table: DSP", "LUT", "flip-flops", "seconds")
HEAD = ("part", "stage", "operator", "kind", "copies", "cycles", "DSP", "LUT", "BRAM36")


def by_operator(found: Accelerated) -> str:
    """A line for each operator, what the device has, and frames a second, latency and energy."""
    taken, has = found.design.taken, found.limits
    lines = [HEAD, *map(_cells, rows(found.design))]
    lines.append(("buffers and states", "", "", "", "", "", "", "", f"{found.design.buffers:,}"))
    lines.append(("total", "", "", "", "", "", f"{taken.dsp:,}", f"{taken.lut:,}", f"{taken.bram36:,}"))
    lines.append(("there are", "", "", "", "", "", f"{has.dsp:,}", f"{has.lut:,}", f"{has.bram36:,}"))
    title = f"{found.graph.name} on {found.device.name} at {found.clock_hz / 1e6:g} MHz: {found.graph.what}"
    return "\n".join([title, *table(lines, left=4, rules=(1, len(lines) - 3)), *_figures(found), *_counted(found)])


def progress(one: Measured, number: int, count: int) -> str:
    """That an operator is counted, the so-manieth of so many."""
    taken = one.found
    return (
        f"{number} of {count}: {one.operator} of blocks of {one.block} on {one.family}: {taken.dsp:,} DSP, "
        f"{taken.lut:,} LUT, {taken.flip_flops:,} flip-flops, {one.seconds:.1f} s"
    )


def _counted(found: Accelerated) -> list[str]:
    """Where the operators' resources are from; of those counted anew a line each, beside the table's."""
    if not found.counted:
        return [f"operators: {found.counted_by}; --synthesise counts them anew by yosys"]
    lines = [COUNTED, *map(_beside, found.counted)]
    title = f"operators: counted by {found.counted_by}, family {found.device.family}, beside the committed table's"
    return [title, *table(lines, left=1, rules=(1,))]


def _beside(one: Measured) -> tuple[str, ...]:
    own, known = _numbers(one.found), ("-",) * 3 if one.in_table is None else _numbers(one.in_table)
    return (one.operator, f"{one.block}", *own, *known, f"{one.seconds:.1f}")


def _numbers(taken: Resources) -> tuple[str, ...]:
    return tuple(f"{number:,}" for number in (taken.dsp, taken.lut, taken.flip_flops))


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (row.copies, row.cycles, row.dsp, row.lut, row.bram36)
    return (row.part, str(row.stage), row.operator, row.kind, *(f"{number:,}" for number in numbers))


def _figures(found: Accelerated) -> list[str]:
    design, notes = found.design, list(found.graph.notes)
    stages = len(design.stages)
    lines = [
        f"{stages} stage{'s' * (stages > 1)}, a frame every {design.interval:,} cycles",
        f"{found.frames_per_second:,.0f} frames a second of {design.depth} interleaved streams, "
        f"{found.one_stream_per_second:,.0f} of one stream alone",
        f"latency {found.latency_s * 1e6:,.2f} us, {design.latency:,} cycles",
    ]
    if found.watts is None or found.frame_uj is None or found.frames_per_joule is None:
        notes.append("energy: nothing is published of the board; give --watts")
    else:
        each, rate = found.frame_uj, found.frames_per_joule
        lines.append(
            f"energy {each:,.1f} uJ a frame, {rate:,.0f} frames a second and watt, of a board of {found.watts:g} W"
        )
    return [*lines, *notes, ABOUT]
