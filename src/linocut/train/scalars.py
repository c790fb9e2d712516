"""Scalars: the numbers of an epoch's event, and what people call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Measure(NamedTuple):
    """A number of an epoch by its key: which quantity it is, and over which data."""

    key: str
    quantity: str
    of: str

    @property
    def tag(self) -> str:
        """Its name in viewers, which show what begins alike in one picture: loss/training."""
        return f"{self.quantity.replace(' ', '_')}/{self.of}"


LOSS, ACCURACY, ERROR_RATE = "loss", "accuracy", "error rate"
QUANTITIES = LOSS, ACCURACY, ERROR_RATE
PARTS_OF_ONE = ACCURACY, ERROR_RATE  # shown as percentages
TRAINING, VALIDATION, TEST = "training", "validation", "test"
MEASURES = (
    Measure("loss", LOSS, TRAINING),
    Measure("validation_loss", LOSS, VALIDATION),
    Measure("train_accuracy", ACCURACY, TRAINING),
    Measure("validation_accuracy", ACCURACY, VALIDATION),
    Measure("accuracy", ACCURACY, TEST),
    Measure("validation_error_rate", ERROR_RATE, VALIDATION),
    Measure("error_rate", ERROR_RATE, TEST),
)
_TAGS = {measure.key: measure.tag for measure in MEASURES}


def is_number(value: object) -> bool:
    """Whether it is a number; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def scalars(event: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of an epoch by their keys, as `to_json` and log.jsonl have them; None where one is not known."""
    return {key: value for key, value in event.items() if value is None or is_number(value)}


def tagged(event: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that are known, by their names in viewers or else by their keys; but for the epoch's own."""
    known = ((key, value) for key, value in scalars(event).items() if value is not None and key != "epoch")
    return {_TAGS.get(key, key): value for key, value in known}
