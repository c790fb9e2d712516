"""Augmentation: what it may do to an example, that it does so evenly, and by (seed, epoch, index) alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linocut.data import ArrayDataset, Augmentation, Batches, epoch_order, find_augmentation, load, take
from linocut.data.augment import Augmenter, crop_box, random_numbers, whole_numbers
from linocut.data.augmentation import from_dict
from linocut.errors import DataError, SpecError

RANDOM = np.random.default_rng(12)
IMAGES = RANDOM.integers(0, 256, (60, 20, 14, 3), np.uint8)  # shifted by up to 3 and 2
DATA = ArrayDataset(IMAGES, np.arange(60) % 7)


def read(dataset, what, indices, seed=5, epoch=2) -> np.ndarray:
    indices = np.asarray(indices, np.int64)
    images = np.empty((len(indices), *dataset.shape), np.uint8 if dataset.dtype == "u8" else np.float32)
    labels = np.empty(len(indices), np.int32)
    Augmenter(find_augmentation(what), dataset, seed, epoch).read(indices, images, labels)
    assert labels.tolist() == (indices % 7).tolist()
    return images


def moved(image: np.ndarray, y: int, x: int, mirror: bool, grey: float) -> np.ndarray:
    """What one image becomes, pixel by pixel."""
    height, width, _ = image.shape
    out = np.full_like(image, grey)
    for row in range(height):
        for column in range(width):
            if 0 <= row - y < height and 0 <= column - x < width:
                out[row, column] = image[row - y, (width - 1 - (column - x)) if mirror else column - x]
    return out


def found(image: np.ndarray, got: np.ndarray, grey: float) -> tuple[int, int, bool]:
    """The one move that was made."""
    moves = [(y, x, mirror) for y in range(-3, 4) for x in range(-2, 3) for mirror in (False, True)]
    (move,) = [move for move in moves if np.array_equal(moved(image, *move, grey), got)]
    return move


@pytest.mark.parametrize("dtype", ["u8", "f32"])
def test_moves_and_mirrors(dtype):
    """Every example is one of the 35 places by 2; the rest of it is middle grey; all places come up."""
    images = IMAGES if dtype == "u8" else IMAGES.astype(np.float32) / 7 + 1
    dataset, grey = ArrayDataset(images, np.arange(60) % 7), 127 if dtype == "u8" else 0
    moves = [found(image, got, grey) for image, got in zip(images, read(dataset, "shift,flip", range(60)), strict=True)]
    assert {y for y, _, _ in moves} == set(range(-3, 4)) and {x for _, x, _ in moves} == set(range(-2, 3))
    assert 15 <= sum(mirror for _, _, mirror in moves) <= 45
    only = [found(image, got, grey) for image, got in zip(images, read(dataset, "shift", range(60)), strict=True)]
    assert only == [(y, x, False) for y, x, _ in moves]  # what one change does, another does not decide
    only = [found(image, got, grey) for image, got in zip(images, read(dataset, "flip", range(60)), strict=True)]
    assert only == [(0, 0, mirror) for _, _, mirror in moves]
    assert np.array_equal(read(dataset, "none", range(60)), images)


def test_distances_are_even():
    """-4 to 4 for CIFAR-10's 32 pixels; each as often as the others to within 5 standard deviations."""
    assert [find_augmentation("shift").distance(size) for size in (32, 28, 20, 6, 40)] == [4, 4, 3, 0, 6]
    draws = random_numbers(np.uint64(9), np.arange(90_000), 3)
    for column in range(3):
        counts = np.bincount(whole_numbers(draws[:, column], 4) + 4, minlength=9)
        assert len(counts) == 9 and (np.abs(counts - 10_000) < 5 * 100).all()
    assert abs(int((draws[:, 2] >> np.uint64(63)).sum()) - 45_000) < 5 * 150
    assert len(np.unique(draws)) == draws.size


def test_depends_on_seed_epoch_and_example_alone():
    """Not on the batch, its order or its size; each epoch and each seed has its own."""
    whole = read(DATA, "shift,flip", range(60))
    order = epoch_order(1, 1, 60)
    for batch in (1, 7, 60):
        augmenter = Augmenter(find_augmentation("shift,flip"), DATA, 5, 2)
        with Batches(DATA, order, batch, start=2 if batch == 7 else 0, augmenter=augmenter, pad=True) as batches:
            got = np.concatenate([images.copy() for images, _ in batches])
        expected = whole[order][14 if batch == 7 else 0 :]
        assert np.array_equal(got[: len(expected)], expected) and not got[len(expected) :].any()
    assert np.array_equal(read(take(DATA, 30), "shift,flip", range(30)), whole[:30])
    for seed, epoch in ((5, 3), (6, 2), (2, 5)):
        assert not np.array_equal(read(DATA, "shift,flip", range(60), seed, epoch), whole)


def splitmix64(state: int, count: int) -> list[int]:
    """The published generator, in whole numbers."""
    out, mask = [], 2**64 - 1
    for _ in range(count):
        state = state + 0x9E3779B97F4A7C15 & mask
        word = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
        word = (word ^ word >> 27) * 0x94D049BB133111EB & mask
        out.append(word ^ word >> 31)
    return out


