"""linocut eval: how a trained network does on a data set."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.command import Command
from linocut.cli.numbers import conditions_of, scores_of
from linocut.cli.options import (
    DEFAULT_BATCH,
    PATH,
    data_options,
    json_option,
    load_like,
    machine_options,
    skip_corrupt_option,
    tell_notes,
    tell_skipped,
)
from linocut.cli.own_data import data_for
from linocut.errors import one_line
from linocut.files import expanded

if TYPE_CHECKING:
    from linocut.run.assessment import Assessment


@click.command(
    "eval",
    cls=Command,
    examples=(
        "linocut eval runs/digits --confusion",
        "linocut eval runs/photos --data other/ --errors 10",
    ),
)
@click.argument("run", type=PATH)
@data_options
@click.option("--limit", type=int, help="Use the first N test examples only.")
@skip_corrupt_option
@click.option("--confusion", is_flag=True, help="Print how many examples of each class were taken for which.")
@click.option("--plot", type=PATH, help="Draw that table into this file.")
@click.option(
    "--errors",
    metavar="N",
    type=click.IntRange(min=1),
    help="Print the N most confident mistakes, by file or by number.",
)
@machine_options
@json_option
def evaluate(
    run: Path,
    data: str | None,
    data_dir: Path | None,
    limit: int | None,
    skip_corrupt: bool,
    confusion: bool,
    plot: Path | None,
    errors: int | None,
    threads: int | None,
    backend: str,
    as_json: bool,
) -> None:
    """Evaluate the network of the folder RUN on test data, by default of the data set that it was trained on.

    Accuracy, also of the 5 likeliest classes where there are more, the mean loss, and for each class precision (of what
    was taken for it, the part that is), recall (of what is, the part that was found), F1 (their harmonic mean) and
    support (how many examples there are).
    """
    from linocut import data as datasets
    from linocut.export.load import load
    from linocut.networks.classifier import CLASSIFICATION
    from linocut.report import figures

    if plot is not None:
        figures.check(plot)
    predictor = load(run, batch_size=DEFAULT_BATCH, threads=threads, backend=backend)
    if confusion and predictor.form is not None and predictor.form.task != CLASSIFICATION:
        raise click.UsageError(f"--confusion is for examples of one class each; {run} has other answers; leave it out")
    name = data_for(predictor, run, data)
    resizing = predictor.resizing if predictor.resizing_known else None
    shape, own = predictor.graph.input.shape, predictor.data in (name, os.path.realpath(expanded(name)))
    test = load_like(name, data_dir, shape, skip_corrupt, resizing, predictor.form, whole=not own).test
    tell_notes(test)
    tell_skipped(test)
    test = datasets.take(test, limit)
    found, (scores, lines) = predictor.assess(test, errors=errors or 0), scores_of(predictor, test)
    of_conditions, more = conditions_of(predictor, test)
    scores |= of_conditions
    if as_json:
        click.echo(json.dumps({**found.to_json(), **scores}))
    else:
        click.echo(f"{found.line}  on {found.examples:,} examples of {one_line(name)}")
        click.echo("\n".join(["", *lines] if lines else [*more, *_tables(found, confusion, errors)]))
    if plot is not None:
        from linocut.report.confusion_plot import plot as draw

        draw(found, plot, f"{one_line(run)} on {one_line(name)}: {found.line}")
        click.echo(f"wrote {one_line(plot)}", err=True)


def _tables(found: Assessment, confusion: bool, errors: int | None) -> Iterator[str]:
    from shutil import get_terminal_size  # late, as all that other commands need not load

    from linocut.report.confusion import confusion_table, mistakes_table

    if found.per_class:
        yield from ("", *found.by_class())
    if confusion:
        yield from ("", *confusion_table(found, get_terminal_size().columns))
    if errors is not None:
        yield from ("", *mistakes_table(found.errors))
