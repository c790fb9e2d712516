"""load and available: digits, names, places, and the text of what is not found."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from linocut.data import available, is_image_folder, load
from linocut.data.recorded import RECORDED
from linocut.data.sources import SOURCES
from linocut.errors import DataError

pytestmark = pytest.mark.usefixtures("home")


def make(folder: Path, pixel: int = 0, size: int = 4, end: str = "") -> Path:
    """The four files of an MNIST with 10 training images whose every pixel is `pixel`, and 2 test images."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", 10), ("t10k", 2)):
        for kind, array in (
            ("images-idx3", np.full((count, size, size), pixel, np.uint8)),
            ("labels-idx1", np.arange(count) % 10),
        ):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            data = head + array.astype(np.uint8).tobytes()
            (folder / f"{part}-{kind}-ubyte{end}").write_bytes(gzip.compress(data) if end else data)
    return folder


def pixel(dataset) -> int:
    """The first pixel of the first image."""
    images = np.zeros((1, *dataset.shape), np.uint8)
    dataset.read(np.zeros(1, np.int64), images, np.zeros(1, np.int32))
    return int(images.flat[0])


def test_digits_are_inside_the_package():
    """1,797 in all, from the file's both ends, scaled to u8."""
    train, test = load("digits")
    assert (len(train), len(test), train.shape, train.dtype) == (1500, 297, (8, 8, 1), "u8")
    assert train.classes == test.classes == tuple("0123456789")
    images, labels = np.zeros((1500, 8, 8, 1), np.uint8), np.zeros(1500, np.int32)
    train.read(np.arange(1500), images, labels)
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert np.bincount(labels).min() > 140
    first = [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]  # of scikit-learn's load_digits, 0 to 16
    assert images[0, :2, :, 0].ravel().tolist() == [round(value * 255 / 16) for value in first]
    assert set(np.unique(images)) == {round(value * 255 / 16) for value in range(17)}
    images, labels = images[:1], labels[:1]
    test.read(np.array([296]), images, labels)
    assert labels.tolist() == [8]
    assert images[0, 0, :, 0].tolist() == [round(v * 255 / 16) for v in (0, 0, 10, 14, 8, 1, 0, 0)]


def test_order_of_the_places(home, monkeypatch):
    """data_dir, $LINOCUT_DATA, the cache, the system; in each the subfolders first, then the place itself."""
    make(home / "system" / "mnist", 1)
    assert pixel(load("mnist")[0]) == 1
    make(home / "cache" / "linocut" / "mnist", 2, end=".gz")
    assert pixel(load("mnist")[0]) == 2
    make(home / "environment", 3)
    monkeypatch.setenv("LINOCUT_DATA", str(home / "environment"))
    assert pixel(load("mnist")[0]) == 3
    make(home / "given", 4)
    assert pixel(load("mnist", home / "given")[0]) == 4
    make(home / "given" / "MNIST" / "raw", 5)
    assert pixel(load("mnist", home / "given")[0]) == 5
    make(home / "given" / "mnist", 6)
    train, test = load("mnist", str(home / "given"))
    assert pixel(train) == 6 and (len(train), len(test), train.name) == (10, 2, "mnist")
    assert train.classes == tuple("0123456789") and train.handed and test.handed
    (home / "empty").mkdir()
    assert pixel(load("mnist", home / "empty")[0]) == 3


def test_one_data_set_is_not_taken_for_another(home):
    """Their files have the same names."""
    make(home / "mnist")
    with pytest.raises(DataError, match="fashion-mnist is not on this machine"):
        load("fashion-mnist", home / "mnist")
    make(home / "FashionMNIST" / "raw")
    with pytest.raises(DataError, match="mnist is not on this machine"):
        load("mnist", home / "FashionMNIST" / "raw")
    train, _ = load("fashion-mnist", home)
    assert train.classes[0] == "T-shirt/top" and len(train.classes) == 10


