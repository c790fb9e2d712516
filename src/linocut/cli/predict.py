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
        for path, label, confidence in zip(paths, found.classes.tolist(), found.confidences.tolist(), strict=True):
            name = predictor.class_name(label)
            if as_json:
                click.echo(json.dumps({"file": str(path), "class": name, "confidence": confidence}))
            else:
                click.echo(f"{path!s:{width}}  {one_line(name)}  {confidence:.1%}")
