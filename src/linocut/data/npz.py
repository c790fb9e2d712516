"""open_npz: a NumPy .npz file of x and y, or of x_train, y_train, x_test and y_test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from linocut.data.coded import Raw, coded, coded_examples, completed, parted, renewed
from linocut.data.dataset import Dataset
from linocut.data.form import ARRAYS, Form
from linocut.data.npz_file import npz_names, read_npz
from linocut.data.raw_arrays import array_form, raw_arrays, raw_examples
from linocut.errors import DataError
from linocut.networks.classifier import CLASSIFICATION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WHOLE, TRAIN, TEST = ("x", "y"), ("x_train", "y_train"), ("x_test", "y_test")


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
        wanted = completed(array_form(task, train), train, str(path))
    else:
        wanted = renewed(form, train.truth, str(path))
    return coded(train, wanted, str(path)), coded(test, wanted, str(path))


def read_examples(path: Path, form: Form) -> NDArray[np.uint8]:
    """x of a file, or x_test of one that has no x, as examples for a network of this form."""
    there = _names(path)
    name = next((name for name in (WHOLE[0], TEST[0]) if name in there), WHOLE[0])
    return coded_examples(raw_examples(_arrays(path, there, (name,))[0], str(path), name), form, str(path))


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
    return raw_arrays(x, y, form, str(path), names)
