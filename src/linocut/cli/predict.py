"""linocut predict: the classes of images, of recordings, and of frames on standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from linocut.cli.command import Command
from linocut.cli.numbers import likeliest_of, predict_files
from linocut.cli.options import DEFAULT_BATCH, PATH, json_option, machine_options, tell_assumed
from linocut.errors import DataError, one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from linocut.run.predict import Predictor

STDIN = "-"


@click.command(
    cls=Command,
    examples=(
        "linocut predict runs/digits seven.png",
        "linocut predict runs/photos garden/ --top 3 --json",
    ),
)
@click.argument("run", type=PATH)
@click.argument("images", metavar="IMAGE...", nargs=-1, type=PATH)
@click.option("--stdin", is_flag=True, help="Read frames from standard input, as the IMAGE - does.")
@click.option("--top", metavar="K", type=click.IntRange(min=1), help="Name the K likeliest classes.")
@machine_options
@json_option
def predict(
    run: Path,
    images: tuple[Path, ...],
    stdin: bool,
    top: int | None,
    threads: int | None,
    backend: str,
    as_json: bool,
) -> None:
    """Name the class of each IMAGE, and how sure the network of the folder RUN is of it.

    An IMAGE is a file, a folder of pictures (with the folders below it), or a pattern in quotes such as
    'photos/robin?.jpg'. Of a network without classes, of numbers, the outputs are named instead. A network that was
    trained on a CSV table or an .npz file takes such files, and names each of their rows; one that was trained on
    recordings takes these, and folders of them.

    Images of another size are brought to what the network takes as in training: whole, or for a folder of images with
    --size their middle; for a grey network they are made grey. One that cannot be read costs a line and the exit
    status; the others are named all the same.

    The IMAGE - stands for frames on standard input: raw bytes (height x width x channels) of the network's size, one
    behind the other until the end. Each is a line as soon as it is there. Of a recurrent network a frame is one of a
    sequence: its features, normalised as in training, in 32-bit floats. State is kept, in 16-bit integers, and a line
    is of what has been heard so far. Of a network that reads labels (the loss ctc) a line is the label that begins with
    its frame, or - where none does; of a file all its labels, in order.
    """
    from linocut.export.load import load
    from linocut.export.sixteen import is_recurrent

    frames = stdin or STDIN in map(str, images)
    if frames and len(images) > (not stdin):
        raise click.UsageError("frames on standard input are read alone; leave out the other images, or - and --stdin")
    if not (frames or images):
        raise click.UsageError("Missing argument 'IMAGE...'")
    predictor = load(run, batch_size=1, threads=threads, backend=backend)
    paths, bad = ([], 0) if frames else _found(images, predictor)
    if len(paths) > 1:
        predictor = load(run, batch_size=min(len(paths), DEFAULT_BATCH), threads=threads, backend=backend)
    if frames and is_recurrent(predictor.graph):
        if top is not None and not predictor.graph.classes:
            raise click.UsageError(_no_likeliest(predictor, run))
        _hear(predictor, top, as_json)
        return
    wanted = predictor.graph.input
    if not (wanted.is_bytes or (predictor.form is not None and predictor.form.speech is not None)):
        raise click.UsageError(
            f"the network of {run} takes {wanted.dtype} values, not images; use linocut.load in Python"
        )
    if top is not None and not predictor.graph.classes:
        raise click.UsageError(_no_likeliest(predictor, run))
    if predictor.form is not None:
        if frames:
            raise click.UsageError(f"the network of {run} reads numbers from files; leave out - and --stdin")
        predict_files(predictor, paths, as_json, bad, top)
        return
    show = _Shown(predictor, top, as_json)
    if frames:
        for number, frame in enumerate(_of_frames(predictor, sys.stdin.buffer)):
            show(frame, {"file": STDIN, "frame": number}, str(number))
        return
    tell_assumed(predictor, run)
    width = max((len(one_line(path)) for path in paths), default=0)
    for path, outputs in _of_files(predictor, paths):
        if outputs is None:
            bad += 1
        else:
            show(outputs, {"file": str(path)}, f"{one_line(path):{width}}")
    if bad:
        click.get_current_context().exit(DataError.exit_status)


def _no_likeliest(predictor: Predictor, run: Path) -> str:
    """Why there are no likeliest classes to name."""
    from linocut.run.best_path import reads_labels

    gives = "reads all labels of a sequence" if reads_labels(predictor.graph) else "gives numbers"
    return f"--top is for networks that name one class, the network of {run} {gives}; leave out --top"


def _hear(predictor: Predictor, top: int | None, as_json: bool) -> None:
    """Print a line after each frame of one sequence, float32 (features,), from standard input."""
    import numpy as np

    from linocut.export.sixteen import in_sixteen_bits
    from linocut.run.best_path import reads_labels
    from linocut.run.stream import Stream

    stream = Stream(in_sixteen_bits(predictor.graph))
    show = _Read(predictor, as_json) if reads_labels(predictor.graph) else _Shown(predictor, top, as_json)
    nbytes, features = 4 * predictor.graph.input.shape[1], predictor.graph.input.shape[1]
    for number, data in enumerate(_pieces(sys.stdin.buffer, nbytes, f"{features} floats")):
        show(stream.push(np.frombuffer(data, "<f4")), {"file": STDIN, "frame": number}, str(number))


def _found(images: tuple[Path, ...], predictor: Predictor) -> tuple[list[Path], int]:
    """The pictures, or recordings, that were named, and how many names stand for none, of which each is a line."""
    from linocut.data.form import SOUND
    from linocut.data.gather import PICTURES, RECORDINGS, find_pictures

    kind = RECORDINGS if predictor.form is not None and predictor.form.kind == SOUND else PICTURES
    paths, bad = [], 0
    for name in images:
        try:
            paths += find_pictures(name, note=lambda line: click.echo(one_line(line), err=True), kind=kind)
        except DataError as error:
            click.echo(f"error: {one_line(error)}", err=True)
            bad += 1
    return paths, bad


def _of_files(predictor: Predictor, paths: list[Path]) -> Iterator[tuple[Path, NDArray[np.float32] | None]]:
    """The outputs (outputs,) for each picture that can be read; None for others, after a line about them."""
    import numpy as np

    for begin in range(0, len(paths), DEFAULT_BATCH):
        read = []
        for path in paths[begin : begin + DEFAULT_BATCH]:
            image = _read(predictor, path)
            if image is None:
                yield path, None
            else:
                read.append((path, image))
        if read:
            found = predictor.predict(np.stack([image for _, image in read]))
            yield from zip([path for path, _ in read], found.outputs, strict=True)


def _read(predictor: Predictor, path: Path) -> NDArray[np.uint8] | None:
    """The picture, or a line about what is none: the others are predicted all the same."""
    try:
        return predictor.read_image(path)
    except DataError as error:
        click.echo(f"error: {one_line(error)}", err=True)
        return None


def _of_frames(predictor: Predictor, stream: BinaryIO) -> Iterator[NDArray[np.float32]]:
    """The outputs (outputs,) for each frame as it comes; DataError for part of one at the end, and for none at all."""
    import numpy as np

    shape = predictor.graph.input.shape
    for data in _pieces(stream, int(np.prod(shape)), " x ".join(map(str, shape))):
        yield predictor(np.frombuffer(data, np.uint8).reshape(shape))


def _pieces(stream: BinaryIO, nbytes: int, size: str) -> Iterator[bytes]:
    """Frames of so many bytes, whose `size` people are told; DataError for part of one, and for none at all."""
    count = 0
    if stream.isatty():
        raise click.UsageError(f"standard input is a terminal; pipe frames of {size} bytes into it")
    while data := stream.read(nbytes):
        if len(data) < nbytes:
            raise DataError(
                f"frame {count:,} has {len(data):,} B, must have {nbytes:,} ({size}): standard input ended within it; "
                "send frames of the network's size"
            )
        yield data
        count += 1
    if not count:
        raise DataError(f"standard input held no frame; send frames of {nbytes:,} B ({size})")


class _Shown:
    """Prints predictions, a line each: the class, the likeliest ones, or the outputs of a network of numbers."""

    def __init__(self, predictor: Predictor, top: int | None, as_json: bool) -> None:
        self._predictor, self._top, self._as_json = predictor, top, as_json

    def __call__(self, outputs: NDArray[np.float32], about: dict[str, object], label: str) -> None:
        """Those of one picture, of which programs are told `about` and people `label`."""
        named = self._predictor.graph.classes
        answer, text = likeliest_of(self._predictor, outputs, self._top) if named else _numbers(outputs)
        click.echo(json.dumps({**about, **answer}) if self._as_json else f"{label}  {text}")


class _Read:
    """Prints the label that begins with each frame."""

    def __init__(self, predictor: Predictor, as_json: bool) -> None:
        from linocut.run.best_path import LabelReader

        self._predictor, self._as_json, self._reader = predictor, as_json, LabelReader()

    def __call__(self, outputs: NDArray[np.float32], about: dict[str, object], number: str) -> None:
        """That of one frame, of which programs are told `about` and people `number`."""
        label = self._reader.read(outputs.reshape(-1))
        name = None if label is None else self._predictor.class_name(label)
        click.echo(json.dumps({**about, "label": name}) if self._as_json else f"{number}  {one_line(name or '-')}")


def _numbers(outputs: NDArray[np.float32]) -> tuple[dict[str, object], str]:
    return {"outputs": outputs.tolist()}, "  ".join(f"{value:g}" for value in outputs)
