"""Tensor files: what is written is read back, by us and by safetensors itself, and damage is named."""

import time
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from checksums import joined, mended, split
from safetensors.numpy import load_file, save_file

from linocut import MachineError, RunError, tensor_file
from linocut.tensor_file import CHUNK, Tensor, TensorFile

ARRAYS: dict[str, Any] = {
    "a": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "none": np.empty((0, 4), np.float32),
    "c": np.array([[-1, 2**31 - 1]], np.int32),
    "words": np.array([2**64 - 1], np.uint64),
}


@pytest.fixture
def path(tmp_path):
    tensor_file.save(tmp_path / "file", ARRAYS, "kind", 2, {"x": [1]})
    return tmp_path / "file"


def test_what_was_saved_is_read(path):
    file = TensorFile(path, "kind", 2)
    assert file.description == {"x": [1]}
    for name, array in ARRAYS.items():
        found = file.read(name, array.shape, array.dtype.type)
        assert np.array_equal(found, array) and found.dtype == array.dtype
        assert np.array_equal(load_file(path)[name], array)


def test_what_safetensors_saved_is_read(tmp_path):
    metadata = {"format": "kind", "version": "1", "description": "{}"}
    save_file({**ARRAYS, "other": np.zeros(3, np.float16)}, tmp_path / "file", metadata)
    file = TensorFile(tmp_path / "file", "kind", 2)
    for name, array in ARRAYS.items():
        assert np.array_equal(file.read(name, array.shape, array.dtype.type), array)
    with pytest.raises(RunError, match=r"tensor 'other' is F16 \(3,\), must be float32 \(3,\)"):
        file.check("other", (3,), np.float32)


def test_parts_that_are_made_one_after_the_other(tmp_path):
    heads = [Tensor("a", (4, 2), np.uint8), Tensor("b", (3,), np.float32)]
    parts = iter([np.full((1, 2), 1, np.uint8), np.full((3, 2), 2, np.uint8), np.ones(3, np.float32)])
    tensor_file.write(tmp_path / "file", heads, parts, "kind", 2, {})
    file = TensorFile(tmp_path / "file", "kind", 2)
    assert file.read("a", (4, 2), np.uint8).tolist() == [[1, 1], [2, 2], [2, 2], [2, 2]]
    assert file.read("b", (3,), np.float32).tolist() == [1, 1, 1]


def test_a_file_that_is_replaced_is_read_as_it_was(path):
    file = TensorFile(path, "kind", 2)
    tensor_file.save(path, {"a": ARRAYS["a"] + 1}, "kind", 2, {})
    assert np.array_equal(file.read("a", (2, 3), np.uint8), ARRAYS["a"])


def test_a_file_that_is_cut_while_it_is_read(path):
    file = TensorFile(path, "kind", 2)
    with open(path, "r+b") as cut:
        cut.truncate(path.stat().st_size - 5)  # 4 are the checksum's
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
        lambda h: {name: entry for name, entry in h.items() if name != "crc32"},  # bytes behind the last
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
    header, tensors = split(path.read_bytes())
    path.write_bytes(mended(joined(change(header), tensors)))
    with pytest.raises(RunError, match=r"cannot be read: .*; it is damaged, or not a file of linocut's"):
        TensorFile(path, "kind", 2)


@pytest.mark.parametrize("data", [b"", b"1234567", b"\xff" * 8, b"\xff" * 64, (9).to_bytes(8, "little") + b"{" * 9])
def test_no_header_at_all(tmp_path, data):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(RunError, match="cannot be read"):
        TensorFile(tmp_path / "file", "kind", 2)
    with pytest.raises(RunError, match="cannot be read"):
        TensorFile(tmp_path, "kind", 2)


def test_damage_in_any_byte_is_found(path):
    data = path.read_bytes()
    for place in range(len(data)):
        for flipped in (1, 0x80, 0xFF):
            path.write_bytes(data[:place] + bytes([data[place] ^ flipped]) + data[place + 1 :])
            with pytest.raises(RunError, match=r"damaged|is of the format|has version"):
                TensorFile(path, "kind", 2)
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(RunError, match="damaged"):
            TensorFile(path, "kind", 2)


def test_the_checksum_is_of_every_byte_before_it(tmp_path):
    """By zlib's function over the file as it lies there; of as many bytes as are read together, more and fewer."""
    path = tmp_path / "file"
    for size in (0, 1, CHUNK - 1, CHUNK, 3 * CHUNK, 3 * CHUNK + 5):
        tensor_file.save(path, {"many": np.arange(size).astype(np.uint8), **ARRAYS}, "kind", 2, {"x": [1]})
        data = path.read_bytes()
        assert int.from_bytes(data[-4:], "little") == zlib.crc32(data[:-4])
        TensorFile(path, "kind", 2)


