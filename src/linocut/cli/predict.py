"""linocut predict: the classes of images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.numbers import answer_of, predict_files
from linocut.cli.options import DEFAULT_BATCH, PATH, json_option, machine_options, tell_assumed
from linocut.errors import DataError, one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from linocut.run.predict import Predictor


@click.command()
@click.argument("run", type=PATH)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=PATH)
@machine_options
@json_option
def predict(run: Path, images: tuple[Path, ...], threads: int | None, backend: str, as_json: bool) -> None:
    """Name the class of each IMAGE, and how sure the network of the folder RUN is of it.

    Of a network without classes, of numbers, the outputs are named instead. A network that was trained on a CSV table
    or an .npz file takes such files, and names each of their rows.

    Images of another size are brought to what the network takes as in training: whole, or for a folder of images with
    --size their middle; for a grey network they are made grey. One that cannot be read costs a line and the exit
    status; the others are named all the same.
    """
    import numpy as np

    from linocut.export.load import load

    predictor = load(run, batch_size=min(len(images), DEFAULT_BATCH), threads=threads, backend=backend)
    wanted = predictor.graph.input
    if wanted.dtype != "u8":
        raise click.UsageError(
            f"the network of {run} takes {wanted.dtype} values, not images; use linocut.load in Python"
        )
    if predictor.form is not None:
        predict_files(predictor, images, as_json)
        return
    tell_assumed(predictor, run)
    width, bad = max(len(one_line(path)) for path in images), 0
    for begin in range(0, len(images), DEFAULT_BATCH):
        given = images[begin : begin + DEFAULT_BATCH]
        read = [(path, image) for path in given if (image := _read(predictor, path)) is not None]
        bad += len(given) - len(read)
        if not read:
            continue
        found = predictor.predict(np.stack([image for _, image in read]))
        for row, (path, _) in enumerate(read):
            answer, text = answer_of(predictor, found, row)
            click.echo(json.dumps({"file": str(path), **answer}) if as_json else f"{one_line(path):{width}}  {text}")
    if bad:
        click.get_current_context().exit(DataError.exit_status)


def _read(predictor: Predictor, path: Path) -> NDArray[np.uint8] | None:
    """The picture, or a line about what is none: the others are predicted all the same."""
    try:
        return predictor.read_image(path)
    except DataError as error:
        click.echo(f"error: {one_line(error)}", err=True)
        return None
