"""open_npz: a NumPy .npz file of x and y, or of x_train, y_train, x_test and y_test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.coded import Raw, coded, coded_examples, completed, numbered, parted
from linocut.data.dataset import Dataset
from linocut.data.form import ARRAYS, Form
from linocut.data.npz_file import npz_names, read_npz
from linocut.errors import DataError
from linocut.networks.classifier import CLASSIFICATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE, TRAIN, TEST = ("x", "y"), ("x_train", "y_train"), ("x_test", "y_test")
MOST_DIMENSIONS = 6  # of x


def open_npz(
    path: Path, task: str = CLASSIFICATION, form: Form | None = None, whole: bool = False
) -> tuple[Dataset, Dataset]:
    """The training and the test data of a file.

    Of x and y about one example in five, by its number, is kept for testing; or, with `whole`, all are. x is (n,
    features), (n, steps, channels) or (n, height, width, channels); uint8 stays as it is, and (n, height, width) of it
    are grey images; other numbers are coded by the range of each channel. y is class numbers or texts (n,), for
    "regression" and "multilabel" numbers (n,) or (n, labels). A `form` is that of a trained network. Raises DataError
    for what does not fit.
    """
    there = _names(path)
    wanted = form or Form(ARRAYS, task)
    two = all(name in there for name in (*TRAIN, *TEST))
    train = _read(path, there, TRAIN if two else WHOLE, wanted)
    test = _read(path, there, TEST, wanted) if two else train
    if not two and not whole:
        train, test = parted(train, str(path))
    if form is None:
        labels = () if isinstance(train.truth, list) else numbered((), train.truth.shape[1])
        wanted = completed(Form(ARRAYS, task, labels=labels), train, str(path))
    return coded(train, wanted, str(path)), coded(test, wanted, str(path))


def read_examples(path: Path, form: Form) -> NDArray[np.uint8]:
    """x of a file, or x_test of one that has no x, as examples for a network of this form."""
    there = _names(path)
    name = next((name for name in (WHOLE[0], TEST[0]) if name in there), WHOLE[0])
    return coded_examples(_x(_arrays(path, there, (name,))[0], path, name), form, str(path))


def _names(path: Path) -> dict[str, str]:
    """What arrays are called in the file, by their names in small letters."""
    return {name.lower(): name for name in npz_names(path)}


def _arrays(path: Path, there: dict[str, str], names: tuple[str, ...]) -> list[NDArray[Any]]:
    for name in names:
        if name not in there:
            raise DataError(
                f"{path} has no array {name}, it has {', '.join(there.values()) or 'none'}; name its arrays x and y, "
                "or x_train, y_train, x_test and y_test"
            )
    found = read_npz(path, [there[name] for name in names])
    return [found[there[name]] for name in names]


def _read(path: Path, there: dict[str, str], names: tuple[str, str], form: Form) -> Raw:
    x, y = _arrays(path, there, names)
    x = _x(x, path, names[0])
    if y.ndim == 0 or len(x) != len(y):
        raise DataError(f"{path}: {names[1]} has shape {y.shape}, but there are {len(x):,} examples; give one for each")
    if form.task == CLASSIFICATION:
        return Raw(x, _values(y, path, names[1]))
    if y.ndim > 2 or y.dtype.kind not in "iufb" or not y.size or not np.isfinite(y).all():
        raise DataError(f"{path}: {names[1]} is {y.dtype} {y.shape}, must be finite numbers (n,) or (n, labels)")
    truth = y.reshape(len(y), -1)
    if form.labels and truth.shape[1] != len(form.labels):
        raise DataError(f"{path}: {names[1]} has {truth.shape[1]} labels, must have {len(form.labels)}")
    return Raw(x, truth)


def _x(x: NDArray[Any], path: Path, name: str) -> NDArray[Any]:
    """Finite numbers or bytes (n, *shape)."""
    if x.dtype.kind not in "iufb":
        raise DataError(f"{path}: {name} is {x.dtype}, must be numbers; convert it")
    if not 2 <= x.ndim <= MOST_DIMENSIONS or 0 in x.shape:
        raise DataError(f"{path}: {name} has shape {x.shape}, must be (n, features) or more dimensions, none of them 0")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        row = int(np.argwhere(~np.isfinite(x))[0][0])
        raise DataError(f"{path}: example {row:,} of {name} has a value that is not finite; mend or leave it out")
    return x[..., None] if x.dtype == np.uint8 and x.ndim == 3 else x


def _values(y: NDArray[Any], path: Path, name: str) -> list[str]:
    """Class numbers or texts, as texts."""
    if y.ndim != 1:
        raise DataError(
            f"{path}: {name} has shape {y.shape}, must be (n,), a class for each example; of one-hot labels take "
            "argmax(axis=1), of several labels give --task multilabel"
        )
    if y.dtype.kind not in "iubU":
        raise DataError(
            f"{path}: {name} is {y.dtype}, must be whole numbers or texts for classes; convert it, or give --task "
            "regression"
        )
    return [str(value) for value in y.tolist()]
