"""IDX files: read right or refused with a reason, whatever is done to them."""

import errno
import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linocut.data import cache, idx
from linocut.data.idx import IdxDataset
from linocut.errors import DataError, MachineError

IMAGES = np.random.default_rng(7).integers(0, 256, (20, 3, 4), np.uint8)
LABELS = np.arange(20, dtype=np.uint8) % 5
CLASSES = tuple("abcde")


def content(array: np.ndarray) -> bytes:
    """`array` as an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def write(path: Path, data: bytes) -> Path:
    """`data` at `path`, gzipped if it is named so."""
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def opened(folder: Path, images: bytes | None = None, labels: bytes | None = None, end: str = "") -> IdxDataset:
    """Write the two files, then open them."""
    return IdxDataset(
        write(folder / f"images{end}", content(IMAGES) if images is None else images),
        write(folder / f"labels{end}", content(LABELS) if labels is None else labels),
        name="tiny",
        classes=CLASSES,
        cache=folder / "cache",
    )


def read(dataset, indices) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.zeros((len(indices), *dataset.shape), np.uint8), np.zeros(len(indices), np.int32)
    dataset.read(np.asarray(indices, np.int64), images, labels)
    return images, labels


def left_in(folder: Path) -> list[str]:
    """The names of all files below `folder`."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("indices", [[], [0], [19], [3, 4, 5], [5, 4, 3], [0, 1, 7, 7, 8, 19, 0], range(20)])
def test_reads_records(tmp_path, end, indices):
    """Neighbours, repeats, both ends and none, plain and gzipped."""
    dataset = opened(tmp_path, end=end)
    assert (len(dataset), dataset.shape, dataset.dtype, dataset.classes) == (20, (3, 4, 1), "u8", CLASSES)
    images, labels = read(dataset, indices)
    assert np.array_equal(images[..., 0], IMAGES[list(indices)])
    assert np.array_equal(labels, LABELS[list(indices)])


GOOD = content(IMAGES)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (b"", None, "{images} is empty, an IDX file of images starts with 00 00 08 03; get the file again"),
        (
            b"\x89PNG" + GOOD,
            None,
            "{images} starts with 89 50 4e 47, an IDX file of images starts with 00 00",
        ),
        (GOOD[:2] + b"\x0d" + GOOD[3:], None, "{images} holds f32 values, must hold u8 (0 to 255); convert"),
        (content(LABELS), None, "{images} has dimensions: 1, a file of images has 3; check that images and"),
        (GOOD[:9], None, "{images} is truncated: 9 B, its header alone has 16; get the file again"),
        (GOOD[:-1], None, "{images} is truncated: 255 B, its header promises 256 (16 + 20 x 3 x 4); get the"),
        (
            GOOD + b"\n",
            None,
            "{images} has trailing garbage: 257 B, its header promises 256 (16 + 20 x 3 x 4)",
        ),
        (
            content(IMAGES[:0]),
            None,
            "{images} holds 0 x 3 x 4 values, every dimension must be 1 or more; get",
        ),
        (
            content(IMAGES[:19]),
            None,
            "{images} holds 19 images, {labels} 20 labels, must be as many; get both",
        ),
        (None, content(LABELS + 1), "{labels}: label of example 4 is 5, must be 0 to 4 (5 classes); get the"),
        (None, content(LABELS)[:-1], "{labels} is truncated: 27 B, its header promises 28 (8 + 20); get the"),
    ],
)
@pytest.mark.parametrize("end", ["", ".gz"])
def test_refuses(tmp_path, images, labels, message, end):
    """Each message names the file that the user gave, what was found and what was expected."""
    with pytest.raises(DataError) as caught:
        opened(tmp_path, images, labels, end)
    expected = message.format(images=tmp_path / f"images{end}", labels=tmp_path / f"labels{end}")
    assert str(caught.value).startswith(expected)


