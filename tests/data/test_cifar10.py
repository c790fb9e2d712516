"""CIFAR-10 in all four forms: read right from disk, or refused with a reason; no pickle ever runs anything."""

import gzip
import io
import os
import pickle
import struct
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from linocut.data import load
from linocut.data.cache import converted
from linocut.data.cifar10 import BATCHES, CLASSES, open_splits
from linocut.errors import DataError

COUNTS = (7, 1, 3, 4, 5, 6)  # records of each file
RANDOM = np.random.default_rng(10)
PLANES = {name: RANDOM.integers(0, 256, (n, 3, 32, 32), np.uint8) for name, n in zip(BATCHES, COUNTS, strict=True)}
LABELS = {name: RANDOM.integers(0, 10, n).astype(np.uint8) for name, n in zip(BATCHES, COUNTS, strict=True)}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """No data on this machine but what a test makes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LINOCUT_DATA", raising=False)
    monkeypatch.setattr("linocut.data.registry.SYSTEM", tmp_path / "system")
    return tmp_path


def binary(name: str) -> bytes:
    rows = PLANES[name].reshape(-1, 3072)
    return np.concatenate([LABELS[name][:, None], rows], axis=1).tobytes()


def short(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def python2(name: str, labels: list[int] | None = None, data: bytes | None = None, shape=None, dtype=b"u1") -> bytes:
    """A batch as Python 2's cPickle wrote it, opcode by opcode."""
    labels = LABELS[name].tolist() if labels is None else labels
    data = PLANES[name].tobytes() if data is None else data
    rows, columns = shape or (len(labels), 3072)
    listed = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
        + (b"(K\x01M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86")
        + (
            b"cnumpy\ndtype\n"
            + short(dtype)
            + b"K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        )
        + (b"\x89T" + struct.pack("<i", len(data)) + data + b"tb")
    )
    pairs = short(b"batch_label") + short(b"training") + short(b"labels") + listed + short(b"data") + array
    return b"\x80\x02}(" + pairs + short(b"filenames") + b"](U\x05a.pnge" + b"u."


