"""linocut eval: how a trained network does on a data set."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import click

from linocut.cli.numbers import scores_of
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
from linocut.errors import one_line
from linocut.files import expanded


@click.command("eval")
@click.argument("run", type=PATH)
@data_options
@click.option("--limit", type=int, help="Use the first N test examples only.")
@skip_corrupt_option
@machine_options
@json_option
def evaluate(
    run: Path,
    data: str | None,
    data_dir: Path | None,
    limit: int | None,
    skip_corrupt: bool,
    threads: int | None,
    backend: str,
    as_json: bool,
) -> None:
    """Evaluate the network of the folder RUN on test data, by default of the data set that it was trained on."""
    from linocut import data as datasets
    from linocut.export.load import load

    predictor = load(run, batch_size=DEFAULT_BATCH, threads=threads, backend=backend)
    name = predictor.data if data is None else data
    if name is None:
        raise click.UsageError(f"{run} does not say what it was trained on; give --data")
    resizing = predictor.resizing if predictor.resizing_known else None
    shape, own = predictor.graph.input.shape, predictor.data in (name, os.path.realpath(expanded(name)))
    test = load_like(name, data_dir, shape, skip_corrupt, resizing, predictor.form, whole=not own).test
    tell_notes(test)
    tell_skipped(test)
    test = datasets.take(test, limit)
    found, (scores, lines) = predictor.evaluate(test), scores_of(predictor, test)
    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(found), **scores}))
    else:
        right = "" if found.accuracy is None else f"accuracy {found.accuracy:.2%}  "
        click.echo(f"{right}loss {found.loss:.4f}  on {found.examples:,} examples of {one_line(name)}")
        for line in lines:
            click.echo(line)
