"""CIFAR's Python version as Pythons 2 and 3 and NumPys 1 and 2 write it, in every protocol; none of it is ever run."""

import io
import os
import pickle
import pickletools

import numpy as np
import pytest
from cifar_files import BATCHES, LABELS, PLANES, make, python2, read

from linocut.data.cifar10 import CIFAR10, open_splits
from linocut.data.cifar_pickle import read_batch
from linocut.errors import DataError

pytestmark = pytest.mark.usefixtures("home")
PROTOCOLS = range(6)
NAME = BATCHES[1]
COUNT = 600  # more than a memo's places of one byte, and than the records that are turned together
MANY = np.random.default_rng(6).integers(0, 256, (COUNT, 3072), np.uint8)
NUMBERS = np.random.default_rng(7).integers(0, 10, COUNT)
LISTS = {
    "ints": NUMBERS.tolist(),
    "tuple": tuple(NUMBERS.tolist()),
    "numbers of NumPy": list(NUMBERS),
    "small numbers": list(NUMBERS.astype(np.uint8)),
    **{code: NUMBERS.astype(code) for code in ("u1", "i1", "u2", ">i2", "<i4", ">i4", "u4", "i8", ">u8")},
    "column": NUMBERS[:, None],
    "every other": np.repeat(NUMBERS, 2)[::2],
}
ARRAYS = {
    "by row": MANY,
    "by column": np.asfortranarray(MANY),
    "planes": MANY.reshape(-1, 3, 32, 32),
    "planes by column": np.asfortranarray(MANY.reshape(-1, 3, 32, 32)),
    "with gaps": np.repeat(MANY, 2, axis=0)[::2],
    "read only": np.frombuffer(MANY.tobytes(), np.uint8).reshape(MANY.shape),
}


def unframed(data: bytes) -> bytes:
    """A pickle without the frames that protocols 4 and 5 put around its opcodes, which say how long these are."""
    begins = [place for opcode, _, place in pickletools.genops(data) if opcode.name == "FRAME"]
    for place in reversed(begins):
        data = data[:place] + data[place + 9 :]
    return data


def of_numpy(data: bytes, version: int) -> bytes:
    """A pickle with the names of modules that NumPy 1 or 2 writes; which one runs here does not matter."""
    wanted, other = (b"numpy._core.", b"numpy.core.") if version == 2 else (b"numpy.core.", b"numpy._core.")
    data = unframed(data)
    for module in (b"multiarray", b"numeric"):
        one, two = other + module, wanted + module
        data = data.replace(b"\x8c" + bytes([len(one)]) + one, b"\x8c" + bytes([len(two)]) + two)
        data = data.replace(b"c" + one + b"\n", b"c" + two + b"\n")
    return data


def batch(data=MANY, labels=LISTS["ints"], as_bytes=False):
    names = [f"{number}.png" for number in range(3)]
    found = {"batch_label": "testing batch 1 of 1", "labels": labels, "data": data, "filenames": names}
    return {key.encode(): value for key, value in found.items()} if as_bytes else found


