"""Start: what a training begins from that takes the numbers of a trained network."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from linocut.errors import RunError
from linocut.export import packed
from linocut.graph.carry import Giver, OfModel, OfState, Target, carry
from linocut.graph.inference import InferenceGraph
from linocut.graph.state import State
from linocut.ops.bits import Array
from linocut.run.views import stored
from linocut.tensor_file import TensorFile
from linocut.train.checkpoint import Checkpoint
from linocut.train.events import Started
from linocut.train.run_folder import RunFolder


def start(source: str | os.PathLike[str] | InferenceGraph, target: Target) -> Started:
    """Give the target's state the numbers of the layers that fit, of a run folder, a model file or a graph.

    Of a run folder its checkpoint is read, the state of the latest epoch; of a folder without one, and of a file, the
    packed model. RunError for what is neither, and where no layer fits.
    """
    giver, name = _giver(source, target)
    found = carry(giver, target)
    if not found.taken:
        first = next(iter(found.new), "")
        why = f": {first}: {found.new[first]}" if first else ""
        raise RunError(
            f"{name} has nothing that {target.graph.name} could begin from, as no layer fits by name and shape{why}; "
            "give the same model, or leave out --from"
        )
    return Started(name, found.taken, found.new, found.unused)


def _giver(source: str | os.PathLike[str] | InferenceGraph, target: Target) -> tuple[Giver, str]:
    if isinstance(source, InferenceGraph):
        return OfModel(source, target), source.name
    path = Path(source)
    folder = RunFolder(path)
    if folder.holds_run:
        return OfState(_of_run(*folder.read())), str(path)
    file = path / packed.NAME if os.path.isdir(path) else path
    if not os.path.exists(file):
        raise RunError(f"{path} is no run and no model to begin from; give a run folder, or a {packed.NAME}")
    return OfModel(packed.read(file).graph, target), str(path)


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
