"""Scoring: loss and accuracy over a data set, and the classes of images, by a session's section "predict"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linocut.compile.lower import PREDICT
from linocut.data.arrays import ArrayDataset
from linocut.data.batches import Batches
from linocut.data.dataset import Dataset
from linocut.deploy.feed import Feed, check_fits
from linocut.layers import Network
from linocut.ops.softmax_cross_entropy import CORRECT, EXAMPLES
from linocut.run import Session
from linocut.run.session import METRICS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LOGITS = f"{PREDICT}.logits"


@dataclass(frozen=True)
class Evaluation:
    """How a network did on `examples` examples: the part it got right, and the mean cross-entropy."""

    accuracy: float
    loss: float
    examples: int


class Predictions(NamedTuple):
    """For n images: the class numbers (n,) int64, and the softmax of each chosen class (n,) float32."""

    classes: NDArray[np.int64]
    confidences: NDArray[np.float32]


def evaluate(
    session: Session, feed: Feed, dataset: Dataset, before_batch: Callable[[], None] = lambda: None
) -> Evaluation:
    """Predict every example; the metrics in the arena are left as they were, also where `before_batch` raises."""
    with _metrics_apart(session):
        for _ in _predicted(session, feed, dataset, before_batch):
            pass
        counters = session.array("counters")
        examples = int(counters[EXAMPLES])
        loss = float(session.array("loss")[0]) / examples
        return Evaluation(int(counters[CORRECT]) / examples, loss, examples)


def predict(session: Session, feed: Feed, network: Network, images: ArrayLike) -> Predictions:
    """The classes of `images` (n, *shape), grey images also (n, height, width); DataError where they do not fit."""
    array = np.asarray(images)
    names = [str(number) for number in range(network.classes)]
    dataset = ArrayDataset(array, np.zeros(len(array) if array.ndim else 0, np.int32), names, "images")
    check_fits(dataset, network)
    found = Predictions(np.empty(len(dataset), np.int64), np.empty(len(dataset), np.float32))
    begin = 0
    with _metrics_apart(session):
        for rows in _predicted(session, feed, dataset, lambda: None):
            _choose(session.array(LOGITS)[:rows], found, begin)
            begin += rows
    return found


def _predicted(session: Session, feed: Feed, dataset: Dataset, before_batch: Callable[[], None]) -> Iterator[int]:
    """Run the section on each batch in order; yields how many examples the batch holds."""
    order, batch = np.arange(len(dataset), dtype=np.int64), session.program.buffer("labels").shape[0]
    with Batches(dataset, order, batch, pad=True) as batches:
        for number, (images, labels) in enumerate(batches):
            before_batch()
            feed.put(images, labels)
            session.run(PREDICT)
            yield min(batch, len(dataset) - number * batch)


def _choose(logits: NDArray[Any], found: Predictions, begin: int) -> None:
    numbers = logits.astype(np.float32)
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    end = begin + len(numbers)
    found.classes[begin:end] = numbers.argmax(axis=1)
    found.confidences[begin:end] = powers.max(axis=1) / powers.sum(axis=1)


@contextmanager
def _metrics_apart(session: Session) -> Iterator[None]:
    """Zeroed metrics in the block, those from before after it."""
    kept = {name: session.array(name).copy() for name in METRICS}
    for name in kept:
        session.array(name)[...] = 0
    try:
        yield
    finally:
        for name, values in kept.items():
            session.array(name)[...] = values
