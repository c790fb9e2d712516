"""Coded: data sets of numbers that a file holds, coded as their form says, which the training data decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.arrays import ArrayDataset
from linocut.data.coding import Coding
from linocut.data.dataset import Dataset
from linocut.data.folder import is_for_testing
from linocut.data.form import SOUND, Form
from linocut.data.scaling import Scaling
from linocut.data.truths import check_flags, class_numbers, classes_of
from linocut.errors import DataError
from linocut.networks.classifier import CLASSIFICATION, MULTILABEL, REGRESSION

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Raw:
    """Examples as a file holds them: finite numbers or bytes (n, *shape), and what is to be predicted.

    `truth` is a list of n values for classes, else numbers (n, labels). `pairs`: channels are real and imaginary parts.
    """

    x: NDArray[Any]
    truth: list[str] | NDArray[Any]
    pairs: bool = False

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.x)

    def rows(self, chosen: NDArray[np.bool_]) -> Raw:
        """Some of the examples."""
        if isinstance(self.truth, list):
            truth = [one for one, keep in zip(self.truth, chosen.tolist(), strict=True) if keep]
            return Raw(self.x[chosen], truth, self.pairs)
        return Raw(self.x[chosen], self.truth[chosen], self.pairs)


def parted(raw: Raw, name: str) -> tuple[Raw, Raw]:
    """About four of five examples to train on and one to test on, by a hash of their numbers; DataError for too few.

    A class of which all examples would be tested on is trained on instead.
    """
    testing = np.array([is_for_testing(str(row)) for row in range(len(raw))])
    if isinstance(raw.truth, list):
        classes_of(raw.truth, name)
        trained = {value for value, tested in zip(raw.truth, testing.tolist(), strict=True) if not tested}
        testing &= np.array([value in trained for value in raw.truth])
    if testing.all() or not testing.any():
        raise DataError(f"{name} has {len(raw)} examples, too few to test on one in 5; add examples")
    return raw.rows(~testing), raw.rows(testing)


def completed(form: Form, train: Raw, name: str) -> Form:
    """The form with what the training data decide: classes, the ranges of numbers, the scale of targets."""
    classes: tuple[str, ...] = form.labels if form.task == MULTILABEL else ()
    scaling = None
    if form.task == CLASSIFICATION:
        assert isinstance(train.truth, list)
        classes = classes_of(train.truth, name)
    elif form.task == REGRESSION:
        assert not isinstance(train.truth, list)
        scaling = Scaling.of(train.truth)
    coding = None if train.x.dtype == np.uint8 else Coding.of(train.x)
    if train.pairs and coding is not None:
        coding = coding.round_zero()
    return replace(form, classes=classes, coding=coding, scaling=scaling)


def renewed(form: Form, truth: list[str] | NDArray[Any], name: str) -> Form:
    """The form of a trained network, of the classes of other training data where it names none itself."""
    if form.classes or not isinstance(truth, list):
        return form
    return replace(form, classes=classes_of(truth, name))


def coded(raw: Raw, form: Form, name: str) -> Dataset:
    """The data set of some examples; DataError for labels that were not trained on, or are none."""
    return dataset_of(coded_examples(raw.x, form, name), raw.truth, form, name)


def dataset_of(codes: NDArray[np.uint8], truth: list[str] | NDArray[Any], form: Form, name: str) -> Dataset:
    """The data set of examples that are coded already, see `coded`."""
    if isinstance(truth, list):
        labels: NDArray[Any] = class_numbers(truth, form.classes, name)
    else:
        if form.task == MULTILABEL:
            check_flags(truth, form.labels, name)
        labels = truth if form.scaling is None else form.scaling.scaled(truth)
    numbers = not isinstance(truth, list)
    dataset = ArrayDataset(codes, labels, form.classes, name, shape=codes.shape[1:], numbers=numbers)
    dataset.form = form
    dataset.handed = True  # a mirrored sequence or table is another one
    return dataset


def coded_examples(x: NDArray[Any], form: Form, name: str) -> NDArray[np.uint8]:
    """Numbers (n, *shape) as bytes; DataError where the form is of other channels, or of bytes."""
    if form.coding is None:
        if x.dtype != np.uint8:
            if form.kind == SOUND:
                raise DataError(f"{name} holds {x.dtype}, the network was trained on recordings; give such")
            raise DataError(f"{name} holds {x.dtype}, the network was trained on bytes; convert them to uint8")
        return x
    channels = len(form.coding.low)
    if x.shape[-1] != channels:
        raise DataError(f"{name} has {x.shape[-1]} channels, the network was trained on {channels}; give as many")
    return form.coding.codes(x)
