"""InferenceState: what an inference graph has learned, by `layer.part`, in real units."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.errors import SpecError, unknown_name
from linocut.graph.inference import BinaryProduct, InferenceGraph, InferenceNode, RealProduct
from linocut.ops.bits import Array, pack, unpack
from linocut.ops.norm_sign import THRESHOLD_LIMIT

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class InferenceState(MutableMapping[str, Array]):
    """Arrays by name: binary weights as -1 and +1, thresholds as integers, all else in float32.

    A fraction given as the threshold of integers means the next integer. Reading gives a copy of what `graph` has at
    the time; `change` is given what makes a graph one with other numbers. SpecError for an unknown name, a wrong shape,
    or what is no number; nothing is changed then.
    """

    def __init__(
        self, graph: Callable[[], InferenceGraph], change: Callable[[Callable[[InferenceGraph], InferenceGraph]], None]
    ) -> None:
        self._graph_now, self._change = graph, change
        self._parts = {f"{node}.{part}": (node, part) for node, part, _ in graph().tensors()}

    def __str__(self) -> str:
        """The names and shapes, a line each."""
        return "\n".join(f"{name} {values.shape}" for name, values in self.items())

    def __getitem__(self, name: str) -> Array:
        """A copy of the array called `name`."""
        node, part = self._find(name)
        array: Array = getattr(node, part)
        if array.dtype != np.uint64:
            return array.copy()
        assert isinstance(node, (BinaryProduct, RealProduct))
        return np.where(unpack(array, node.depth), np.float32(1), np.float32(-1))

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        """Put other numbers under a name."""
        self.update({name: values})

    def __delitem__(self, name: str) -> None:
        """A state has what its network has."""
        raise SpecError(f"{name} cannot be deleted: a state has the parameters of its network; assign zeros")

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the network."""
        return iter(self._parts)

    def __len__(self) -> int:
        """How many arrays there are."""
        return len(self._parts)

    def __contains__(self, name: object) -> bool:
        """Whether there is one of that name; nothing is read."""
        return name in self._parts

    def get(self, name: str, default: Any = None) -> Any:
        """A copy of the array called `name`, `default` where there is none of that name."""
        if name not in self:
            return default
        return self[name]

    def update(self, *others: Any, **more: ArrayLike) -> None:
        """Put other numbers under several names: all or, where one does not fit, none."""
        given: Mapping[str, ArrayLike] = dict(*others, **more)
        checked = []
        for name, values in given.items():
            node, part = self._find(name)
            checked.append((node.name, part, self._checked(node, part, values)))

        def changed(graph: InferenceGraph) -> InferenceGraph:
            nodes = {node.name: node for node in graph.nodes}
            for name, part, values in checked:
                other: dict[str, Any] = {part: values}
                nodes[name] = dataclasses.replace(nodes[name], **other)
            return dataclasses.replace(graph, nodes=tuple(nodes.values()))

        self._change(changed)

    @property
    def _graph(self) -> InferenceGraph:
        return self._graph_now()

    def _find(self, name: str) -> tuple[InferenceNode, str]:
        if name not in self._parts:
            raise unknown_name(f"parameter of {self._graph.name}", name, self._parts)
        node, part = self._parts[name]
        return self._graph.by_name[node], part

    def _checked(self, node: InferenceNode, part: str, given: ArrayLike) -> Array:
        """The array as the node keeps it."""
        old: Array = getattr(node, part)
        packed = old.dtype == np.uint64
        shape = (
            (*old.shape[:-1], node.depth) if packed and isinstance(node, (BinaryProduct, RealProduct)) else old.shape
        )
        try:
            values = np.asarray(given, np.float64)
        except (TypeError, ValueError):
            raise SpecError(f"{node.name}.{part} is given {type(given).__name__}, must be numbers of {shape}") from None
        if values.shape != shape:
            raise SpecError(
                f"{node.name}.{part} of {self._graph.name} has shape {shape}, not {values.shape}; "
                "give the state of the same network"
            )
        with np.errstate(over="ignore"):  # a float64 too large for float32 becomes inf, and is reported below
            floats = values.astype(np.float32)
        if not np.isfinite(floats).all():
            raise SpecError(f"{node.name}.{part} is given what is no number, must be finite numbers")
        if old.dtype == np.int32:
            return np.clip(np.ceil(values), -THRESHOLD_LIMIT, THRESHOLD_LIMIT).astype(np.int32)
        return pack(values >= 0) if packed else floats
