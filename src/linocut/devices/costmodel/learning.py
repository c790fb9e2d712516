"""Training a cost model on a sweep, and how good it is on cells that it has not seen, beside the law on totals."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linocut import fields
from linocut.devices.costmodel.fit import epochs_for, fit
from linocut.devices.costmodel.model import CostModel
from linocut.devices.costmodel.scores import LinearLaw, Score, scores
from linocut.devices.sweep import Sweep
from linocut.errors import SpecError
from linocut.networks.nasbench import macs, parameters
from linocut.ops.bits import Array

TRAIN, VALIDATION = 0.6, 0.2  # parts of the cells; the rest tests
LEAST = 5  # cells of a sweep, so that each part has one
ANSWERS, MANY = 20, 10_000  # that are timed, one by one and at once
SIZES = (100, 1_000, 10_000)  # of the learning curve, before all


@dataclass(frozen=True)
class Trained:
    """A model, its scores on the validation and test cells, and those on the test cells of the linear law.

    The law is fitted to the same cells as the model. `seconds` are of the wall, `cpu_seconds` of all threads. An answer
    for one cell takes `answer_ms`, the best of several, and of many cells at once there are `answers_per_s`.
    """

    model: CostModel
    examples: int
    epochs: int
    validation: tuple[Score, ...]
    test: tuple[Score, ...]
    linear: tuple[Score, ...]
    seconds: float
    cpu_seconds: float
    answer_ms: float
    answers_per_s: float


@dataclass(frozen=True)
class Split:
    """Places of cells in a sweep: 60% to train on, 20% to validate, 20% to test, drawn by a seed."""

    train: Array
    validation: Array
    test: Array

    @staticmethod
    def of(cells: int, seed: int) -> Split:
        """Of so many cells; SpecError for fewer than five."""
        if cells < LEAST:
            raise SpecError(f"a cost model was to be trained on a sweep of {cells} cells, must have {LEAST} or more")
        order = np.random.default_rng(seed).permutation(cells)
        first, second = int(cells * TRAIN), int(cells * (TRAIN + VALIDATION))
        return Split(order[:first], order[first:second], order[second:])


def train(
    sweep: Sweep,
    examples: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    tell: Callable[[int, float], None] = lambda epoch, loss: None,
) -> Trained:
    """Train a cost model on what a sweep found; needs PyTorch.

    The sweep's cells are split 60/20/20 by the seed; `examples` are so many of the first part, by default all. `tell`
    is called with each epoch, from 1, and its loss. The validation part chooses nothing: it says how far scores vary.
    SpecError without PyTorch, and for sizes that cannot be.
    """
    check(sweep, examples, epochs, seed)
    split = Split.of(len(sweep.cells), seed)
    count = len(split.train) if examples is None else examples
    some, rounds = split.train[:count], epochs or epochs_for(count)
    begun, begun_cpu = time.perf_counter(), time.process_time()
    weights = fit(sweep.cells[some], sweep.ms[some], rounds, seed, tell)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    model = CostModel(sweep.devices, sweep.caching, weights, {})
    validation, test = (
        _scored(sweep, part, model.predict(sweep.cells[part])) for part in (split.validation, split.test)
    )
    law = LinearLaw.fit(parameters(sweep.cells[some]), macs(sweep.cells[some]), sweep.ms[some])
    unseen = sweep.cells[split.test]
    linear = _scored(sweep, split.test, law.predict(parameters(unseen), macs(unseen)))
    about = {
        "examples": count,
        "epochs": rounds,
        "seed": seed,
        "test": [dataclasses.asdict(score) for score in test],
        "of": "the sweep's analytic model, not of measured times",
    }
    model = dataclasses.replace(model, about=about)
    speed = _speed(model, unseen[:MANY])
    return Trained(model, count, rounds, validation, test, linear, seconds, cpu_seconds, *speed)


def check(sweep: Sweep, examples: int | None = None, epochs: int | None = None, seed: int = 0) -> None:
    """SpecError unless a model can be trained on so many of a sweep's cells, so often, from such a seed."""
    if not isinstance(sweep, Sweep):
        raise SpecError(
            f"a cost model is trained on a Sweep, not on {fields.shown(sweep)}; devices.sweep.sweep makes one"
        )
    fields.whole(seed, "seed of a cost model")
    most = len(Split.of(len(sweep.cells), 0).train)
    if examples is not None and not 2 <= fields.whole(examples, "examples") <= most:
        raise SpecError(f"{examples:,} cells were to be trained on, must be 2 to {most:,}, 60% of the sweep")
    if epochs is not None:
        fields.whole(epochs, "epochs", 1)


def curve(
    sweep: Sweep, sizes: Sequence[int] = SIZES, seed: int = 0, tell: Callable[[int, float], None] = lambda e, loss: None
) -> Iterator[Trained]:
    """A training on each of so many cells, as far as the sweep has them, and one on all; the same cells test each."""
    most = len(Split.of(len(sweep.cells), seed).train)
    for size in (*(size for size in sizes if size < most), most):
        yield train(sweep, size, None, seed, tell)


def _speed(model: CostModel, cells: NDArray[np.void]) -> tuple[float, float]:
    """Milliseconds of an answer for one cell, the best of several, and answers a second of all."""

    def seconds(some: NDArray[np.void]) -> float:
        begun = time.perf_counter()
        model.predict(some)
        return max(time.perf_counter() - begun, 1e-9)

    return 1e3 * min(seconds(cells[:1]) for _ in range(ANSWERS)), len(cells) / seconds(cells)


def _scored(sweep: Sweep, part: Array, predicted: Array) -> tuple[Score, ...]:
    return scores(sweep.devices, predicted, sweep.ms[part])
