"""Estimates as tables for people: one by node, or several devices side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from linocut.devices.kinds import EDGE_TPU, MICROCONTROLLER, SYSTOLIC
from linocut.devices.rows import Estimate, Row
from linocut.sizes import show_size
from linocut.tables import table

HEAD = ("node", "kind", "MACs", "cycles", "use", "kept", "streamed", "ms", "uJ", "bound by")


def by_node(found: Estimate) -> str:
    """A line for each node, the totals, what the figures are, and what would mend them."""
    rows = [HEAD, *map(_cells, found.rows), _total(found)]
    title = f"{found.model} on {found.device.name}: {found.what}, {_how(found)}batch {found.batch:,}"
    return "\n".join([title, *table(rows, left=2, rules=(1, len(rows) - 1)), *_notes(found)])


def side_by_side(found: Sequence[Estimate]) -> str:
    """A line for each device and precision."""
    head = ("device", "precision", "ms", "uJ", "weights", "room", "streamed", "most time is", "xnor ms")
    rows = [head, *map(_summary, found)]
    first = found[0]
    title = f"{first.model}, caching {first.caching}, batch {first.batch:,}"
    notes = ["own analytic models of published parameters, calibrated where they say so; not cycle accurate"]
    if any(one.xnor_ms is not None for one in found):
        notes.append("xnor ms: with one-bit lanes that no such device has, hypothetical")
    return "\n".join([title, *table(rows, left=2, rules=(1,)), *notes])


def compared(found: Sequence[Estimate]) -> dict[str, Any]:
    """The object that `linocut estimate --compare --json` prints."""
    first = found[0]
    devices = [{name: value for name, value in one.to_json().items() if name != "rows"} for one in found]
    return {"model": first.model, "caching": first.caching, "batch": first.batch, "devices": devices}


def milliseconds(value: float) -> str:
    """Milliseconds with four digits: 0.001180, 1.180, 299.5."""
    return f"{value:,.1f}" if value >= 100 else f"{value:.3f}" if value >= 1 else f"{value:.4g}"


def _cells(row: Row) -> tuple[str, ...]:
    streamed, kept = (show_size(round(n)) if n else "" for n in (row.streamed_bytes, row.kept_bytes))
    use = "" if row.utilisation is None else f"{row.utilisation:.0%}"
    macs, spent = f"{row.macs:,}" if row.macs else "", f"{row.uj:,.2f}" if row.uj else ""
    return (
        row.name,
        row.kind,
        macs,
        f"{row.cycles:,.0f}",
        use,
        kept,
        streamed,
        milliseconds(row.ms),
        spent,
        row.bound,
    )


def _total(found: Estimate) -> tuple[str, ...]:
    cycles = sum(row.cycles for row in found.rows)
    kept = sum(row.kept_bytes for row in found.rows)
    return (
        "all",
        "",
        f"{found.macs:,}",
        f"{cycles:,.0f}",
        "",
        show_size(round(kept)),
        show_size(found.streamed_bytes),
        milliseconds(found.total_ms),
        f"{found.total_uj:,.2f}" if found.total_uj else "",
        _bound(found),
    )


def _bound(found: Estimate) -> str:
    """What most of the time goes to, and which part of it."""
    times: defaultdict[str, float] = defaultdict(float)
    for row in found.rows:
        times[row.bound] += row.ms
    bound, most = max(times.items(), key=lambda item: item[1])
    return f"{bound} ({most / found.total_ms:.0%})"


def _summary(found: Estimate) -> tuple[str, ...]:
    return (
        found.device.name,
        found.precision,
        milliseconds(found.total_ms),
        f"{found.total_uj:,.1f}" if found.total_uj else "",
        show_size(found.weight_bytes),
        show_size(found.capacity_bytes),
        show_size(found.streamed_bytes),
        _bound(found),
        "" if found.xnor_ms is None else milliseconds(found.xnor_ms),
    )


def _how(found: Estimate) -> str:
    """Precision and caching, where weights are cached."""
    return f"{found.precision}, caching {found.caching}, " if found.device.kind in (EDGE_TPU, SYSTOLIC) else ""


def _energy(found: Estimate) -> str:
    """Of a microcontroller: that of its supply, where a data sheet has been read."""
    watts = found.device.static_watts
    return f"energy: {watts * 1e3:g} mW for as long" if watts else "energy is not known"


def _by_frame(found: Estimate) -> str:
    """What one frame takes."""
    cycles = sum(row.cycles for row in found.rows) / (found.batch * (found.frames or 1))
    time = milliseconds(found.frame_ms or 0.0)
    return f"a frame: {found.frame_macs:,} multiplications of 16 bits, {cycles:,.0f} cycles, {time} ms"


def _notes(found: Estimate) -> list[str]:
    weights, room, peak = map(show_size, (found.weight_bytes, found.capacity_bytes, found.peak_bytes))
    notes = [f"arena {peak}"]
    if found.frames is not None:
        notes = [f"flash for weights {weights}, arena {peak}; {_energy(found)}", _by_frame(found)]
    elif found.device.kind == MICROCONTROLLER:
        notes = [f"flash for weights {weights}, values of {peak} at once; {_energy(found)}"]
    elif found.weight_bytes:
        streamed = f"streamed over {found.device.link} in each run: {show_size(found.streamed_bytes)}"
        beside = f"beside activations of {peak}" if found.device.cache_shared else f"apart from activations of {peak}"
        notes = [f"weights {weights}, room for {room} {beside}; {streamed}"]
        if found.device.cache_shared and found.peak_bytes > found.device.memory_bytes:
            memory = show_size(found.device.memory_bytes)
            notes.append(f"activations are more than its memory of {memory}: that they leave the device is not counted")
    if found.device.kind in (EDGE_TPU, SYSTOLIC) and not found.total_uj:
        notes.append("energy is not known: the device has no table [energy]")
    if found.xnor_ms is not None:
        lanes = f"{found.device.xnor:g} one-bit products for an 8-bit one"
        notes.append(f"with lanes of {lanes}, which no such device has: {milliseconds(found.xnor_ms)} ms, hypothetical")
    return [
        *notes,
        *found.mends,
        *found.unknown,
        f"{found.device.name}: {found.about}",
        f"source: {found.device.source}",
    ]
