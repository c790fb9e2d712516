"""Given: what one call of `fit` was given, each thing checked for itself and against the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linocut.data.dataset import Dataset
from linocut.data.held_out import find_fraction, hold_out
from linocut.errors import RunError, SpecError
from linocut.run.alike import check_alike, check_scaling
from linocut.run.feed import as_dataset, check_range, check_sequences
from linocut.settings_of import as_plain
from linocut.train.choosing import Validation
from linocut.train.events import Callback
from linocut.train.progress import MOST_EPOCHS
from linocut.train.settings import Settings

if TYPE_CHECKING:
    from linocut.run.feed import Examples


@dataclass(frozen=True)
class Given:
    """What to train on, to validate on and to test on, for how many epochs, and who is told of it."""

    dataset: Dataset
    validation: Dataset | None
    test: Dataset | None
    epochs: int
    save_every: int | None
    callbacks: tuple[Callback, ...]

    @staticmethod
    def of(
        settings: Settings,
        known: Validation | None,
        train: Examples,
        validation: Examples | float | None,
        test: Examples | None,
        epochs: Any,
        save_every: Any,
        callbacks: Sequence[Callback],
    ) -> Given:
        """Check all of it; `known` is what the run is validated on, where that is known already.

        SpecError, DataError and RunError for what cannot be.
        """
        dataset = _dataset(settings, train, None)
        part = _part(validation, known)
        held: Dataset | None = None
        if part is not None:
            dataset, held = hold_out(dataset, part, settings.seed)
        elif isinstance(validation, (Dataset, tuple)):
            held = _dataset(settings, validation, dataset)
        tested = None if test is None else _dataset(settings, test, dataset)
        return Given(dataset, held, tested, _epochs(epochs), _save_every(save_every), _callbacks(callbacks))


def _part(validation: Examples | float | None, known: Validation | None) -> float | None:
    """The part of the training data to hold out, None where other data, or none, are validated on."""
    if validation is None:
        if known is not None and known.fraction is None:
            raise RunError(f"the run is validated on {known}; give these (validation=...)")
        return None if known is None else known.fraction
    if isinstance(validation, (Dataset, tuple)):
        return None
    return find_fraction(validation)


def _dataset(settings: Settings, given: Examples, train: Dataset | None) -> Dataset:
    """The data set; what is not trained on itself must have the classes and the form of `train`."""
    graph = settings.network.graph
    dataset = as_dataset(given, graph)
    if train is not None:
        check_alike(dataset, graph.name, train.resizing, train.classes, train.form)
        check_scaling(dataset, graph.name, train.form)
    check_range(dataset, graph, coded=settings.policy.integer)
    check_sequences(dataset, graph)
    return dataset


def _epochs(given: Any) -> int:
    epochs = as_plain(given)
    if isinstance(epochs, bool) or not isinstance(epochs, int) or not 1 <= epochs <= MOST_EPOCHS:
        raise SpecError(f"epochs is {epochs!r}, must be a whole number, 1 or more, up to {MOST_EPOCHS:,}")
    return epochs


def _save_every(given: Any) -> int | None:
    every = as_plain(given)
    whole = isinstance(every, int) and not isinstance(every, bool)
    if every is not None and not (whole and every >= 1):
        raise SpecError(f"save_every is {every!r}, must be a number of steps, 1 or more")
    return every


def _callbacks(given: Sequence[Callback]) -> tuple[Callback, ...]:
    if not isinstance(given, Sequence) or not all(callable(callback) for callback in given):
        raise SpecError(f"callbacks are {given!r}, must be a list of functions, each of which takes an event")
    return tuple(given)
