"""Options that several commands have, and what they mean as objects of the library."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from linocut.cli.choices import BACKEND, DATA, DEVICE, MODEL, OPTIMIZER, POLICY, TASK, ChoiceOption
from linocut.cli.command import checked
from linocut.cli.of_folders import MODEL as MODEL_OF_FOLDERS
from linocut.errors import one_line, printable
from linocut.sizes import parse_size

if TYPE_CHECKING:
    from linocut.data.dataset import Dataset, Resizing
    from linocut.data.form import Form
    from linocut.data.loaded import Loaded
    from linocut.graph.network import Network
    from linocut.optimizers import Optimizer
    from linocut.run.predict import Predictor

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_MODEL, DEFAULT_BATCH = "mlp", 100


class _Name(click.Path):
    """The path of a file or folder; an empty one, as of a variable that is not set, is not the working folder."""

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """A Path; whether anything is there is found when it is used."""
        if not os.fspath(value) or "\0" in os.fspath(value):
            self.fail(f"{value!r} is no path; give one, or leave it out", param, context)
        return super().convert(value, param, context)


PATH = _Name(readable=False, path_type=Path)


def widths(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Callback: the numbers of a list such as 256,256."""
    try:
        return None if value is None else tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of whole numbers such as 256,256") from None


def pixels(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Callback: height and width of a size such as 32x48, or 32 for a square."""
    if value is None:
        return None
    parts = value.lower().split("x")
    try:
        height, width = parts * 2 if len(parts) == 1 else parts
        return int(height), int(width)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a size such as 32x32 (height x width)") from None


def dimensions(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Callback: the shape of an example such as 32x32x3 (height x width x channels), or 784 for a vector."""
    try:
        return None if value is None else tuple(int(part) for part in value.lower().split("x"))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a shape such as 32x32x3 (height x width x channels)") from None


def size_in_bytes(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Callback: the bytes of a size such as 64MiB."""
    try:
        return None if value is None else parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def combined(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


model_options = combined(
    click.option(
        "--model",
        cls=ChoiceOption,
        type=MODEL,
        default=DEFAULT_MODEL,
        help="{names}, or a FILE.toml that describes a network.  "
        f"[default: {DEFAULT_MODEL}, of a folder of images {MODEL_OF_FOLDERS}]",
    ),
    click.option(
        "--hidden", metavar="N,N,...", callback=widths, help="Widths of an mlp's hidden layers, such as 256,256."
    ),
    click.option(
        "--block", type=int, help="The size of a recurrent model's circulant blocks: 1 (dense), 2, 4, 8 or 16."
    ),
)
policy_option = click.option(
    "--policy",
    cls=ChoiceOption,
    type=POLICY,
    default="lean",
    show_default=True,
    help="Number formats: {names}.",
)
policy_options = combined(
    policy_option,
    click.option(
        "--optimizer",
        cls=ChoiceOption,
        type=OPTIMIZER,
        default="adam",
        show_default=True,
        help="The update rule: {names}.",
    ),
)


def _batch(batch: int) -> object:
    from linocut.compile.batch import find_batch

    return find_batch(batch)


def _threads(threads: int) -> object:
    from linocut.run.session import find_threads

    return find_threads(threads)


batch_option = click.option(
    "--batch",
    type=int,
    default=DEFAULT_BATCH,
    show_default=True,
    callback=checked(_batch),
    help="Examples in a batch.",
)
threads_option = click.option(
    "--threads", type=int, callback=checked(_threads), help="Threads to use.  [default: the processors at hand]"
)
training_options = combined(
    policy_options,
    batch_option,
    click.option(
        "--micro-batch",
        type=int,
        help="Go over a batch so many examples at a time, in less memory, and update once; it divides the batch. "
        "Batch norm is then over the micro-batch.  [default: the batch]",
    ),
    click.option(
        "--budget",
        metavar="SIZE",
        callback=size_in_bytes,
        help="Keep the arena within SIZE, such as 64MiB: with the largest batch that fits, or, for a --batch that does "
        "not, with the largest micro-batch that divides it.",
    ),
)
data_options = combined(
    click.option(
        "--data",
        cls=ChoiceOption,
        type=DATA,
        help="{names}, a folder of class folders of images or recordings, a CSV table, or an .npz file of arrays.",
    ),
    click.option("--data-dir", type=PATH, help="Where the files of data sets lie."),
)
machine_options = combined(
    threads_option,
    click.option(
        "--backend",
        cls=ChoiceOption,
        type=BACKEND,
        default="native",
        show_default=True,
        help="native, or reference: the NumPy interpreter, the same bits but slow.",
    ),
)
skip_corrupt_option = click.option(
    "--skip-corrupt", is_flag=True, help="Decode all images of a folder first, and leave out those that are corrupt."
)
image_size_option = click.option(
    "--size",
    metavar="HxW",
    callback=pixels,
    help="Resize and crop a folder's images to HxW pixels.  [default: 64x64 where no network is given, else their own]",
)
colour_option = click.option(
    "--colour/--grey", default=None, help="Read a folder's images so.  [default: in colour if any of them is]"
)
label_options = combined(
    click.option(
        "--label",
        "labels",
        metavar="COLUMN",
        multiple=True,
        help="The column of a CSV table to predict; several, with commas or the option again, for regression and "
        "multilabel.",
    ),
    click.option(
        "--task",
        cls=ChoiceOption,
        type=TASK,
        help="What is predicted of a CSV table or an .npz file: {names}; labels of multilabel are 0 or 1.  "
        "[default: classification]",
    ),
)
device_option = click.option(
    "--on",
    "device",
    cls=ChoiceOption,
    type=DEVICE,
    default="coral-usb",
    show_default=True,
    help="The device: {names}, or a FILE.toml that describes one.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, and nothing else.")


def find_network(
    model: str,
    hidden: tuple[int, ...] | None,
    dataset: Dataset | None,
    shape: tuple[int, ...] | None = None,
    classes: int | None = None,
    mends: tuple[str, str] | None = None,
    block: int | None = None,
) -> Network:
    """The network, shaped for the data set or as given, or as it is by itself; SpecError for an unknown one.

    `mends` are as `read_network` takes them.
    """
    from linocut import networks as models
    from linocut.errors import SpecError
    from linocut.networks.mlp import REAL

    given: dict[str, Any] = {"shape": shape, "classes": classes}
    if dataset is not None:
        given = _of_data(dataset)
    given = {name: value for name, value in given.items() if value is not None}
    if model.endswith(".toml"):
        if hidden is not None:
            raise SpecError(f"--hidden is for the model mlp; write the widths into {model}")
        from linocut.networks.toml_file import DATA, read_network

        given.pop("labels", None)  # a file says itself how many there may be
        found = read_network(Path(model), **given, mends=mends or DATA)
        return found if block is None else found.with_block(block)
    if "shape" in given:
        given["input_shape"] = given.pop("shape")
    if model == DEFAULT_MODEL and dataset is not None and dataset.form is not None:
        given["ends"] = REAL  # of few numbers binary weights learn little
    own = {"hidden": hidden, "block": block}
    return models.build(model, **given, **{name: value for name, value in own.items() if value is not None})


def _of_data(dataset: Dataset) -> dict[str, Any]:
    """What data say of a network: of labels of sequences how many there are at most, and a class more, the blank."""
    from linocut.data.tasks import LABELS

    found: dict[str, Any] = {"shape": dataset.shape, "dtype": dataset.dtype}
    if dataset.form is not None and dataset.form.task == LABELS:
        return {**found, "classes": len(dataset.classes) + 1, "labels": dataset.targets}
    return {**found, "classes": dataset.targets or len(dataset.classes), "task": _task_of(dataset)}


def _task_of(dataset: Dataset) -> str | None:
    """The task of numbers, None where examples have classes."""
    return dataset.form.task if dataset.form is not None and dataset.targets else None


def in_data_dir(data_dir: Path | None) -> str:
    """What a command that is told must have behind it, to find data where they were found."""
    return "" if data_dir is None else f" --data-dir {quoted(data_dir)}"


def find_optimizer(optimizer: str | Optimizer, given: Mapping[str, Any]) -> Optimizer:
    """The optimizer with the settings that are not None, else as it is; SpecError for what it does not have."""
    from linocut import optimizers
    from linocut.errors import SpecError

    found = optimizers.find_optimizer(optimizer)
    known = {field.name for field in dataclasses.fields(found)}
    wanted = {setting: value for setting, value in given.items() if value is not None}
    for setting, value in wanted.items():
        if setting not in known:
            mend = "" if setting == "weight_decay" else ", or take --optimizer sgd"
            raise SpecError(f"{setting} is {value}, but {found.kind} has none; leave it out{mend}")
    return dataclasses.replace(found, **wanted)


def load_like(
    name: str,
    data_dir: Path | None,
    shape: tuple[int, ...],
    skip_corrupt: bool = False,
    resizing: Resizing | None = None,
    form: Form | None = None,
    whole: bool = False,
) -> Loaded:
    """The data for a network that takes `shape`; the images of a folder are made that size and colour.

    As `resizing` says, the run's own, or where that is None as `load` does by itself. Numbers are read in the run's
    `form`; with `whole` a file of them is for testing as a whole.
    """
    from linocut.data import is_image_folder, load_splits

    if len(shape) == 3 and is_image_folder(name):
        size = shape[0], shape[1]
        return load_splits(name, data_dir, size, skip_corrupt, colour=shape[2] != 1, resizing=resizing)
    return load_splits(name, data_dir, None, skip_corrupt, form=form, whole=whole)


def tell_assumed(predictor: Predictor, run: Path) -> None:
    """A line on standard error if a run does not say how its training brought pictures to size."""
    if not predictor.resizing_known:
        click.echo(
            f"{run} is of an older linocut, which did not note how pictures were brought to size: it is assumed that "
            f"{one_line(predictor.data)} was given a --size, so other sizes are cropped to their middle; "
            f"linocut train --resume --out RUN notes it",
            err=True,
        )


def tell_notes(*datasets: Dataset) -> None:
    """Lines on standard error on what was left out or chosen when data were opened."""
    for note in dict.fromkeys(note for dataset in datasets for note in dataset.notes):
        click.echo(printable(note), err=True)


def tell_skipped(*datasets: Dataset) -> None:
    """A line on standard error if corrupt images were left out."""
    skipped = sorted(path for dataset in datasets for path in getattr(dataset, "skipped", ()))
    if skipped:
        from linocut.data.soundness import named  # which brings all that reads pictures

        images = "image" if len(skipped) == 1 else "images"
        click.echo(printable(f"skipped {len(skipped):,} corrupt {images}: {named(skipped)}"), err=True)


def quoted(path: object) -> str:
    """A path as a word of a command that can be pasted into a shell: in quotes where need be, and no option."""
    text = str(path)
    word = f"./{text}" if text.startswith("-") else text
    if word.isprintable():
        return quote(word)
    return "$'" + "".join(map(_in_dollar_quotes, word)) + "'"


def _in_dollar_quotes(character: str) -> str:
    """A character in the quotes of bash and zsh that know escapes; one that cannot be shown as bytes of a name."""
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
