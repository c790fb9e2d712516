"""linocut sixteen-bits: a recurrent network in 16-bit integers, calibrated on its data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.command import Command
from linocut.cli.options import PATH, data_options, in_data_dir, json_option, load_like, quoted
from linocut.cli.own_data import data_for
from linocut.errors import DataError, one_line

if TYPE_CHECKING:
    from linocut.data.dataset import Dataset
    from linocut.graph.q10 import Sixteen
    from linocut.ops.bits import Array


@click.command(
    "sixteen-bits",
    cls=Command,
    examples=(
        "linocut sixteen-bits runs/digits --out digits.safetensors",
        "linocut sixteen-bits runs/digits --data recordings --out digits.safetensors   # by examples of these",
        "linocut sixteen-bits runs/digits --functions paper --out digits.safetensors --force",
    ),
)
@click.argument("run", type=PATH)
@data_options
@click.option("--out", required=True, type=PATH, help="The model file to write.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@click.option(
    "--functions",
    type=click.Choice(["own", "paper"]),
    default="own",
    show_default=True,
    help="Tanh and sigmoid by linocut's table, or by the published chords.",
)
@json_option
def sixteen_bits(
    run: Path,
    data: str | None,
    data_dir: Path | None,
    out: Path,
    force: bool,
    functions: str,
    as_json: bool,
) -> None:
    """Write the recurrent network of the folder RUN in 16-bit integers, a model file for eval, predict and export.

    32 examples to train on, by default of the data set that it was trained on, say how large integers become:
    products halve in the inverse transform where they stay small, which rounds least, else in both. Numbers that 16
    bits cannot hold are counted, and named.
    """
    from linocut.data.unlike import unlike
    from linocut.export import packed
    from linocut.export.load import load
    from linocut.export.sixteen import is_recurrent
    from linocut.files import check_new
    from linocut.graph.q10 import sixteen_bits as made_of

    check_new(out, force)
    predictor = load(run, threads=1)
    if not is_recurrent(predictor.graph):
        raise click.UsageError(f"the network of {run} has no recurrent layers, which alone have a 16-bit form")
    name = data_for(predictor, run, data)
    shape = predictor.graph.input.shape
    examples = _examples(load_like(name, data_dir, shape, form=predictor.form).train, shape)
    if predictor.form is not None and predictor.form.normal is not None and (line := unlike(examples)):
        click.echo(line, err=True)
    made = made_of(predictor.graph, examples, functions)
    model = packed.PackedModel(made.graph, predictor.classes, predictor.data, predictor.resizing, predictor.form)
    packed.save(out, model)
    if as_json:
        found = {"saturated": made.saturated, "largest": made.largest, "clipped": made.clipped}
        click.echo(json.dumps({"out": str(out), "bytes": model.nbytes, **found}))
    else:
        click.echo("\n".join(_told(made, out, model.nbytes, data_dir)))


def _examples(dataset: Dataset, shape: tuple[int, ...]) -> Array:
    """Some (n, steps, features); DataError where they are of another shape."""
    from linocut.data.dataset import some_floats
    from linocut.graph.q10 import CALIBRATED

    if (dataset.shape, dataset.dtype) != (shape, "f32"):
        raise DataError(
            f"{dataset.name} has examples {dataset.shape} of {dataset.dtype}, the network takes {shape} of f32; give "
            "what it was trained on"
        )
    return some_floats(dataset, CALIBRATED)


def _told(made: Sixteen, out: Path, nbytes: int, data_dir: Path | None) -> Iterator[str]:
    """For people."""
    from linocut.sizes import show_size

    yield f"wrote {one_line(out)}: {show_size(nbytes)}"
    for product, largest in made.largest.items():
        yield f"{product}: integers up to {largest:,} of 32,767"
    yield from clipped_numbers(made.saturated)
    for node, count in made.clipped.items():
        yield f"{node}: {count:,} integers that saturated"
    yield f"try it: linocut eval {quoted(out)}" + in_data_dir(data_dir)


def clipped_numbers(saturated: Mapping[str, int]) -> Iterator[str]:
    """For people: how many numbers of each node and part 16 bits cannot hold."""
    for part, count in saturated.items():
        yield f"{part}: {count:,} numbers that 16 bits cannot hold, which are clipped"
