"""Precise norms: statistics of batch norms for prediction, over batches that all meet the weights as they are.

Running averages come from steps between which the weights moved; where these move fast, or many together, the averages
are those of another network. So the mean over some batches of their statistics takes their place (Wu & Johnson, arXiv
2105.07576, section 3). Training itself reads its batches' own: no weight comes to other bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linocut.compile.lower import TRAIN, Compiled
from linocut.compile.program import Program
from linocut.data.batches import Batches, epoch_order
from linocut.data.dataset import Dataset
from linocut.ops import norm_statistics, optimizer_tick
from linocut.ops.bits import Array
from linocut.run import Session
from linocut.run.feed import Feed
from linocut.train.settings import Settings


@dataclass(frozen=True)
class _Part:
    """Instructions [begin, end) of a step, its forward pass as far as the last norm that learns.

    `momenta` are those of the running statistics that it writes, by buffer; it writes nothing else that lasts.
    """

    begin: int
    end: int
    momenta: dict[str, float]

    @staticmethod
    def of(program: Program) -> _Part:
        """That of a program; empty where no norm learns."""
        section = program.section(TRAIN)
        begin = end = 0
        momenta = {}
        for number, one in enumerate(program.instructions[section.begin : section.end]):
            running = one.operand("running") if one.op is norm_statistics.OP else None
            if one.op is optimizer_tick.OP:
                begin = number + 1
            elif running is not None:
                named = dict(zip(one.op.signature.attributes, one.attributes, strict=True))
                momenta[program.buffers[running].name] = named["momentum"]
                end = number + 1
        return _Part(begin, max(begin, end), momenta)


def recompute(
    session: Session,
    feed: Feed,
    compiled: Compiled,
    settings: Settings,
    dataset: Dataset,
    before_batch: Callable[[], None] = lambda: None,
) -> None:
    """Put into the running statistics their means over the `precise_norms` first batches of the run's first order.

    Examples are taken as they are, without augmentation, as those to predict are. The statistics are left as they were
    where `before_batch` raises.
    """
    part = _Part.of(compiled.program)
    running = {name: session.array(name) for name in part.momenta}
    if not running:
        return
    kept = {name: values.copy() for name, values in running.items()}
    try:
        means = _means(session, feed, settings, dataset, part, running, before_batch)
    except BaseException:
        for name, values in kept.items():
            running[name][...] = values
        raise
    for name, values in means.items():
        running[name][...] = values


def _means(
    session: Session,
    feed: Feed,
    settings: Settings,
    dataset: Dataset,
    part: _Part,
    running: dict[str, Array],
    before_batch: Callable[[], None],
) -> dict[str, Array]:
    """Over all batches, in double precision: from 0, a step leaves 1 - momentum of a batch's statistics."""
    count = settings.precise_norms * settings.batch_size
    whole = len(dataset) // settings.batch_size * settings.batch_size
    order = epoch_order(settings.seed, 0, len(dataset))[: min(count, whole)]
    sums = {name: np.zeros(values.shape) for name, values in running.items()}
    with Batches(dataset, order, settings.micro_batch) as batches:
        runs = len(batches)
        for images, labels in batches:
            before_batch()
            feed.put(images, labels)
            for values in running.values():
                values[...] = 0
            session.run_part(TRAIN, part.begin, part.end)
            for name, values in running.items():
                sums[name] += values.astype(np.float64) / (1.0 - part.momenta[name])
    return {name: total / runs for name, total in sums.items()}
