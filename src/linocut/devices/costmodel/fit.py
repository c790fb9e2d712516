"""Fitting a cost model to times, in PyTorch: the form that model.py answers with, and Adam on log times."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linocut.devices.costmodel.features import PRESENT, features
from linocut.devices.costmodel.model import NOWHERE, ROUNDS, shapes
from linocut.errors import SpecError
from linocut.ops.bits import Array

RATE = 4e-3  # the largest learning rate
STEPS = 4000  # of Adam, as far as batches of so many cells make them
BATCHES = 16, 512
SEEN = 300_000, 2_000_000  # cells that a training sees, at least and at most
PASSES, EPOCHS = 60, (6, 300)  # through all cells between those bounds; and in any case


def pytorch() -> Any:
    """PyTorch; SpecError where it is not installed."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise SpecError(
            "training a cost model needs PyTorch, which is not installed: pip install 'linocut[costmodel]'"
        ) from None


def epochs_for(cells: int) -> int:
    """How often a training goes through so many cells, unless it is told."""
    wanted = float(np.clip(PASSES * cells, *SEEN)) / cells
    return int(np.clip(round(wanted), *EPOCHS))


def fit(
    cells: NDArray[np.void], ms: Array, epochs: int, seed: int, tell: Callable[[int, float], None]
) -> dict[str, Array]:
    """Weights, as `shapes` has them, fitted to (cells,) that take (cells, devices) ms.

    `tell` is called with each epoch, from 1, and its mean loss: smooth L1 of standardised log times.
    """
    torch = pytorch()
    generator = torch.Generator().manual_seed(seed)
    logs = np.log(ms)
    mean, scale = logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-6)
    target = torch.from_numpy(((logs - mean) / scale).astype(np.float32))
    nodes, edges = (torch.from_numpy(array) for array in features(cells))
    weights = _initial(torch, ms.shape[1], generator)
    batch = int(np.clip(epochs * len(cells) // STEPS, *BATCHES))
    steps = epochs * -(-len(cells) // batch)
    adam = torch.optim.Adam(weights.values(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    for epoch in range(1, epochs + 1):
        order, total = torch.randperm(len(cells), generator=generator), 0.0
        for some in order.split(batch):
            loss = torch.nn.functional.smooth_l1_loss(answer(torch, weights, nodes[some], edges[some]), target[some])
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            total += float(loss.detach()) * len(some)
        tell(epoch, total / len(cells))
    found = {name: array.detach().numpy() for name, array in weights.items()}
    return {**found, "mean": mean.astype(np.float32), "scale": scale.astype(np.float32)}


def answer(torch: Any, weights: dict[str, Any], nodes: Any, edges: Any) -> Any:
    """Standardised log times (cells, devices) of (cells, 7, 6) nodes and (cells, 7, 7) edges; tensors."""
    present = nodes[:, :, PRESENT:]
    share = 1 / present.sum(dim=1, keepdim=True)
    h = (nodes @ weights["embed.weights"] + weights["embed.bias"]) * present
    backwards = edges.transpose(1, 2)
    for number in range(ROUNDS):
        everywhere = (h.sum(dim=1, keepdim=True) * share).expand_as(h)
        read = torch.cat([h, backwards @ h, edges @ h, everywhere], dim=2)
        h = h + _mlp(torch, weights, f"round{number}", read) * present
    largest = torch.where(present > 0, h, torch.full_like(h, NOWHERE)).amax(dim=1)
    return _mlp(torch, weights, "head", torch.cat([h.sum(dim=1), largest], dim=1))


def _mlp(torch: Any, weights: dict[str, Any], name: str, x: Any) -> Any:
    hidden = torch.relu(x @ weights[f"{name}.0.weights"] + weights[f"{name}.0.bias"])
    return hidden @ weights[f"{name}.1.weights"] + weights[f"{name}.1.bias"]


def _initial(torch: Any, devices: int, generator: Any) -> dict[str, Any]:
    """Weights from N(0, 2 / inputs), biases of 0; the last of each round are small, so that it changes little."""
    found = {}
    for name, shape in shapes(devices).items():
        if name in ("mean", "scale"):
            continue
        array = torch.zeros(shape)
        if len(shape) == 2:
            array = torch.randn(shape, generator=generator) * (2 / shape[0]) ** 0.5
            array *= 0.2 if name.startswith("round") and ".1." in name else 1
        found[name] = array.requires_grad_()
    return found
