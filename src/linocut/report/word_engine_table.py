"""A word engine on an FPGA as a table for people: a layer a line, and the totals."""

from __future__ import annotations

from typing import Any

from linocut.devices.word_engine.accelerated import ABOUT, Accelerated
from linocut.tables import percent, table

HEAD = ("layer", "kernel", "in", "out", "pixels", "groups", "steps", "cycles", "used")


def by_layer(found: Accelerated) -> str:
    """A line for each layer, then rates, what the engine takes of the device, and what simulation said."""
    network, timed = found.network, found.timed
    rows = [HEAD, *map(_cells, found.rows())]
    rows.append(("a frame", "", "", "", "", "", "", f"{timed.cycles:,}", percent(timed.used)))
    title = (
        f"{network.name} on {found.device.name} at {found.clock_hz / 1e6:g} MHz: an engine of {timed.shape} "
        f"{network.noun} products (pixels x outputs x lanes), {timed.shape.products:,} a cycle"
    )
    return "\n".join([title, *table(rows, left=2, rules=(1, len(rows) - 1)), *_figures(found)])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    kernel = " x ".join(map(str, row["kernel"]))
    pooled = f", {row['windows']} pooled" if row["windows"] > 1 else ""
    pruned = "" if row["steps"] == row["dense_steps"] else f" of {row['dense_steps']:,}"
    numbers = (f"{row[name]:,}" for name in ("inputs", "outputs", "pixels", "groups"))
    return (
        row["layer"],
        f"{kernel}{pooled}",
        *numbers,
        f"{row['steps']:,}{pruned}",
        f"{row['cycles']:,}",
        percent(row["used"]),
    )


def _figures(found: Accelerated) -> list[str]:
    needs, has = found.needs, found.device
    lines = [
        f"{found.frames_per_second:,.0f} frames a second, {found.network.products:,} products each",
        f"takes {needs.lut:,} of {has.lut:,} LUT, {needs.bram36:,} of {has.bram36:,} BRAM36, {needs.dsp:,} of "
        f"{has.dsp:,} DSP, {needs.flip_flops:,} flip-flops ({found.how})",
        f"on the host: {', '.join(found.host) if found.host else 'the outputs alone'}",
    ]
    if (simulated := found.simulated) is not None:
        whose = "its 16-bit numbers" if found.network.stream else "prediction"
        lines.append(
            f"simulated {simulated.frames} frames: {simulated.cycles:,} cycles each where the model says "
            f"{simulated.model:,}; {simulated.wrong_signs:,} signs and {simulated.wrong_sums:,} sums differ from "
            f"{whose}, of {simulated.words:,} words of signs and {simulated.sums:,} rows of sums"
        )
    return [*lines, *found.notes(), ABOUT]
