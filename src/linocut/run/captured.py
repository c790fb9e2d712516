"""captured: what layers give for examples, by a program that keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.compile.captured import CAPTURED
from linocut.compile.lower import PREDICT, Compiled, compile_network
from linocut.data.dataset import NUMPY_DTYPES, Dataset, truth_form
from linocut.formats import find_format
from linocut.ops.bits import unpack
from linocut.run.feed import Feed
from linocut.run.predictions import unlabelled
from linocut.run.session import Session, open_session

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

AT_ONCE = 100  # examples


def captured(
    compiled: Compiled, session: Session, images: ArrayLike | Dataset, names: str | Sequence[str]
) -> dict[str, NDArray[Any]]:
    """What the nodes called `names` give for images (n, *shape), with the state of a session of `compiled`."""
    names = (names,) if isinstance(names, str) else names
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for batch in captured_batches(compiled, session, images, names):
        for name in names:
            found[name].append(batch[name].copy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


def captured_batches(
    compiled: Compiled, session: Session, images: ArrayLike | Dataset, names: Sequence[str]
) -> Iterator[dict[str, NDArray[Any]]]:
    """`captured`, a batch at a time: arrays that hold until the next one is asked for."""
    graph = compiled.graph
    dataset = unlabelled(images, graph.name, graph.input.shape, graph.input.dtype)
    batch = min(AT_ONCE, len(dataset))
    parts = (
        2 if compiled.micro_batch < compiled.batch else 1
    )  # the state of several micro-batches has formats of its own
    how = compiled.network, compiled.policy, compiled.optimizer, parts * batch, batch
    program = compile_network(
        *how, sections=(PREDICT,), capture=names, frozen=compiled.frozen, pruned=compiled.pruned
    ).program
    other = open_session(program, threads=session.threads, backend=session.backend)
    for buffer in program.persistent():
        other.state_bytes(buffer.name)[...] = session.state_bytes(buffer.name)
    feed = Feed(other, graph, coded=compiled.policy.integer)
    for begin in range(0, len(dataset), batch):
        rows = np.minimum(np.arange(begin, begin + batch), len(dataset) - 1)
        given = np.empty((batch, *dataset.shape), NUMPY_DTYPES[dataset.dtype])
        dataset.read(rows, given, np.empty(*truth_form(dataset, batch)))
        feed.put_unlabelled(given)
        other.run(PREDICT)
        count = min(batch, len(dataset) - begin)
        yield {name: _values(other, f"{PREDICT}.{CAPTURED}.{name}")[:count] for name in names}


def _values(session: Session, name: str) -> NDArray[Any]:
    buffer, stored = session.program.buffer(name), session.array(name)
    if find_format(buffer.format).bits > 1:
        return stored
    bits = unpack(stored.reshape(-1, stored.shape[-1]), buffer.shape[-1]).reshape(buffer.shape)
    return np.where(bits, np.int8(1), np.int8(-1))
