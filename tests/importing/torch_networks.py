"""Binary networks in PyTorch as people write them, trained for a moment on digits, and the same networks here."""

from __future__ import annotations

import functools

import numpy as np
import torch
from straight_through import levels
from torch import nn

from linocut import data
from linocut.graph.network import Network
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Layer,
    MaxPool2D,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    ReLU,
    Sign,
    SoftmaxCrossEntropy,
)

EXAMPLES, BATCH, EPOCHS = 800, 50, 3


class Binarised(torch.autograd.Function):
    """The sign, +1 of 0, with the gradient of a hard tanh."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x >= 0).to(x.dtype) * 2 - 1

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x.abs() <= 1)


class SignOf(nn.Module):
    def forward(self, x):
        return Binarised.apply(x)


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, Binarised.apply(self.weight), self.bias)


class BinaryLinear(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, Binarised.apply(self.weight), self.bias)


def convolutional() -> tuple[nn.Sequential, Network]:
    """Biases before norms, norms with a scale of either sign, a pool, a flattened image, a norm behind it."""
    module = nn.Sequential(
        *(BinaryConv(1, 12, 3, padding=1), nn.BatchNorm2d(12), SignOf()),
        *(BinaryConv(12, 20, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(20), SignOf(), nn.Flatten()),
        *(BinaryLinear(320, 64), nn.BatchNorm1d(64), SignOf()),
        *(BinaryLinear(64, 10), nn.BatchNorm1d(10, affine=False)),
    )
    with torch.no_grad():
        module[1].weight[::3] *= -1
        module[9].weight[1::2] *= -1
    layers: tuple[Layer, ...] = (
        *(Input((8, 8, 1)), BinaryConv2D(12), BatchNorm(), Sign(), BinaryConv2D(20), MaxPool2D(2), BatchNorm()),
        *(Sign(), Flatten(), BinaryDense(64), BatchNorm(), Sign(), BinaryDense(10), BatchNorm()),
        SoftmaxCrossEntropy(),
    )
    return module, Network("convolutional", layers)


def partly_real() -> tuple[nn.Sequential, Network]:
    """Layers in full precision with biases of their own, norms whose scale is kept, a norm of a flattened image."""
    module = nn.Sequential(
        *(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(384), SignOf()),
        *(BinaryLinear(384, 32, bias=False), nn.BatchNorm1d(32), nn.Linear(32, 10)),
    )
    layers: tuple[Layer, ...] = (
        *(Input((8, 8, 1)), Conv2D(6, bias=True), BatchNorm(scale=True), ReLU(), Flatten(), BatchNorm(), Sign()),
        *(BinaryDense(32), BatchNorm(scale=True), Dense(10, bias=True), SoftmaxCrossEntropy()),
    )
    return module, Network("partly_real", layers)


@functools.cache
def images() -> tuple[np.ndarray, np.ndarray]:
    """Digits (n, 8, 8, 1) as bytes, and their labels."""
    examples = data.load("digits")[0]
    x, y = np.empty((len(examples), *examples.shape), np.uint8), np.empty(len(examples), np.int32)
    examples.read(np.arange(len(examples)), x, y)
    return x, y


def as_tensor(x: np.ndarray) -> torch.Tensor:
    """Bytes (n, height, width, channels) as PyTorch's networks see them: -1 to 1, channels first."""
    return torch.tensor((2.0 * x.astype(np.float64) - 255) / 255).permute(0, 3, 1, 2)


@functools.cache
def trained(name: str) -> tuple[nn.Sequential, Network]:
    """A few epochs of Adam; the network and its twin here."""
    torch.manual_seed(0)
    module, network = {"convolutional": convolutional, "partly_real": partly_real}[name]()
    module.double().train()
    x, y = images()
    inputs, labels = as_tensor(x[:EXAMPLES]), torch.tensor(y[:EXAMPLES].astype(np.int64))
    optimizer = torch.optim.Adam(module.parameters(), 0.01)
    for _ in range(EPOCHS):
        for rows in torch.randperm(EXAMPLES).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(inputs[rows]), labels[rows]).backward()
            optimizer.step()
    return module.eval(), network


class Levels(nn.Module):
    """The nearest of 2**bits numbers in equal steps from -1 to 1."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits

    def forward(self, x):
        return levels(x, self.bits)


class LevelsConv(nn.Conv2d):
    """Weights of 2 bits, scaled by their mean size."""

    def forward(self, x):
        w = self.weight
        return self._conv_forward(x, levels(w, 2) * w.abs().mean((1, 2, 3), keepdim=True), self.bias)


class LevelsLinear(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, levels(self.weight, 4), self.bias)


def of_levels() -> tuple[nn.Sequential, Network]:
    """Statistics of images, random weights; a scaled layer, a pool of levels, one behind a flattened image's norm."""
    torch.manual_seed(1)
    module = nn.Sequential(
        *(nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12, affine=False), Levels(2), nn.MaxPool2d(2)),
        *(LevelsConv(12, 20, 3, padding=1), nn.BatchNorm2d(20, affine=False), nn.Flatten(), Levels(4)),
        *(LevelsLinear(320, 10), nn.BatchNorm1d(10, affine=False)),
    ).double()
    with torch.no_grad():
        for layer, bits in ((module[4], 2), (module[8], 4)):  # clear of boundaries, which 8 bits would move them over
            of = levels(layer.weight.uniform_(-1, 1), bits)
            layer.weight.copy_((of + 0.5 / (2**bits - 1) * (2 * torch.rand_like(of) - 1)).clamp(-1, 1))
        for norm in (module[1], module[5], module[9]):
            norm.momentum = 1.0
        module(as_tensor(images()[0][:200]).double())
    layers: tuple[Layer, ...] = (
        *(Input((8, 8, 1)), Conv2D(12, bias=True), BatchNorm(), Quantise(2), MaxPool2D(2)),
        *(QuantisedConv2D(20, scaled=True), BatchNorm(), Flatten(), Quantise(4)),
        *(QuantisedDense(10, bits=4), BatchNorm(), SoftmaxCrossEntropy()),
    )
    return module.eval(), Network("of_levels", layers)
