"""LabelledImages: images of bytes in files, whose labels alone are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linocut.data.dataset import Dataset, Dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LabelledImages(Dataset):
    """Images u8 of `shape` (height, width, channels) that are read when they are asked for."""

    dtype: Dtype = "u8"

    def __init__(self, name: str, shape: tuple[int, ...], classes: tuple[str, ...], labels: NDArray[Any]) -> None:
        """Keep what they are; `labels` (n,) are those of all of them, integers of any width."""
        self.name = name
        self.shape = shape
        self.classes = classes
        self._labels = labels

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self._labels)

    @property
    def labels(self) -> NDArray[Any]:
        """Those of all examples; see Dataset.labels."""
        return self._labels
