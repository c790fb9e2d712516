"""A network of linocut's in PyTorch, in float64 and on autograd, as DESIGN section 3 describes `standard`.

Every layer is written here once more, from its description: nothing of linocut's arithmetic is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from straight_through import Binarised, ClippedSign, QuadraticSign

from linocut import layers as lc
from linocut.layers.placed import Placed
from linocut.ops.bits import Array
from linocut.run.session import ReferenceSession

torch = pytest.importorskip("torch")
functional = torch.nn.functional
torch.set_num_threads(1)  # small tensors: more threads would only wait for each other
Tensor: TypeAlias = Any

EPSILON = 1e-5


class Oracle:
    """A network with the weights and shifts of a session.

    `inputs` and `outputs` are the tensors before and after each layer, by its name; each consumer of a tensor has its
    own copy, so that `inputs[name].grad` is the gradient that this layer gives. `kinks` is how close any activation
    came to a place where a decision turns: 0 for signs and rectifiers, 1 for the mask of a clipped sign.
    """

    def __init__(self, network: lc.Network, session: ReferenceSession) -> None:
        self.network = network
        self.weights: dict[str, Tensor] = {}
        self.betas: dict[str, Tensor] = {}
        for buffer in session.program.persistent():
            layer, _, what = buffer.name.partition(".")
            if what in ("weights", "beta"):
                chosen = self.weights if what == "weights" else self.betas
                chosen[layer] = torch.tensor(session.array(buffer.name).astype(np.float64), requires_grad=True)
        self.inputs: dict[str, Tensor] = {}
        self.outputs: dict[str, Tensor] = {}
        self.kinks = np.inf

    def binary(self) -> dict[str, Tensor]:
        """The latent weights, by layer."""
        return {name: w for name, w in self.weights.items() if name.startswith("binary")}

    def logits(self, images: Array) -> Tensor:
        numbers = (2.0 * images - 255) / 255 if images.dtype == np.uint8 else images.astype(np.float64)
        return self._chain(self.network.tree, torch.tensor(numbers))

    def loss(self, images: Array, labels: Array) -> Tensor:
        return functional.cross_entropy(self.logits(images), torch.tensor(labels.astype(np.int64)))

    def _chain(self, chain: tuple[Placed, ...], x: Tensor) -> Tensor:
        for placed in chain:
            x = x.clone()
            if x.requires_grad:
                x.retain_grad()
            self.inputs[placed.name] = x
            x = self._layer(placed, x)
            if x.requires_grad:
                x.retain_grad()
            self.outputs[placed.name] = x
        return x

    def _layer(self, placed: Placed, x: Tensor) -> Tensor:
        layer, name = placed.layer, placed.name
        match layer:
            case lc.Input() | lc.SoftmaxCrossEntropy():
                return x
            case lc.Flatten():
                return x.reshape(len(x), -1)
            case lc.BinaryDense():
                return x @ Binarised.apply(self.weights[name]).T
            case lc.Dense():
                return x @ self.weights[name][:, 0, 0].T
            case lc.BinaryConv2D():
                y = convolved(x, Binarised.apply(self.weights[name]), layer)
                sizes = self.weights[name].detach().abs().mean((1, 2, 3))
                return y * sizes if layer.scaled else y  # after the sum, so that equal products stay equal
            case lc.Conv2D():
                return convolved(x, self.weights[name], layer)
            case lc.BatchNorm():
                over = tuple(range(x.ndim - 1))
                centred = x - x.mean(over)
                return centred / torch.sqrt(centred.square().mean(over) + EPSILON) + self.betas[name][0]
            case lc.Sign():
                self._note(x.detach().abs())
                if layer.estimator == "clip":
                    self._note((x.detach().abs() - 1).abs())
                    return ClippedSign.apply(x)
                return QuadraticSign.apply(x)
            case lc.ReLU():
                self._note(x.detach().abs())
                return torch.relu(x)
            case lc.MaxPool2D():
                return first_largest(seen(x, layer.size, layer.stride, layer.padding, -np.inf))
            case lc.AveragePool2D():
                means = [seen(part, layer.size, layer.stride, layer.padding, 0.0).sum(-1) for part in (x, ones(x))]
                return means[0] / means[1]
            case lc.GlobalAveragePool():
                return x.mean((1, 2))
            case lc.Residual():
                body, shortcut = placed.branches
                return self._chain(body, x) + self._chain(shortcut, x)
        raise AssertionError(f"{name} is not described here")

    def _note(self, distances: Tensor) -> None:
        """Exact zeros are left out: they are such in float32 too, as behind a rectifier."""
        inexact = distances[distances != 0]
        if inexact.numel():
            self.kinks = min(self.kinks, inexact.min().item())


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def around(image: int, window: int, stride: int, padding: str) -> tuple[int, int, int]:
    """Pixels of padding before and after, and the outputs, along one side."""
    if padding == "valid":
        return 0, 0, (image - window) // stride + 1
    outputs = -(-image // stride)
    before = (window - 1) // 2
    return before, max(0, (outputs - 1) * stride + window - image - before), outputs


def padded(x: Tensor, size: tuple[int, int], stride: int, padding: str, fill: float) -> tuple[Tensor, int, int]:
    """Images as (batch, channels, height, width) with their padding, and the size of what a window gives."""
    top, bottom, height = around(x.shape[1], size[0], stride, padding)
    left, right, width = around(x.shape[2], size[1], stride, padding)
    return functional.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom), value=fill), height, width


def convolved(x: Tensor, w: Tensor, layer: lc.BinaryConv2D | lc.Conv2D) -> Tensor:
    image, height, width = padded(x, pair(layer.kernel), layer.stride, layer.padding, 0.0)
    y = functional.conv2d(image, w.permute(0, 3, 1, 2), stride=layer.stride)
    assert y.shape[2:] == (height, width)
    return y.permute(0, 2, 3, 1)


def seen(x: Tensor, size: int | tuple[int, int], stride: int | None, padding: str, fill: float) -> Tensor:
    """What each window sees, (batch, height', width', channels, taps), the taps row by row."""
    window = pair(size)
    step = window[0] if stride is None else stride
    image, height, width = padded(x, window, step, padding, fill)
    patches = image.unfold(2, window[0], step).unfold(3, window[1], step)
    assert patches.shape[2:4] == (height, width)
    return patches.permute(0, 2, 3, 1, 4, 5).reshape(len(x), height, width, x.shape[3], -1)


def first_largest(patches: Tensor) -> Tensor:
    """The largest of the last dimension; its gradient goes to the first of equals."""
    equal = patches == patches.amax(-1, keepdim=True)
    first = equal & (equal.cumsum(-1) == 1)
    return torch.where(first, patches, torch.zeros_like(patches)).sum(-1)


def ones(x: Tensor) -> Tensor:
    return torch.ones_like(x.detach())


STEPPERS: dict[str, Callable[..., Any]] = {
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9),
}
