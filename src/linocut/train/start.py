"""Start: what a training begins from that takes the numbers of a trained network."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from linocut.errors import RunError, SpecError, one_line
from linocut.export import packed
from linocut.graph.carry import Giver, OfModel, OfState, Target, carry, refusals
from linocut.graph.inference import InferenceGraph
from linocut.graph.queries import carried, head
from linocut.graph.state import State
from linocut.ops.bits import Array
from linocut.run.alike import misnamed
from linocut.run.views import stored
from linocut.sizes import show_size
from linocut.tensor_file import TensorFile
from linocut.train.checkpoint import Checkpoint
from linocut.train.events import Started
from linocut.train.run_folder import RunFolder
from linocut.train.settings import Settings

MOST_NAMED = 10  # classes, in a message


@dataclass(frozen=True)
class Source:
    """A trained network that is read, and nothing of it written: its name for people, and why layers begin anew.

    `classes` are those that the outputs of the new network stand for as it begins, as far as that is known.
    """

    giver: Giver
    name: str
    classes: tuple[str, ...]
    new: dict[str, str]

    def thawing(self, names: Collection[str]) -> Source:
        """The same, saying of layers that were to be frozen that they are not."""
        new = {name: f"{why}; so it is not frozen" if name in names else why for name, why in self.new.items()}
        return replace(self, new=new)

    def start(self, target: Target) -> Started:
        """Give the target's state the numbers of the layers that fit."""
        found = carry(self.giver, target, self.new)
        return Started(self.name, found.taken, found.new, found.unused, found.fitted)


def find_source(
    source: str | os.PathLike[str] | InferenceGraph | Target, target: Target, classes: tuple[str, ...] = ()
) -> Source:
    """What the target can begin from: a run folder, a model file, a graph, or a network that is in training.

    Of a run folder its checkpoint is read, the state of the latest epoch; of a folder without one, and of a file, the
    packed model. Where the new data's `classes` are called or ordered otherwise than the source's, the layers that
    give the outputs begin anew. RunError for what is neither, and where no layer fits.
    """
    giver, name, known = _giver(source, target)
    renamed = ""
    if misnamed(classes, known) is not None:
        renamed = f"its classes are {_named(classes)}, there {_named(known)}"
    new = refusals(giver, target.graph, renamed)
    if all(node.name in new for node in target.graph.nodes if carried(node)):
        first = next(iter(new), "")
        why = f": {first}: {new[first]}" if first else ""
        raise RunError(
            f"{name} has nothing that {target.graph.name} could begin from, as no layer fits by name and shape{why}; "
            "give the same model, or leave out --from"
        )
    kept = not any(node.name in new for node in head(target.graph))
    return Source(giver, name, classes or (known if kept else ()), new)


def thaw(source: Source, settings: Settings, budget: int | None) -> tuple[Source, Settings]:
    """Both after layers that begin anew were taken out of what is frozen; the source says so.

    SpecError where batch or budget do not allow that.
    """
    names = [name for name in settings.frozen if name in source.new]
    if not names:
        return source, settings
    settings = replace(settings, frozen=tuple(name for name in settings.frozen if name not in names))
    try:
        arena = settings.compile().program.arena_bytes
    except SpecError as error:
        raise SpecError(f"{', '.join(names)} cannot be frozen, beginning anew; {error}") from None
    check_thawed(names, arena, budget)
    return source.thawing(names), settings


def check_thawed(names: Sequence[str], arena: int, budget: int | None) -> None:
    """SpecError where an arena, in bytes, is beyond the budget as layers of these names are not frozen after all."""
    if budget is not None and arena > budget:
        raise SpecError(
            f"{', '.join(names)} cannot be frozen, beginning anew, and the arena takes {show_size(arena)} so, more "
            f"than the budget of {show_size(budget)}; do not freeze them, so that the batch is by that"
        )


def _named(classes: tuple[str, ...]) -> str:
    more = f" and {len(classes) - MOST_NAMED:,} more" if len(classes) > MOST_NAMED else ""
    return one_line(", ".join(classes[:MOST_NAMED])) + more


def _giver(
    source: str | os.PathLike[str] | InferenceGraph | Target, target: Target
) -> tuple[Giver, str, tuple[str, ...]]:
    """What gives the numbers, its name, and the names of its classes, none where they are not known."""
    if isinstance(source, Target):
        return OfState(source), source.graph.name, ()
    if isinstance(source, InferenceGraph):
        return OfModel(source, target), source.name, ()
    path = Path(source)
    folder = RunFolder(path)
    if folder.holds_run:
        kept, state = folder.read()
        if kept.settings.pruning is not None:
            raise RunError(
                f"{path} is pruned {kept.settings.pruning}, so that many of its weights count for nothing; train it on "
                "with --resume, or prune it further: linocut prune"
            )
        return OfState(_of_run(kept, state)), str(path), kept.data.classes if kept.data else ()
    file = path / packed.NAME if os.path.isdir(path) else path
    if not os.path.exists(file):
        raise RunError(f"{path} is no run and no model to begin from; give a run folder, or a {packed.NAME}")
    model = packed.read(file)
    return OfModel(model.graph, target), str(path), model.classes


def _of_run(kept: Checkpoint, file: TensorFile) -> Target:
    """The state in a checkpoint, read a buffer at a time."""
    settings, compiled = kept.settings, kept.settings.compile()

    def read(name: str) -> Array:
        buffer = compiled.program.buffer(name)
        data = np.empty(buffer.nbytes, np.uint8)
        file.read_into(name, data)
        return stored(data, replace(buffer, offset=0))

    state = State(compiled.layout, read)
    return Target(settings.network.graph, settings.policy, state, settings.optimizer.latent)
