"""check_alike: whether other data became examples, and their labels numbers, as the data of the training did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linocut.data.dataset import Dataset, Resizing
from linocut.data.resizing import CROP, WHOLE
from linocut.errors import DataError

if TYPE_CHECKING:
    from linocut.data.form import Form


SAME_CLASSES = "give data of the classes that it was trained on, called and ordered as they were"


def check_alike(
    dataset: Dataset, network: str, resizing: Resizing | None, classes: tuple[str, ...], form: Form | None
) -> None:
    """DataError where pictures, classes or numbers are otherwise than in training; None is what is not known."""
    _check_resizing(dataset, network, resizing)
    check_names(dataset, network, classes)
    _check_form(dataset, network, form)


def check_scaling(dataset: Dataset, network: str, trained: Form | None) -> None:
    """DataError where targets are scaled otherwise than in training, whose outputs are compared with them."""
    own = dataset.form
    if trained is not None and own is not None and own.scaling != trained.scaling:
        raise DataError(
            f"{dataset.name} has targets of another scale than network {network} was trained on; load it with the form "
            "of the training data"
        )


def _check_resizing(dataset: Dataset, network: str, resizing: Resizing | None) -> None:
    """DataError where pictures are cropped for a network that was trained on whole ones; None: that is not known."""
    if dataset.resizing == CROP and resizing == WHOLE:
        raise DataError(
            f"{dataset.name} crops images to their middle, network {network} was trained on whole ones; load it with "
            "resizing='whole'"
        )


def misnamed(classes: Sequence[str], trained: Sequence[str]) -> int | None:
    """The first class that is called otherwise than the one that a network was trained on; None where there is none.

    Names that are numbers themselves tell nothing.
    """
    for number, (name, known) in enumerate(zip(classes, trained, strict=False)):
        if name != known and not (name.isdecimal() or known.isdecimal()):
            return number
    return None


def check_names(dataset: Dataset, network: str, classes: tuple[str, ...], mend: str = SAME_CLASSES) -> None:
    """DataError, with the mend, where the classes of a data set are called otherwise than those of the network.

    Labels are numbers: the third class of other data need not be the network's third.
    """
    number = misnamed(dataset.classes, classes)
    if number is not None:
        raise DataError(
            f"class {number} of {dataset.name} is {dataset.classes[number]}, of network {network} {classes[number]}: "
            f"classes are told by their numbers; {mend}"
        )


def _check_form(dataset: Dataset, network: str, trained: Form | None) -> None:
    """DataError where numbers became bytes otherwise than in training, or class numbers mean other values.

    Data hold the bytes alone, so that they cannot be coded anew. Data without a form, or of a network without one, are
    taken as they are.
    """
    own = dataset.form
    if trained is None or own is None:
        return
    what = None
    if (own.coding, own.sound) != (trained.coding, trained.sound):
        what = "is coded in bytes by other ranges"
    elif any(name != known for name, known in zip(own.classes, trained.classes, strict=False)):
        what = "has other classes"
    if what is not None:
        raise DataError(
            f"{dataset.name} {what} than network {network} was trained on; load it with form=predictor.form, or the "
            "form of the training data"
        )
