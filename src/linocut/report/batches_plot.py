"""A picture of memory against the size of the batch."""

from __future__ import annotations

from pathlib import Path

from linocut.plan.batches import BatchReport
from linocut.report import figures
from linocut.sizes import UNITS

MIB = dict(UNITS)["MiB"]


def plot(report: BatchReport, path: Path) -> None:
    """Draw a report into a file, both axes logarithmic: arenas as lines, the paper's account dashed.

    Errors are those of plan_plot.plot.
    """
    figure = figures.module("matplotlib.figure").Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for number, policy in enumerate(dict.fromkeys(row.policy for row in report.rows)):
        rows = sorted((row for row in report.rows if row.policy == policy), key=lambda row: row.batch)
        batches, colour = [row.batch for row in rows], f"C{number}"
        axes.plot(batches, [row.arena_bytes / MIB for row in rows], "o-", color=colour, label=policy)
        axes.plot(batches, [row.paper_bytes / MIB for row in rows], "--", color=colour, label=f"{policy}, the paper's")
    axes.set(xscale="log", yscale="log", xlabel="batch size", ylabel="MiB", title=f"{report.model}, {report.optimizer}")
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend(frameon=False)
    figures.save(figure, path)
