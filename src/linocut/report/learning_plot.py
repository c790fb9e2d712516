"""The learning curve of a cost model: its error on unseen cells by the number of cells that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from linocut.devices.costmodel import Trained
from linocut.report import figures


def plot(trained: Sequence[Trained], about: str, path: Path) -> None:
    """Draw mean errors of the model and of the linear law into a file, with what times were learned.

    Errors as plan_plot.plot's.
    """
    figure = figures.module("matplotlib.figure").Figure(figsize=(7, 4), layout="constrained", dpi=80)
    axes = figure.subplots()
    sizes = [one.examples for one in trained]
    for column, score in enumerate(trained[0].test):
        colour = f"C{column}"
        own = [100 * (1 - one.test[column].accuracy) for one in trained]
        law = [100 * (1 - one.linear[column].accuracy) for one in trained]
        axes.plot(sizes, own, "o-", color=colour, label=f"{score.device}, graph network")
        axes.plot(sizes, law, ":", color=colour, label=f"{score.device}, linear in parameters and MACs")
    axes.set(xscale="log", yscale="log", xlabel="cells that were trained on", ylabel="mean error on unseen cells, %")
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend(frameon=False, fontsize=7)
    figure.supxlabel(f"of {about}", fontsize=6, color="0.4", parse_math=False, wrap=True)
    figures.save(figure, path)
