"""CostModel: a graph network that answers what cells cost, in NumPy; and its file.

h = nodes E + e                                    (cells, 7, width), 0 where there is no vertex
h = h + MLP([h, A^T h, A h, mean of h])            ROUNDS times: from predecessors, from successors, from all
log ms = MLP([sum of h, max of h]) * scale + mean  of each device
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
CHUNK = 1024  # cells that are answered together
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
        own, present = self.weights, nodes[:, :, PRESENT:]
        count, vertices, _ = nodes.shape
        share = 1 / present.sum(axis=1, keepdims=True)
        h = (nodes @ own["embed.weights"] + own["embed.bias"]) * present
        read = np.empty((count, vertices, PARTS * WIDTH), np.float32)
        backwards = np.ascontiguousarray(edges.transpose(0, 2, 1))
        for number in range(ROUNDS):
            read[:, :, :WIDTH] = h
            read[:, :, WIDTH : 2 * WIDTH] = backwards @ h
            read[:, :, 2 * WIDTH : 3 * WIDTH] = edges @ h
            read[:, :, 3 * WIDTH :] = h.sum(axis=1, keepdims=True) * share
            h = h + self._mlp(f"round{number}", read.reshape(-1, PARTS * WIDTH)).reshape(h.shape) * present
        pooled = np.concatenate([h.sum(axis=1), np.where(present > 0, h, NOWHERE).max(axis=1)], axis=1)
        return np.exp(np.asarray(self._mlp("head", pooled) * own["scale"] + own["mean"], np.float64))

    def _mlp(self, name: str, x: Array) -> Array:
        hidden = x @ self.weights[f"{name}.0.weights"] + self.weights[f"{name}.0.bias"]
        return np.maximum(hidden, 0, out=hidden) @ self.weights[f"{name}.1.weights"] + self.weights[f"{name}.1.bias"]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it into a file of tensors, whole or not at all; MachineError where the disk will not."""
        description = {"devices": list(self.devices), "caching": self.caching, "about": dict(self.about)}
        save(Path(path), self.weights, KIND, VERSION, description)


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