def of_file(data: bytes):
    labels, pixels = read_batch(io.BytesIO(data), len(data), CIFAR10.labels, "CIFAR-10", "file")
    return labels[:, 0], pixels


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_of_python_3(protocol, as_bytes, version):
    data = of_numpy(pickle.dumps(batch(as_bytes=as_bytes), protocol), version)
    labels, pixels = of_file(data)
    assert labels.tolist() == NUMBERS.tolist() and np.array_equal(pixels, MANY)
    assert labels.dtype == pixels.dtype == np.uint8


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_labels_in_every_kind_of_list(protocol, kind):
    for version in (1, 2):
        labels, pixels = of_file(of_numpy(pickle.dumps(batch(labels=LISTS[kind]), protocol), version))
        assert labels.tolist() == NUMBERS.tolist() and np.array_equal(pixels, MANY)


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pixels_in_every_order(protocol, kind):
    for version in (1, 2):
        _, pixels = of_file(of_numpy(pickle.dumps(batch(ARRAYS[kind]), protocol), version))
        assert np.array_equal(pixels, MANY)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_many_records_are_turned_into_those_of_the_binary_version(tmp_path, protocol):
    """Through a folder and the cache, as it is written, with frames."""
    folder = make(tmp_path / "data", "py")
    (folder / "test_batch").write_bytes(pickle.dumps(batch(labels=LISTS["numbers of NumPy"]), protocol))
    _, test = open_splits(folder)
    indices = [COUNT - 1, 0, 255, 256, 257, 511, 512, 300]
    images, labels = read(test, indices)
    assert np.array_equal(images, MANY[indices].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    assert labels.tolist() == NUMBERS[indices].tolist() and len(test) == COUNT


def test_a_buffer_outside_of_the_file_is_refused():
    buffers = []
    data = pickle.dumps(batch(), 5, buffer_callback=buffers.append)
    assert buffers
    with pytest.raises(DataError, match="file is not a file of CIFAR-10's Python version, and nothing in it was run"):
        of_file(data)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (NUMBERS.astype(float), "an array of other than whole numbers"),
        (NUMBERS > 4, "an array of other than whole numbers"),
        (NUMBERS.astype(object), "an array that is not whole"),
        ([*NUMBERS[:-1].tolist(), True], "label of example 599 is True, must be 0 to 9"),
        ([*NUMBERS[:-1].tolist(), 9.0], "label of example 599 is 9.0, must be 0 to 9"),
        ([*NUMBERS[:-1].tolist(), -1], "label of example 599 is -1, must be 0 to 9"),
        ([*NUMBERS[:-1].tolist(), 256], "label of example 599 is 256, must be 0 to 9"),
        ([*NUMBERS[:-1].tolist(), [3]], "label of example 599 is a list, must be 0 to 9"),
        ([*NUMBERS[:-1].tolist(), "3"], "label of example 599 is a str, must be 0 to 9"),
        (np.array([*NUMBERS[:-1].tolist(), 2**40]), "label of example 599 is 1099511627776, must be 0 to 9"),
        (np.zeros((COUNT, 10), np.uint8), "labels must be a list of numbers, one for each image"),
        (np.uint8(3), "labels must be a list of numbers, one for each image"),
        ("cat", "labels must be a list of numbers, one for each image"),
        (NUMBERS[:-1], "file holds 599 labels and 600 images"),
        ([], "file holds 0 labels and 600 images"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_labels_that_will_not_do(labels, message, protocol):
    with pytest.raises(DataError, match=message) as caught:
        of_file(pickle.dumps(batch(labels=labels), protocol))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [MANY.astype("i2"), MANY[:, :-1], MANY.reshape(-1, 32, 32, 3), MANY.astype("f4")])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pixels_that_will_not_do(data, protocol):
    with pytest.raises(DataError, match=r"data that are no images of 32 x 32|an array of other than whole numbers"):
        of_file(pickle.dumps(batch(data), protocol))


class Evil:
    """Runs a command when unpickled plainly."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Stated:
    """Sets what it likes of an object of any class when unpickled plainly."""

    def __init__(self, function, state) -> None:
        self.function, self.state = function, state

    def __reduce__(self):
        return self.function, (), self.state


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_pickle_runs_anything(tmp_path, protocol):
    """In any place of a file, in any protocol."""
    mark = tmp_path / "ran"
    evil = Evil(f"touch {mark}")
    for found in (
        evil,
        {**batch(), "data": evil},
        {**batch(), "labels": [evil, *NUMBERS[1:].tolist()]},
        {**batch(), "filenames": evil},
        {**batch(), "filenames": Stated(dict, {"x": 1})},
    ):
        with pytest.raises(DataError, match="file is not a file of CIFAR-10's Python version, and nothing in it was"):
            of_file(pickle.dumps(found, protocol))
        assert not mark.exists()


def test_nothing_that_may_be_named_runs_anything(tmp_path):
    """Nor what may not, however it is called."""
    mark = str(tmp_path / "ran").encode()
    for content in (
        b"cos\nsystem\n(S'touch " + mark + b"'\ntR.",
        b"c__builtin__\neval\n(S'open(\"" + mark + b'", "w")\'\ntR.',
        b"cbuiltins\nexec\n(S'open(\"" + mark + b'", "w")\'\ntR.',
        b"cnumpy\nload\n(S'" + mark + b"'\ntR.",
        b"cnumpy\nmemmap\n(S'" + mark + b"'\ntR.",
        b"cnumpy.core.multiarray\n_reconstruct.__globals__\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"cnumpy.core.multiarray\nscalar\n(tR.",
        b"cnumpy._core.numeric\n_frombuffer\n(tR.",
        b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00zlib_tR.",
        b"c_codecs\ndecode\n.",
        b"(S'touch " + mark + b"'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'touch " + mark + b"'\no.",  # OBJ
        b"\x80\x02\x82\x01.",  # EXT1
        b"Pname\n.",  # PERSID
    ):
        with pytest.raises(DataError, match="file is not a file of CIFAR-10's Python version, and nothing in it was"):
            of_file(content)
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "data_batch_2 is not a file of CIFAR-10's Python version"),
        (b"hello", "data_batch_2 is not a file"),
        (python2(NAME)[:-10], "data_batch_2 is not a file"),
        (b"\x80\x02r\xff\xff\xff\xff.", "data_batch_2 is not a file"),
        (b"\x80\x02]q\x00.", "data_batch_2 has no labels, must be a file of CIFAR-10's Python version"),
        (pickle.dumps({"labels": [1]}), "data_batch_2 has no data"),
        (python2(NAME, labels=[10]), "data_batch_2: label of example 0 is 10, must be 0 to 9"),
        (python2(NAME, labels=[1, 2], shape=(1, 3072)), "data_batch_2 holds 2 labels and 1 images, must hold u8"),
        (python2(NAME, labels=[]), r"data_batch_2 is not a file.*an array of 0 x 3072 in 3,072 B"),
        (python2(NAME, data=bytes(3000)), r"data_batch_2 is not a file.*an array of 1 x 3072 in 3,000 B"),
        (python2(NAME, shape=(3072, 1)), r"holds 1 labels and data that are no images of 32 x 32"),
        (python2(NAME, dtype=b"O8"), "data_batch_2 is not a file.*an array of other than whole numbers"),
        (python2(NAME, dtype=b"i8"), r"data_batch_2 is not a file.*an array of 1 x 3072 in 3,072 B"),
        (pickle.dumps({"data": [1], "labels": [1]}), "holds 1 labels and data that are no images"),
    ],
)
def test_refuses_damaged_pickles(tmp_path, content, message):
    """One line each, and nothing left in the cache."""
    folder = make(tmp_path / "data", "py")
    (folder / "data_batch_2").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        open_splits(folder)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "cache").rglob("*.bin"))


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    """Its size alone tells."""
    folder = make(tmp_path / "data", "py")
    os.truncate(folder / "data_batch_2", 200_000_000)
    with pytest.raises(DataError, match="data_batch_2 is 200,000,000 B, a file of CIFAR-10's Python version has 188,3"):
        open_splits(folder)


def test_python_2s_own(tmp_path):
    images, labels = read(open_splits(make(tmp_path / "data", "py"))[0], [7])
    assert np.array_equal(images, PLANES[NAME].transpose(0, 2, 3, 1)) and labels.tolist() == LABELS[NAME].tolist()
