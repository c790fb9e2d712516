"""Files of numbers: how each is opened and read, by what it is called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linocut.data.iq_names import is_iq
from linocut.data.number_names import ARRAYS
from linocut.data.sound_names import is_recording
from linocut.errors import DataError, unknown_name
from linocut.networks.classifier import CLASSIFICATION, TASKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linocut.data.dataset import Dataset
    from linocut.data.form import Form


def open_numbers(
    path: Path, labels: Sequence[str], task: str | None, form: Form | None, whole: bool
) -> tuple[Dataset, Dataset]:
    """The training and the test data of a path that `holds_numbers`; DataError for what does not fit."""
    if form is not None and (labels or task is not None) and (tuple(labels), task) != (form.labels, form.task):
        raise DataError(f"the network was trained on {form}; leave out the label and the task")
    if task is not None and task not in TASKS:
        raise unknown_name("task", task, TASKS)
    if path.suffix.lower() in ARRAYS:
        from linocut.data.npz import open_npz  # late: what reads numbers is not needed for images

        if labels:
            raise DataError(f"labels are columns of a table, but {path} has arrays: y is the label; leave them out")
        return open_npz(path, task or CLASSIFICATION, form, whole)
    from linocut.data.table import open_table

    return open_table(path, labels, task or CLASSIFICATION, form, whole)


def read_numbers(path: Path, form: Form) -> NDArray[Any]:
    """The examples (n, *shape) of a file, for a network of this form, which is not told what they are."""
    if path.suffix.lower() in ARRAYS:
        from linocut.data.npz import read_examples

        return read_examples(path, form)
    if is_recording(path.name):
        if form.speech is not None:
            from linocut.data.speech import read_speech

            return read_speech(path, form)
        from linocut.data.sound import read_sound

        return read_sound(path, form)
    if is_iq(path.name):
        from linocut.data.iq import read_iq

        return read_iq(path, form)
    from linocut.data.table import read_rows

    return read_rows(path, form)
