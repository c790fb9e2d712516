"""A roofline of an estimate: what each layer reaches of a device's peak, against its work for a byte of weights."""

from __future__ import annotations

from pathlib import Path

from linocut.devices.rows import COMPUTE, OVERHEAD, STREAMING, Estimate
from linocut.report import figures

GIGA = 1e9
MOST_NAMED = 6  # layers
MARGIN = 3.0  # how far the picture goes beyond the points, as a factor
COLOURS = {COMPUTE: "C0", STREAMING: "C3", OVERHEAD: "C7"}


def plot(found: Estimate, path: Path) -> None:
    """Draw into a file, both axes logarithmic; a point for each layer that multiplies, as large as its time.

    Errors are those of plan_plot.plot.
    """
    rows = [row for row in found.rows if row.macs]
    work = [row.macs / max(1.0, row.kept_bytes + row.streamed_bytes) for row in rows]
    rates = [row.macs / row.ms * 1e3 / GIGA for row in rows]
    figure = figures.module("matplotlib.figure").Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    longest = max(row.ms for row in rows)
    for bound, colour in COLOURS.items():
        own = [number for number, row in enumerate(rows) if row.bound == bound]
        sizes = [20 + 300 * rows[number].ms / longest for number in own]
        places = [work[number] for number in own], [rates[number] for number in own]
        axes.scatter(*places, s=sizes, color=colour, alpha=0.6, label=f"bound by {bound}")
    device = found.device
    peak = device.macs_per_cycle * device.clock_hz / GIGA
    least, most = min(work) / MARGIN, max(work) * MARGIN
    corner = peak * GIGA / device.bandwidth
    slope = [one for one in (least, corner) if one <= corner]
    axes.plot(slope, [device.bandwidth * one / GIGA for one in slope], "k--", label=f"all weights over {device.link}")
    axes.plot([least, max(most, corner)], [peak, peak], "k-", label="peak of the multipliers")
    named = {(round(work[number], 3), rows[number].bound): number for number in range(len(rows))}  # one a place
    for number in sorted(named.values(), key=lambda number: -rows[number].ms)[:MOST_NAMED]:
        axes.annotate(rows[number].name, (work[number], rates[number]), fontsize=7)
    axes.set(xscale="log", yscale="log", xlabel="MACs for a byte of weights", ylabel="GMAC/s")
    title = f"{found.model} on {device.name}, {found.precision}, caching {found.caching}, batch {found.batch:,}"
    axes.set_title(f"{title}: {found.total_ms:,.3g} ms, an analytic model", parse_math=False)
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figures.save(figure, path)