def test_without_names_every_class_must_occur(tmp_path: Path) -> None:
    images = write(tmp_path / "images", content(IMAGES))
    labels = write(tmp_path / "labels", content(np.where(LABELS == 4, 77, LABELS).astype(np.uint8)))
    with pytest.raises(DataError, match=r"labels go to 77, but none is 4; number the classes from 0"):
        IdxDataset(images, labels, name="tiny")


def test_refuses_a_misnamed_gzip(tmp_path):
    """Packed but not named so, and packed twice."""
    with pytest.raises(DataError, match=r"images is gzipped, must be named so; rename it to images\.gz"):
        opened(tmp_path, gzip.compress(GOOD))
    with pytest.raises(DataError, match=r"images\.gz is gzipped twice, must be once; unpack it: gunzip"):
        opened(tmp_path, gzip.compress(GOOD), end=".gz")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_refused_or_harmless(tmp_path, data):
    """Cut, lengthened or with a byte changed: a DataError, or all records can be read; nothing else."""
    end = data.draw(st.sampled_from(["", ".gz"]))
    kind, array = data.draw(st.sampled_from([("images", IMAGES), ("labels", LABELS)]))
    good = content(array) if not end else gzip.compress(content(array), mtime=0)
    bad = bytearray(good)
    match data.draw(st.sampled_from(["cut", "flip", "add"])):
        case "cut":
            bad = bad[: data.draw(st.integers(0, len(bad) - 1))]
        case "flip":
            place = data.draw(st.integers(0, min(len(bad) - 1, 60)))
            bad[place] ^= data.draw(st.integers(1, 255))
        case "add":
            bad += data.draw(st.binary(min_size=1, max_size=20))
    images, labels = (
        write(tmp_path / f"{name}.plain", content(of)) for name, of in (("images", IMAGES), ("labels", LABELS))
    )
    path = tmp_path / f"{kind}{end}"
    path.write_bytes(bytes(bad))
    os.utime(path, ns=(0, data.draw(st.integers(0, 2**60))))
    try:
        dataset = IdxDataset(
            *((path, labels) if kind == "images" else (images, path)), name="tiny", cache=tmp_path / "cache"
        )
    except DataError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        return
    got, got_labels = read(dataset, range(len(dataset)))
    if end:  # its checksum lets no changed value pass
        assert np.array_equal(got[..., 0], IMAGES) and np.array_equal(got_labels, LABELS)
    else:
        body = np.frombuffer(bytes(bad), np.uint8)
        if kind == "images":
            assert np.array_equal(got.ravel(), body[16:])
        else:
            assert np.array_equal(got_labels, body[8:])


def test_a_file_cut_while_in_use_is_named(tmp_path):
    """No array is returned half filled."""
    dataset = opened(tmp_path)
    os.truncate(tmp_path / "images", 100)
    assert np.array_equal(read(dataset, [6])[0][0, ..., 0], IMAGES[6])
    with pytest.raises(DataError, match="images ends at byte 100, 12 B too early: it was cut while in use"):
        read(dataset, [7])


def test_missing_and_unreadable_files(tmp_path):
    """Plain or gzipped, absent or a folder."""
    (tmp_path / "folder.gz").mkdir()
    labels = write(tmp_path / "labels", content(LABELS))
    for name, reason in (
        ("none", "No such file"),
        ("none.gz", "No such file"),
        ("", "directory"),
        ("folder.gz", "directory"),
    ):
        with pytest.raises(DataError, match=f"{name} cannot be read: .*{reason}"):
            IdxDataset(tmp_path / name, labels, name="tiny", cache=tmp_path / "cache")


