"""Complex layers under `standard` against PyTorch's complex numbers and autograd, in complex128: loss and gradients.

Nothing of linocut's arithmetic is used: products are of complex tensors, pools are Fourier transforms. A step of plain
SGD at a rate of 1 leaves the gradient of every parameter between its state before and after.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compared import examples
from straight_through import Binarised, ClippedSign
from traces import feed

from linocut import layers as lc
from linocut.compile.lower import compile_network
from linocut.graph.network import Network
from linocut.graph.place import Entry
from linocut.graph.state import State
from linocut.optimizers import SGD
from linocut.policies import standard
from linocut.run import NATIVE, open_session
from linocut.run.initial import initialise

torch = pytest.importorskip("torch")
functional = torch.nn.functional
torch.set_num_threads(1)

BATCH, CLASSES = 6, 3
RELATIVE = 5e-5
HEAD = (lc.GlobalAveragePool(), lc.Dense(CLASSES, bias=True), lc.SoftmaxCrossEntropy())
VECTOR_HEAD = (lc.Dense(CLASSES, bias=True), lc.SoftmaxCrossEntropy())
IMAGE, PAIRS, SEQUENCE = lc.Input((9, 7, 3)), lc.Input((7, 6, 4), "f32"), lc.Input((13, 2), "f32")


def signed(limit: float = 1.3, **norm: Any) -> tuple[lc.Layer, ...]:
    return lc.ComplexNorm(**norm), lc.HardTanh(limit), lc.Sign("identity")


CASES: dict[str, tuple[Entry, ...]] = {
    "binary": (
        *(PAIRS, lc.BinaryComplexConv2D(5, 3), *signed(), lc.BinaryComplexConv2D(4, (2, 3), 2), *signed(1.0)),
        *(lc.BinaryComplexConv2D(3, 1), lc.ComplexNorm(), lc.HardTanh(1.3), *HEAD),
    ),
    "of bytes": (
        *(lc.Input((6, 5, 2)), lc.BinaryComplexConv2D(33), *signed(), lc.BinaryComplexConv2D(32), *signed()),
        *(lc.BinaryComplexConv2D(2, padding="valid"), lc.ComplexNorm(rotate=False), *HEAD),
    ),
    "sequences": (
        *(SEQUENCE, lc.BinaryComplexConv1D(6, 5, bias=True), lc.SumPool1D(2), *signed(rotate=False)),
        *(lc.BinaryComplexConv1D(5, 3, 2), lc.SpectralPool1D(), lc.ComplexNorm(), *HEAD),
    ),
    "dense": (
        *(lc.Input((10,), "f32"), lc.BinaryComplexDense(35), *signed(), lc.BinaryComplexDense(4), lc.ComplexNorm()),
        *(lc.ComplexDense(3, bias=True), *VECTOR_HEAD),
    ),
    "floats": (
        *(PAIRS, lc.ComplexNorm(scale=False), lc.ComplexConv2D(4, 3, bias=True), lc.ComplexNorm(), lc.HardTanh(0.7)),
        *(lc.ComplexConv2D(3, (3, 2), 2), lc.SpectralPool2D(), lc.ReLU(), *HEAD),
    ),
    "pools": (
        *(PAIRS, lc.BinaryComplexConv2D(4, 3), lc.SpectralPool2D(), *signed()),
        *(lc.BinaryComplexConv2D(3, 3), lc.SumPool2D(), lc.BatchNorm(), lc.Sign(), lc.BinaryComplexConv2D(3, 1)),
        *(lc.BatchNorm(), lc.HardTanh(1.0), *HEAD),
    ),
    "imaginary part": (
        *(IMAGE, lc.BatchNorm(scale=True), lc.ReLU(), lc.Conv2D(3, 1).named("im"), lc.Concat().after("input1", "im")),
        *(lc.Code(), lc.BinaryComplexConv2D(4, 5), *signed(), lc.BinaryComplexConv2D(3, 3), lc.ComplexNorm(), *HEAD),
    ),
    "whitening": (
        *(PAIRS, *signed(whiten=True, scale=False), lc.BinaryComplexConv2D(5, 3), *signed(whiten=True)),
        *(lc.BinaryComplexConv2D(4, 3, 2), lc.SumPool2D(), lc.ComplexNorm(whiten=True), lc.HardTanh(1.0)),
        *(lc.ComplexConv2D(3, 1), lc.ComplexNorm(whiten=True), *HEAD),
    ),
    "residual": (
        *(PAIRS, lc.BinaryComplexConv2D(3), lc.ComplexNorm()),
        lc.Residual(
            (lc.HardTanh(1.3), lc.Sign("identity"), lc.BinaryComplexConv2D(4, 3, 2), lc.ComplexNorm()),
            (lc.HardTanh(1.3), lc.Sign("identity"), lc.BinaryComplexConv2D(4, 1, 2), lc.ComplexNorm()),
        ),
        *(lc.ReLU(), *HEAD),
    ),
}


def to_complex(x: Any) -> Any:
    return torch.complex(*x.chunk(2, dim=-1))


def to_pairs(z: Any) -> Any:
    return torch.cat([z.real, z.imag], dim=-1)


class Oracle:
    """A network in PyTorch: every value is (batch, ..., channels) in float64, parts side by side."""

    def __init__(self, network: Network, parameters: dict[str, Any]) -> None:
        self.graph, self.parameters = network.graph, parameters

    def of(self, name: str, part: str) -> Any:
        return self.parameters[f"{name}.{part}"]

    def loss(self, images: Any, truth: Any) -> Any:
        numbers = (2.0 * images - 255) / 255 if images.dtype == np.uint8 else images.astype(np.float64)
        values: dict[str, Any] = {}
        for node in self.graph.nodes:
            given = [values[edge.node] for edge in node.inputs] if values else [torch.tensor(numbers)]
            values[node.name] = self.layer(node.name, node.layer, given)
        return functional.cross_entropy(values[self.graph.nodes[-1].name], torch.tensor(truth.astype(np.int64)))

    def layer(self, name: str, layer: Any, given: list[Any]) -> Any:
        x = given[0]
        match layer:
            case lc.Concat():
                return torch.cat(given, dim=-1)
            case lc.Add():
                return given[0] + given[1]
            case lc.BinaryComplexConvolution() | lc.ComplexConvolution():
                return self.convolved(name, layer, x)
            case lc.BinaryComplexDense() | lc.ComplexDense():
                weights = self.weights(name, layer).reshape(layer.units, -1)
                y = to_pairs(to_complex(x) @ weights.T)
                return y + self.of(name, "bias")[0] if getattr(layer, "bias", False) else y
            case lc.Conv2D():
                return x @ self.of(name, "weights")[:, 0, 0].T  # of one pixel
            case lc.Dense():
                return x @ self.of(name, "weights").reshape(layer.units, -1).T + self.of(name, "bias")[0]
            case lc.ComplexNorm():
                return self.complex_norm(name, layer, x)
            case lc.BatchNorm():
                z = self.normed(x)
                gamma = self.of(name, "gamma")[0] if layer.scale else 1.0
                return z * gamma + self.of(name, "beta")[0]
            case lc.HardTanh():
                return functional.hardtanh(x, -layer.limit, layer.limit)
            case lc.Sign():
                return Binarised.apply(x) if layer.estimator == "identity" else ClippedSign.apply(x)
            case lc.ReLU():
                return functional.relu(x)
            case lc.SumPool():
                windows = x.unfold(1, layer.size, layer.size)
                if not layer.flat:
                    windows = windows.unfold(2, layer.size, layer.size).sum(-1)
                return windows.sum(-1)
            case lc.SpectralPool():
                return self.spectral(x)
            case lc.GlobalAveragePool():
                return x.flatten(1, -2).mean(1)
            case lc.Input() | lc.Code() | lc.SoftmaxCrossEntropy():
                return x
        raise AssertionError(f"{layer} is not described here")

    def weights(self, name: str, layer: Any) -> Any:
        stored = self.of(name, "weights")
        binary = isinstance(layer, (lc.BinaryComplexConvolution, lc.BinaryComplexDense))
        return to_complex(Binarised.apply(stored) if binary else stored)

    def convolved(self, name: str, layer: Any, x: Any) -> Any:
        z, weights = to_complex(x), self.weights(name, layer)
        images = z[:, None] if layer.flat else z
        _, rows, columns, _ = weights.shape
        outputs = layer.window.images_over(images.shape, layer.filters)[1:3]
        padding = []
        for side, window, pad, count in zip(
            images.shape[1:3], (rows, columns), layer.window.pads, outputs, strict=True
        ):
            padding.append((pad, max(0, (count - 1) * layer.stride + window - side - pad)))
        padded = functional.pad(images.permute(0, 3, 1, 2), (*padding[1], *padding[0]))
        y = functional.conv2d(padded, weights.permute(0, 3, 1, 2), stride=layer.stride)
        y = to_pairs(y[:, :, : outputs[0], : outputs[1]].permute(0, 2, 3, 1))
        if layer.bias and isinstance(layer, lc.ComplexConvolution):
            y = y + self.of(name, "bias")[0]
        return y[:, 0] if layer.flat else y

    def normed(self, x: Any) -> Any:
        flat = x.reshape(-1, x.shape[-1])
        return (x - flat.mean(0)) / torch.sqrt(flat.var(0, unbiased=False) + 1e-5)

    def complex_norm(self, name: str, layer: Any, x: Any) -> Any:
        z = self.whitened(x) if layer.whiten else self.normed(x) / 2**0.5
        if not layer.scale:
            return z
        gains = self.of(name, "gains")
        if layer.whiten:
            re, im = z.chunk(2, dim=-1)
            x = torch.cat([gains[0] * re + gains[1] * im, gains[1] * re + gains[2] * im], dim=-1)
            return x + self.of(name, "beta")[0]
        factor = torch.complex(gains[0], gains[1] if layer.rotate else torch.zeros_like(gains[0]))
        return to_pairs(to_complex(z) * factor) + self.of(name, "beta")[0]

    def whitened(self, x: Any) -> Any:
        """By eigenvectors of each channel's covariance."""
        parts = torch.stack(x.reshape(-1, x.shape[-1]).chunk(2, dim=-1), dim=-1)  # (rows, channels, 2)
        centred = parts - parts.mean(0)
        covariance = torch.einsum("rci,rcj->cij", centred, centred) / len(parts) + 1e-4 * torch.eye(2)
        values, vectors = torch.linalg.eigh(covariance)
        root = vectors @ torch.diag_embed(values**-0.5) @ vectors.transpose(-1, -2)
        z = torch.einsum("cij,rcj->rci", root, centred)
        return torch.cat([z[..., 0], z[..., 1]], dim=-1).reshape(x.shape)

    def spectral(self, x: Any) -> Any:
        z = to_complex(x)
        sides = range(1, z.ndim - 1)
        spectrum = torch.fft.fftn(z, dim=tuple(sides), norm="ortho")
        for side in sides:
            size = z.shape[side]
            a = -(-size // 4)
            kept = torch.tensor([*range(a), *range(size // 2 + a, size)])
            spectrum = spectrum.index_select(side, kept)
        return to_pairs(torch.fft.ifftn(spectrum, dim=tuple(sides), norm="ortho"))


@pytest.mark.parametrize("name", CASES)
def test_a_step_has_the_gradients_of_complex_arithmetic(name: str) -> None:
    network = Network("complex", CASES[name])
    compiled = compile_network(network, standard, SGD(1.0), BATCH)
    session = open_session(compiled.program, threads=1, backend=NATIVE)
    initialise(session, compiled.initial, seed=5)
    session.array("control")[0] = 1.0
    state = State(compiled.layout, session.array)
    rng = np.random.default_rng(5)
    for key in state:
        if key.rpartition(".")[2] in ("beta", "gains", "gamma"):
            state[key] = rng.normal(0, 0.5, state.shape(key)) + (key.rpartition(".")[2] != "beta")
    before = {key: state[key].astype(np.float64) for key in state}
    parameters = {key: torch.tensor(values, requires_grad=True) for key, values in before.items()}
    images, truth = examples(network, BATCH, rng)
    loss = Oracle(network, parameters).loss(images, truth)
    loss.backward()
    feed(session, images, network.loss.as_truth(truth))
    session.run("train")
    assert session.array("loss")[0] / BATCH == pytest.approx(loss.item(), rel=1e-5)
    moved = 0
    for key, values in before.items():
        gradient = parameters[key].grad
        if gradient is None:
            continue
        moved += 1
        wanted, found = gradient.numpy(), values - state[key].astype(np.float64)
        free = np.abs(state[key]) < 1.0 if key.endswith("weights") and key.startswith("binary") else np.full(1, True)
        error = np.where(free, np.abs(found - wanted), 0.0).max()
        assert error <= RELATIVE * np.abs(wanted).max() + 1e-6, f"{key} is off by {error:.3g} of {np.abs(wanted).max()}"
    assert moved >= 6
