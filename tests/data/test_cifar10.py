"""CIFAR-10 in all its forms and under all its names: read right from disk, or refused with a reason."""

import gzip
import os
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cifar_files import FORMS, LABELS, PLANES, binary, contents, make, python2, read, tar

from linocut.data import load
from linocut.data.cache import converted
from linocut.data.cifar10 import BATCHES, CLASSES, open_splits
from linocut.errors import DataError

pytestmark = pytest.mark.usefixtures("home")


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
    for parts in ((b"ab", b"c"), (b"a", b"bc"), (b"ab", b"c")):
        for path, data in zip(sources, parts, strict=True):
            path.write_bytes(data)
        whole = b"|".join(parts)
        write = partial(Path.write_bytes, data=whole)
        copies.append(converted(sources, "both", write, lambda copy: None, cache))
        assert copies[-1].read_bytes() == whole
    assert copies[0] == copies[2] != copies[1]


@pytest.mark.parametrize("place", [0, 2**20 - 1, 2**20, 2**21 + 5, 2_500_000 - 1])
def test_any_byte_of_a_large_file_makes_it_another(tmp_path, place):
    """Wherever it is; it is digested piece by piece."""
    source, made = tmp_path / "source", []

    def write(part: Path) -> None:
        part.write_bytes(source.read_bytes())
        made.append(part)

    data = bytes(2_500_000)
    source.write_bytes(data)
    for whole in (data, data, data[:place] + b"x" + data[place + 1 :]):
        if whole != source.read_bytes():
            same_size_and_times(source, whole)
        assert converted([source], "it", write, lambda copy: None, tmp_path / "cache").read_bytes() == whole
    assert len(made) == 2


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


@pytest.fixture(scope="module")
def many():
    """600 records: more than are looked at, copied, or turned together."""
    random = np.random.default_rng(600)
    return random.integers(0, 256, (600, 3, 32, 32), np.uint8), random.integers(0, 10, 600).astype(np.uint8)


@pytest.mark.parametrize("form", FORMS)
def test_files_of_many_records(tmp_path, form, many):
    """Each is where it belongs, in any order."""
    planes, labels = many
    whole = np.concatenate([labels[:, None], planes.reshape(600, -1)], axis=1).tobytes()
    if "py" in form:
        whole = python2("data_batch_3", labels.tolist(), planes.tobytes())
    end = ".bin" if "bin" in form else ""
    files = {**contents(form), f"data_batch_3{end}": whole}
    if "tar" in form:
        below = "cifar-10-batches-bin" if "bin" in form else "cifar-10-batches-py"
        tar(tmp_path / form, {f"{below}/{name}": data for name, data in files.items()})
    else:
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
    train, _ = open_splits(tmp_path)
    order = np.random.default_rng(1).permutation(600)
    images, found = read(train, 8 + order)
    assert np.array_equal(images, planes[order].transpose(0, 2, 3, 1)) and found.tolist() == labels[order].tolist()
    assert train.labels[8:608].tolist() == labels.tolist()


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("place", [255, 256, 511, 512, 599])
def test_a_wrong_label_in_any_piece_of_a_file(tmp_path, many, place, archive):
    planes, labels = many
    rows = np.concatenate([labels[:, None], planes.reshape(600, -1)], axis=1)
    rows[place, 0] = 77
    files = {**contents("bin"), "data_batch_3.bin": rows.tobytes()}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    if archive:
        for name in files:
            (tmp_path / name).unlink()
        tar(tmp_path / FORMS[2], {f"cifar-10-batches-bin/{name}": data for name, data in files.items()})
    with pytest.raises(DataError, match=f"label of example {place} is 77, must be 0 to 9"):
        open_splits(tmp_path)


@pytest.mark.parametrize("form", FORMS[2:])
def test_damage_in_any_piece_of_an_archive(tmp_path, form, many):
    """Its checksum is of all of it."""
    planes, labels = many
    data = python2("data_batch_3", labels.tolist(), planes.tobytes())
    if "bin" in form:
        data = np.concatenate([labels[:, None], planes.reshape(600, -1)], axis=1).tobytes()
    name = "data_batch_3.bin" if "bin" in form else "data_batch_3"
    path = tar(tmp_path / form, {**contents(form), name: data})
    packed = path.read_bytes()
    assert len(packed) > 20 * (1 << 16)
    for place in range(100, len(packed), 200_003):
        path.write_bytes(packed[:place] + bytes([packed[place] ^ 8]) + packed[place + 1 :])
        with pytest.raises(DataError, match=form):
            open_splits(tmp_path)


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
    with pytest.raises(DataError, match=r"lacks test_batch.bin in cifar-10-batches-bin; get the file again"):
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


@pytest.mark.parametrize(
    ("below", "form"),
    [
        ("cifar10/cifar-10-batches-bin", "bin"),
        ("cifar10", FORMS[2]),
        ("cifar10", FORMS[3]),
        ("cifar-10-batches-bin", "bin"),
        ("cifar-10-batches-py", "py"),
        ("cifar-10-batches-py-target/cifar-10-batches-py", "py"),  # Keras 3's
        ("cifar-10-batches-py-target", "py"),
        ("cifar-10-python/cifar-10-batches-py", "py"),  # Kaggle's
        ("cifar-10-python", FORMS[3]),
        ("", FORMS[2]),
        ("", "bin"),
        ("", "py"),
    ],
)
def test_is_found_by_name_and_by_path(home, below, form):
    """In the folders that users have, or wherever they say."""
    make(home / "given" / below, form)
    train, test = load("cifar10", home / "given")
    assert (len(train), len(test), train.name) == (20, 6, "cifar10")
    train, test = load(home / "given" / below)
    assert (len(train), len(test), train.name) == (20, 6, str(home / "given" / below))


def test_a_folder_of_keras_is_found_by_path(home):
    make(home / "given" / "cifar-10-batches-py-target" / "cifar-10-batches-py", "py")
    assert len(load(home / "given")[0]) == len(load(home / "given" / "cifar-10-batches-py-target")[0]) == 20


@pytest.mark.parametrize("end", [".tar.gz", "-target.tar.gz", "-target_archive"])
def test_an_archive_as_keras_calls_it(home, end):
    path = home / "given" / f"cifar-10-batches-py{end}"
    make(home / "given", FORMS[3])
    (home / "given" / FORMS[3]).rename(path)
    for named in ("cifar10", home / "given"):
        images, labels = read(load(named, home / "given" if named == "cifar10" else None)[1], range(6))
        assert np.array_equal(images, PLANES["test_batch"].transpose(0, 2, 3, 1))
        assert labels.tolist() == LABELS["test_batch"].tolist()


@pytest.mark.parametrize("form", FORMS[2:])
def test_an_archive_without_its_folder(home, form):
    """As one packs it who packs the files alone."""
    tar(home / form, {f"./{name}": data for name, data in contents(form).items()})
    assert np.array_equal(read(open_splits(home)[1], range(6))[0], PLANES["test_batch"].transpose(0, 2, 3, 1))


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