def tar(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def make(folder: Path, form: str) -> Path:
    """CIFAR-10 in one of its forms."""
    folder.mkdir(parents=True, exist_ok=True)
    end, content = (".bin", binary) if "bin" in form else ("", python2)
    files = {f"{name}{end}": content(name) for name in BATCHES}
    if "tar" not in form:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder
    below = "cifar-10-batches-bin" if "bin" in form else "cifar-10-batches-py"
    extra = {f"{below}/readme.html": b"hello", "../evil": b"out"}
    tar(folder / form, {**extra, **{f"{below}/{name}": data for name, data in files.items()}})
    return folder


def read(dataset, indices) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.zeros((len(indices), *dataset.shape), np.uint8), np.zeros(len(indices), np.int32)
    dataset.read(np.asarray(indices, np.int64), images, labels)
    return images, labels


FORMS = ("bin", "py", "cifar-10-binary.tar.gz", "cifar-10-python.tar.gz")


@pytest.mark.parametrize("form", FORMS)
def test_reads_every_form(tmp_path, form):
    """Channels last, in any order, over the edges of files; the same from all four."""
    train, test = open_splits(make(tmp_path / "data", form))
    assert (train.shape, train.dtype, train.classes, train.name) == ((32, 32, 3), "u8", CLASSES, "cifar10")
    assert (len(train), len(test), CLASSES[0], CLASSES[9]) == (20, 6, "airplane", "truck")
    planes = np.concatenate([PLANES[name] for name in BATCHES[:5]])
    expected = np.concatenate([LABELS[name] for name in BATCHES[:5]])
    for indices in (range(20), [19, 0, 7, 7, 8, 6], []):
        images, labels = read(train, indices)
        assert np.array_equal(images, planes[list(indices)].transpose(0, 2, 3, 1))
        assert labels.tolist() == expected[list(indices)].tolist()
    images, labels = read(test, range(6))
    assert np.array_equal(images, PLANES["test_batch"].transpose(0, 2, 3, 1))
    assert labels.tolist() == LABELS["test_batch"].tolist()
    assert not (tmp_path / "evil").exists() and not list(tmp_path.rglob("readme.html"))


def test_holds_labels_and_open_files_only(tmp_path):
    """Nothing of the images: what it has of arrays is 1 B an example, and files changed since are read anew."""
    folder = make(tmp_path / "data", "bin")
    train, _ = open_splits(folder)
    held = sum(value.nbytes for value in vars(train).values() if isinstance(value, np.ndarray))
    assert held <= len(train) + 8 * 5
    assert len(vars(train)["_files"]) == 5
    with open(folder / "data_batch_1.bin", "r+b") as file:
        file.seek(3073 + 1)
        file.write(bytes(3072))
    assert not read(train, [1])[0].any()


def test_files_are_closed(tmp_path):
    folder = make(tmp_path / "data", "bin")
    before = len(os.listdir("/proc/self/fd"))
    splits = open_splits(folder)
    assert len(os.listdir("/proc/self/fd")) == before + 6
    del splits
    (folder / "test_batch.bin").write_bytes(b"x")
    with pytest.raises(DataError):
        open_splits(folder)
    assert len(os.listdir("/proc/self/fd")) == before


def same_size_and_times(path: Path, data: bytes) -> None:
    """Other bytes in a file of which nothing else tells."""
    before = path.stat()
    assert len(data) == before.st_size and data != path.read_bytes()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("form", FORMS[1:])
def test_converts_once(tmp_path, form):
    """Into one folder, which is made anew if it was damaged or the source has other bytes, but not for other times."""
    folder = make(tmp_path / "data", form)
    unpacked = tmp_path / "cache" / "linocut" / "unpacked"

    def inode() -> tuple[str, int]:
        (copy,) = unpacked.iterdir()
        return copy.name, (copy / "test_batch.bin").stat().st_ino

    open_splits(folder)
    first = inode()
    os.utime(next(folder.iterdir()), ns=(1, 1))
    open_splits(folder)
    assert inode() == first
    os.truncate(unpacked / first[0] / "data_batch_2.bin", 3000)
    assert len(read(open_splits(folder)[0], range(20))[0]) == 20
    assert inode()[0] == first[0]


def test_files_of_other_bytes_are_converted_again(tmp_path):
    """Though their sizes and times are the same."""
    folder = make(tmp_path / "data", "py")
    train, _ = open_splits(folder)
    data = (folder / "data_batch_4").read_bytes()
    place = data.index(PLANES["data_batch_4"].tobytes()) + 3072 * 2
    same_size_and_times(folder / "data_batch_4", data[:place] + bytes(3072) + data[place + 3072 :])
    again, _ = open_splits(folder)
    assert not read(again, [7 + 1 + 3 + 2])[0].any()
    assert read(train, [7 + 1 + 3 + 2])[0].any()  # still open
    assert len(list((tmp_path / "cache" / "linocut" / "unpacked").iterdir())) == 1


def test_an_archive_of_other_bytes_is_unpacked_again(tmp_path):
    folder = make(tmp_path / "data", FORMS[2])
    open_splits(folder)
    path = folder / FORMS[2]
    data = gzip.decompress(path.read_bytes())
    place = data.index(PLANES["test_batch"].tobytes()[:3072])
    stored = [gzip.compress(some, 0, mtime=0) for some in (data, data[:place] + bytes(3072) + data[place + 3072 :])]
    path.write_bytes(stored[0])
    assert read(open_splits(folder)[1], [0])[0].any()
    same_size_and_times(path, stored[1])
    assert not read(open_splits(folder)[1], [0])[0].any()


def test_two_files_that_exchange_bytes_are_other_files(tmp_path):
    """Where one ends is part of what is known of them."""
    folder, cache = tmp_path / "two", tmp_path / "copies"
    folder.mkdir()
    sources = [folder / "one", folder / "other"]
    copies = []
    for contents in ((b"ab", b"c"), (b"a", b"bc"), (b"ab", b"c")):
        for path, data in zip(sources, contents, strict=True):
            path.write_bytes(data)
        whole = b"|".join(contents)
        write = partial(Path.write_bytes, data=whole)
        copies.append(converted(sources, "both", write, lambda copy: None, cache))
        assert copies[-1].read_bytes() == whole
    assert copies[0] == copies[2] != copies[1]


def test_a_file_that_changes_while_it_is_converted(tmp_path):
    """What was made of half of the one and half of the other is not kept."""
    source = tmp_path / "source"
    source.write_bytes(b"one")

    def write(part: Path) -> None:
        part.write_bytes(source.read_bytes())
        source.write_bytes(b"two")

    with pytest.raises(DataError, match="source changed while it was read; run it again"):
        converted([source], "it", write, lambda copy: None, tmp_path / "cache")
    assert not list((tmp_path / "cache" / "unpacked").iterdir())
    assert converted([source], "it", write, lambda copy: None, tmp_path / "cache").read_bytes() == b"two"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "data_batch_3.bin is 9,218 B, must be a multiple of 3,073"),
        (lambda data: b"", "data_batch_3.bin is 0 B, must be a multiple of 3,073"),
        (
            lambda data: data[:3073] + b"\x0a" + data[3074:],
            r"data_batch_3.bin: label of example 1 is 10, must be 0 to 9",
        ),
    ],
)
@pytest.mark.parametrize("archive", [False, True])
def test_refuses_damaged_records(tmp_path, damage, message, archive):
    """The file is named, in the archive too, and nothing is left in the cache."""
    files = {f"{name}.bin": binary(name) for name in BATCHES}
    files["data_batch_3.bin"] = damage(files["data_batch_3.bin"])
    folder = tmp_path / "data"
    folder.mkdir()
    if archive:
        tar(folder / FORMS[2], {f"cifar-10-batches-bin/{name}": data for name, data in files.items()})
        message = message.replace(".bin", "")
    else:
        for name, data in files.items():
            (folder / name).write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        open_splits(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)
    assert not list((tmp_path / "cache").rglob("*.bin")) and not list((tmp_path / "cache").rglob("*part*"))


