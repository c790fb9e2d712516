"""raw_arrays: arrays of numbers and what is to be predicted of them, checked, before they are coded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.arrays import as_array
from linocut.data.coded import Raw, coded, completed
from linocut.data.dataset import Dataset
from linocut.data.form import ARRAYS, Form
from linocut.data.pairs import as_pairs
from linocut.errors import DataError, unknown_name
from linocut.networks.classifier import CLASSIFICATION, TASKS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_DIMENSIONS = 6  # of x


def from_arrays(
    x: ArrayLike, y: ArrayLike, *, task: str = CLASSIFICATION, form: Form | None = None, name: str = "arrays"
) -> Dataset:
    """A data set of examples whose numbers are coded in bytes, by the range that each channel has in them.

    x is (n, features), (n, steps, channels) or (n, height, width, channels), numbers; uint8 stays as it is, and (n,
    height, width) of it are grey images. y is class numbers or texts (n,), for the tasks "regression" and "multilabel"
    numbers (n,) or (n, labels). Data to validate and to test on take the `form` of those to train on: their ranges,
    classes and scale. A run keeps it (`predictor.form`). SpecError for an unknown task, DataError for what does not
    fit.
    """
    if task not in TASKS:
        raise unknown_name("task", task, TASKS)
    if form is not None and task not in (CLASSIFICATION, form.task):
        raise DataError(f"the task of {name} is {task}, but its form is of {form.task}; leave the task out")
    raw = raw_arrays(as_array(x, f"{name}: x"), as_array(y, f"{name}: y"), form or Form(ARRAYS, task), name)
    return coded(raw, form or completed(array_form(task, raw), raw, name), name)


def array_form(task: str, raw: Raw) -> Form:
    """What is known of arrays before the numbers are looked at: labels are called by their places."""
    labels = () if isinstance(raw.truth, list) else tuple(str(at) for at in range(raw.truth.shape[1]))
    return Form(ARRAYS, task, labels=labels)


def raw_arrays(x: NDArray[Any], y: NDArray[Any], form: Form, name: str, called: tuple[str, str] = ("x", "y")) -> Raw:
    """The examples for the task of the form; `called` are the names of the arrays in messages."""
    pairs = x.dtype.kind == "c"
    x = raw_examples(x, name, called[0])
    if y.ndim == 0 or len(x) != len(y):
        raise DataError(
            f"{name}: {called[1]} has shape {y.shape}, but there are {len(x):,} examples; give one for each"
        )
    if form.task == CLASSIFICATION:
        return Raw(x, _values(y, name, called[1]), pairs)
    if y.ndim > 2 or y.dtype.kind not in "iufb" or not y.size or not np.isfinite(y).all():
        raise DataError(f"{name}: {called[1]} is {y.dtype} {y.shape}, must be finite numbers (n,) or (n, labels)")
    truth = y.reshape(len(y), -1)
    if form.labels and truth.shape[1] != len(form.labels):
        raise DataError(f"{name}: {called[1]} has {truth.shape[1]} labels, must have {len(form.labels)}")
    return Raw(x, truth, pairs)


def raw_examples(x: NDArray[Any], name: str, called: str = "x") -> NDArray[Any]:
    """Finite numbers or bytes (n, *shape); complex ones become pairs, (n, steps) of them (n, steps, 2)."""
    if x.dtype.kind == "c":
        x = as_pairs(x)
    if x.dtype.kind not in "iufb":
        raise DataError(f"{name}: {called} is {x.dtype}, must be numbers; convert it")
    if not 2 <= x.ndim <= MOST_DIMENSIONS or 0 in x.shape:
        raise DataError(
            f"{name}: {called} has shape {x.shape}, must be (n, features) or more dimensions, none of them 0"
        )
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        row = int(np.argwhere(~np.isfinite(x))[0][0])
        raise DataError(f"{name}: example {row:,} of {called} has a value that is not finite; mend or leave it out")
    return x[..., None] if x.dtype == np.uint8 and x.ndim == 3 else x


def _values(y: NDArray[Any], name: str, called: str) -> list[str]:
    """Class numbers or texts, as texts."""
    if y.ndim != 1:
        raise DataError(
            f"{name}: {called} has shape {y.shape}, must be (n,), a class for each example; of one-hot labels take "
            "argmax(axis=1), of several labels give --task multilabel"
        )
    if y.dtype.kind not in "iubU":
        raise DataError(
            f"{name}: {called} is {y.dtype}, must be whole numbers or texts for classes; convert it, or give --task "
            "regression"
        )
    return [str(value) for value in y.tolist()]
