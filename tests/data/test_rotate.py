"""rotate: beside Pillow's, and by what a turn does to a ramp, whose value anywhere is known."""

import numpy as np
import pytest
from PIL import Image

from linocut.data import ArrayDataset, find_augmentation
from linocut.data.augment import Augmenter
from linocut.data.rotate import AT_ONCE, rotate

RANDOM = np.random.default_rng(4)


@pytest.mark.parametrize("shape", [(28, 28, 1), (31, 18, 3)])
def test_beside_pillow(shape):
    """Inside, where both see the image: to 2 of 255, as weights are rounded otherwise."""
    images = RANDOM.integers(0, 256, (40, *shape), np.uint8)
    degrees = RANDOM.uniform(-45, 45, 40)
    got = images.copy()
    rotate(got, degrees)
    down, across = (np.arange(n) - (n - 1) / 2 for n in shape[:2])
    inside = np.hypot(down[:, None], across[None, :]) < min(shape[:2]) / 2 - 2
    for image, turned, angle in zip(images, got, degrees, strict=True):
        for channel in range(shape[2]):
            theirs = np.asarray(Image.fromarray(image[..., channel]).rotate(-angle, Image.Resampling.BILINEAR), int)
            off = np.abs(turned[..., channel] - theirs)[inside]
            assert off.max() <= 3 and off.mean() < 1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_ramp_becomes_the_ramp_of_the_turned_place(dtype):
    """The middle stays where it is; no turn changes nothing; more images than are turned at once are all turned."""
    height, width = 41, 33
    down, across = (np.arange(n) - (n - 1) / 2 for n in (height, width))
    ramp = (128 + 2 * down[:, None] + across[None, :]).astype(dtype)
    count = AT_ONCE // ramp.size + 3
    images, degrees = np.repeat(ramp[None, :, :, None], count, 0), np.linspace(-45, 45, count)
    degrees[5] = 0
    rotate(images, degrees)
    assert np.array_equal(images[5, ..., 0], ramp)
    near = np.hypot(down[:, None], across[None, :]) < 15
    for image, angle in zip(images[..., 0], np.deg2rad(degrees), strict=True):
        rows = np.cos(angle) * down[:, None] - np.sin(angle) * across[None, :]
        columns = np.sin(angle) * down[:, None] + np.cos(angle) * across[None, :]
        expected = 128 + 2 * rows + columns
        assert np.abs(image - expected)[near].max() < (0.52 if dtype is np.uint8 else 0.02)


def test_plain_ground_stays_plain():
    images = np.full((7, 9, 9, 2), 200, np.uint8)
    rotate(images, np.linspace(-45, 45, 7))
    assert (images == 200).all()


def test_an_epoch_turns_each_example_by_its_own_angle():
    """By seed, epoch and index alone; what else is done does not decide it. All angles come up."""
    spoke = np.zeros((21, 21, 1), np.uint8)
    spoke[10, 10:] = 255
    dataset = ArrayDataset(np.repeat(spoke[None], 300, 0), np.zeros(300, np.int32))

    def read(what, indices, epoch=1):
        images = np.empty((len(indices), 21, 21, 1), np.uint8)
        Augmenter(find_augmentation(what), dataset, 3, epoch).read(
            np.array(indices), images, np.empty(len(indices), np.int32)
        )
        return images

    whole = read("rotate=30", range(300))
    assert np.array_equal(read("rotate=30", [17, 4]), whole[[17, 4]])
    assert not np.array_equal(read("rotate=30", range(300), epoch=2), whole)
    places = whole[..., 0].astype(float)
    rows = (places * (np.arange(21) - 10)[:, None]).sum((1, 2)) / places.sum((1, 2))
    columns = (places * (np.arange(21) - 10)[None, :]).sum((1, 2)) / places.sum((1, 2))
    angles = np.rad2deg(np.arctan2(rows, columns))
    assert angles.min() < -27 and angles.max() > 27 and np.abs(angles).max() < 31
    assert abs(angles.mean()) < 5 and 14 < angles.std() < 21  # even: 30 / sqrt(3) is 17.3
