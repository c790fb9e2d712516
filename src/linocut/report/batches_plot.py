"""A picture of memory against the size of the batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from linocut.plan.batches import BatchReport
from linocut.report import figures
from linocut.sizes import UNITS

MIB = dict(UNITS)["MiB"]
FEW = 8  # sizes whose ticks have room side by side


def plot(report: BatchReport, path: Path) -> None:
    """Draw a report into a file, both axes logarithmic: arenas as lines, the paper's account dashed.

    Errors are those of plan_plot.plot.
    """
    figure = figures.module("matplotlib.figure").Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for number, policy in enumerate(dict.fromkeys(row.policy for row in report.rows)):
        rows = sorted((row for row in report.rows if row.policy == policy), key=lambda row: row.batch)
        batches, colour = [row.batch for row in rows], f"C{number}"
        axes.plot(batches, [row.arena_bytes / MIB for row in rows], "o-", color=colour, label=f"{policy}: the arena")
        counted = [row.paper_bytes / MIB for row in rows]
        axes.plot(batches, counted, "--", color=colour, label=f"{policy}: as the paper counts")
    axes.set(xscale="log", yscale="log", xlabel="batch size, examples", ylabel="memory of training, MiB")
    axes.set_title(f"{report.model}, optimizer {report.optimizer}", parse_math=False)
    _mark(axes, sorted({row.batch for row in report.rows}))
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figures.save(figure, path)


def _mark(axes: Any, batches: list[int]) -> None:
    """Ticks at the batch sizes that were asked for, and at memories of 1, 2 and 5 times a power of ten."""
    ticker = figures.module("matplotlib.ticker")
    axes.set_xticks(batches, [f"{batch:,}" for batch in batches], rotation=45 if len(batches) > FEW else 0)
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
