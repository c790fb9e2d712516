"""One epoch of training: batches into the arena, steps of the program, metrics out of the arena."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut.compile.builder import MICRO
from linocut.compile.lower import TRAIN, Compiled
from linocut.data.batches import Batches
from linocut.data.dataset import Dataset
from linocut.errors import DataError
from linocut.graph.graph import Graph
from linocut.ops.control import CORRECT, EXAMPLES, FLIPS, LEARNING_RATE
from linocut.run import Session
from linocut.run.feed import Feed
from linocut.run.session import METRICS
from linocut.train.events import Stepped
from linocut.train.health import Monitor
from linocut.train.progress import Progress
from linocut.train.settings import Settings
from linocut.train.upcoming import next_batches, rate_at

if TYPE_CHECKING:
    from linocut.dynamics.observer import Observer

TIMES_KEPT = 1001  # of the latest steps, for their median


@dataclass(frozen=True)
class Metrics:
    """Of the epoch so far: mean loss, accuracy (None of a regression), changes of sign."""

    loss: float
    accuracy: float | None
    flips: int

    @staticmethod
    def of(session: Session, graph: Graph) -> Metrics:
        """What the arena has summed."""
        counters = session.array("counters")
        examples = max(1, int(counters[EXAMPLES]))
        loss = float(session.array("loss")[0]) / examples
        right = int(counters[CORRECT]) / examples if graph.classes else None
        return Metrics(loss, right, int(counters[FLIPS]))


def run_epoch(
    session: Session,
    feed: Feed,
    compiled: Compiled,
    settings: Settings,
    dataset: Dataset,
    progress: Progress,
    after_step: Callable[[Stepped], None],
    observer: Observer | None = None,
) -> float | None:
    """The steps of the epoch that `progress` has come to, from its step on, which it counts up.

    A last partial batch is left out; every epoch has another order. A step runs the program once for each of its
    micro-batches. `after_step` may raise: the step is done and counted by then. An `observer` looks at steps, and runs
    them. Returns the median milliseconds of a step, None if none was left to take. DivergenceError for a step whose
    numbers go wrong.
    """
    steps, parts = len(dataset) // settings.batch_size, settings.batch_size // settings.micro_batch
    if progress.step == 0:
        for name in METRICS:
            session.array(name)[...] = 0
    monitor = Monitor(session, compiled, progress.findings, parts)
    if progress.step == 0:
        monitor.begin_epoch()
    if parts > 1 and progress.step < steps:
        session.array(MICRO)[...] = 0  # a step that failed half-way is begun anew
    control, times = session.array("control"), deque[float](maxlen=TIMES_KEPT)
    with next_batches(settings, progress, dataset, steps) as batches:
        while len(batches):
            control[LEARNING_RATE] = rate_at(settings, progress, progress.step, steps, progress.epochs)
            monitor.begin_step()
            if observer is not None:
                observer.begin_step(progress.step)
            times.append(sum(_run(session, feed, batches, monitor, progress, observer) for _ in range(parts)))
            if observer is not None:
                observer.end_step()
            progress.step += 1
            progress.seconds += times[-1]
            monitor.end_step(progress.epoch + 1, progress.step, settings.batch_size)
            after_step(_stepped(session, settings, progress, steps))
    return sorted(times)[len(times) // 2] * 1e3 if times else None


def _run(
    session: Session, feed: Feed, batches: Batches, monitor: Monitor, progress: Progress, observer: Observer | None
) -> float:
    """The program over the next batch; seconds, without the waiting for it."""
    images, labels = next(batches)
    begin = time.perf_counter()
    try:
        feed.put(images, labels)
    except DataError as error:
        raise DataError(f"epoch {progress.epoch + 1}, step {progress.step + 1}, input: {error}") from None
    if observer is None:
        session.run(TRAIN)
    else:
        observer.run()
    seconds = time.perf_counter() - begin
    monitor.end_run(progress.step + 1)
    return seconds


def _stepped(session: Session, settings: Settings, progress: Progress, steps: int) -> Stepped:
    so_far = Metrics.of(session, settings.network.graph)
    return Stepped(
        progress.epoch + 1,
        progress.epochs,
        progress.step,
        steps,
        settings.batch_size,
        so_far.loss,
        so_far.accuracy,
    )
