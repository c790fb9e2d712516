"""Scoring: loss and accuracy over a data set, and predictions, by the section "predict" of a training session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.compile.lower import PREDICT
from linocut.data.batches import Batches
from linocut.data.dataset import Dataset
from linocut.graph.graph import Graph
from linocut.layers.losses.base import PATHS
from linocut.ops.control import CORRECT, EXAMPLES
from linocut.run.feed import Feed
from linocut.run.label_count import LabelCount
from linocut.run.predictions import Evaluation, Predictions, unlabelled
from linocut.run.session import METRICS, Session

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LOGITS = f"{PREDICT}.logits"


def evaluate(
    session: Session, feed: Feed, graph: Graph, dataset: Dataset, before_batch: Callable[[], None] = lambda: None
) -> Evaluation:
    """Predict every example; the metrics in the arena are left as they were, also where `before_batch` raises."""
    read = LabelCount(dataset.classes) if graph.loss.function == PATHS else None
    with _metrics_apart(session):
        for rows, images, labels in _predicted(session, dataset, feed.put, before_batch):
            if read is not None:
                read.add(session.array(LOGITS)[:rows], images[:rows], labels[:rows])
        counters = session.array("counters")
        examples = int(counters[EXAMPLES])
        loss = float(session.array("loss")[0]) / examples
        accuracy = int(counters[CORRECT]) / examples if graph.classes else None
        return Evaluation(accuracy, loss, examples, None if read is None else read.errors.rate)


def predict(session: Session, feed: Feed, graph: Graph, images: ArrayLike | Dataset) -> Predictions:
    """The predictions of `images` (n, *shape), grey images also (n, height, width); DataError where they do not fit."""
    dataset = unlabelled(images, graph.name, graph.input.shape, graph.input.dtype)
    outputs = np.empty((len(dataset), *session.program.buffer(LOGITS).shape[1:]), np.float32)
    begin = 0
    with _metrics_apart(session):
        for rows, _, _ in _predicted(session, dataset, lambda images, _: feed.put_unlabelled(images)):
            outputs[begin : begin + rows] = session.array(LOGITS)[:rows]
            begin += rows
    return Predictions.of(outputs, graph.loss.function)


def _predicted(
    session: Session,
    dataset: Dataset,
    put: Callable[[NDArray[Any], NDArray[Any]], None],
    before_batch: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
    """Run the section on each batch in order, as `put` puts it.

    Yields how many examples the batch holds, and these and their labels, padded to a whole batch.
    """
    order, batch = np.arange(len(dataset), dtype=np.int64), session.program.buffer("labels").shape[0]
    with Batches(dataset, order, batch, pad=True) as batches:
        for number, (images, labels) in enumerate(batches):
            before_batch()
            put(images, labels)
            session.run(PREDICT)
            yield min(batch, len(dataset) - number * batch), images, labels


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
