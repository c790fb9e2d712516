"""A network as a TOML file: the layers of `Network.to_dict`, which users write by hand.

    name = "mine"
    [[layers]]
    layer = "binary_conv2d"
    filters = 64

Without an input layer the first is made for the data: a sequence_input before a recurrent layer. `units = "classes"`
stands for the number of its classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from linocut.errors import SpecError, one_line
from linocut.files import write_text
from linocut.graph.network import Network
from linocut.layers import GRU, LSTM, Input, SequenceInput
from linocut.layers.losses import LOSSES, Loss
from linocut.networks.classifier import CLASSIFICATION, loss_of
from linocut.toml_text import read_toml

CLASSES = "classes"
DATA = ("give --data", "give --data")  # what says the shape of examples, and the number of classes
SUFFIX = ".toml"


def read_network(
    path: Path,
    shape: tuple[int, ...] | None = None,
    classes: int | None = None,
    dtype: str = "u8",
    task: str = CLASSIFICATION,
    mends: tuple[str, str] = DATA,
) -> Network:
    """The network in a file, for examples of `shape` and `dtype` and so many classes where the file leaves them open.

    A file without a loss gets that of the task (see classifier.py); for others than classification `classes` counts
    outputs. `mends` say what to give where the file leaves the shape open, and the classes, and nothing is given.

    SpecError, naming the file, for one that cannot be read, has unknown layers or settings, or does not fit.
    """
    described = read_toml(path, "a network")
    try:
        loss = loss_of(task)
        completed = _completed(described, one_line(path.stem), shape, classes, dtype, loss, mends)
        network = Network.from_dict(completed)
        _check_fits(network, shape, classes)
    except SpecError as error:
        raise SpecError(f"{path}: {one_line(error)}") from None
    except (TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
        raise SpecError(f"{path} does not describe a network: {one_line(error)}; see docs/own-networks.md") from None
    return network


def takes_sequences(path: Path) -> bool:
    """Whether a file has recurrent layers, or says that its input are sequences; SpecError for one without TOML."""
    layers = read_toml(path, "a network").get("layers")
    kinds = {one.get("layer") for one in layers if isinstance(one, dict)} if isinstance(layers, list) else set()
    return bool(kinds & {LSTM.kind, GRU.kind, SequenceInput.kind})


def check_name(path: Path) -> None:
    """SpecError unless a file of that name is taken for a network by --model."""
    if path.suffix != SUFFIX:
        raise SpecError(f"{path} is to hold a network, its name must end in {SUFFIX}")


def write_network(network: Network, path: Path) -> None:
    """Write a network, its input and number of classes with it; MachineError where the disk will not.

    SpecError for a name that does not end in .toml.
    """
    import tomli_w  # late: nothing else here writes

    check_name(path)
    write_text(path, tomli_w.dumps(network.to_dict()))


def _check_fits(network: Network, shape: tuple[int, ...] | None, classes: int | None) -> None:
    """SpecError where what the file says is not what the examples are."""
    own = network.input.shape
    if shape is not None and shape != own:
        raise SpecError(f"its input layer has shape {own}, but examples have {shape}; leave the layer out, or mend it")
    if classes is not None and network.classes and classes > network.classes:
        raise SpecError(
            f"it tells {network.classes} classes apart, but there are {classes}; write units = {CLASSES!r} in the "
            "last layer that has units"
        )


def _completed(
    described: dict[str, Any],
    name: str,
    shape: tuple[int, ...] | None,
    classes: int | None,
    dtype: str,
    loss: Loss,
    mends: tuple[str, str],
) -> dict[str, Any]:
    """The description with a name, an input, the number of classes and a loss."""
    if odd := set(described) - {"name", "layers"}:
        raise SpecError(f"a network has name and layers, no {', '.join(sorted(odd))}")
    name = described.get("name", name)
    if not isinstance(name, str) or not name or not name.isprintable():
        raise SpecError(f"name is {name!r}, must be a text on one line")
    layers = described.get("layers")
    if not isinstance(layers, list) or not all(isinstance(entry, dict) for entry in layers):
        raise SpecError("layers are missing; write each as a table [[layers]] with its kind, as in layer = 'sign'")
    layers = [_with_classes(layer, classes, mends[1]) for layer in layers]
    kinds = [str(layer.get("layer")) for layer in layers]
    if not set(kinds[:1]) & {Input.kind, SequenceInput.kind}:
        if shape is None:
            raise SpecError(f"it has no input layer, and nothing says what shape it takes; add one, or {mends[0]}")
        of_any_length = kinds[:1] in ([LSTM.kind], [GRU.kind])  # as recordings are
        kind = SequenceInput.kind if of_any_length else Input.kind
        layers.insert(0, {"layer": kind, "shape": list(shape), "dtype": dtype})
    if not any(kinds[-1:] == [loss] for loss in LOSSES):
        layers.append({"layer": loss.kind})
    return {"name": name, "layers": layers}


def _with_classes(layer: dict[str, Any], classes: int | None, mend: str) -> dict[str, Any]:
    if layer.get("units") != CLASSES:
        return layer
    if classes is None:
        raise SpecError(f"units = {CLASSES!r}, and nothing says how many there are; write a number, or {mend}")
    return {**layer, "units": classes}
