"""model.safetensors: an inference graph as a file that prediction needs nothing else beside."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from linocut import fields, tensor_file
from linocut.data.dataset import Resizing
from linocut.data.form import Form
from linocut.data.registry import resizing_of
from linocut.data.resizing import find_resizing
from linocut.errors import LinocutError, RunError, SpecError, one_line
from linocut.export import packed_network
from linocut.graph.inference import (
    KINDS,
    BinaryProduct,
    InferenceGraph,
    InferenceNode,
    LevelsProduct,
    Pool,
    PrunedProduct,
    RealProduct,
)
from linocut.graph.inference_rules import MOST_NAME, MOST_NODES, Tensors, check, check_form, check_lists
from linocut.layers.input import MOST_SIZES
from linocut.layers.losses.base import PATHS
from linocut.layers.window import Window
from linocut.ops.bits import Array, padding_is_zero
from linocut.tensor_file import TensorFile

NAME = "model.safetensors"
KIND, VERSION = "linocut-model", 3  # 1 had no checksum; 1 and 2 held a network's description, not its inference form
INFERENCE = "inference"
INFERENCE_SINCE = 3  # the first version with one
_NONE: Array = np.empty(0, np.float32)  # for tensors that are yet to be read


@dataclass(frozen=True)
class PackedModel:
    """An inference graph, the names of its classes, and of the data set that it was trained on (None: not known).

    `resizing` is how pictures became its examples, None where an older file does not say it and it cannot be known;
    `form` how files of numbers did, None where there were none.
    """

    graph: InferenceGraph
    classes: tuple[str, ...] = ()
    data: str | None = None
    resizing: Resizing | None = None
    form: Form | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors."""
        return self.graph.nbytes


def save(path: Path, model: PackedModel) -> None:
    """Write a model, whole or not at all; MachineError where the disk will not."""
    graph = model.graph
    description = {
        INFERENCE: {"name": graph.name, "classes": graph.classes, "nodes": [described(node) for node in graph.nodes]},
        "classes": list(model.classes),
        "data": model.data,
        **({} if model.resizing is None else {"resizing": model.resizing}),
        **({} if model.form is None else {"form": model.form.to_dict()}),
    }
    tensors = {f"{node}.{part}": array for node, part, array in graph.tensors()}
    tensor_file.save(path, tensors, KIND, VERSION, description)


