"""linocut predict: the classes of images."""

from __future__ import annotations

import json
from pathlib import Path

import click

from linocut.cli.options import DEFAULT_BATCH, json_option, machine_options, tell_assumed
from linocut.errors import one_line


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@machine_options
@json_option
def predict(run: Path, images: tuple[Path, ...], threads: int | None, backend: str, as_json: bool) -> None:
    """Name the class of each IMAGE, and how sure the network of the folder RUN is of it.

    Of a network without classes, of numbers, the outputs are named instead.

    Images of another size are brought to what the network takes as in training: whole, or for a folder of images with
    --size their middle; for a grey network they are made grey.
    """
    import numpy as np

    from linocut.export.load import load

    predictor = load(run, batch_size=min(len(images), DEFAULT_BATCH), threads=threads, backend=backend)
    wanted = predictor.graph.input
    if wanted.dtype != "u8":
        raise click.UsageError(
            f"the network of {run} takes {wanted.dtype} values, not images; use linocut.load in Python"
        )
    tell_assumed(predictor, run)
    width = max(len(str(path)) for path in images)
    for begin in range(0, len(images), DEFAULT_BATCH):
        paths = images[begin : begin + DEFAULT_BATCH]
        found = predictor.predict(np.stack([predictor.read_image(path) for path in paths]))
        for row, path in enumerate(paths):
            name = predictor.class_name(int(found.classes[row]))
            answer: dict[str, object] = {"class": name, "confidence": float(found.confidences[row])}
            text = f"{one_line(name)}  {found.confidences[row]:.1%}"
            if not predictor.graph.classes:
                answer = {"outputs": found.outputs[row].tolist()}
                text = "  ".join(f"{value:g}" for value in found.outputs[row])
            click.echo(json.dumps({"file": str(path), **answer}) if as_json else f"{path!s:{width}}  {text}")
