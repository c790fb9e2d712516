"""ArrayDataset and take: what is accepted, what is read, and the text of each refusal."""

import numpy as np
import pytest

from linocut.data import ArrayDataset, Dataset, take
from linocut.data.dataset import evenly, some_floats
from linocut.errors import DataError


def read(dataset: Dataset, indices: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """What `dataset` has at `indices`."""
    dtype = {"u8": np.uint8, "f32": np.float32}[dataset.dtype]
    images, labels = np.zeros((len(indices), *dataset.shape), dtype), np.zeros(len(indices), np.int32)
    dataset.read(np.array(indices, np.int64), images, labels)
    return images, labels


@pytest.mark.parametrize(("shape", "expected"), [((5, 7), (7,)), ((5, 3, 2), (3, 2, 1)), ((5, 3, 2, 3), (3, 2, 3))])
@pytest.mark.parametrize(
    ("dtype", "kept"), [("uint8", "u8"), ("float32", "f32"), ("float64", "f32"), ("float16", "f32")]
)
def test_reads_what_was_given(shape, expected, dtype, kept):
    """Rows come back in the order asked for, repeats included."""
    given = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    dataset = ArrayDataset(given, np.array([0, 2, 1, 0, 1], np.uint8))
    assert (len(dataset), dataset.shape, dataset.dtype) == (5, expected, kept)
    assert dataset.classes == ("0", "1", "2")
    images, labels = read(dataset, [4, 0, 4, 1])
    assert np.array_equal(images, given.reshape(5, *expected)[[4, 0, 4, 1]])
    assert labels.tolist() == [1, 0, 1, 2]


def test_arrays_that_need_no_conversion_are_not_copied():
    """The caller's memory is the only one."""
    for dtype in (np.uint8, np.float32):
        given = np.zeros((4, 3), dtype)
        dataset = ArrayDataset(given, [0, 1, 0, 1])
        given[2] = 7
        assert read(dataset, [2])[0].tolist() == [[7, 7, 7]]


ONES = np.ones((3, 4), np.uint8)
NAN = np.ones((300, 2, 2), np.float32)
NAN[299, 1, 0] = np.nan
HUGE = np.ones((3, 4))
HUGE[1, 3] = 1e300


@pytest.mark.parametrize(
    ("images", "labels", "classes", "message"),
    [
        (ONES.astype(np.int64), [0, 1, 0], None, "images have dtype int64, must be uint8 .*astype"),
        (ONES[0], [0, 1, 0], None, r"images have shape \(4,\), must be \(n, features\)"),
        (ONES[:0], [], None, r"images have shape \(0, 4\)"),
        (NAN, np.zeros(300, int), None, r"example 299 is nan at \(1, 0, 0\), must be a finite float32"),
        (HUGE, [0, 1, 0], None, r"example 1 is inf at \(3\), must be a finite float32"),
        (ONES, [0.0, 1.0, 0.0], None, "labels have dtype float64, must be integers"),
        (ONES, [0, 1], None, r"labels have shape \(2,\), must be \(3,\)"),
        (ONES, [[0], [1], [0]], None, r"labels have shape \(3, 1\), must be \(3,\)"),
        (ONES, [0, -1, 0], None, "label of example 1 is -1, must be 0 or more"),
        (ONES, [0, 0, 2**40], None, "label of example 2 is 1099511627776"),
        (ONES, [0, 1, 2], ("a", "b"), r"label of example 2 is 2, must be 0 to 1 \(2 classes\)"),
    ],
)
def test_refuses(images, labels, classes, message):
    """Each message names the value and the bound."""
    with pytest.raises(DataError, match=message):
        ArrayDataset(images, labels, classes)


@pytest.mark.parametrize("place", [0, 255, 256, 511, 700])
@pytest.mark.parametrize("value", [-1.25, 1.25])
def test_a_value_out_of_range_in_any_piece(place, value):
    images = np.zeros((701, 3), np.float32)
    images[place, 2] = value
    dataset = ArrayDataset(images, np.arange(701) % 2)
    dataset.check_range(-2, 2)
    with pytest.raises(DataError, match=f"a value of example {place} is {value}, must be -1 to 1; scale the data"):
        dataset.check_range(-1, 1)


GAP = np.ma.masked_array(ONES, ONES > 9)
GAP[1, 2] = np.ma.masked


@pytest.mark.parametrize(
    ("images", "labels", "what"),
    [
        (GAP, [0, 1, 0], "images"),
        (GAP.astype(np.float32), [0, 1, 0], "images"),
        (list(GAP), [0, 1, 0], "images"),
        (ONES, np.ma.masked_array([0, 1, 0], [False, True, False]), "labels"),
        (ONES, [0, np.ma.masked, 1], "labels"),
    ],
)
def test_masked_values_are_refused(images, labels, what):
    """What lies beneath a mask would be learned."""
    with pytest.raises(DataError, match=f"arrays: {what} have masked elements; fill them"):
        ArrayDataset(images, labels)


def test_masked_arrays_without_masked_values_are_arrays():
    dataset = ArrayDataset(np.ma.masked_array(ONES * 7), np.ma.masked_array([0, 1, 0]))
    images, labels = read(dataset, [2, 1])
    assert (images == 7).all() and labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("indices", "images", "labels", "message"),
    [
        ([3], ((1, 4), "u1"), "i4", "example 3 does not exist, indices are 0 to 2"),
        ([0, -1], ((2, 4), "u1"), "i4", "example -1 does not exist"),
        ([0], ((2, 4), "u1"), "i4", r"images to read into are uint8 \(2, 4\), must be uint8 \(1, 4\)"),
        ([0], ((1, 4), "f4"), "i4", r"images to read into are float32 \(1, 4\), must be uint8"),
        ([0], ((1, 4), "u1"), "i8", "labels to read into are int64"),
    ],
)
def test_read_refuses(indices, images, labels, message):
    """Outputs that do not fit are named, not written."""
    with pytest.raises(DataError, match=message):
        ArrayDataset(ONES, [0, 1, 0]).read(
            np.array(indices, np.int64), np.zeros(*images), np.zeros(len(indices), labels)
        )


def test_take_gives_the_first_examples():
    """The limit is an upper bound; the classes stay."""
    dataset = ArrayDataset(np.arange(12, dtype=np.uint8).reshape(6, 2), [0, 0, 0, 0, 0, 2])
    few = take(dataset, 4)
    assert (len(few), few.shape, few.dtype, few.classes) == (4, (2,), "u8", ("0", "1", "2"))
    assert read(few, [3, 1])[0].tolist() == [[6, 7], [2, 3]]
    with pytest.raises(DataError, match="example 4 does not exist, indices are 0 to 3"):
        read(few, [4])
    assert take(dataset, 6) is take(dataset, None) is take(dataset, 1000) is dataset
    with pytest.raises(DataError, match="limit is 0, must be 1 or more"):
        take(dataset, 0)


def test_places_that_are_equally_far_from_each_other_reach_all_classes_of_a_sorted_folder() -> None:
    assert evenly(10, 3).tolist() == [0, 3, 6] and evenly(2, 8).tolist() == [0, 1]
    dataset = ArrayDataset(np.arange(12, dtype=np.float32)[:, None], np.repeat(np.arange(4), 3), tuple("abcd"))
    assert some_floats(dataset, 4)[:, 0].tolist() == [0.0, 3.0, 6.0, 9.0]
