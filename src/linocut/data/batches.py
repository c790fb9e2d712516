"""Batches: the examples of an epoch, in a given order, read one batch ahead in a thread."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data import pcg64
from linocut.data.dataset import NUMPY_DTYPES, Dataset, truth_form
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linocut.data.augment import Augmenter

    Batch = tuple[NDArray[Any], NDArray[Any]]
    Read = Callable[[NDArray[np.int64], NDArray[Any], NDArray[Any]], None]

BUFFERS = 2  # one with the consumer, one being filled
CHUNK = 4096  # numbers that are made together: keeps the temporary array small


def epoch_order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """A permutation (count,) of 0 to count - 1 that depends on `seed` and `epoch` (0 or more) alone.

    It sorts the raw numbers of NumPy's PCG64(SeedSequence([seed, epoch])), which NumPy promises never to
    change, as it does not of permutations. Each number's low bits are replaced by its index, so no two are
    equal, and one array of 8 B an example is all it takes. DataError for a seed or an epoch below 0.
    """
    if seed < 0 or epoch < 0:
        raise DataError(f"seed is {seed} and epoch {epoch}, both must be 0 or more")
    keys = pcg64.raw([seed, epoch], count)
    low = np.uint64((1 << count.bit_length()) - 1)
    keys &= ~low
    for first in range(0, count, CHUNK):
        some = keys[first : first + CHUNK]
        some |= np.arange(first, first + len(some), dtype=np.uint64)
    keys.sort()
    keys &= low
    return keys.view(np.int64)


class Batches(Iterator["Batch"]):
    """Iterates over images (batch, *shape) and labels (batch,) int32, or targets, of the examples `order` (n,).

    The arrays are reused: they are valid until the next batch is asked for. A last partial batch is dropped,
    or with `pad` filled up with zero images labelled -1, or whose targets are NaN. The first `start` batches
    are skipped. With an `augmenter` (of the same data set) the examples are changed as they are read. Errors of
    reading are raised where the batch would have come. Close it, or use it in a `with` statement, when leaving early.
    DataError for a batch or a start that cannot be.
    """

    def __init__(
        self,
        dataset: Dataset,
        order: NDArray[np.int64],
        batch: int,
        *,
        start: int = 0,
        pad: bool = False,
        augmenter: Augmenter | None = None,
    ) -> None:
        """Start to read; DataError if `batch` or `start` does not fit the number of examples."""
        count = len(order)
        if batch < 1:
            raise DataError(f"batch is {batch}, must be 1 or more")
        if not pad and batch > count:
            raise DataError(f"batch is {batch:,}, but {dataset.name} has {count:,} examples; give 1 to {count:,}")
        whole = -(-count // batch) if pad else count // batch
        if not 0 <= start <= whole:
            raise DataError(f"start is {start:,}, must be 0 to {whole:,}, the number of batches")
        self._left = whole - start
        self._buffers = [
            (np.empty((batch, *dataset.shape), NUMPY_DTYPES[dataset.dtype]), np.empty(*truth_form(dataset, batch)))
            for _ in range(BUFFERS)
        ]
        self._held: int | None = None
        self._free: SimpleQueue[int | None] = SimpleQueue()  # buffers to fill; None ends the thread
        self._ready: SimpleQueue[int | BaseException] = SimpleQueue()
        for number in range(BUFFERS):
            self._free.put(number)
        self._thread = threading.Thread(
            target=_read_all,
            args=(
                dataset.read if augmenter is None else augmenter.read,
                order[start * batch :],
                batch,
                self._left,
                self._buffers,
                self._free,
                self._ready,
            ),
            name="linocut-batches",
            daemon=True,
        )
        self._thread.start()
        weakref.finalize(self, self._free.put, None)

    def __len__(self) -> int:
        """How many batches are left."""
        return self._left

    def __next__(self) -> Batch:
        """The next batch; the arrays of the one before are given back to be filled anew."""
        if self._left == 0:
            self.close()
            raise StopIteration
        if self._held is not None:
            self._free.put(self._held)
        got = self._ready.get()
        if isinstance(got, BaseException):
            self.close()
            raise got
        self._held = got
        self._left -= 1
        return self._buffers[got]

    def __enter__(self) -> Batches:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the thread; no batch is left. Closing twice does nothing."""
        self._left = 0
        self._free.put(None)
        self._thread.join()


def _read_all(
    read: Read,
    order: NDArray[np.int64],
    batch: int,
    count: int,
    buffers: list[Batch],
    free: SimpleQueue[int | None],
    ready: SimpleQueue[int | BaseException],
) -> None:
    """Fill `count` buffers in turn; runs in the thread, and holds no reference to the Batches."""
    try:
        for number in range(count):
            buffer = free.get()
            if buffer is None:
                return
            images, labels = buffers[buffer]
            indices = order[number * batch : (number + 1) * batch]
            rows = len(indices)
            read(indices, images[:rows], labels[:rows])
            images[rows:] = 0
            labels[rows:] = -1 if labels.ndim == 1 else np.nan
            ready.put(buffer)
    except BaseException as error:  # carried to the consumer
        ready.put(error)
