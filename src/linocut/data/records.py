"""RecordDataset: images of one size in files of records, read record by record and never held whole."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import check_read
from linocut.data.disk import fill, open_readonly
from linocut.data.labelled import LabelledImages

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 64  # examples turned from channels first to channels last together: keeps the scratch small


@dataclass(frozen=True)
class Block:
    """`count` examples in a file; the pixels of example i begin at byte start + i * stride."""

    path: Path
    count: int
    start: int
    stride: int


class RecordDataset(LabelledImages):
    """The examples of `blocks`, one after the other, u8 of `shape` (height, width, channels).

    Only `labels` (n,) u8 and the open files are held. `planar`: the files have channel, row, column instead
    of row, column, channel. DataError where a file cannot be opened.
    """

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        shape: tuple[int, int, int],
        blocks: Sequence[Block],
        labels: NDArray[np.uint8],
        *,
        planar: bool = False,
        handed: bool = False,
    ) -> None:
        """Open the files."""
        super().__init__(name, shape, classes, labels)
        self.handed = handed
        self._planar = planar
        self._blocks = tuple(blocks)
        self._ends = np.cumsum([block.count for block in blocks])
        self._files: list[int] = []
        weakref.finalize(self, _close, self._files)
        for block in blocks:
            self._files.append(open_readonly(block.path))

    def __reduce__(self) -> tuple[Callable[..., RecordDataset], tuple[Any, ...]]:
        """For pickle and copy: the files are opened anew; the number of an open one means nothing there."""
        given = self.name, self.classes, self.shape, self._blocks, self._labels
        return partial(RecordDataset, planar=self._planar, handed=self.handed), given

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32]) -> None:
        """Read the records at `indices`; see Dataset.read."""
        check_read(self, indices, images, labels)
        labels[...] = self._labels[indices]
        if not self._planar:
            self._fill(indices, images)
            return
        height, width, channels = self.shape
        scratch = np.empty((min(CHUNK, len(indices)), channels, height, width), np.uint8)
        for first in range(0, len(indices), CHUNK):
            rows = images[first : first + CHUNK]
            planes = scratch[: len(rows)]
            self._fill(indices[first : first + CHUNK], planes)
            rows[...] = planes.transpose(0, 2, 3, 1)

    def _fill(self, indices: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """The pixels of the records, as they lie in the files."""
        size, view = math.prod(self.shape), out.reshape(-1).data
        of_block = np.searchsorted(self._ends, indices, side="right").tolist()
        for row, (index, number) in enumerate(zip(indices.tolist(), of_block, strict=True)):
            block = self._blocks[number]
            within = index - (int(self._ends[number]) - block.count)
            place = block.start + within * block.stride
            fill(self._files[number], view[row * size : (row + 1) * size], place, block.path)


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)
