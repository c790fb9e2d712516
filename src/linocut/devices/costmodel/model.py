"""CostModel: a graph network that answers what cells cost, in NumPy; and its file.

h = nodes E + e                                    (cells, 7, width), 0 where there is no vertex
h = h + MLP([h, A^T h, A h, mean of h])            ROUNDS times: from predecessors, from successors, from all
log ms = MLP([sum of h, max of h]) * scale + mean  of each device

As [h, A^T h, A h, mean of h] W is h W_0 + A^T h W_1 + A h W_2 + the mean of h W_3, each vertex is multiplied by all of
W first, and one product for each cell, with what is the same in every round, adds up what its vertices read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linocut.devices.costmodel.features import FEATURES, PRESENT, features
from linocut.errors import RunError, SpecError
from linocut.fields import a_path
from linocut.networks.nasbench.cell import checked
from linocut.ops.bits import Array
from linocut.tensor_file import TensorFile, save

KIND, VERSION = "linocut-cost-model", 2  # files of tensors have a checksum from version 2 on
ROUNDS, WIDTH = 4, 48
PARTS = 4  # h, and what comes from predecessors, successors and all
CHUNK = 256  # cells that are answered together: what they take stays in the caches
ROWS = 28  # of a product: of more OpenBLAS makes two threads, which cost more than they bring
NOWHERE = -1e9  # below any h


def shapes(devices: int) -> dict[str, tuple[int, ...]]:
    """The shape of each array of weights of a model for so many devices, by name."""
    found: dict[str, tuple[int, ...]] = {"embed.weights": (FEATURES, WIDTH), "embed.bias": (WIDTH,)}
    for number in range(ROUNDS):
        found |= _layers(f"round{number}", PARTS * WIDTH, WIDTH)
    return {**found, **_layers("head", 2 * WIDTH, devices), "mean": (devices,), "scale": (devices,)}


def _layers(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.0.weights": (inputs, WIDTH),
        f"{name}.0.bias": (WIDTH,),
        f"{name}.1.weights": (WIDTH, outputs),
        f"{name}.1.bias": (outputs,),
    }


@dataclass(frozen=True)
class CostModel:
    """Weights (inputs, outputs) and biases (outputs,) by name, as `shapes` has them, float32; its devices, in order.

    `about` says on what it was trained, and what it scored. SpecError for weights of other names or shapes.
    """

    devices: tuple[str, ...]
    caching: str
    weights: Mapping[str, Array]
    about: Mapping[str, object]

    def __post_init__(self) -> None:
        expected = shapes(len(self.devices))
        found = {name: array.shape for name, array in self.weights.items()}
        if found != expected:
            odd = sorted(set(found.items()) ^ set(expected.items()))
            raise SpecError(f"the weights of a cost model differ from its form, at {odd[0][0]}; train it again")

    def predict(self, cells: NDArray[np.void]) -> Array:
        """Milliseconds of the networks of (cells,) on each device: (cells, devices) float64.

        SpecError for what is no array of cells.
        """
        found = np.empty((len(checked(cells)), len(self.devices)))
        for begin in range(0, len(cells), CHUNK):
            found[begin : begin + CHUNK] = self._answer(*features(cells[begin : begin + CHUNK]))
        return found

    def _answer(self, nodes: Array, edges: Array) -> Array:
        own, (count, vertices, _) = self.weights, nodes.shape
        present = nodes[:, :, PRESENT:]
        there, reads = present.reshape(-1, 1), _reads(edges, present)
        h = (_product(nodes.reshape(-1, FEATURES), own["embed.weights"]) + own["embed.bias"]) * there
        for number in range(ROUNDS):
            sent = _product(h, _side_by_side(own[f"round{number}.0.weights"]))
            hidden = (reads @ sent.reshape(count, vertices * PARTS, WIDTH)).reshape(-1, WIDTH)
            change = self._after(f"round{number}", hidden)
            change *= there
            h += change
        h = h.reshape(count, vertices, WIDTH)
        pooled = np.concatenate([h.sum(axis=1), np.where(present > 0, h, NOWHERE).max(axis=1)], axis=1)
        logs = self._after("head", _product(pooled, own["head.0.weights"]))
        return np.exp(np.asarray(logs * own["scale"] + own["mean"], np.float64))

    def _after(self, name: str, hidden: Array) -> Array:
        """The rest of an MLP, from its first product, which is written over."""
        hidden += self.weights[f"{name}.0.bias"]
        found = _product(np.maximum(hidden, 0, out=hidden), self.weights[f"{name}.1.weights"])
        found += self.weights[f"{name}.1.bias"]
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it into a file of tensors, whole or not at all; MachineError where the disk will not."""
        description = {"devices": list(self.devices), "caching": self.caching, "about": dict(self.about)}
        save(Path(path), self.weights, KIND, VERSION, description)


def _reads(edges: Array, present: Array) -> Array:
    """How much each vertex reads of each part of what each vertex sends: (cells, 7, 7 PARTS)."""
    count, vertices, _ = edges.shape
    reads = np.empty((count, vertices, vertices, PARTS), np.float32)
    reads[..., 0] = np.eye(vertices, dtype=np.float32)
    reads[..., 1] = edges.transpose(0, 2, 1)
    reads[..., 2] = edges
    reads[..., 3] = 1 / present.sum(axis=1, keepdims=True)
    return reads.reshape(count, vertices, vertices * PARTS)


def _side_by_side(weights: Array) -> Array:
    """(PARTS WIDTH, WIDTH) as (WIDTH, PARTS WIDTH): those of each part beside those of the others."""
    return np.ascontiguousarray(weights.reshape(PARTS, WIDTH, WIDTH).swapaxes(0, 1)).reshape(WIDTH, PARTS * WIDTH)


def _product(x: Array, weights: Array) -> Array:
    """(n, inputs) times (inputs, outputs), ROWS at a time."""
    whole = len(x) // ROWS * ROWS
    found = np.empty((len(x), weights.shape[1]), np.float32)
    blocks = found[:whole].reshape(-1, ROWS, weights.shape[1])
    np.matmul(x[:whole].reshape(-1, ROWS, x.shape[1]), weights, out=blocks)
    np.matmul(x[whole:], weights, out=found[whole:])
    return found


def load(path: str | os.PathLike[str]) -> CostModel:
    """The model in a file; RunError for one that is missing, damaged, or another kind of file.

    SpecError for what is no path.
    """
    where = a_path(path, "a cost model")
    if not where.exists():
        raise RunError(f"{where} does not exist; make it with: linocut nasbench train-cost-model --out {where}")
    file = TensorFile(where, KIND, VERSION)
    devices, caching = file.description.get("devices"), file.description.get("caching")
    about = file.description.get("about", {})
    named = isinstance(devices, list) and all(isinstance(name, str) for name in devices)
    if not isinstance(devices, list) or not named or not devices or not isinstance(caching, str):
        raise RunError(f"{where} does not say for which devices and caching it is; it is damaged")
    expected = shapes(len(devices))
    file.only(expected)
    weights = {name: file.read(name, shape, np.float32) for name, shape in expected.items()}
    return CostModel(tuple(devices), caching, weights, about if isinstance(about, dict) else {})
