"""Augmenter: reads examples changed at random, each by (seed, epoch, index) alone.

So neither the size of the batch nor threads nor an interruption change what an epoch is made of. Random numbers are
those of SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014), a stream
for each example.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data import pcg64
from linocut.data.augmentation import EDGE, Augmentation
from linocut.data.dataset import Box, Dataset, Dtype
from linocut.data.rotate import rotate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Draws = NDArray[np.uint64]

GREY: dict[Dtype, float] = {"u8": 127, "f32": 0.0}  # a u8 u means (2u - 255) / 255
STREAM, NOISES = 1, 2  # beside those that decide the order of an epoch
GAMMA = np.uint64(0x9E3779B97F4A7C15)
DOWN, ACROSS, MIRROR, CROP = 0, 1, 2, 3  # which number of a stream decides what
TRIES, PER_TRY = 10, 4
TURN = CROP + TRIES * PER_TRY
LEAST_AREA, LEAST_RATIO, MOST_RATIO = 0.08, 3 / 4, 4 / 3  # of a crop: its part of the image; width / height


class Augmenter:
    """The examples of `dataset` as epoch `epoch` (from 0) of a run with `seed` sees them."""

    def __init__(self, augmentation: Augmentation, dataset: Dataset, seed: int, epoch: int) -> None:
        """Keep them; DataError where the data set does not allow it."""
        augmentation.check_dataset(dataset)
        self._what, self._dataset = augmentation, dataset
        self._key = pcg64.raw([seed, epoch, STREAM], 1)[0]

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any]) -> None:
        """Like Dataset.read, but the examples are changed."""
        draws = random_numbers(self._key, indices, TURN + 1 if self._what.rotate else TURN if self._what.crop else CROP)
        if self._what.crop:
            self._dataset.read_crops(
                indices, images, labels, lambda row, height, width: crop_box(draws[row, CROP:], height, width)
            )
        else:
            self._dataset.read(indices, images, labels)
        if self._what.moves:
            self._move(images, draws)
        if self._what.rotate:
            rotate(images, self._what.rotate * (2 * _parts(draws[:, TURN]) - 1))
        if self._what.noise:
            self._add_noise(indices, images)

    def _add_noise(self, indices: NDArray[np.int64], images: NDArray[Any]) -> None:
        """To all numbers but those of steps that are all zeros; one example at a time, in a stream of its own."""
        key = pcg64.raw([int(self._key), NOISES], 1)[0]
        for index, image in zip(indices, images, strict=True):
            noise = normal_numbers(random_numbers(key, np.array([index]), image.size)[0]).reshape(image.shape)
            image += (self._what.noise * noise * (image != 0).any(axis=-1, keepdims=True)).astype(image.dtype)

    def _move(self, images: NDArray[Any], draws: Draws) -> None:
        """Shift and flip, in place: one image at a time, so that one image more is all the memory it takes."""
        _, height, width, _ = images.shape
        down = whole_numbers(draws[:, DOWN], self._what.distance(height)).tolist()
        across = whole_numbers(draws[:, ACROSS], self._what.distance(width)).tolist()
        mirrored = (draws[:, MIRROR] >> np.uint64(63)).astype(bool) if self._what.flip else np.zeros(len(images), bool)
        grey, scratch = GREY[self._dataset.dtype], np.empty(images.shape[1:], images.dtype)
        for image, y, x, mirror in zip(images, down, across, mirrored.tolist(), strict=True):
            if not (y or x or mirror):
                continue
            scratch[...] = image[:, ::-1] if mirror else image
            if (y or x) and self._what.fill == EDGE:
                rows, columns = (np.clip(np.arange(n) - d, 0, n - 1) for n, d in ((height, y), (width, x)))
                image[...] = scratch[rows[:, None], columns]
                continue
            if y or x:
                image[...] = grey
            image[max(y, 0) : height + y, max(x, 0) : width + x] = scratch[
                max(-y, 0) : height - y, max(-x, 0) : width - x
            ]


def random_numbers(key: np.uint64, indices: NDArray[np.int64], count: int) -> Draws:
    """The first `count` numbers of each example's stream, uint64 (n, count)."""
    own = _mix(key + (indices.astype(np.uint64) + np.uint64(1)) * GAMMA)
    return _mix(own[:, None] + np.arange(1, count + 1, dtype=np.uint64) * GAMMA)


def _mix(words: Draws) -> Draws:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def normal_numbers(draws: Draws) -> NDArray[np.float64]:
    """A number of mean 0 and variance 1 of each: the sum of four uniform ones of 16 bits, within 3.5 of 0."""
    total = sum(((draws >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.float64) for shift in (0, 16, 32, 48))
    return np.asarray((total - 2 * 65535) / 65536 * 3**0.5)


def _parts(draws: Draws) -> NDArray[np.float64]:
    """0 to 1, without 1."""
    return (draws >> np.uint64(11)) * 2.0**-53


def whole_numbers(draws: Draws, most: int) -> NDArray[np.int64]:
    """-most to most, each as probable (to within 2**-32)."""
    scaled = (draws >> np.uint64(32)) * np.uint64(2 * most + 1) >> np.uint64(32)
    return scaled.astype(np.int64) - most


def crop_box(draws: Draws, height: int, width: int) -> Box:
    """A random part of an image, by a stream's numbers (40); the middle where none of ten tries lies inside."""
    parts = _parts(draws).tolist()
    for place in range(0, TRIES * PER_TRY, PER_TRY):
        size, shape, down, across = parts[place : place + PER_TRY]
        area = height * width * (LEAST_AREA + size * (1 - LEAST_AREA))
        ratio = math.exp(math.log(LEAST_RATIO) + shape * (math.log(MOST_RATIO) - math.log(LEAST_RATIO)))
        high, wide = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
        if 0 < high <= height and 0 < wide <= width:
            top, left = int(down * (height - high + 1)), int(across * (width - wide + 1))
            return left, top, left + wide, top + high
    high = min(height, max(1, round(width / LEAST_RATIO)))
    wide = min(width, max(1, round(height * MOST_RATIO)))
    top, left = (height - high) // 2, (width - wide) // 2
    return left, top, left + wide, top + high
