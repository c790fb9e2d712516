"""linocut reproduce: what a paper has published beside what linocut comes to."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.choices import PAPER
from linocut.cli.command import Command, at_least
from linocut.cli.options import PATH, in_data_dir, json_option, quoted, threads_option
from linocut.cli.train import SIGNALLED
from linocut.errors import one_line, printable

if TYPE_CHECKING:
    from linocut.reproduce.row import Row

LENGTHY = "trains in full, which takes days, of clstm about an hour; Ctrl-C ends it, and the same command goes on"


@click.command(
    cls=Command,
    examples=(
        "linocut reproduce wang2021 --quick                   # a minute, in place of the paper's trainings",
        "linocut reproduce wang2021 --quick --plot wang.png",
        "linocut reproduce wang2021 --out runs/wang2021       # in full; given again, it goes on",
        "linocut reproduce chaos --quick                      # how J^2 of a tanh network grows, by its settings",
        "linocut reproduce complex --quick                    # frames a second of binary complex networks, pruned",
        "linocut reproduce hybrid --quick                     # compression, energy, accuracy by the layers' bits",
    ),
)
@click.argument("paper", metavar="PAPER", type=PAPER)
@click.option(
    "--quick", is_flag=True, help="Train a little, of wang2021 about a minute, in place of the paper's trainings."
)
@click.option(
    "--epochs",
    type=int,
    callback=at_least(1),
    help="Train for so many epochs.  [default: the paper's number, with --quick a few]",
)
@click.option("--data-dir", type=PATH, help="Where the files of data sets lie.")
@click.option(
    "--out",
    type=PATH,
    help="Keep a run folder of each training in this folder, and go on with those that it has.  "
    "[default: runs/PAPER, with --quick none]",
)
@click.option("--kept-only", is_flag=True, help="Train nothing, and show what --out keeps so far; of hybrid.")
@click.option("--plot", type=PATH, help="Draw what is published and what is ours into this file.")
@threads_option
@json_option
@click.pass_context
def reproduce(
    context: click.Context,
    /,
    paper: str,
    quick: bool,
    epochs: int | None,
    data_dir: Path | None,
    out: Path | None,
    kept_only: bool,
    plot: Path | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Set the figures that PAPER has published beside linocut's: wang2021, chaos, hybrid, clstm, complex.

    Each row says whether ours was counted, is modelled by others' constants, or was measured: just now, or
    before, which docs/results.md records with machine and commit.
    """
    from linocut.reproduce.asked import Asked
    from linocut.reproduce.papers import find_paper
    from linocut.train import Interrupted

    if plot is not None:
        from linocut.report import figures

        figures.check(plot)
    found = find_paper(paper)
    if kept_only and not found.shows_kept:
        raise click.UsageError(f"--kept-only is for hybrid, not for {paper}, which goes on with what --out keeps")
    kept = out if out is not None or quick else Path("runs") / paper
    asked = Asked(quick, epochs, kept, data_dir, threads, lambda text: click.echo(printable(text), err=True), kept_only)
    if not quick and epochs is None and not kept_only:
        asked.tell(LENGTHY)
    if not as_json:
        click.echo(f"{found.title}, {found.source}")
    try:
        rows = list(_shown(found.rows(asked), as_json))
    except Interrupted as stop:
        again = f"linocut reproduce {paper}{' --quick' * quick}" + (f" --epochs {epochs}" if epochs else "")
        again += in_data_dir(data_dir)
        mend = f"go on with: {again} --out {quoted(kept)}" if kept else "without --out nothing was kept"
        with suppress(OSError):  # the terminal that closed
            click.echo(f"interrupted by {signal.Signals(stop.number).name}; {mend}", err=True)
        context.exit(SIGNALLED + stop.number)
    if plot is not None:
        _draw(rows, found.title, plot)
        click.echo(f"wrote {one_line(plot)}", err=True)


def _draw(rows: Sequence[Row], title: str, path: Path) -> None:
    """Trainings that are followed by epoch have a picture of their own."""
    from linocut.report import hybrid_order_plot, reproduced_plot

    by_epoch = any(row.curve is not None for row in rows)
    (hybrid_order_plot if by_epoch else reproduced_plot).plot(rows, title, path)


def _shown(rows: Iterator[Row], as_json: bool) -> Iterator[Row]:
    """The rows, each printed once it is found, for people a table at a time; what is found of one that fails too."""
    if as_json:
        for row in rows:
            click.echo(json.dumps(row.to_json()))
            sys.stdout.flush()
            yield row
        return
    from linocut.report.reproduced import as_table

    table: list[Row] = []
    try:
        for row in rows:
            if table and row.table != table[0].table:
                click.echo(f"\n{as_table(table)}")
                table = []
            table.append(row)
            yield row
    finally:
        if table:
            click.echo(f"\n{as_table(table)}")