def test_files_that_are_not_found(home, monkeypatch):
    """One line that names the files, the places and the ways out."""
    monkeypatch.setenv("LINOCUT_DATA", str(home / "environment"))
    (home / "given").mkdir()
    with pytest.raises(DataError) as caught:
        load("fashion-mnist", home / "given")
    text = str(caught.value)
    assert "\n" not in text
    for part in (
        "train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], t10k-images-idx3-ubyte[.gz], t10k",
        f"sought in {home}/given, {home}/environment, {home}/cache/linocut, {home}/system",
        "fashion-mnist or FashionMNIST/raw below",
        "get them with: linocut data get fashion-mnist",
        f"copy them to {home}/cache/linocut/fashion-mnist",
        "install Debian's package dataset-fashion-mnist",
    ):
        assert part in text
    make(home / "given" / "mnist")
    (home / "given" / "mnist" / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(
        DataError,
        match=rf"machine: train-labels-idx1-ubyte\[.gz\] not found \(all others are in "
        rf"{home}/given/mnist\); sought",
    ):
        load("mnist", home / "given")
    with pytest.raises(DataError, match=f"data directory {home}/none is not a folder; give one that holds mnist"):
        load("mnist", home / "none")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "mnits",
            r"unknown data set 'mnits' \(did you mean mnist\?\); known are digits, mnist, fashion-mnist, cifar10,",
        ),
        ("Fashion_MNIST", r"unknown data set 'Fashion_MNIST' \(did you mean fashion-mnist\?\); known are"),
        (
            "zebra",
            "'zebra'; known are digits, mnist, fashion-mnist, cifar10, cifar100, cifar100-coarse, svhn, svhn-extra, "
            "fsdd, fsdd-strings, modulation, or the path of a folder",
        ),
        ("", "unknown data set ''; known are"),
        ("./zebra", "zebra is not a folder; give a folder of class folders, or one of digits, mnist"),
    ],
)
def test_unknown_names(name, message):
    """With the nearest known one, if any is near."""
    with pytest.raises(DataError, match=message):
        load(name)


def test_size_is_for_folders_of_images(home):
    """Others have one size."""
    for name in ("digits", "mnist", str(make(home / "files"))):
        with pytest.raises(DataError, match=f"size is 3 x 3, but {name} has one size; give a size for folders"):
            load(name, size=(3, 3))
        with pytest.raises(DataError, match=f"skip_corrupt is for folders of images, but {name} is none; leave it out"):
            load(name, skip_corrupt=True)


def test_a_name_is_not_taken_for_a_folder_beside(home, monkeypatch):
    """is_image_folder says what load would do, also where a folder called like a data set lies in the way."""
    monkeypatch.chdir(home)
    for name in ("mnist", "pictures", "cifar10"):
        (home / name / "a").mkdir(parents=True)
    assert [is_image_folder(name) for name in ("mnist", "cifar10", "digits", "none", "")] == [False] * 5
    assert is_image_folder("pictures") and is_image_folder("./mnist") and is_image_folder(home / "pictures")
    assert not is_image_folder(make(home / "files"))


def test_digits_are_handed():
    """Mirrored ones are none of their class."""
    assert [part.handed for part in load("digits")] == [True, True]


def test_a_folder_of_mnists_format(home):
    """Any data in that format; all four files or a list of those that lack."""
    folder = make(home / "files", 9, size=5)
    train, test = load(folder)
    assert (train.shape, len(train), len(test), len(train.classes), pixel(train)) == ((5, 5, 1), 10, 2, 10, 9)
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(DataError, match=r"files holds files of MNIST's format but lacks t10k-images-idx3-ubyte\[.gz"):
        load(folder)


def test_available(home):
    """All names, and where each was found."""
    make(home / "cache" / "linocut" / "mnist")
    found = {record.name: record.found for record in available()}
    assert found == {
        "digits": "inside the package",
        "mnist": str(home / "cache" / "linocut" / "mnist"),
        "fashion-mnist": None,
        "cifar10": None,
        "cifar100": None,
        "cifar100-coarse": None,
        "svhn": None,
        "svhn-extra": None,
        "fsdd": None,
        "fsdd-strings": None,
        "modulation": "inside the package",
    }
    assert list(found)[1:] == [*SOURCES, *RECORDED, "modulation"]
    (home / "free-spoken-digit-dataset" / "recordings").mkdir(parents=True)
    (home / "free-spoken-digit-dataset" / "recordings" / "0_ann_0.wav").touch()
    of_digits = [record.found for record in available(home) if record.name in RECORDED]
    assert of_digits == [str(home / "free-spoken-digit-dataset")] * 2
    make(home / "FashionMNIST" / "raw")
    assert available(home)[2].found == str(home / "FashionMNIST" / "raw")
    for record in available():
        assert record.description and record.licence and record.home.startswith("http")
    assert available()[1].files[0] == "train-images-idx3-ubyte.gz"
