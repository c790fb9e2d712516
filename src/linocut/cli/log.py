"""linocut log: what the epochs of runs came to: as tables, as curves, and for other people's viewers."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.command import Command
from linocut.cli.dynamics import show_dynamics
from linocut.cli.options import PATH, json_option
from linocut.errors import one_line

if TYPE_CHECKING:
    from linocut.train.logged import Logged


@click.command(
    "log",
    cls=Command,
    examples=(
        "linocut log runs/digits",
        "linocut log runs/digits runs/other --plot curves.png",
        "linocut log runs/digits --to csv --out digits.csv",
    ),
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=PATH)
@click.option("--plot", type=PATH, help="Draw loss and accuracy, or error rate, by epoch into this file.")
@click.option(
    "--dynamics",
    is_flag=True,
    help="Of runs trained with --dynamics: show where each layer stands; with --plot draw it by epoch, beside the edge "
    "of chaos.",
)
@click.option(
    "--to",
    type=click.Choice(["tensorboard", "csv"]),
    help="Write what is known of each epoch for TensorBoard, or as a table in CSV.",
)
@click.option("--out", type=PATH, help="Where --to writes: of tensorboard a folder, of csv a file.")
@click.option("--force", is_flag=True, help="Replace the file that --to csv writes, if it is there.")
@json_option
def log(
    runs: tuple[Path, ...],
    plot: Path | None,
    dynamics: bool,
    to: str | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show what each epoch of the run folders RUN came to, also while they are being trained.

    Of several runs the curves are drawn into one picture; for TensorBoard each has a folder in --out.
    """
    from linocut.files import check_new
    from linocut.report import figures
    from linocut.train.logged import read_log

    if (to is None) != (out is None):
        raise click.UsageError("--to and --out go together: give both, or neither")
    if to == "csv" and out is not None:
        check_new(out, force)
    if dynamics and to is not None:
        raise click.UsageError("--dynamics goes with --plot and --json, not with --to; leave out one")
    if plot is not None:
        figures.check(plot)
    if dynamics:
        show_dynamics(runs, plot, as_json)
        return
    found = [read_log(run) for run in runs]
    if as_json:
        for one in found:
            for epoch in one.epochs:
                click.echo(json.dumps({"run": one.run, **epoch}))
    elif plot is None and to is None:
        click.echo("\n\n".join(_shown(one, titled=len(found) > 1) for one in found))
    if plot is not None:
        from linocut.report.curves_plot import plot as draw

        draw(found, plot)
        click.echo(f"wrote {one_line(plot)}", err=True)
    if out is not None:
        for path in _tensorboard(found, out) if to == "tensorboard" else _csv(found, out):
            click.echo(f"wrote {one_line(path)}", err=True)


def _shown(logged: Logged, titled: bool) -> str:
    from linocut.report.epochs import epochs_table

    return "\n".join([*([one_line(logged.run)] if titled else []), *epochs_table(logged)])


def _tensorboard(found: Sequence[Logged], out: Path) -> list[Path]:
    """An event file for each run, in folders called like theirs where there are several."""
    from linocut.files import make_folder, replacing
    from linocut.train.logged import EVENTS

    folders = [out] if len(found) == 1 else [out / name for name in _names(found)]
    for logged, folder in zip(found, folders, strict=True):
        make_folder(folder)
        with replacing(folder / EVENTS) as file:
            file.write(logged.event_file())
    return [folder / EVENTS for folder in folders]


def _names(found: Sequence[Logged]) -> list[str]:
    """The names of the runs' folders; those that are called alike are numbered."""
    names: list[str] = []
    for logged in found:
        name = Path(os.path.realpath(logged.run)).name or "run"
        alike = (f"{name}-{number}" for number in range(2, len(found) + 2))
        names.append(name if name not in names else next(other for other in alike if other not in names))
    return names


def _csv(found: Sequence[Logged], out: Path) -> list[Path]:
    """One table, whose first column says the run where there are several."""
    from linocut.files import write_text
    from linocut.train.loggers.csv_table import csv_text

    columns = dict.fromkeys(key for logged in found for epoch in logged.epochs for key in epoch)
    rows = [{"run": logged.run, **epoch} for logged in found for epoch in logged.epochs]
    several = ["run"] if len(found) > 1 else []
    chosen = [*several, *columns]
    write_text(out, csv_text(chosen, [{key: row[key] for key in chosen if key in row} for row in rows]))
    return [out]
