"""SVHN and MATLAB files: files made by hand, plain and compressed, are read right or refused with a reason."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linocut.data import load
from linocut.data.mat5 import variables
from linocut.data.svhn import open_splits
from linocut.errors import DataError

RANDOM = np.random.default_rng(11)
IMAGES = RANDOM.integers(0, 256, (70, 32, 32, 3), np.uint8)  # more than are turned at once
LABELS = RANDOM.integers(1, 11, 70).astype(np.uint8)
UINT8, DOUBLE, CHAR = 9, 6, 4  # MATLAB's classes
TYPES = {"u1": 2, "f8": 9, "i4": 5, "u2": 4}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LINOCUT_DATA", raising=False)
    monkeypatch.setattr("linocut.data.registry.SYSTEM", tmp_path / "system")
    return tmp_path


def element(kind: int, data: bytes, order: str = "<", pad: bool = True) -> bytes:
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8 if pad else 0)


def small(kind: int, data: bytes, order: str = "<") -> bytes:
    """An element that lies in its own tag."""
    return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")


def matrix(name: str, array: np.ndarray, kind: int, order: str = "<", flags: int = 0) -> bytes:
    """A variable, values column by column."""
    stored = TYPES[array.dtype.str[1:]]
    values = array.astype(array.dtype.newbyteorder(order)).tobytes("F")
    parts = (
        element(6, struct.pack(f"{order}II", kind | flags << 8, 0), order)
        + element(5, struct.pack(f"{order}{array.ndim}i", *array.shape), order)
        + (small if len(name) <= 4 else element)(1, name.encode(), order)
        + (small if len(values) <= 4 else element)(stored, values, order)
    )
    return element(14, parts, order)


def mat(*elements: bytes, compress: bool = False, order: str = "<") -> bytes:
    head = b"MATLAB 5.0 MAT-file, made by hand".ljust(124) + struct.pack(f"{order}H", 0x0100)
    head += b"IM" if order == "<" else b"MI"
    packed = [element(15, zlib.compress(one), order, pad=False) for one in elements] if compress else elements
    return head + b"".join(packed)


def x_of(images: np.ndarray, order: str = "<") -> bytes:
    return matrix("X", images.transpose(1, 2, 3, 0), UINT8, order)


def y_of(labels: np.ndarray, order: str = "<") -> bytes:
    return matrix("y", labels[:, None], DOUBLE, order)


def write(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder


def make(folder: Path, compress: bool = True) -> Path:
    write(folder, "train_32x32.mat", mat(x_of(IMAGES), y_of(LABELS), compress=compress))
    write(folder, "test_32x32.mat", mat(x_of(IMAGES[:3]), y_of(LABELS[:3]), compress=compress))
    return write(folder, "extra_32x32.mat", mat(x_of(IMAGES[5:9]), y_of(LABELS[5:9]), compress=compress))


def read(dataset, indices) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.zeros((len(indices), *dataset.shape), np.uint8), np.zeros(len(indices), np.int32)
    dataset.read(np.asarray(indices, np.int64), images, labels)
    return images, labels


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("doubles", [False, True])
@pytest.mark.parametrize("y_first", [False, True])
def test_reads(tmp_path, compress, order, doubles, y_first):
    """Rows, columns and channels where they belong; 10 is the digit 0; both byte orders; other variables are passed."""
    labels = LABELS.astype("f8" if doubles else "u1")
    parts = [x_of(IMAGES, order), y_of(labels, order)][:: -1 if y_first else 1]
    note = matrix("note", np.array([[104, 105]], "u2"), CHAR, order)
    data = mat(note, *parts, matrix("z", np.ones((1, 1), "u1"), DOUBLE, order, 8), compress=compress, order=order)
    write(tmp_path, "train_32x32.mat", data)
    write(tmp_path, "test_32x32.mat", mat(x_of(IMAGES[:1]), y_of(LABELS[:1])))
    train, test = open_splits(tmp_path)
    assert (len(train), len(test), train.shape, train.dtype) == (70, 1, (32, 32, 3), "u8")
    assert train.classes == tuple("0123456789")
    for indices in (range(70), [69, 0, 64, 63, 0], []):
        images, found = read(train, indices)
        assert np.array_equal(images, IMAGES[list(indices)])
        assert found.tolist() == [int(label) % 10 for label in LABELS[list(indices)]]


def test_three_dimensions_are_one_image(tmp_path):
    """MATLAB drops a last dimension of 1."""
    one = mat(matrix("X", IMAGES[0], UINT8), y_of(LABELS[:1]))
    write(write(tmp_path, "train_32x32.mat", one), "test_32x32.mat", one)
    assert np.array_equal(read(open_splits(tmp_path)[0], [0])[0][0], IMAGES[0])


def test_by_name(home):
    """svhn, and svhn-extra with more training data; by its path too. Mirrored digits are no digits."""
    folder = make(home / "given" / "svhn")
    train, test = load("svhn", home / "given")
    assert (len(train), len(test), train.name, train.handed) == (70, 3, "svhn", True)
    train, test = load("svhn-extra", home / "given" / "svhn")
    assert (len(train), len(test), train.name) == (74, 3, "svhn-extra")
    assert np.array_equal(read(train, [70, 73])[0], IMAGES[[5, 8]])
    assert len(load(folder)[0]) == 70
    (folder / "extra_32x32.mat").unlink()
    with pytest.raises(DataError, match=r"svhn-extra is not on this machine: extra_32x32.mat not found \(all others"):
        load("svhn-extra", home / "given")
    assert len(load("svhn", home / "given" / "svhn")[0]) == 70


def test_converts_once(home):
    make(home)
    open_splits(home)
    copies = {path.name: path.stat().st_ino for path in (home / "cache" / "linocut" / "unpacked").iterdir()}
    assert len(copies) == 2 and sum(name.startswith("train_32x32.") for name in copies) == 1
    open_splits(home)
    assert copies == {path.name: path.stat().st_ino for path in (home / "cache" / "linocut" / "unpacked").iterdir()}


GOOD = mat(x_of(IMAGES), y_of(LABELS))
PACKED = mat(x_of(IMAGES), y_of(LABELS), compress=True)
HEAD = GOOD[:124]
X, Y = x_of(IMAGES), y_of(LABELS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a MATLAB file of level 5: 0 B"),
        (b"hello" * 100, "is not a MATLAB file of level 5"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), r"of version 7.3 \(HDF5\), must be of level 5; save it as version 5 or 7"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400), r"version 7.3 \(HDF5\)"),
        (struct.pack("<5I", 0, 32, 32, 0, 2) + b"X\0" + bytes(1000), "of level 4, must be of level 5; save it"),
        (GOOD[:128], "has no numeric array X"),
        (GOOD[:-1], "is truncated: .* B, an element in it ends at byte"),
        (GOOD[:132], "is damaged"),
        (PACKED[:-3], "is truncated"),
        (mat(X), "has no numeric array y, a file of SVHN has X and y"),
        (mat(Y), "has no numeric array X"),
        (mat(X, X, Y), "holds X twice"),
        (mat(matrix("digitStruct", np.zeros((1, 9), "u1"), UINT8)), "has no numeric array X"),
        (mat(matrix("X", IMAGES.transpose(1, 2, 3, 0), DOUBLE), Y), "X is double 32 x 32 x 3 x 70, must be uint8 32 x"),
        (mat(matrix("X", IMAGES, UINT8), Y), "X is uint8 70 x 32 x 32 x 3, must be uint8 32 x 32 x 3 x images"),
        (mat(matrix("X", IMAGES[:, 0, 0], UINT8), Y), "X is uint8 70 x 3"),
        (mat(x_of(IMAGES[:0]), Y), "X is uint8 32 x 32 x 3 x 0"),
        (mat(X, y_of(LABELS[:69])), "holds 70 images and 69 labels, must be as many"),
        (
            mat(X, y_of(np.where(np.arange(70) == 4, 0, LABELS).astype("u1"))),
            "label of example 4 is 0, must be 1 to 10",
        ),
        (mat(X, y_of(np.where(np.arange(70) == 9, 2.5, LABELS))), "label of example 9 is 2.5, must be 1 to 10"),
        (mat(X, y_of(np.where(np.arange(70) == 9, np.nan, LABELS))), "label of example 9 is nan, must be 1 to 10"),
        (mat(X, matrix("y", LABELS.reshape(10, 7), DOUBLE)), "y is double 10 x 7, must be labels x 1"),
        (
            mat(X, matrix("y", np.ones((10_000_001, 1), "u1"), DOUBLE)),
            "y is double 10000001 x 1, must be .*, 10,000,000",
        ),
        (mat(X, matrix("y", LABELS[:, None], DOUBLE, flags=8)), "has no numeric array y"),
        (mat() + element(15, b"no zlib at all", pad=False), "is damaged: Error -3"),
        (mat() + element(15, zlib.compress(X)[:-6], pad=False), "is damaged: a compressed element"),
        (
            mat() + element(15, zlib.compress(X)[:-4] + b"none", pad=False),
            "is damaged: Error -3 .*incorrect data check",
        ),
        (mat() + element(15, zlib.compress(X + bytes(99)), pad=False), "does not end where it should"),
        (mat() + element(15, zlib.compress(X[:500]), pad=False), "is damaged: a compressed element ends too early"),
        (mat(element(14, X[16:])), "is damaged: an element of type"),
        (mat(element(14, X[8:56] + element(2, bytes(100)))), "is damaged: array 'X' has 100 B of values, its shape"),
    ],
)
def test_refuses(tmp_path, data, message):
    """One line that names the file, and nothing left in the cache."""
    write(make(tmp_path), "train_32x32.mat", data)
    with pytest.raises(DataError, match=f"train_32x32.mat.*{message}") as caught:
        open_splits(tmp_path)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "cache").rglob("train*"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_refused_or_harmless(tmp_path, data):
    """A cut or a changed byte: a DataError or values; nothing else, and never more than the file claims."""
    good = mat(x_of(IMAGES[:2]), y_of(LABELS[:2]), compress=data.draw(st.booleans()))
    bad = bytearray(good)
    if data.draw(st.booleans()):
        bad = bad[: data.draw(st.integers(0, len(bad) - 1))]
    else:
        place = data.draw(st.one_of(st.integers(0, 220), st.integers(0, len(bad) - 1)))
        bad[min(place, len(bad) - 1)] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.mat"
    path.write_bytes(bad)
    try:
        for variable in variables(path):
            for values in variable.chunks(1000):
                assert len(values) <= 1000
    except DataError as error:
        assert "\n" not in str(error)


def test_a_bomb_is_not_unpacked_at_once(tmp_path):
    """A compressed element that claims 4 GB takes the memory of a chunk."""
    import tracemalloc

    shape = struct.pack("<4i", 32, 32, 3, 1_390_000)
    parts = element(6, struct.pack("<II", UINT8, 0)) + element(5, shape) + small(1, b"X")
    head = struct.pack("<II", 14, 4_270_080_000) + parts + struct.pack("<II", 2, 4_270_080_000)
    packer = zlib.compressobj()
    body = packer.compress(head) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    path = tmp_path / "bomb.mat"
    path.write_bytes(mat() + element(15, body, pad=False))
    tracemalloc.start()
    with pytest.raises(DataError, match="ends too early"):
        for variable in variables(path):
            for _ in variable.chunks(1 << 16):
                pass
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
