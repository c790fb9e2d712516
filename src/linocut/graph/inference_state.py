"""InferenceState: what an inference graph has learned, by `layer.part`, in real units."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.errors import SpecError
from linocut.graph.inference import (
    BinaryProduct,
    InferenceGraph,
    InferenceNode,
    LevelsProduct,
    PrunedProduct,
    RealProduct,
)
from linocut.graph.named_arrays import NamedArrays
from linocut.masks import is_masked
from linocut.ops.bits import Array, pack, unpack
from linocut.ops.norm_sign import THRESHOLD_LIMIT

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class InferenceState(NamedArrays[tuple[str, str]]):
    """Arrays by name: binary weights, and planes of levels, as -1 and +1, thresholds as integers, all else in float32.

    A fraction given as the threshold of integers means the next integer. Reading gives a copy of what `graph` has at
    the time; `change` is given what makes a graph one with other arrays. SpecError for an unknown name, a wrong shape,
    or what is no number; nothing is changed then.
    """

    def __init__(
        self, graph: Callable[[], InferenceGraph], change: Callable[[Callable[[InferenceGraph], InferenceGraph]], None]
    ) -> None:
        now = graph()
        lists = {node.name for node in now.nodes if isinstance(node, PrunedProduct)}  # which hold together
        own = ((node, part) for node, part, _ in now.tensors() if node not in lists)
        super().__init__(now.name, {f"{node}.{part}": (node, part) for node, part in own})
        self._graph_now, self._change = graph, change

    def __getitem__(self, name: str) -> Array:
        """A copy of the array called `name`."""
        node, part = self._owner(name)
        array: Array = getattr(node, part)
        if array.dtype != np.uint64:
            return array.copy()
        assert isinstance(node, (BinaryProduct, LevelsProduct, RealProduct))
        return np.where(unpack(array, node.depth), np.float32(1), np.float32(-1))

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array; nothing is read."""
        return _shape(*self._owner(name))

    def update(self, *others: Any, **more: ArrayLike) -> None:
        """Replace several arrays, each of its `shape`: all or, where one does not fit, none."""
        given: Mapping[str, ArrayLike] = dict(*others, **more)
        checked = []
        for name, values in given.items():
            node, part = self._owner(name)
            checked.append((node.name, part, self._checked(node, part, values)))

        def changed(graph: InferenceGraph) -> InferenceGraph:
            nodes = {node.name: node for node in graph.nodes}
            for name, part, values in checked:
                other: dict[str, Any] = {part: values}
                nodes[name] = dataclasses.replace(nodes[name], **other)
            return dataclasses.replace(graph, nodes=tuple(nodes.values()))

        self._change(changed)

    def _owner(self, name: str) -> tuple[InferenceNode, str]:
        node, part = self._find(name)
        return self._graph_now().by_name[node], part

    def _checked(self, node: InferenceNode, part: str, given: ArrayLike) -> Array:
        """The array as the node keeps it."""
        old: Array = getattr(node, part)
        shape = _shape(node, part)
        if is_masked(given):
            raise SpecError(
                f"{node.name}.{part} is given masked elements, must be finite numbers; fill them (.filled(0))"
            )
        try:
            values = np.asarray(given, np.float64)
        except (TypeError, ValueError):
            raise SpecError(f"{node.name}.{part} is given {type(given).__name__}, must be numbers of {shape}") from None
        if values.shape != shape:
            raise SpecError(
                f"{node.name}.{part} of {self._network} has shape {shape}, not {values.shape}; "
                "give the state of the same network"
            )
        with np.errstate(over="ignore"):  # a float64 too large for float32 becomes inf, and is reported below
            floats = values.astype(np.float32)
        if not np.isfinite(floats).all():
            raise SpecError(f"{node.name}.{part} is given what is no number, must be finite numbers")
        if old.dtype == np.int32:
            return np.clip(np.ceil(values), -THRESHOLD_LIMIT, THRESHOLD_LIMIT).astype(np.int32)
        return pack(values >= 0) if old.dtype == np.uint64 else floats


def _shape(node: InferenceNode, part: str) -> tuple[int, ...]:
    """The shape of a tensor in real units: of packed signs, a number for each."""
    array: Array = getattr(node, part)
    if array.dtype != np.uint64:
        return array.shape
    assert isinstance(node, (BinaryProduct, LevelsProduct, RealProduct))
    return (*array.shape[:-1], node.depth)
