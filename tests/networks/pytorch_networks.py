"""A network of linocut's in PyTorch, in float64 and on autograd, as docs/design/numbers.md describes `standard`.

Every layer is written here once more, from its description: nothing of linocut's arithmetic is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from straight_through import Binarised, ClippedLevels, ClippedSign, QuadraticSign

from linocut import layers as lc
from linocut.graph.graph import Graph, Node
from linocut.layers.kinds import BITS_OF
from linocut.ops.bits import Array
from linocut.run.session import ReferenceSession

torch = pytest.importorskip("torch")
functional = torch.nn.functional
torch.set_num_threads(1)  # small tensors: more threads would only wait for each other
Tensor: TypeAlias = Any

EPSILON = 1e-5


class Oracle:
    """A network with the weights, shifts, biases and scales of a session, each by its layer.

    `inputs` and `outputs` are the tensors before and after each layer, by its name, `arms` all that it reads; each
    consumer of a tensor has its own copy, so that `inputs[name].grad` is the gradient that this layer gives. `normed`
    are the numbers that a norm with a scale scales. `kinks` is how close any activation came to a place where a
    decision turns: 0 for signs and rectifiers, 1 for the mask of a clipped sign.
    """

    def __init__(self, network: lc.Network, session: ReferenceSession) -> None:
        self.network = network
        self.weights: dict[str, Tensor] = {}
        self.betas: dict[str, Tensor] = {}
        self.biases: dict[str, Tensor] = {}
        self.gammas: dict[str, Tensor] = {}
        self.learned = {"weights": self.weights, "beta": self.betas, "bias": self.biases, "gamma": self.gammas}
        for buffer in session.program.persistent():
            layer, _, what = buffer.name.partition(".")
            if what in self.learned:
                values = torch.tensor(session.array(buffer.name).astype(np.float64), requires_grad=True)
                self.learned[what][layer] = values
        self.inputs: dict[str, Tensor] = {}
        self.arms: dict[str, list[Tensor]] = {}
        self.normed: dict[str, Tensor] = {}
        self.outputs: dict[str, Tensor] = {}
        self.kinks = np.inf

    def binary(self) -> dict[str, Tensor]:
        """The latent weights, by layer."""
        return {name: w for name, w in self.weights.items() if name.startswith("binary")}

    def logits(self, images: Array) -> Tensor:
        numbers = (2.0 * images - 255) / 255 if images.dtype == np.uint8 else images.astype(np.float64)
        return self._graph(self.network.graph, torch.tensor(numbers))

    def loss(self, images: Array, truth: Array) -> Tensor:
        """The mean loss of examples whose labels or targets are `truth`."""
        outputs, loss = self.logits(images), self.network.loss
        match loss:
            case lc.SoftmaxCrossEntropy():
                weights = torch.tensor(loss.class_weights, dtype=torch.float64) if loss.class_weights else None
                how = {"weight": weights, "label_smoothing": loss.smoothing, "reduction": "sum"}
                return functional.cross_entropy(outputs, torch.tensor(truth.astype(np.int64)), **how) / len(truth)
            case lc.SigmoidCrossEntropy():
                return functional.binary_cross_entropy_with_logits(outputs, self._targets(truth))
            case lc.MeanSquaredError():
                return functional.mse_loss(outputs, self._targets(truth))
        raise AssertionError(f"{loss} is not described here")

    def correct(self, truth: Array) -> int:
        """How many examples are right."""
        outputs = self.outputs[self.network.graph.nodes[-1].name].detach().numpy()
        match self.network.loss:
            case lc.SoftmaxCrossEntropy():
                return int((outputs.argmax(1) == truth).sum())
            case lc.SigmoidCrossEntropy():
                return int(((outputs >= 0) == (self._targets(truth).numpy() >= 0.5)).all(1).sum())
        return 0

    def _targets(self, truth: Array) -> Tensor:
        """Numbers (batch, outputs); labels of one output are its targets."""
        return torch.tensor(truth.reshape(len(truth), -1).astype(np.float64))

    def _graph(self, graph: Graph, images: Tensor) -> Tensor:
        for node in graph.nodes:
            given = [self.outputs.get(edge.node, images).clone() for edge in node.inputs]
            for x in given:
                if x.requires_grad:
                    x.retain_grad()
            self.inputs[node.name], self.arms[node.name] = given[0], given
            y = self._layer(node, *given)
            if y.requires_grad:
                y.retain_grad()
            self.outputs[node.name] = y
        return y

    def _layer(self, node: Node, x: Tensor, *others: Tensor) -> Tensor:
        layer, name = node.layer, node.name
        match layer:
            case lc.Input() | lc.Loss():
                return x
            case lc.Flatten():
                return x.reshape(len(x), -1)
            case lc.BinaryDense():
                return x @ Binarised.apply(self.weights[name]).T
            case lc.Dense():
                return self._biased(name, x @ self.weights[name][:, 0, 0].T)
            case lc.BinaryConvolution():
                y = convolved(x, Binarised.apply(self.weights[name]), layer)
                sizes = self.weights[name].detach().abs().mean((1, 2, 3))
                return y * sizes if layer.scaled else y  # after the sum, so that equal products stay equal
            case lc.QuantisedDense():
                return self._product_of_levels(node, x, lambda x, w: x @ w.T)
            case lc.QuantisedConv2D():
                return self._product_of_levels(node, x, lambda x, w: convolved(x, w, layer))
            case lc.RealConvolution():
                return self._biased(name, convolved(x, self.weights[name], layer))
            case lc.BatchNorm():
                return self._norm(name, x)
            case lc.Sign():
                self._note(x.detach().abs())
                if layer.estimator == "clip":
                    self._note((x.detach().abs() - 1).abs())
                    return ClippedSign.apply(x)
                return QuadraticSign.apply(x)
            case lc.Quantise():
                self._note((x.detach().abs() - 1).abs())
                return self._levels(name, x, layer.bits)
            case lc.ReLU():
                self._note(x.detach().abs())
                return torch.relu(x)
            case lc.Tanh():
                return torch.tanh(x)
            case lc.Sigmoid():
                return torch.sigmoid(x)
            case lc.MaxPool():
                return first_largest(seen(x, layer, -np.inf))
            case lc.AveragePool():
                means = [seen(part, layer, 0.0).sum(-1) for part in (x, ones(x))]
                return means[0] / means[1]
            case lc.GlobalAveragePool():
                return x.mean(tuple(range(1, x.ndim - 1)))
            case lc.Add():
                return sum(others, x)
            case lc.Concat():
                return torch.cat((x, *others), -1)
            case lc.Slice():
                return x[..., layer.begin : layer.begin + layer.count]
        raise AssertionError(f"{name} is not described here")

    def _biased(self, name: str, y: Tensor) -> Tensor:
        return y + self.biases[name][0] if name in self.biases else y

    def _product_of_levels(self, node: Node, x: Tensor, product: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Formed of whole numbers, so that equal products stay equal, and then scaled; the scale is in the graph."""
        layer, w, largest = node.layer, self.weights[node.name], 2 ** BITS_OF[node.input.kind] - 1
        assert isinstance(layer, lc.QuantisedLayer)
        steps = 2**layer.bits - 1
        factors = x * largest, self._levels(node.name, w, layer.bits) * steps
        y = product(*(factor + (factor.round() - factor).detach() for factor in factors)) / (largest * steps)
        return y * w.abs().mean(tuple(range(1, w.ndim))) if layer.scaled else y

    def _levels(self, name: str, x: Tensor, bits: int) -> Tensor:
        steps = 2**bits - 1
        for boundary in range(1 - steps, steps, 2):
            self._note((x.detach() - boundary / steps).abs())
        return ClippedLevels.apply(x, bits)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        over = tuple(range(x.ndim - 1))
        centred = x - x.mean(over)
        normed = centred / torch.sqrt(centred.square().mean(over) + EPSILON)
        if name in self.gammas:
            if normed.requires_grad:
                normed.retain_grad()
            self.normed[name] = normed
            normed = normed * self.gammas[name][0]
        return normed + self.betas[name][0]

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


