"""network_at: the network that a path names: of a run, or of a model file of a recurrent network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.errors import SpecError, one_line

if TYPE_CHECKING:
    from linocut.graph.network import Network

TOML, MODEL = ".toml", ".safetensors"


def is_trained(model: str) -> bool:
    """Whether it is the folder of a run or a model file; SpecError for a path where nothing is.

    Else it is the name of a model, or a FILE.toml.
    """
    path = Path(model)
    if path.is_dir():
        return True
    if path.suffix == TOML or not (path.suffix == MODEL or os.sep in model or (path.suffix and path.is_file())):
        return False
    if not path.exists():
        raise SpecError(
            f"{one_line(model)} does not exist; give the folder of a run, a model file, a FILE.toml, or the name of a "
            "model"
        )
    return True


def network_at(model: str) -> Network | None:
    """That of the folder of a run or of a model file; None for what is the name of a model, or a FILE.toml.

    SpecError for a path where nothing is, RunError for what cannot be read, UsageError for model files of networks
    that are not recurrent, which do not say how they were described.
    """
    if not is_trained(model):
        return None
    if not Path(model).is_dir():
        return _of_file(Path(model))
    from linocut.train.run_folder import RunFolder

    return RunFolder(Path(model)).read()[0].settings.network


def _of_file(path: Path) -> Network:
    from linocut.export import packed
    from linocut.export.sixteen import in_sixteen_bits, is_recurrent
    from linocut.graph.recurrent_network import network_of

    graph = packed.read(path).graph
    if not is_recurrent(graph):
        raise click.UsageError(
            f"{one_line(path)} is a model file of {one_line(graph.name)}, which is not recurrent: such files do not "
            "say how their networks were described; give the folder of its run"
        )
    return network_of(in_sixteen_bits(graph))