def test_damage_of_a_large_file_is_found_wherever_it_is(tmp_path):
    """At both ends of each of the parts that are read one after the other."""
    path = tmp_path / "file"
    tensor_file.save(path, {"a": np.arange(3 * CHUNK).astype(np.uint8)}, "kind", 2, {})
    data = path.read_bytes()
    first = 8 + int.from_bytes(data[:8], "little")
    edges = {first, len(data) - 5, *(at - back for at in range(CHUNK, len(data) - 4, CHUNK) for back in (0, 1))}
    assert len(edges) == 8
    for place in edges:
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(RunError, match="is damaged: its checksum"):
            TensorFile(path, "kind", 2)


def test_the_checksum_is_named_and_the_mend(path):
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(RunError, match=r"is damaged: its checksum is .*, that of its bytes .*; take a copy of it"):
        TensorFile(path, "kind", 2)


def test_a_checksum_that_is_not_where_it_belongs(path):
    header, tensors = split(path.read_bytes())
    del header["crc32"]
    path.write_bytes(joined(header, tensors[:-4]))
    with pytest.raises(RunError, match="lacks the tensor 'crc32'"):
        TensorFile(path, "kind", 2)
    header["__metadata__"]["version"] = "1"
    path.write_bytes(joined(header, tensors[:-4]))
    assert np.array_equal(TensorFile(path, "kind", 2).read("a", (2, 3), np.uint8), ARRAYS["a"])
    end = header["words"]["data_offsets"][1]
    header["crc32"] = {"dtype": "U8", "shape": [4], "data_offsets": [end, end + 4]}
    path.write_bytes(mended(joined(header, tensors)))
    with pytest.raises(RunError, match="has a checksum, which files of its version have not"):
        TensorFile(path, "kind", 2)
    header["__metadata__"]["version"] = "2"
    header["more"] = {"dtype": "U8", "shape": [4], "data_offsets": [end + 4, end + 8]}
    path.write_bytes(joined(header, tensors + b"more"))
    with pytest.raises(RunError, match="has bytes behind its checksum"):
        TensorFile(path, "kind", 2)


@pytest.mark.parametrize("version", ["3", "0", "-1", "01", "one", "", "\u0661"])
def test_versions_that_are_not_read(path, version):
    header, tensors = split(path.read_bytes())
    header["__metadata__"]["version"] = version
    path.write_bytes(mended(joined(header, tensors)))
    with pytest.raises(RunError, match=r"has version .*, this linocut reads 1 to 2; use the linocut that wrote"):
        TensorFile(path, "kind", 2)


SHAPE = '"a": {"dtype": "U8", "data_offsets": [0, 1], "shape": [%s]}'
COSTLY = {
    "sizes of 1": (SHAPE % ", ".join(["1"] * 1_000_000), r"a shape is \[1, 1, .*, must be a list of 8 sizes or fewer"),
    "large sizes": (SHAPE % ", ".join(["99999"] * 300_000), "must be a list of 8 sizes or fewer"),
    "endless sizes": (SHAPE % ", ".join(["9" * 4000] * 8), "must be whole numbers, 0 or more"),
    "empty lists": ('"a": [{}]'.format(", ".join(["[]"] * 3_000_000)), "more than 1,048,576 lists and objects"),
    "a long type": (
        '"a": {{"dtype": [{}], "data_offsets": [0, 1], "shape": []}}'.format(", ".join(["1"] * 10**6)),
        "of type",
    ),
    "a long place": ('"a": {{"dtype": "U8", "data_offsets": [{}], "shape": []}}'.format("1, 2, 3"), "are not two"),
    "deep": ('"a": ' + "[" * 10_000 + "]" * 10_000, "header is not as the format has it"),
}


@pytest.mark.parametrize("name", COSTLY)
def test_refusing_costs_no_more_than_reading(tmp_path, name):
    """In time, in memory and in words, whatever a header promises."""
    text, message = COSTLY[name]
    header = f"{{{text}}}".encode()
    path = tmp_path / "file"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0")
    began = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(RunError, match=message) as caught:
            TensorFile(path, "kind", 2)
        assert tracemalloc.get_traced_memory()[1] < 12 * len(header) + (1 << 20)
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 5.0
    assert len(str(caught.value)) < 300 + len(str(path))


def test_no_file_is_replaced_by_one_that_cannot_be_read(path):
    """A history of very many epochs outgrows the header: the checkpoint before stays."""
    before = path.read_bytes()
    with pytest.raises(RunError, match=r"a header of 16,777,\d+ B, 16,777,216 can be read; it is left"):
        tensor_file.save(path, {}, "test", 2, {"history": "x" * (1 << 24)})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_fails(path, monkeypatch):
    def failing(*arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.preadv", failing)
    with pytest.raises(MachineError, match="cannot be read: Input/output error; check the disk"):
        TensorFile(path, "kind", 2)