def read(path: Path) -> PackedModel:
    """The model in a file of any version; RunError with the reason for one that is missing, damaged or foreign."""
    file = TensorFile(path, KIND, VERSION)
    about = file.description
    try:
        if file.version >= INFERENCE_SINCE:
            fields.only(about, {INFERENCE, "classes", "data"} | ({"resizing", "form"} & set(about)), "it")
            graph = _graph(file, about[INFERENCE])
        else:
            graph = packed_network.read(file)
        classes = tuple(fields.text(name, "a class") for name in fields.entries(about["classes"], "classes"))
        data = None if about["data"] is None else fields.text(about["data"], "data")
        resizing = find_resizing(about["resizing"]) if "resizing" in about else resizing_of(data)
        form = Form.from_dict(about["form"]) if "form" in about else None
    except RunError:
        raise
    except KeyError as error:
        raise RunError(f"{path} does not describe a network: it lacks {one_line(error)}; it is damaged") from None
    except (LinocutError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
        raise RunError(f"{path} does not describe a network: {one_line(error)}; it is damaged") from None
    told = graph.outputs - 1 if graph.logits.function == PATHS else graph.classes  # of labels all but the blank
    if len(classes) > told:
        raise RunError(f"{path} has {len(classes)} class names for {told} classes; it is damaged")
    return PackedModel(graph, classes, data, resizing, form)


def described(node: InferenceNode) -> dict[str, Any]:
    """A node's kind and settings, and which tensors it has."""
    settings = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if field.name not in node.tensors:
            settings[field.name] = dataclasses.asdict(value) if isinstance(value, Window) else value
    return {"kind": node.kind, **settings, "tensors": sorted(node.arrays())}


def _graph(file: TensorFile, given: object) -> InferenceGraph:
    """The graph that a file describes, with its tensors: none is loaded before all is known to fit.

    SpecError and RunError for what is none.
    """
    about = fields.mapping(given, INFERENCE)
    fields.only(about, {"name", "classes", "nodes"}, INFERENCE)
    entries = fields.entries(about["nodes"], "nodes")
    if len(entries) > MOST_NODES:
        raise SpecError(f"it has {len(entries):,} nodes, must have {MOST_NODES:,} or fewer")
    name, classes = fields.text(about["name"], "name"), fields.whole(about["classes"], "classes")
    if not name.isprintable():
        raise SpecError(f"its name is {fields.shown(name)}, must be a text on one line")
    bare = InferenceGraph(name, tuple(_node(fields.mapping(entry, "a node")) for entry in entries), classes)
    shapes = {}
    for node, rule in zip(bare.nodes, check_form(bare), strict=True):
        for part in node.arrays():
            if part not in rule.tensors:
                raise SpecError(f"{node.name} has a {part}, which a {node.kind} of {node.gives} has not")
            shapes[f"{node.name}.{part}"] = rule.tensors[part]
            file.check(f"{node.name}.{part}", *rule.tensors[part])
    file.only(shapes)
    graph = InferenceGraph(name, tuple(_filled(file, node, shapes) for node in bare.nodes), classes)
    check(graph)
    return graph


def _node(entry: dict[str, Any]) -> InferenceNode:
    """A node as it is described, its tensors empty."""
    kind = KINDS[fields.one_of(entry.get("kind"), "kind", KINDS)]
    settings = {field.name: field for field in dataclasses.fields(kind) if field.name not in kind.tensors}
    fields.only(entry, {"kind", "tensors", *settings}, f"a {kind.kind}")
    given: dict[str, Any] = {name: _setting(name, entry[name]) for name in settings}
    parts = [fields.one_of(part, "a tensor", kind.tensors) for part in fields.entries(entry["tensors"], "tensors")]
    optional = {field.name for field in dataclasses.fields(kind) if field.default is None}
    if len(set(parts)) < len(parts) or set(kind.tensors) - optional - set(parts):
        has, must = ", ".join(parts) or "none", ", ".join(kind.tensors)
        raise SpecError(f"a {kind.kind} has the tensors {has}, must have {must}")
    if kind is Pool and given["window"] is None:
        raise SpecError("a pool has no window")
    given |= {part: _NONE if part in parts else None for part in kind.tensors}
    return kind(**given)


def _filled(file: TensorFile, node: InferenceNode, shapes: Tensors) -> InferenceNode:
    """The node with its tensors."""
    arrays: dict[str, Any] = {
        part: file.read(f"{node.name}.{part}", *shapes[f"{node.name}.{part}"]) for part in node.arrays()
    }
    for part, array in () if isinstance(node, PrunedProduct) else arrays.items():
        _check_array(file, node, part, array)
    filled = dataclasses.replace(node, **arrays)
    if isinstance(filled, PrunedProduct):
        check_lists(filled)
    return filled


# Settings of nodes that are whole numbers.
WHOLE = frozenset(
    ("depth", "begin", "bits", "matrix", "point", "projection_point", "candidate_point", "cut", "parts", "words")
)


def _setting(name: str, value: object) -> Any:
    """A setting of a node as it was, of the type that it must have."""
    if name in ("name", "gives", "dtype", "function"):
        return fields.text(value, name)
    if name == "inputs":
        return tuple(fields.text(source, "an input") for source in fields.entries(value, name))
    if name == "shape":
        return _sizes(value, name)
    if name in WHOLE:
        return fields.whole(value, name)
    if name in ("low", "high", "limit"):
        return fields.number(value, name)
    if name in ("cells", "block"):
        return fields.whole(value, name, 1)
    if name == "cell":
        return fields.text(value, name)
    if name == "bound":
        return float(fields.number(value, name))
    if name in ("coded", "binary", "sigmoid", "backwards", "inverse", "projection_inverse", "paper", "mean", "joined"):
        return fields.flag(value, name)
    assert name == "window", f"a setting {name} that is not read back"
    return None if value is None else _window(fields.mapping(value, name))


def _window(given: dict[str, Any]) -> Window:
    fields.described(given, Window, "window")
    size = _sizes(given["size"], "size")
    if len(size) != 2:
        raise SpecError(f"a window has {len(size)} sizes, must have two")
    what, padding = fields.text(given["what"], "what"), fields.text(given["padding"], "padding")
    if not what.strip() or not what.isprintable() or len(what) > MOST_NAME:
        raise SpecError(f"what a window is called is {what[:MOST_NAME]!r}, must be a layer and a setting")
    flat = fields.flag(given["flat"], "flat")
    return Window(what, (size[0], size[1]), fields.whole(given["stride"], "stride", 1), padding, flat)


def _sizes(value: object, name: str) -> tuple[int, ...]:
    given = fields.entries(value, name)
    if not 1 <= len(given) <= MOST_SIZES:
        raise SpecError(f"{name} has {len(given):,} sizes, must have 1 to {MOST_SIZES}")
    return tuple(fields.whole(size, name, 1) for size in given)


def _check_array(file: TensorFile, node: InferenceNode, part: str, array: Array) -> None:
    """RunError for a tensor that holds what no model does."""
    signs = array.dtype == np.uint64
    assert not signs or isinstance(node, (BinaryProduct, LevelsProduct, RealProduct))
    sound = padding_is_zero(array, node.depth) if signs else bool(np.isfinite(array).all())  # type: ignore[union-attr]  # as asserted
    if not sound:
        raise RunError(f"{file.path}: {node.name}.{part} holds bits or numbers that no model has; it is damaged")
