"""Items: examples that another object gives, one by one: a data set in PyTorch's style, or anything to iterate over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from linocut.data.arrays import as_array
from linocut.data.dataset import Dataset, check_read
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@runtime_checkable
class Indexed(Protocol):
    """What has a length, and an example (x, y) at each index from 0."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


@dataclass(frozen=True)
class Wanted:
    """What a network takes: the shape and type of x; of y a class number below `classes`, or so many `targets`."""

    shape: tuple[int, ...]
    dtype: str
    classes: int
    targets: int


class ItemDataset(Dataset):
    """Examples (x, y) that are asked for by index when they are read, in a thread beside training.

    `source[i]` must give the same example whenever it is asked, as far as a run that is resumed is to end in the same
    bits. x and y are arrays, tensors, pictures or numbers: whatever NumPy makes an array of.
    """

    def __init__(self, source: Indexed, wanted: Wanted, name: str) -> None:
        """Look at the first example; DataError where there is none, or it is not what is wanted."""
        self.name, self.shape = name, wanted.shape
        self.dtype = "u8" if wanted.dtype == "u8" else "f32"
        self.classes = tuple(str(label) for label in range(wanted.classes))
        self.targets = wanted.targets
        self._source, self._wanted = source, wanted
        if not len(source):
            raise DataError(f"{name} has no examples; give some")
        _ = self._example(0)

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self._source)

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any]) -> None:
        """Ask for the examples at `indices`; see Dataset.read."""
        check_read(self, indices, images, labels)
        for row, index in enumerate(indices.tolist()):
            images[row], labels[row] = self._example(index)

    def _example(self, index: int) -> tuple[NDArray[Any], Any]:
        what = f"{self.name}: example {index:,}"
        x, y = _pair(self._source[index], what)
        return _as_example(x, self._wanted, what), _as_truth(y, self._wanted, what)


def collected(source: Iterable[Any], wanted: Wanted, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """All that an iterable gives, held in memory: examples (x, y), or batches of them (n, ...), as loaders give.

    It is gone through once, and must end. DataError for what is not wanted, and where there is nothing.
    """
    xs, ys = [], []
    for number, item in enumerate(source):
        for x, y in _of_batch(*_pair(item, f"{name}: item {number:,}"), wanted, f"{name}: item {number:,}"):
            xs.append(x)
            ys.append(y)
    if not xs:
        raise DataError(f"{name} gives no examples; one that was iterated over before is empty, make it anew")
    return np.stack(xs), np.stack(ys)


def _pair(item: Any, what: str) -> tuple[Any, Any]:
    if isinstance(item, Mapping) or not isinstance(item, (tuple, list)) or len(item) != 2:
        raise DataError(f"{what} is {type(item).__name__}, must be a pair (x, y) of an example and its label")
    return item[0], item[1]


def _of_batch(x: Any, y: Any, wanted: Wanted, what: str) -> Iterator[tuple[NDArray[Any], Any]]:
    """The examples of a batch, or of one example itself."""
    array = as_array(x, what)
    if array.ndim <= len(wanted.shape):
        yield _as_example(array, wanted, what), _as_truth(y, wanted, what)
        return
    truth = as_array(y, f"{what}, labels")
    if truth.ndim == 0 or len(truth) != len(array):
        raise DataError(f"{what} has {len(array)} examples, but labels {truth.shape}; give one for each")
    for row in range(len(array)):
        yield _as_example(array[row], wanted, what), _as_truth(truth[row], wanted, what)


def _as_example(x: Any, wanted: Wanted, what: str) -> NDArray[Any]:
    """An example in the network's shape and type; images of channels, height and width are turned."""
    array = as_array(x, what)
    shape = wanted.shape
    if array.shape != shape and len(shape) == 3:
        if array.shape == shape[:2] and shape[2] == 1:
            array = array[..., None]
        elif array.shape == (shape[2], *shape[:2]):
            array = np.moveaxis(array, 0, -1)
    if array.shape != shape:
        raise DataError(f"{what} has shape {array.shape}, the network takes {shape}; reshape it")
    if wanted.dtype == "u8" and array.dtype != np.uint8:
        raise DataError(
            f"{what} is {array.dtype}, the network takes uint8 (0 to 255); convert it, or give the network's Input "
            "dtype='f32' and the range of the values (low, high)"
        )
    if array.dtype.kind not in "iufb":
        raise DataError(f"{what} is {array.dtype}, must be numbers; convert it")
    return array if wanted.dtype == "u8" else array.astype(np.float32)


def _as_truth(y: Any, wanted: Wanted, what: str) -> Any:
    """A class number, or targets (targets,) float32."""
    array = as_array(y, f"{what}, label")
    if wanted.targets:
        if array.dtype.kind not in "iufb" or array.size != wanted.targets or not np.isfinite(array).all():
            raise DataError(f"{what} has label {y!r}, must be {wanted.targets} finite numbers")
        return array.reshape(wanted.targets).astype(np.float32)
    if array.size != 1 or array.dtype.kind not in "iu" or not 0 <= int(array.reshape(())) < wanted.classes:
        raise DataError(f"{what} has label {array.tolist()!r}, must be a class number, 0 to {wanted.classes - 1}")
    return int(array.reshape(()))