def in_rows(x: Tensor) -> Tensor:
    """Images as they are; sequences as images of one row."""
    return x if x.ndim == 4 else x[:, None]


def convolved(x: Tensor, w: Tensor, layer: lc.BinaryConvolution | lc.QuantisedConv2D | lc.RealConvolution) -> Tensor:
    size = pair(layer.kernel) if x.ndim == 4 else (1, layer.kernel)
    image, height, width = padded(in_rows(x), size, layer.stride, layer.padding, 0.0)
    y = functional.conv2d(image, w.permute(0, 3, 1, 2), stride=layer.stride)
    assert y.shape[2:] == (height, width)
    y = y.permute(0, 2, 3, 1)
    return y if x.ndim == 4 else y[:, 0]


def seen(x: Tensor, layer: lc.MaxPool | lc.AveragePool, fill: float) -> Tensor:
    """What each window sees, (batch, height', width', channels, taps), the taps row by row; no height of sequences."""
    window = pair(layer.size) if x.ndim == 4 else (1, layer.size)
    step = (window[0] if x.ndim == 4 else window[1]) if layer.stride is None else layer.stride
    image, height, width = padded(in_rows(x), window, step, layer.padding, fill)
    patches = image.unfold(2, window[0], step).unfold(3, window[1], step)
    assert patches.shape[2:4] == (height, width)
    patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(len(x), height, width, x.shape[-1], -1)
    return patches if x.ndim == 4 else patches[:, 0]


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
