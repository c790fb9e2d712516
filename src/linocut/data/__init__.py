"""Data sets: named ones, folders of images and recordings, tables and arrays, and the batches made of them."""

from linocut.data.arrays import ArrayDataset
from linocut.data.augmentation import Augmentation, find_augmentation
from linocut.data.batches import Batches, epoch_order
from linocut.data.class_weights import balanced_weights
from linocut.data.dataset import Dataset
from linocut.data.download import get
from linocut.data.images import read_image
from linocut.data.raw_arrays import from_arrays
from linocut.data.registry import Available, available, is_image_folder, load
from linocut.data.subset import take
from linocut.data.summary import Summary

__all__ = [
    "ArrayDataset",
    "Augmentation",
    "Available",
    "Batches",
    "Dataset",
    "Summary",
    "available",
    "balanced_weights",
    "epoch_order",
    "find_augmentation",
    "from_arrays",
    "get",
    "is_image_folder",
    "load",
    "read_image",
    "take",
]
