"""linocut log --dynamics: where the layers of runs stand, as tables, JSON and pictures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.errors import one_line

if TYPE_CHECKING:
    from linocut.dynamics.diagram import PhaseDiagram
    from linocut.dynamics.history import History

UNITS, STEPS = 200, 60  # of the phase diagram behind a run's path
BETAS = [0.04 * step for step in range(1, 64)]  # 1 / J, to 2.5


def show_dynamics(runs: Sequence[Path], plot: Path | None, as_json: bool) -> None:
    """Print the dynamics of runs, or draw them into a file; RunError for a run without."""
    from linocut.report.dynamics_table import dynamics_table
    from linocut.train.logged_dynamics import read_dynamics

    found = {run: read_dynamics(run) for run in runs}
    if as_json:
        for run, history in found.items():
            _tell(run, history)
    elif plot is None:
        click.echo("\n\n".join("\n".join([one_line(run), *dynamics_table(one)]) for run, one in found.items()))
    if plot is not None:
        _draw(found, plot)
        click.echo(f"wrote {one_line(plot)}", err=True)


def _tell(run: Path, history: History) -> None:
    """A line for each epoch."""
    for at, epoch in enumerate(history.epochs):
        layers = [dataclasses.asdict(measured[at]) for measured in history.layers.values()]
        click.echo(json.dumps({"run": str(run), "epoch": epoch, "dynamics": layers}))


def _draw(found: Mapping[Path, History], plot: Path) -> None:
    """Beside the phase diagram of random networks, where the runs are of activations that have one."""
    from linocut.dynamics import rescaled
    from linocut.dynamics.edges import ACTIVATIONS
    from linocut.graph.queries import activations
    from linocut.report.dynamics_plot import Traced
    from linocut.report.dynamics_plot import plot as draw
    from linocut.train.run_folder import RunFolder

    traced, kinds = [], set()
    for run, history in found.items():
        settings = RunFolder(run).read()[0].settings
        optimizer = settings.optimizer.to_dict()
        momentum = optimizer.get("momentum")
        scale = None if momentum is None else rescaled(optimizer["learning_rate"], momentum, settings.batch_size)
        traced.append(Traced(run.name or str(run), history, scale))
        kinds |= set(activations(settings.network.graph)) & set(ACTIVATIONS)
    draw(traced, _diagram(kinds.pop()) if len(kinds) == 1 else None, plot)


def _diagram(activation: str) -> PhaseDiagram:
    """The phase diagram of random networks, with a bar in a terminal."""
    from tqdm import tqdm

    from linocut.dynamics import phase_diagram

    with tqdm(desc="phase diagram", unit=" columns", leave=False, disable=None) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        return phase_diagram(activation, n=UNITS, steps=STEPS, beta=BETAS, progress=told)
