"""open_table: a CSV file, of which some columns are to be predicted and all others are features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from linocut.data.coded import Raw, coded, coded_examples, completed, parted, renewed
from linocut.data.csv_file import named, read_csv, read_header
from linocut.data.dataset import Dataset
from linocut.data.form import TABLE, Form
from linocut.data.number_names import table_folder
from linocut.errors import DataError, nearest
from linocut.networks.classifier import CLASSIFICATION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def open_table(
    path: Path,
    labels: Sequence[str] = (),
    task: str = CLASSIFICATION,
    form: Form | None = None,
    whole: bool = False,
) -> tuple[Dataset, Dataset]:
    """The training and the test data of a CSV file, or of a folder with train.csv and test.csv.

    Of one file about one row in five, by its number, is kept for testing; or, with `whole`, all rows are. The columns
    `labels` are predicted: for "classification" one, of any values; for "regression" and "multilabel" numbers. All
    others are features. A `form`, that of a trained network, says all of this, and the ranges, itself.
    Raises DataError for what does not fit.
    """
    files = table_folder(path)
    first = files[0] if files else path
    wanted = form or _form(first, labels, task)
    train = _read(first, wanted)
    test = _read(files[1], wanted) if files else train
    if not files and not whole:
        train, test = parted(train, str(path))
    name = str(first)
    wanted = completed(wanted, train, name) if form is None else renewed(form, train.truth, name)
    return coded(train, wanted, str(path)), coded(test, wanted, str(path))


def read_rows(path: Path, form: Form) -> NDArray[np.uint8]:
    """The rows of a table as examples, for a network of this form; other columns are passed over."""
    if form.kind != TABLE:
        raise DataError(f"{path} is read as a table, the network was trained on {form}; give it such a file")
    return coded_examples(read_csv(path, form.columns).numbers, form, str(path))


def _form(path: Path, given: Sequence[str], task: str) -> Form:
    """What is feature and what label: each given name is a column, or those of several with commas between them."""
    header = read_header(path)
    if not given:
        raise DataError(f"no column of {path} is said to be the label; give --label COLUMN, one of {named(header)}")
    labels = [name for one in given for name in ([one] if one in header else one.split(","))]
    for name in labels:
        if name not in header:
            close = nearest(name, header)
            hint = "" if close is None else f"; did you mean {close!r}?"
            raise DataError(f"{path} has no column {name!r}; there are {named(header)}{hint}")
    if task == CLASSIFICATION and len(labels) > 1:
        raise DataError(
            f"{len(labels)} labels are given ({named(labels)}), but a class is one column; give one, or --task "
            "multilabel or regression"
        )
    labels = list(dict.fromkeys(labels))
    return Form(TABLE, task, tuple(name for name in header if name not in labels), tuple(labels))


def _read(path: Path, form: Form) -> Raw:
    """The rows of a file; DataError where it lacks a column of the form."""
    if not form.columns:
        raise DataError(f"{path} has no column beside {named(form.labels)}; give it what to predict that from")
    if form.task == CLASSIFICATION:
        columns = read_csv(path, form.columns, form.labels)
        return Raw(columns.numbers, columns.texts[form.labels[0]])
    numbers = read_csv(path, (*form.columns, *form.labels)).numbers
    return Raw(numbers[:, : len(form.columns)], numbers[:, len(form.columns) :])
