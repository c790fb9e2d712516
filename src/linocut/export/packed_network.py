"""Model files of versions 1 and 2: a network's description, its arithmetic, and tensors by the names of its layers."""

from __future__ import annotations

import numpy as np

from linocut.errors import SpecError
from linocut.formats import words
from linocut.graph.fold import ComplexParts, Norm, Source, fold
from linocut.graph.graph import Node
from linocut.graph.inference import InferenceGraph
from linocut.graph.network import Network
from linocut.layers.weights import PART
from linocut.ops.bits import Array, padding_is_zero
from linocut.tensor_file import TensorFile

INTEGER, FLOAT = "integer", "float"
_PARTS = ("mean", "spread", "shift")  # as these files call mean, deviation and shift


class _Packed(Source):
    """The numbers of such a file."""

    def __init__(self, file: TensorFile, arithmetic: str) -> None:
        self._file = file
        self.coded = arithmetic == INTEGER

    def signs(self, node: Node) -> Array:
        """Packed signs (outputs, ..., words)."""
        shape = node.parameter(PART).shape
        found = self._file.read(f"{node.name}.weights", (*shape[:-1], words(shape[-1])), np.uint64)
        if not padding_is_zero(found, shape[-1]):
            raise SpecError(f"{node.name}.weights holds bits behind its last")
        return found

    def planes(self, node: Node) -> Array:
        """These files know none."""
        raise SpecError(f"{node.name} has weights of several bits, which no file of this version holds")

    def weights(self, node: Node) -> Array:
        """Weights in full precision, float32."""
        return self._finite(f"{node.name}.weights", node.parameter(PART).shape)

    def complex_norm(self, node: Node, product: Node | None) -> ComplexParts:
        """These files know none."""
        raise SpecError(f"{node.name} is a complex norm, which no file of this version holds")

    def bias(self, node: Node) -> Array:
        """These files know none."""
        raise SpecError(f"{node.name} has a bias, which no file of this version holds")

    def part(self, node: Node, part: str) -> Array:
        """These files know none but weights."""
        raise SpecError(f"{node.name} has a {part}, which no file of this version holds")

    def norm(self, node: Node, product: Node | None) -> Norm:
        """Mean, deviation and shift."""
        mean, deviation, shift = (self._finite(f"{node.name}.{part}", node.output.shape[-1:]) for part in _PARTS)
        return Norm(mean.astype(np.float64), deviation.astype(np.float64), shift.astype(np.float64))

    def least(self, node: Node, product: Node, *, whole: bool) -> Array:
        """Thresholds (channels,)."""
        name, shape = f"{node.name}.threshold", node.output.shape[-1:]
        return self._file.read(name, shape, np.int32) if whole else self._finite(name, shape)

    def of_levels(self, node: Node) -> Norm:
        """These files know none."""
        raise SpecError(f"{node.name} has levels, which no file of this version holds")

    def levels(self, node: Node, product: Node, bits: int) -> Array:
        """These files know none."""
        raise SpecError(f"{node.name} is quantised, which no file of this version holds")

    def _finite(self, name: str, shape: tuple[int, ...]) -> Array:
        found = self._file.read(name, shape, np.float32)
        if not np.isfinite(found).all():
            raise SpecError(f"{name} holds what is no number")
        return found


def read(file: TensorFile) -> InferenceGraph:
    """The inference graph of such a file; SpecError, KeyError and others for what is none."""
    network, arithmetic = Network.from_dict(file.description["network"]), file.description["arithmetic"]
    if arithmetic not in (INTEGER, FLOAT):
        raise SpecError(f"arithmetic is {arithmetic!r}, must be {INTEGER} or {FLOAT}")
    return fold(network.graph, _Packed(file, arithmetic))