@pytest.mark.parametrize("form", FORMS[2:])
@pytest.mark.parametrize("cut", [10, 500, -1, -9])
def test_refuses_truncated_archives(tmp_path, form, cut):
    """Even where only the checksum at its end is lost."""
    path = make(tmp_path / "data", form) / form
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=rf"{form} is damaged, not a whole tar.gz archive \(.*\); get the file again"):
        open_splits(tmp_path / "data")
    assert not [entry for entry in (tmp_path / "cache").rglob("*") if entry.name != "linocut" and entry.is_file()]


@pytest.mark.parametrize("form", FORMS[2:])
def test_an_archive_that_was_unzipped_and_kept_its_name(tmp_path, form):
    """As browsers leave it; cut, it is refused."""
    path = make(tmp_path / "data", form) / form
    path.write_bytes(gzip.decompress(path.read_bytes()))
    images, _ = read(open_splits(tmp_path / "data")[1], range(6))
    assert np.array_equal(images, PLANES["test_batch"].transpose(0, 2, 3, 1))
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(DataError, match=rf"{form} is damaged, not a whole tar.gz archive \(unexpected end of data\)"):
        open_splits(tmp_path / "data")


def test_refuses_archives_of_something_else(tmp_path):
    """No gzip, no tar, members that lack, are links, or too large to be a batch."""
    path = tmp_path / FORMS[2]
    inside = {f"cifar-10-batches-bin/{name}.bin": binary(name) for name in BATCHES}
    path.write_bytes(b"hello, world" * 100)
    with pytest.raises(DataError, match=r"is damaged, not a whole tar.gz archive \(invalid header\)"):
        open_splits(tmp_path)
    path.write_bytes(gzip.compress(b"hello, world" * 100))
    with pytest.raises(DataError, match=r"is damaged, not a whole tar.gz archive"):
        open_splits(tmp_path)
    tar(path, dict(list(inside.items())[:-1]))
    with pytest.raises(DataError, match=r"lacks cifar-10-batches-bin/test_batch.bin; get the file again"):
        open_splits(tmp_path)
    tar(path, {**inside, "cifar-10-batches-bin/test_batch.bin": bytes(30_730_001)})
    with pytest.raises(DataError, match=r"test_batch.bin is 30,730,001 B, must be 30,730,000 or less"):
        open_splits(tmp_path)
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(DataError, match=r"data_batch_1.bin is no plain file in it"):
        open_splits(tmp_path)