def test_files_are_closed(tmp_path):
    """When the data set is forgotten, and when it is refused."""
    before = len(os.listdir("/proc/self/fd"))
    dataset = opened(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del dataset
    for images in (GOOD[:-1], content(IMAGES[:19])):
        with pytest.raises(DataError):
            opened(tmp_path, images)
    assert len(os.listdir("/proc/self/fd")) == before


def test_unpacks_once_and_anew_when_the_source_changes(tmp_path):
    """Though its size and times are the same; the older copy goes."""
    opened(tmp_path, end=".gz")
    copies = left_in(tmp_path / "cache")
    inodes = [path.stat().st_ino for path in sorted((tmp_path / "cache" / "unpacked").iterdir())]
    assert len(copies) == 2 and copies[0].startswith("images.") and copies[1].startswith("labels.")
    sources = [tmp_path / "images.gz", tmp_path / "labels.gz"]
    again = IdxDataset(*sources, name="tiny", cache=tmp_path / "cache")
    assert np.array_equal(read(again, [3])[0][0, ..., 0], IMAGES[3])
    assert inodes == [path.stat().st_ino for path in sorted((tmp_path / "cache" / "unpacked").iterdir())]
    for images in (IMAGES, 255 - IMAGES):
        sources[0].write_bytes(gzip.compress(content(images), 0, mtime=0))
        os.utime(sources[0], ns=(1, 1))
        assert len(IdxDataset(*sources, name="tiny", cache=tmp_path / "cache")) == len(IMAGES)
    changed = IdxDataset(*sources, name="tiny", cache=tmp_path / "cache")
    assert np.array_equal(read(changed, [3])[0][0, ..., 0], 255 - IMAGES[3])
    assert len(left_in(tmp_path / "cache")) == 2
    assert np.array_equal(read(again, [3])[0][0, ..., 0], IMAGES[3])  # still open


def test_a_damaged_copy_in_the_cache_is_replaced(tmp_path):
    """Its owner does not even notice."""
    opened(tmp_path, end=".gz")
    (copy,) = (tmp_path / "cache" / "unpacked").glob("images.*")
    os.truncate(copy, 30)
    dataset = IdxDataset(tmp_path / "images.gz", tmp_path / "labels.gz", name="tiny", cache=tmp_path / "cache")
    assert np.array_equal(read(dataset, range(20))[0][..., 0], IMAGES)


@pytest.mark.parametrize("damage", [lambda z: z[:-20], lambda z: z[:30] + b"xx" + z[32:], lambda z: z[:100]])
def test_a_damaged_gzip_leaves_nothing(tmp_path, damage):
    """Neither the file nor its first half."""
    path = tmp_path / "images.gz"
    path.write_bytes(damage(gzip.compress(GOOD)))
    labels = write(tmp_path / "labels", content(LABELS))
    with pytest.raises(DataError, match=r"images.gz is damaged, not a whole gzip file \(.*\); get the file again"):
        IdxDataset(path, labels, name="tiny", cache=tmp_path / "cache")
    assert left_in(tmp_path / "cache") == []


def test_a_plain_file_that_is_called_gz(tmp_path):
    """Browsers unpack some downloads and keep the name; nothing is put into the cache for it."""
    for name, data in (("images.gz", GOOD), ("labels.gz", content(LABELS))):
        (tmp_path / name).write_bytes(data)
    dataset = IdxDataset(tmp_path / "images.gz", tmp_path / "labels.gz", name="tiny", cache=tmp_path / "cache")
    images, labels = read(dataset, range(20))
    assert np.array_equal(images[..., 0], IMAGES) and np.array_equal(labels, LABELS)
    assert not (tmp_path / "cache").exists()
    (tmp_path / "images.gz").write_bytes(b"no" + GOOD)
    with pytest.raises(DataError, match=r"images.gz starts with 6e 6f 00 00, an IDX file of images starts with"):
        IdxDataset(tmp_path / "images.gz", tmp_path / "labels.gz", name="tiny", cache=tmp_path / "cache")


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    labels = write(tmp_path / "labels", content(LABELS))
    with pytest.raises(DataError, match=f"{name} cannot be read: it is no plain file; check the path"):
        IdxDataset(tmp_path / name, labels, name="tiny", cache=tmp_path / "cache")


def test_a_gzipped_file_of_many_chunks(tmp_path):
    """Every byte is unpacked, and one that is lost in any of them is found."""
    images = np.random.default_rng(4).integers(0, 256, (300, 40, 40), np.uint8)
    labels = (np.arange(300) % 5).astype(np.uint8)
    dataset = opened(tmp_path, content(images), content(labels), end=".gz")
    got, got_labels = read(dataset, range(300))
    assert np.array_equal(got[..., 0], images) and np.array_equal(got_labels, labels)
    packed = (tmp_path / "images.gz").read_bytes()
    for place in range(1000, len(packed), 50_000):
        (tmp_path / "images.gz").write_bytes(packed[:place] + packed[place + 1 :])
        with pytest.raises(DataError, match=r"images.gz is damaged"):
            IdxDataset(tmp_path / "images.gz", tmp_path / "labels.gz", name="tiny", cache=tmp_path / "cache")


def test_a_cache_that_is_a_file(tmp_path):
    """The message says where, why and what to do."""
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(
        DataError,
        match=r"images.gz cannot be unpacked into .*cache/unpacked: Not a directory; move away what is there, or set "
        r"XDG_CACHE_HOME .*gunzip -k .*images.gz",
    ):
        opened(tmp_path, end=".gz")


FULL = """
import resource, signal, sys
from pathlib import Path
from linocut.data.idx import IdxDataset
from linocut.errors import MachineError
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    IdxDataset(folder / "images.gz", folder / "labels", name="tiny", cache=folder / "cache")
except MachineError as error:
    print(error)
"""


def test_a_disk_that_fills_up_leaves_nothing(tmp_path):
    """A process that may write no more than 100 B to a file."""
    write(tmp_path / "images.gz", GOOD)
    write(tmp_path / "labels", content(LABELS))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert f"images.gz cannot be unpacked into {tmp_path}/cache/unpacked: File too large" in result.stdout
    assert left_in(tmp_path / "cache") == []


def test_a_disk_that_fails_is_the_machines_fault(tmp_path, monkeypatch):
    """While records are read."""
    dataset = opened(tmp_path)

    def fails(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "preadv", fails)
    with pytest.raises(MachineError, match="images cannot be read: Input/output error; check the disk"):
        read(dataset, [0])


@pytest.mark.parametrize("mark", "-.")
@pytest.mark.parametrize("end", ["", ".gz"])
def test_open_splits_accepts_the_usual_names(tmp_path, mark, end, monkeypatch):
    """Both spellings, plain and gzipped; the classes are those of the training labels."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for part, rows in (("train", slice(20)), ("t10k", slice(4, 7))):
        write(tmp_path / f"{part}-images{mark}idx3-ubyte{end}", content(IMAGES[rows]))
        write(tmp_path / f"{part}-labels{mark}idx1-ubyte{end}", content(LABELS[rows]))
    assert idx.missing(tmp_path) == []
    train, test = idx.open_splits(tmp_path, "tiny")
    assert (len(train), len(test), train.classes, test.classes) == (20, 3, tuple("01234"), tuple("01234"))
    assert np.array_equal(read(test, [2])[0][0, ..., 0], IMAGES[6])


def test_open_splits_refuses_what_does_not_match(tmp_path):
    """Files that are missing, or of another image size."""
    for part, images in (("train", IMAGES), ("t10k", IMAGES[:, :, :3])):
        write(tmp_path / f"{part}-images-idx3-ubyte", content(images))
        write(tmp_path / f"{part}-labels-idx1-ubyte", content(LABELS))
    with pytest.raises(DataError, match=r"training images are \(3, 4\), test images \(3, 3\), must be alike"):
        idx.open_splits(tmp_path, "tiny")
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"lacks t10k-labels-idx1-ubyte\[.gz\]; copy"):
        idx.open_splits(tmp_path, "tiny")


def test_default_cache(tmp_path, monkeypatch):
    """XDG_CACHE_HOME if it is absolute, as its specification says, else ~/.cache."""
    monkeypatch.setenv("HOME", "/home/ada")
    for value, expected in ((str(tmp_path), tmp_path), ("relative", Path("/home/ada/.cache")), ("", "")):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache.default_cache() == Path(expected or "/home/ada/.cache") / "linocut"
