"""Pictures: what people have of them (paths, Pillow's, arrays of any size) as the examples that a network takes."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from linocut.data.arrays import as_array
from linocut.data.dataset import Dataset, Resizing
from linocut.data.images import fitted, read_image
from linocut.errors import DataError
from linocut.graph.inference import InferenceGraph, InputCoding

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from PIL.Image import Image

    Picture: TypeAlias = str | os.PathLike[str] | Image | NDArray[Any]
    Pictures: TypeAlias = Picture | Sequence[Picture] | ArrayLike | Dataset

CHANNELS = (1, 3, 4)  # of an array that can be one picture: grey, colours, colours and opacity


def as_examples(given: Pictures, graph: InferenceGraph, resizing: Resizing) -> ArrayLike | Dataset:
    """Pictures as an array (n, *shape) of what a network reads; anything else as it is.

    One picture is a path, a picture of Pillow's, or an array of bytes (height, width) or (height, width, channels) of a
    size other than the network's; several are a list of these. They are converted and brought to size as training's
    were. An array of examples is none: it must have their shape; nor is one of rows as long as an example has values,
    which are examples that were made flat. DataError for pictures where the network does not take them.
    """
    if isinstance(given, Dataset):
        return given
    if _is_named(given) or _is_array(given, graph.input):
        return _read(given, graph, resizing)[None]
    if isinstance(given, (list, tuple)) and any(_is_named(one) or _is_array(one, graph.input) for one in given):
        return np.stack([_read(one, graph, resizing) for one in given])
    return cast("ArrayLike | Dataset", given)


def _is_named(given: object) -> bool:
    """Whether it is a path or a picture of Pillow's, which is not imported to tell."""
    return isinstance(given, (str, os.PathLike)) or any(
        kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(given).__mro__
    )


def _is_array(given: object, source: InputCoding) -> bool:
    """Whether it is an array of one picture that has to be converted or brought to size."""
    shape = source.shape
    if not isinstance(given, np.ndarray) or given.dtype != np.uint8 or not source.is_bytes or len(shape) != 3:
        return False
    if not (given.ndim == 2 or (given.ndim == 3 and given.shape[2] in CHANNELS)) or 0 in given.shape:
        return False
    if given.ndim == 2 and given.shape[1] == math.prod(shape):
        return False
    grey = shape[2] == 1
    return not (given.shape == shape or (grey and shape[:2] in (given.shape, given.shape[1:])))


def _read(given: Any, graph: InferenceGraph, resizing: Resizing) -> NDArray[np.uint8]:
    """One picture as an example (*shape)."""
    shape = graph.input.shape
    if not graph.input.is_bytes:
        raise DataError(f"network {graph.name} takes {graph.input.dtype} values, not pictures; give it arrays")
    if isinstance(given, (str, os.PathLike)):
        return read_image(os.fspath(given), shape, resizing)
    if not _is_named(given):
        given = _as_picture(given)
    return fitted(given, shape, resizing)


def _as_picture(given: Any) -> Image:
    from PIL import Image

    array = as_array(given, "a picture's pixels")
    if array.dtype != np.uint8 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS)):
        raise DataError(
            f"a picture is an array of {array.dtype} {array.shape}, must be uint8 (height, width) or "
            "(height, width, 1, 3 or 4 channels)"
        )
    return Image.fromarray(np.ascontiguousarray(array[..., 0] if array.shape[2:] == (1,) else array))
