"""export: a trained network as files for other runtimes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from linocut import __version__
from linocut.data.form import Form
from linocut.errors import SpecError, one_line, unknown_name
from linocut.export.c.tables import identifier
from linocut.export.c.trainer import TrainerSource
from linocut.export.costs import Cost, checksum, costs
from linocut.export.formats import Format, find_format
from linocut.export.load import load
from linocut.export.sixteen import is_recurrent
from linocut.export.written import write_all
from linocut.files import check_new, expanded
from linocut.graph.inference import InferenceGraph
from linocut.graph.network import Network
from linocut.graph.q10 import is_sixteen, sixteen_bits
from linocut.run.predict import Predictor
from linocut.run.session import Session

# What a file may not be called: words of C99, and the headers that it or its kernels include.
TAKEN = re.compile(
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|register"
    "|restrict|return|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile|while"
    "|math|stddef|stdint|stdio|string"
)
OF_SIXTEEN_BITS = ("c", "hls")  # formats that take recurrent networks in these
MOST_NAME = 31  # characters that every C compiler tells apart


class Trained(Protocol):
    """What has an inference graph: a Trainer."""

    def inference_graph(self) -> InferenceGraph:
        """The network as it is now."""


@runtime_checkable
class Training(Protocol):
    """What trains: a Trainer."""

    @property
    def network(self) -> Network:
        """What it trains."""

    @property
    def session(self) -> Session:
        """The program and its arena."""

    def using(self, what: str) -> AbstractContextManager[None]:
        """Claim it while the block runs; RunError while it is in use."""

    def inference_graph(self) -> InferenceGraph:
        """The network as it is now."""


Model: TypeAlias = "str | os.PathLike[str] | Predictor | Trained | Training | InferenceGraph"


@dataclass(frozen=True)
class Exported:
    """What an export wrote: `files` of the format `to`, of the network `name`.

    `sizes` are bytes that the format speaks of, by name: of c flash_bytes, scratch_bytes and stack_bytes, where it
    trains arena_bytes for scratch_bytes. `costs` is what each node takes as it is written, of a recurrent network in a
    frame, `checksum` the SHA-256 of the network. Of a recurrent network that was in floats `saturated` counts the
    numbers that 16 bits cannot hold, by node and part.
    """

    to: str
    name: str
    files: tuple[Path, ...]
    sizes: dict[str, int]
    costs: tuple[Cost, ...]
    checksum: str
    saturated: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """All of it but the nodes, for `--json`."""
        return {
            "format": self.to,
            "name": self.name,
            "files": [str(path) for path in self.files],
            "macs": sum(cost.macs for cost in self.costs),
            "bytes": sum(cost.bytes for cost in self.costs),
            "sha256": self.checksum,
            **self.sizes,
            **({"saturated": self.saturated} if self.saturated else {}),
        }

    def report(self) -> dict[str, Any]:
        """The same, and `nodes`: name, kind, macs, words and bytes of each."""
        return self.to_json() | {"nodes": [vars(cost) for cost in self.costs]}


def export(
    model: Model,
    to: str = "c",
    *,
    out: str | os.PathLike[str],
    name: str | None = None,
    weights: str | None = None,
    finn: bool = False,
    train: bool = False,
    force: bool = False,
) -> Exported:
    """Write a trained network as files of the format `to`, for runtimes other than linocut.

    `model` is the folder of a run or a model file, a Predictor, a Trainer, or an inference graph. `out` is the folder
    that C is written to, or the file of other formats; `name` what the network is called there, by default as it is
    called here, in C with _ for what no identifier has; `weights` the form of weights, where a format has several;
    `finn` is the form of qonnx that FINN reads. Files that are there are replaced with `force` only. The export
    computes what the Predictor does, of c to the bit.
    With `train`, of c, it trains too, in the arena of a Trainer and to its bits: `model` then is that (of a run,
    `Trainer.resume(run)`), as it is now.

    SpecError for a format, name or form of weights that cannot be, for what is there already, for a node that the
    format cannot say, and for a package that is missing; RunError for a run that cannot be read; MachineError where the
    disk will not. Nothing is then left half-written.
    """
    form = find_format(to, finn)
    if train:
        return _export_trainer(model, to, out, name, weights, force)
    graph, read_as = _graph(model)
    called = _name(graph.name, name, form)
    chosen = _weights(to, form, weights)
    path = expanded(out)
    files = form.files(path, called)
    _check_free(path, files, force)
    written, saturated = graph, {}
    if to in OF_SIXTEEN_BITS and is_recurrent(graph) and not is_sixteen(graph):
        made = sixteen_bits(graph)
        written, saturated = made.graph, made.saturated
    sizes = form.writer()(written, path, called, chosen, read_as)
    return Exported(to, called, files, sizes or {}, costs(written), checksum(graph), saturated)


def _export_trainer(
    model: Model, to: str, out: str | os.PathLike[str], name: str | None, weights: str | None, force: bool
) -> Exported:
    """The program that trains, as C."""
    if to != "c":
        raise SpecError(
            f"{to} is a format for prediction; training is exported as c: give --to c, or leave out --train"
        )
    if weights is not None:
        raise SpecError("weights that train have the formats of their policy; leave out --weights")
    if not isinstance(model, Training):
        raise SpecError(
            f"a {type(model).__name__} does not train; give a Trainer, of the folder of a run Trainer.resume(folder)"
        )
    called = _name(model.network.name, name, find_format(to))
    path, graph = expanded(out), model.inference_graph()
    with model.using("export"):
        source = TrainerSource(model.session, model.network.graph, called, __version__)
        texts = {path / file: text for file, text in source.files().items()}
        kernels = {file for file in texts if file.parent != path}
        changed = [file for file in texts if file not in kernels or not _holds(file, texts[file])]
        _check_free(path, changed, force)
        write_all(texts)
    return Exported(to, called, tuple(texts), source.sizes(), costs(graph), checksum(graph))


def _holds(file: Path, text: str) -> bool:
    """Whether the file is there as it would be written."""
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _graph(model: Model) -> tuple[InferenceGraph, Form | None]:
    """The network, and how files of numbers were read in its training, where that is known."""
    if isinstance(model, InferenceGraph):
        return model, None
    if isinstance(model, (str, os.PathLike)):
        model = load(model)
    if isinstance(model, Predictor):
        return model.graph, model.form
    made = getattr(model, "inference_graph", None)
    if made is None:
        raise SpecError(
            f"a {type(model).__name__} cannot be exported; give the folder of a run, a Predictor, a Trainer, or an "
            "inference graph"
        )
    graph: InferenceGraph = made()
    return graph, getattr(getattr(model, "data", None), "form", None)


def _name(own: str, given: str | None, form: Format) -> str:
    """What the network is called there: as `given`, or by its own name; SpecError for a given one that cannot be."""
    if not form.identifier:
        return own if given is None else given
    if given is None:
        return _of_c(own)
    if not _is_of_c(given):
        raise SpecError(
            f"the name {one_line(given)!r} is no C identifier of at most {MOST_NAME} characters that is free; give "
            "another, of letters, digits and _, with --name (name= in Python)"
        )
    return given


def _is_of_c(name: str) -> bool:
    legal = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
    return legal is not None and not TAKEN.fullmatch(name) and len(name) <= MOST_NAME


def _of_c(own: str) -> str:
    """The C identifier nearest to a network's own name: _ for what else there is, net_ before what is no letter."""
    name = identifier(own)
    if not re.match("[A-Za-z]", name):
        name = f"net_{name}"
    if TAKEN.fullmatch(name):
        name = f"{name}_"
    return name[:MOST_NAME]


def _weights(to: str, form: Format, weights: str | None) -> str:
    if weights is None:
        return form.weights[0]
    if weights not in form.weights:
        raise unknown_name(f"form of weights of {to}", weights, form.weights)
    return weights


def _check_free(path: Path, files: Sequence[Path], force: bool) -> None:
    """SpecError where files would be written over, or cannot be there."""
    if len(files) > 1 and path.exists() and not path.is_dir():
        raise SpecError(f"{path} is a file, must be a folder, in which {files[0].name} goes; give another --out")
    for file in files:
        check_new(file, force, forced="--force (force=True in Python)")
