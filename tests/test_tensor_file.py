"""Tensor files: what is written is read back, by us and by safetensors itself, and damage is named."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from linocut import RunError, tensor_file
from linocut.tensor_file import Tensor, TensorFile

ARRAYS = {
    "a": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "none": np.empty((0, 4), np.float32),
    "c": np.array([[-1, 2**31 - 1]], np.int32),
    "words": np.array([2**64 - 1], np.uint64),
}


@pytest.fixture
def path(tmp_path):
    tensor_file.save(tmp_path / "file", ARRAYS, "kind", 1, {"x": [1]})
    return tmp_path / "file"


def test_what_was_saved_is_read(path):
    file = TensorFile(path, "kind", 1)
    assert file.description == {"x": [1]}
    for name, array in ARRAYS.items():
        found = file.read(name, array.shape, array.dtype.type)
        assert np.array_equal(found, array) and found.dtype == array.dtype
        assert np.array_equal(load_file(path)[name], array)


def test_what_safetensors_saved_is_read(tmp_path):
    metadata = {"format": "kind", "version": "1", "description": "{}"}
    save_file({**ARRAYS, "other": np.zeros(3, np.float16)}, tmp_path / "file", metadata)
    file = TensorFile(tmp_path / "file", "kind", 1)
    for name, array in ARRAYS.items():
        assert np.array_equal(file.read(name, array.shape, array.dtype.type), array)
    with pytest.raises(RunError, match=r"tensor 'other' is F16 \(3,\), must be float32 \(3,\)"):
        file.check("other", (3,), np.float32)


def test_parts_that_are_made_one_after_the_other(tmp_path):
    heads = [Tensor("a", (4, 2), np.uint8), Tensor("b", (3,), np.float32)]
    parts = iter([np.full((1, 2), 1, np.uint8), np.full((3, 2), 2, np.uint8), np.ones(3, np.float32)])
    tensor_file.write(tmp_path / "file", heads, parts, "kind", 1, {})
    file = TensorFile(tmp_path / "file", "kind", 1)
    assert file.read("a", (4, 2), np.uint8).tolist() == [[1, 1], [2, 2], [2, 2], [2, 2]]
    assert file.read("b", (3,), np.float32).tolist() == [1, 1, 1]


def test_a_file_that_is_replaced_is_read_as_it_was(path):
    file = TensorFile(path, "kind", 1)
    tensor_file.save(path, {"a": ARRAYS["a"] + 1}, "kind", 1, {})
    assert np.array_equal(file.read("a", (2, 3), np.uint8), ARRAYS["a"])


def test_a_file_that_is_cut_while_it_is_read(path):
    file = TensorFile(path, "kind", 1)
    with open(path, "r+b") as cut:
        cut.truncate(path.stat().st_size - 1)
    with pytest.raises(RunError, match=r"tensor 'words' is not whole; it is damaged"):
        file.read("words", (1,), np.uint64)


def changed(header, name, **values):
    return {**header, name: {**header[name], **values}}


@pytest.mark.parametrize(
    "change",
    [
        lambda h: [],
        lambda h: {**h, "__metadata__": {"format": 1}},
        lambda h: {**h, "__metadata__": []},
        lambda h: {**h, "a": 5},
        lambda h: {**h, "a": {"dtype": "U8", "shape": [2, 3]}},
        lambda h: {name: entry for name, entry in h.items() if name != "a"},  # a gap
        lambda h: {name: entry for name, entry in h.items() if name != "words"},  # bytes behind the last
        lambda h: changed(h, "a", data_offsets=[0, 7], shape=[7]),  # an overlap
        lambda h: changed(h, "a", data_offsets=[6, 0]),
        lambda h: changed(h, "a", data_offsets=[-6, 0]),
        lambda h: changed(h, "a", data_offsets=[0]),
        lambda h: changed(h, "a", data_offsets=[0, 6.0]),
        lambda h: changed(h, "a", data_offsets=[0, 10**30]),
        lambda h: changed(h, "a", shape=[2, 4]),
        lambda h: changed(h, "a", shape=[-2, -3]),
        lambda h: changed(h, "a", shape=[True, 6]),
        lambda h: changed(h, "a", shape=6),
        lambda h: changed(h, "a", dtype=["U8"]),
        lambda h: changed(h, "words", dtype="I32"),
    ],
)
def test_a_header_that_is_not_as_written(path, change):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    text = json.dumps(change(json.loads(data[8 : 8 + size]))).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
    with pytest.raises(RunError, match=r"cannot be read: .*; it is damaged, or not a file of linocut's"):
        TensorFile(path, "kind", 1)


@pytest.mark.parametrize("data", [b"", b"1234567", b"\xff" * 8, b"\xff" * 64, (9).to_bytes(8, "little") + b"{" * 9])
def test_no_header_at_all(tmp_path, data):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(RunError, match="cannot be read"):
        TensorFile(tmp_path / "file", "kind", 1)
    with pytest.raises(RunError, match="cannot be read"):
        TensorFile(tmp_path, "kind", 1)
