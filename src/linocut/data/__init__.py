"""Data sets: named ones, folders of images and recordings, tables and arrays, and the batches made of them.

The names below are imported when they are first used: training on one kind of data loads no reader of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut.lazily import names

if TYPE_CHECKING:
    from linocut.data.arrays import ArrayDataset
    from linocut.data.augmentation import Augmentation, find_augmentation
    from linocut.data.batches import Batches, epoch_order
    from linocut.data.class_weights import balanced_weights
    from linocut.data.dataset import Dataset
    from linocut.data.download import get
    from linocut.data.floats_of_bytes import as_floats
    from linocut.data.gather import find_pictures
    from linocut.data.held_out import hold_out
    from linocut.data.images import read_image
    from linocut.data.loaded import Loaded
    from linocut.data.modulation import radio_signals
    from linocut.data.raw_arrays import from_arrays
    from linocut.data.registry import Available, available, is_image_folder, load, load_splits
    from linocut.data.subset import take
    from linocut.data.summary import Summary

__all__ = [
    "ArrayDataset",
    "Augmentation",
    "Available",
    "Batches",
    "Dataset",
    "Loaded",
    "Summary",
    "as_floats",
    "available",
    "balanced_weights",
    "epoch_order",
    "find_augmentation",
    "find_pictures",
    "from_arrays",
    "get",
    "hold_out",
    "is_image_folder",
    "load",
    "load_splits",
    "radio_signals",
    "read_image",
    "take",
]

_HOMES = {
    "linocut.data.arrays": ("ArrayDataset",),
    "linocut.data.floats_of_bytes": ("as_floats",),
    "linocut.data.augmentation": (
        "Augmentation",
        "find_augmentation",
    ),
    "linocut.data.batches": (
        "Batches",
        "epoch_order",
    ),
    "linocut.data.class_weights": ("balanced_weights",),
    "linocut.data.dataset": ("Dataset",),
    "linocut.data.download": ("get",),
    "linocut.data.gather": ("find_pictures",),
    "linocut.data.held_out": ("hold_out",),
    "linocut.data.images": ("read_image",),
    "linocut.data.loaded": ("Loaded",),
    "linocut.data.modulation": ("radio_signals",),
    "linocut.data.raw_arrays": ("from_arrays",),
    "linocut.data.registry": (
        "Available",
        "available",
        "is_image_folder",
        "load",
        "load_splits",
    ),
    "linocut.data.subset": ("take",),
    "linocut.data.summary": ("Summary",),
}
__getattr__ = names(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
