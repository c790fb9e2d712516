"""More data than is read, turned, unpacked or checked together: several chunks and a part of one."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from linocut.data import ArrayDataset, arrays, cache, records
from linocut.data.cifar10 import BATCHES, open_splits
from linocut.data.idx import IdxDataset
from linocut.errors import DataError, MachineError

RANDOM = np.random.default_rng(4)


def read(dataset, indices):
    indices = np.asarray(indices, np.int64)
    images, labels = np.zeros((len(indices), *dataset.shape), np.uint8), np.zeros(len(indices), np.int32)
    dataset.read(indices, images, labels)
    return images, labels


def test_records_of_which_more_are_read_than_are_turned_together(tmp_path):
    """Channels last, in any order, over the edges of files; the last file is read last of all."""
    counts = dict(zip(BATCHES, (150, 3, 1, 2, 4, 5), strict=True))
    kept = {name: RANDOM.integers(0, 256, (count, 3073), np.uint8) for name, count in counts.items()}
    for name, rows in kept.items():
        rows[:, 0] %= 10
        (tmp_path / f"{name}.bin").write_bytes(rows.tobytes())
    train, _ = open_splits(tmp_path)
    rows = np.concatenate([kept[name] for name in BATCHES[:5]])
    planes = rows[:, 1:].reshape(-1, 3, 32, 32)
    for count in (records.CHUNK - 1, records.CHUNK, records.CHUNK + 1, len(rows)):
        indices = RANDOM.permutation(len(rows))[:count]
        images, labels = read(train, indices)
        assert np.array_equal(images, planes[indices].transpose(0, 2, 3, 1))
        assert np.array_equal(labels, rows[indices, 0])


@pytest.mark.parametrize("count", [cache.CHUNK // 64, 3 * cache.CHUNK // 64 + 1])
def test_a_packed_file_of_more_bytes_than_are_unpacked_together(tmp_path, count):
    images = RANDOM.integers(0, 256, (count, 8, 8), np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    for name, array in (("images.gz", images), ("labels.gz", labels)):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (tmp_path / name).write_bytes(gzip.compress(head + array.tobytes()))
    given = {"name": "large", "classes": tuple("0123456789"), "cache": tmp_path / "cache"}
    found, truth = read(IdxDataset(tmp_path / "images.gz", tmp_path / "labels.gz", **given), range(count))
    assert np.array_equal(found[..., 0], images) and np.array_equal(truth, labels)


@pytest.mark.parametrize("place", [0, arrays.CHUNK - 1, arrays.CHUNK, 2 * arrays.CHUNK - 1, 2 * arrays.CHUNK, 599])
def test_numbers_that_cannot_be_wherever_they_are(place):
    images = np.zeros((600, 2, 2), np.float32)
    labels = np.zeros(600, int)
    ArrayDataset(images, labels).check_range(-1.0, 1.0)
    images[place, 1, 0] = 2.0
    with pytest.raises(DataError, match=rf"a value of example {place} is 2.0, must be -1.0 to 1.0"):
        ArrayDataset(images, labels).check_range(-1.0, 1.0)
    images[place, 1, 0] = np.inf
    with pytest.raises(DataError, match=rf"example {place} is inf at \(1, 0, 0\)"):
        ArrayDataset(images, labels)


def test_a_machine_that_fails_while_it_unpacks_is_named_as_it_is(tmp_path, monkeypatch):
    """The words are those of whoever found it, and nothing half-made stays."""

    def failing(source, part):
        part.write_bytes(b"half")
        raise MachineError("the disk is gone; check it")

    monkeypatch.setattr(cache, "_gunzip", failing)
    (tmp_path / "file.gz").write_bytes(gzip.compress(b"x"))
    with pytest.raises(MachineError, match=r"^the disk is gone; check it$"):
        cache.unpacked(tmp_path / "file.gz", lambda path: None, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