def test_numbers_are_those_of_splitmix64():
    """They may never change, as runs are resumed by them: example i has the stream seeded by number i of the key's."""
    assert splitmix64(0, 1) == [0xE220A8397B1DCDAF]
    for key in (0, 2**64 - 5):
        draws = random_numbers(np.uint64(key), np.array([0, 1, 7]), 40)
        assert draws.tolist() == [splitmix64(splitmix64(key, 8)[index], 40) for index in (0, 1, 7)]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 1000))
def test_crops_lie_inside(height, width, index):
    """In whole pixels, 8 % to all of the image; 3:4 to 4:3 where the image allows it."""
    left, top, right, bottom = crop_box(random_numbers(np.uint64(3), np.array([index]), 40)[0], height, width)
    assert 0 <= left < right <= width and 0 <= top < bottom <= height
    high, wide = bottom - top, right - left
    if min(height, width) >= 40 and 0.75 <= width / height <= 4 / 3:
        assert 0.07 <= high * wide / (height * width) <= 1
        assert 0.7 <= wide / high <= 1.42


def test_crops_are_everywhere():
    boxes = np.array([crop_box(draws, 300, 400) for draws in random_numbers(np.uint64(3), np.arange(2000), 40)])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / 120_000
    assert areas.min() < 0.1 and areas.max() > 0.9 and 0.38 < areas.mean() < 0.5
    assert boxes[:, 0].min() == 0 and boxes[:, 2].max() == 400 and boxes[:, 3].max() == 300


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("shift,flip", Augmentation(0.15, True), "shift,flip"),
        (" flip , shift", Augmentation(0.15, True), "shift,flip"),
        ("crop", Augmentation(crop=True), "crop"),
        ("none", Augmentation(), "none"),
        ("", Augmentation(), "none"),
        (None, Augmentation(), "none"),
        (Augmentation(0.25), Augmentation(0.25), "shift=0.25"),
        ("rotate, shift,edge", Augmentation(0.15, rotate=10, fill="edge"), "shift,rotate,edge"),
        ("shift=0.04,rotate=8.5", Augmentation(0.04, rotate=8.5), "shift=0.04,rotate=8.5"),
    ],
)
def test_is_found(text, expected, shown):
    """By names, or as it is; shown as it is given."""
    assert find_augmentation(text) == expected
    assert str(expected) == shown
    assert bool(expected) == (shown != "none")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (
            "shift,flop",
            "no augmentation is called 'flop'; there are shift, flip, crop, rotate, edge, noise; did you mean",
        ),
        ("shift,", "no augmentation is called ''"),
        (3, "augment is int; give a text such as"),
        ("edge", "edge says how what a shift leaves is filled, but there is none; add shift"),
        ("flip=2", "augmentation flip has the size '2', but takes none; only shift, rotate and noise do"),
        ("shift=wide", "the size of shift is 'wide', must be a number, such as shift=0.1"),
    ],
)
def test_refuses_unknown_names(what, message):
    with pytest.raises(SpecError, match=message):
        find_augmentation(what)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shift": 0.6}, "shift is 0.6, must be 0 to 0.5"),
        ({"shift": float("nan")}, "shift is nan"),
        ({"shift": True}, "shift is True"),
        ({"shift": "0.1"}, "shift is '0.1'"),
        ({"flip": 1}, "flip is 1, must be True or False"),
        ({"rotate": 46}, "rotate is 46, must be 0 to 45 degrees, such as 10"),
        ({"rotate": float("nan")}, "rotate is nan"),
        ({"shift": 0.1, "fill": "black"}, "fill is 'black', must be grey or edge"),
    ],
)
def test_refuses_settings(given, message):
    with pytest.raises(SpecError, match=message):
        Augmentation(**given)


def test_shifts_filled_from_the_edges():
    """The image, its border repeated, seen through a window that moves: the same moves as with grey."""
    for image, got, grey in zip(
        IMAGES, read(DATA, "shift,edge", range(60)), read(DATA, "shift", range(60)), strict=True
    ):
        y, x, _ = found(image, grey, 127)
        padded = np.pad(image, ((3, 3), (2, 2), (0, 0)), "edge")
        assert np.array_equal(got, padded[3 - y : 23 - y, 2 - x : 16 - x])


def test_is_kept_as_older_linocuts_wrote_it():
    """Where nothing newer is asked for; and read back where it is."""
    assert Augmentation(0.15, True).to_dict() == {"shift": 0.15, "flip": True, "crop": False}
    newer = Augmentation(0.04, rotate=8, fill="edge")
    assert from_dict(newer.to_dict()) == newer


def test_refuses_what_spoils_the_data():
    """Mirrored digits, crops of what has no images, and vectors."""
    digits = load("digits")[0]
    for dataset in (digits, take(digits, 5)):
        with pytest.raises(DataError, match="shift,flip, but mirrored examples of digits are none of their class"):
            Augmenter(find_augmentation("shift,flip"), dataset, 0, 0)
    with pytest.raises(DataError, match="augmentation is crop, but arrays has no images to crop, only folders"):
        Augmenter(find_augmentation("crop"), DATA, 0, 0)
    with pytest.raises(DataError, match="arrays has no images to crop"):
        DATA.read_crops(np.arange(1), IMAGES[:1], np.zeros(1, np.int32), lambda *_: (0, 0, 1, 1))
    with pytest.raises(SpecError, match=r"augmentation is flip, but the network takes examples of shape \(9,\), must"):
        find_augmentation("flip").check_shape((9,))
    find_augmentation("none").check_shape((9,))
