"""CIFAR-100: 100 classes in 20 groups, its binary and its Python version, as folders or archives.

A record is the group's number (the coarse label), the class's (the fine one) and the pixels.
Source: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from linocut.data import cifar
from linocut.data.dataset import Dataset
from linocut.data.file_names import CIFAR100 as NAMES

FINE = (
    *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl"),
    *("boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair"),
    *("chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin"),
    *("elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp"),
    *("lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain"),
    *("mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck"),
    *("pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road"),
    *("rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider"),
    *("squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger"),
    *("tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman"),
    *("worm",),
)
COARSE = (
    *("aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables"),
    *("household_electrical_devices", "household_furniture", "insects", "large_carnivores"),
    *("large_man-made_outdoor_things", "large_natural_outdoor_scenes", "large_omnivores_and_herbivores"),
    *("medium_mammals", "non-insect_invertebrates", "people", "reptiles", "small_mammals", "trees"),
    *("vehicles_1", "vehicles_2"),
)
BINARY, PYTHON, KERAS = NAMES.binary, NAMES.python, NAMES.keras
CIFAR100 = cifar.Cifar(
    title="CIFAR-100",
    labels={"coarse_labels": len(COARSE), "fine_labels": len(FINE)},
    train=("train",),
    test="test",
    most=50_000,
    homes=(BINARY, PYTHON, f"{KERAS}/{PYTHON}", KERAS, f"{PYTHON}/{PYTHON}"),
    archives={
        "cifar-100-binary.tar.gz": BINARY,
        "cifar-100-python.tar.gz": PYTHON,
        **{f"{KERAS}{end}": PYTHON for end in (".tar.gz", "_archive")},  # as Keras names it
    },
    binary=BINARY,
)

missing = partial(cifar.missing, CIFAR100)


def open_splits(
    folder: Path, name: str = "cifar100", coarse: bool = False, cache: Path | None = None
) -> tuple[Dataset, Dataset]:
    """The training and the test data in `folder`, u8 (32, 32, 3), of 100 classes, or of 20 groups if `coarse`."""
    kind, classes = ("coarse_labels", COARSE) if coarse else ("fine_labels", FINE)
    return cifar.open_splits(CIFAR100, folder, name, kind, classes, cache)
