"""Kaggle's CIFAR-10: pictures in one folder, their labels in a table."""

import numpy as np
import pytest
from PIL import Image

from linocut.data import is_image_folder, load
from linocut.data.cifar10 import CLASSES
from linocut.errors import DataError

pytestmark = pytest.mark.usefixtures("home")
COUNT = 40
RANDOM = np.random.default_rng(11)
IMAGES = RANDOM.integers(0, 256, (COUNT, 32, 32, 3), np.uint8)
LABELS = RANDOM.integers(0, 10, COUNT)


@pytest.fixture
def folder(home):
    """The files as they are unpacked."""
    for part in ("train", "test"):
        (home / "cifar-10" / part).mkdir(parents=True)
    lines = ["id,label", *(f"{number},{CLASSES[label]}" for number, label in enumerate(LABELS, 1))]
    (home / "cifar-10" / "trainLabels.csv").write_text("\n".join(lines) + "\n")
    for number, image in enumerate(IMAGES, 1):
        Image.fromarray(image).save(home / "cifar-10" / "train" / f"{number}.png")
    Image.fromarray(IMAGES[0]).save(home / "cifar-10" / "test" / "1.png")
    return home / "cifar-10"


def test_every_picture_once_with_its_label(folder):
    train, test = load(folder)
    assert (train.shape, train.classes, train.name) == ((32, 32, 3), CLASSES, str(folder))
    assert len(train) + len(test) == COUNT and 2 <= len(test) <= 16
    found = []
    for dataset in (train, test):
        images, labels = np.zeros((len(dataset), 32, 32, 3), np.uint8), np.zeros(len(dataset), np.int32)
        dataset.read(np.arange(len(dataset)), images, labels)
        found += [(image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)]
    assert sorted(found) == sorted((image.tobytes(), int(label)) for image, label in zip(IMAGES, LABELS, strict=True))
    assert "as those of Kaggle's test folder have no labels" in train.notes[0]
    assert not is_image_folder(folder)
    with pytest.raises(DataError, match="has one size; give a size for folders of images only"):
        load(folder, size=(8, 8))


def test_pictures_that_the_table_does_not_name_are_left_out(folder):
    Image.fromarray(IMAGES[0]).save(folder / "train" / "77.png")
    train, test = load(folder)
    assert len(train) + len(test) == COUNT
    assert train.notes[1] == f"left out 1 files of {folder / 'train'} that trainLabels.csv does not name"


def test_what_lacks_or_is_damaged_is_named(folder):
    (folder / "train" / "7.png").unlink()
    with pytest.raises(
        DataError, match=r"train lacks 1 pictures that trainLabels.csv names, such as 7.png; unpack all"
    ):
        load(folder)
    (folder / "train" / "7.png").write_bytes(b"hello")
    with pytest.raises(DataError, match=r"train/7.png is not an image .*of 40 images 1 cannot be read") as caught:
        load(folder)
    assert "skip" not in str(caught.value)
    Image.fromarray(IMAGES[0][:31]).save(folder / "train" / "7.png")
    with pytest.raises(DataError, match=r"train/7.png is 31 x 32 pixels, must be 32 x 32"):
        load(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin with id,label"),
        ("image,level\n1,0\n", "does not begin with id,label"),
        ("id,label\n", "names 0 pictures, too few to test on one in five"),
        ("id,label\n1,cat\n1,dog\n", "names picture 1 more than once"),
        ("id,label\n1,cat\n2,zebra\n", r"line 3 is '2,zebra', must be a number and one of airplane, automobile"),
        ("id,label\n1,cat\n../../2,cat\n", r"line 3 is '../../2,cat', must be a number"),
        ("id,label\n1\n", r"line 2 is '1', must be a number"),
        ('id,label\n1,"cat', r"trainLabels.csv is no table of id and label \(unexpected end of data\)"),
        ("id,label\n\x001,cat\n", "line 2 is|is no table of id and label"),
        ("id,label\n" + "9" * 5000 + ",cat\n", "line 2 is '9999"),
        ("id,label\n" + "x" * 200_000, r"is no table of id and label \(field larger than field limit"),
    ],
)
def test_tables_that_will_not_do(folder, text, message):
    (folder / "trainLabels.csv").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        load(folder)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


def test_class_folders_beside_such_a_table_are_class_folders(folder):
    for name in "ab":
        (folder / "train" / name).mkdir()
    assert is_image_folder(folder)
