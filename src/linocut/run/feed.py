"""Feed: what a training session reads, checked against the network before it enters the arena."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from linocut.data.arrays import ArrayDataset, as_array
from linocut.data.dataset import Dataset
from linocut.data.items import Indexed, ItemDataset, Wanted, collected
from linocut.errors import DataError
from linocut.graph.graph import Graph
from linocut.layers.input import F32_MAX
from linocut.layers.losses.base import PATHS, Loss
from linocut.run.session import Session

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Examples: TypeAlias = Dataset | tuple[ArrayLike, ArrayLike] | Indexed | Iterable[Any]

SEQUENCES = "sequence_input"  # the kind of inputs whose examples have lengths of their own


def as_dataset(examples: Examples, graph: Graph) -> Dataset:
    """The data set itself, or one of the arrays (examples, labels), or of what gives pairs (example, label).

    Such are data sets in PyTorch's style, with a length and an example at each index, and iterables, whose examples
    are held in memory. DataError where it does not fit the network. Labels are class numbers (n,), or for losses of
    targets these, (n,) or (n, outputs).
    """
    return as_dataset_of(examples, graph.name, graph.input.shape, graph.input.dtype, graph.loss, graph.outputs)


def as_dataset_of(
    examples: Examples, network: str, shape: tuple[int, ...], dtype: str, loss: Loss, outputs: int
) -> Dataset:
    """`as_dataset` for a network of this name that takes such examples, and gives so many outputs to a loss."""
    if isinstance(examples, Dataset):
        dataset = examples
    elif isinstance(examples, tuple) and len(examples) == 2:
        images, labels = examples
        dataset = _arrays(images, labels, shape, loss, outputs)
    else:
        dataset = _items(examples, shape, dtype, loss, outputs)
    check_fits(dataset, network, shape, dtype)
    check_truth(dataset, network, loss, outputs)
    return dataset


def _items(examples: Any, shape: tuple[int, ...], dtype: str, loss: Loss, outputs: int) -> Dataset:
    """Of an object that gives its examples one by one."""
    name, classes = type(examples).__name__, loss.classes(outputs)
    by_class = loss.by_class or (outputs, classes) == (1, 2)
    wanted = Wanted(shape, dtype, classes if by_class else 0, 0 if by_class else loss.targets_of(outputs))
    if not isinstance(examples, (str, bytes, Mapping, np.ndarray)):
        if isinstance(examples, Indexed):
            return ItemDataset(examples, wanted, name)
        if isinstance(examples, Iterable):
            images, labels = collected(examples, wanted, name)
            return _arrays(images, labels, shape, loss, outputs, name)
    raise DataError(
        f"examples are {name}, must be a data set, a pair (images, labels), or an object that gives pairs "
        "(image, label)"
    )


def _arrays(
    examples: ArrayLike,
    labels: ArrayLike,
    shape: tuple[int, ...],
    loss: Loss,
    outputs: int,
    name: str = "arrays",
) -> Dataset:
    truth, classes = as_array(labels, "labels"), loss.classes(outputs)
    by_sign = (outputs, classes) == (1, 2) and truth.ndim == 1 and truth.dtype.kind in "iu"
    names = [str(label) for label in range(classes)]
    numbers = not (loss.by_class or by_sign)
    if numbers and loss.targets is not None:
        _check_targets(truth, *loss.targets)
    return ArrayDataset(examples, truth, names, name, shape=shape, numbers=numbers)


def _check_targets(truth: NDArray[Any], low: float, high: float) -> None:
    """DataError, with the example, for a target outside of [low, high]; what is no number is refused elsewhere."""
    if truth.dtype.kind not in "iufb" or not truth.size:
        return
    outside = (truth < low) | (truth > high)
    if outside.any():
        place = tuple(np.argwhere(outside)[0].tolist())
        raise DataError(
            f"a target of example {place[0]:,} is {truth[place]}, must be {low:g} to {high:g}; "
            "give probabilities, or 0 and 1"
        )


def check_fits(dataset: Dataset, network: str, shape: tuple[int, ...], dtype: str) -> None:
    """DataError unless shape and type of the examples are what the network takes."""
    if tuple(dataset.shape) != shape:
        raise DataError(
            f"{dataset.name} has examples of shape {_times(dataset.shape)}, network {network} takes "
            f"{_times(shape)}; describe the network with the shape of the data"
        )
    if dataset.dtype != dtype:
        raise DataError(
            f"{dataset.name} has values of type {dataset.dtype}, network {network} takes {dtype}; "
            f"convert the data, or describe the network with dtype={dataset.dtype!r}"
        )


def check_truth(dataset: Dataset, network: str, loss: Loss, outputs: int) -> None:
    """DataError unless the labels or targets are what the loss sets outputs beside."""
    classes = loss.classes(outputs)
    if dataset.targets:
        if loss.by_class:
            raise DataError(
                f"{dataset.name} has {dataset.targets} targets, network {network} ends in {loss.kind}, which takes "
                "class numbers; give it integer labels (n,), or end the network in mean_squared_error"
            )
        if dataset.targets != (wanted := loss.targets_of(outputs)):
            raise DataError(
                f"{dataset.name} has {dataset.targets} targets, network {network} takes {wanted} of an example; "
                "give as many"
            )
    elif loss.function == PATHS:
        raise DataError(
            f"{dataset.name} has a class for each example, network {network} ends in {loss.kind}, which reads labels "
            "of sequences; give strings such as fsdd-strings or TIMIT's folders, or a network of classes such as lstm"
        )
    elif not loss.by_class and (outputs, classes) != (1, 2):
        raise DataError(
            f"{dataset.name} has class numbers, network {network} ends in {loss.kind} of {outputs} outputs; "
            f"give it float targets (n, {outputs})"
        )
    if classes and len(dataset.classes) > classes:
        raise DataError(
            f"{dataset.name} has {len(dataset.classes)} classes, network {network} tells "
            f"{classes} apart; describe the network with classes={len(dataset.classes)}"
        )


class Feed:
    """Writes batches into the arena of a training session. `coded`: the network's f32 input is coded over its range."""

    def __init__(self, session: Session, graph: Graph, *, coded: bool) -> None:
        """Find the places in the arena."""
        self._images = session.array("input")
        self._truth = session.array("labels")
        self._loss, self._outputs = graph.loss, graph.outputs
        self._bounds = input_bounds(graph.input.dtype, graph.input.low, graph.input.high, coded=coded)

    def put(self, images: NDArray[Any], labels: NDArray[Any]) -> None:
        """Copy a batch into the arena; DataError for a label or a value that is out of range."""
        truth = self._as_truth(labels)
        self._put_images(images)
        self._truth[...] = truth

    def put_unlabelled(self, images: NDArray[Any]) -> None:
        """Copy examples of which nothing is known into the arena; DataError for a value that is out of range."""
        self._put_images(images)
        self._truth[...] = -1 if self._loss.by_class else np.nan

    def _put_images(self, images: NDArray[Any]) -> None:
        if self._bounds is not None:
            check_values(images, *self._bounds)
        self._images[...] = images

    def _as_truth(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Labels as the loss takes them."""
        if labels.ndim == 2:
            return labels
        classes = self._loss.classes(self._outputs)
        least, most = labels.min(), labels.max()
        if least < -1 or most >= classes:
            wrong = least if least < -1 else most
            raise DataError(f"a label is {wrong}, must be 0 to {classes - 1}; mend the labels")
        return self._loss.as_truth(labels)


def input_bounds(dtype: str, low: float, high: float, *, coded: bool) -> tuple[float, float] | None:
    """What values of an input must lie between, None where its type bounds them."""
    if dtype == "u8":
        return None
    return (low, high) if coded else (-F32_MAX, F32_MAX)


def check_range(dataset: Dataset, graph: Graph, *, coded: bool) -> None:
    """DataError, with the example, for a value of data in memory that a step would refuse."""
    bounds = input_bounds(graph.input.dtype, graph.input.low, graph.input.high, coded=coded)
    if bounds is not None and isinstance(dataset, ArrayDataset):
        dataset.check_range(*bounds)


def check_sequences(dataset: Dataset, graph: Graph) -> None:
    """DataError, with the example, for an empty sequence and for labels that no path reads as; see sequence_data.py."""
    own_lengths = graph.input.kind == SEQUENCES
    if own_lengths or graph.loss.function == PATHS:
        from linocut.run import sequence_data  # late, as what other networks do not need

        sequence_data.check_sequences(dataset, graph, own_lengths=own_lengths)


def check_values(images: NDArray[Any], low: float, high: float) -> None:
    """DataError for a value outside of [low, high]."""
    least, most = float(images.min()), float(images.max())
    if not (low <= least and most <= high):  # also where one of them is not a number
        wrong = most if low <= least else least
        raise DataError(
            f"a value of an example is {wrong}, must be {low} to {high}; "
            "scale the data, or give the network's Input another range (low, high)"
        )


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