class Evil:
    """Runs a command when unpickled plainly."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_no_pickle_runs_anything(tmp_path):
    """A file that would run a command, and ones that call what they may name in other ways."""
    folder = make(tmp_path / "data", "py")
    mark = tmp_path / "ran"
    for content in (
        pickle.dumps({"data": Evil(f"touch {mark}"), "labels": [1]}),
        f"cos\nsystem\n(S'touch {mark}'\ntR.".encode(),
        b"c__builtin__\neval\n(S'open(\"" + str(mark).encode() + b'", "w")\'\ntR.',
        b"cnumpy\nload\n.",
        b"cnumpy.core.multiarray\nscalar\n.",
    ):
        (folder / "data_batch_2").write_bytes(content)
        with pytest.raises(DataError, match=r"data_batch_2 is not a batch of CIFAR-10's Python version, and nothing"):
            open_splits(folder)
        assert not mark.exists()


NAME = BATCHES[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "data_batch_2 is not a batch"),
        (b"hello", "data_batch_2 is not a batch"),
        (python2(NAME)[:-10], "data_batch_2 is not a batch"),
        (b"\x80\x02r\xff\xff\xff\xff.", "data_batch_2 is not a batch"),
        (b"\x80\x02]q\x00.", "data_batch_2 has no data"),
        (python2(NAME, labels=[10]), "data_batch_2: label of example 0 is 10, must be 0 to 9"),
        (python2(NAME, labels=[1, 2]), "data_batch_2 holds 2 labels and data of shape"),
        (python2(NAME, labels=[]), "data_batch_2 holds 0 labels"),
        (python2(NAME, data=bytes(3000)), r"data_batch_2 holds 1 labels and data of shape \(1, 3072\) in 3,000 B"),
        (python2(NAME, shape=(3072, 1)), r"data of shape \(3072, 1\)"),
        (python2(NAME, dtype=b"O8"), "data_batch_2 is not a batch.*an array that is not of u8"),
        (pickle.dumps({"data": [1], "labels": [1]}), "data and labels must be an array of u8 and a list"),
        (bytes(33_000_000), "data_batch_2 is 33,000,000 B, a batch of CIFAR-10 has 32,720,000 at most"),
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


def test_reads_what_todays_python_pickles(tmp_path):
    """With texts for bytes, and NumPy's newer names."""
    folder = make(tmp_path / "data", "py")
    batch = {"labels": LABELS[NAME].tolist(), "data": PLANES[NAME].reshape(-1, 3072)}
    (folder / NAME).write_bytes(pickle.dumps(batch, protocol=4))
    images, labels = read(open_splits(folder)[0], [7])
    assert np.array_equal(images, PLANES[NAME].transpose(0, 2, 3, 1)) and labels.tolist() == LABELS[NAME].tolist()


@pytest.mark.parametrize(
    ("below", "form"),
    [
        ("cifar10/cifar-10-batches-bin", "bin"),
        ("cifar10", FORMS[2]),
        ("cifar10", FORMS[3]),
        ("cifar-10-batches-bin", "bin"),
        ("cifar-10-batches-py", "py"),
        ("", FORMS[2]),
        ("", "bin"),
    ],
)
def test_is_found_by_name_and_by_path(home, below, form):
    """In the folders that users have, or wherever they say."""
    make(home / "given" / below, form)
    train, test = load("cifar10", home / "given")
    assert (len(train), len(test), train.name) == (20, 6, "cifar10")
    train, test = load(home / "given" / below)
    assert (len(train), len(test), train.name) == (20, 6, str(home / "given" / below))


def test_what_is_not_found_is_named(home):
    (home / "given" / "cifar10").mkdir(parents=True)
    with pytest.raises(DataError) as caught:
        load("cifar10", home / "given")
    text = str(caught.value)
    assert "data_batch_1.bin, data_batch_2.bin" in text and "\n" not in text and "all others" not in text
    assert "linocut data get cifar10" in text and "cifar-10-python.tar.gz there as it is" in text
    make(home / "given" / "cifar10", "bin")
    (home / "given" / "cifar10" / "data_batch_4.bin").unlink()
    with pytest.raises(DataError, match=r"machine: data_batch_4.bin not found \(all others are in .*given/cifar10\)"):
        load("cifar10", home / "given")


def test_an_archive_unpacked_beside_is_not_unpacked_again(home):
    """The folder of its own name is read as it is."""
    make(home / "given" / "cifar10" / "cifar-10-batches-bin", "bin")
    make(home / "given" / "cifar10", FORMS[2])
    assert len(load("cifar10", home / "given")[0]) == len(load(home / "given" / "cifar10")[0]) == 20
    assert not (home / "cache").exists()
