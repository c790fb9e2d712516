"""linocut's networks as PyTorch users train them: f32, channels last, straight-through signs, batch norm, Adam."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

from linocut import layers
from linocut.layers import Layer, Network, Wired
from linocut.layers.window import Window


class Clip(torch.autograd.Function):
    """sgn with sgn(0) = +1; the gradient passes where |x| <= 1."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient * (x.abs() <= 1)


class Quadratic(Clip):
    """The same with the gradient 2 - 2|x| where |x| < 1."""

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient * (2 - 2 * x.abs()).clamp(min=0)


class Sign(nn.Module):
    """sgn with an estimator of its gradient."""

    def __init__(self, estimator: str) -> None:
        super().__init__()
        self.function = Clip if estimator == "clip" else Quadratic

    def forward(self, x):
        return self.function.apply(x)


class BinaryLinear(nn.Linear):
    """A linear layer whose weights are the signs of its latent weights, or once it is `made_binary` its weights."""

    made_binary = False

    def forward(self, x):
        return nn.functional.linear(x, self.weight if self.made_binary else Clip.apply(self.weight))


class Conv(nn.Conv2d):
    """A convolution in full precision, or with the signs of its latent weights, scaled or not."""

    made_binary = False

    def __init__(self, inputs: int, filters: int, window: Window, binary: bool, scaled: bool) -> None:
        super().__init__(inputs, filters, window.size, window.stride, window.pads, bias=False)
        self.binary, self.scaled = binary, scaled

    def forward(self, x):
        weight = Clip.apply(self.weight) if self.binary and not self.made_binary else self.weight
        if self.scaled:
            weight = weight * self.weight.detach().abs().mean((1, 2, 3), keepdim=True)
        return self._conv_forward(x, weight, None)


class Shift(nn.Module):
    """Batch norm without scale."""

    def __init__(self, channels: int, images: bool) -> None:
        super().__init__()
        self.norm = (nn.BatchNorm2d if images else nn.BatchNorm1d)(channels, affine=False)
        self.beta = nn.Parameter(torch.zeros(channels, 1, 1) if images else torch.zeros(channels))

    def forward(self, x):
        return self.norm(x) + self.beta


class Residual(nn.Module):
    """The sum of two chains over the same input."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def module(layer: Layer, shape: tuple[int, ...]) -> nn.Module:
    """One layer that is given examples of `shape`."""
    match layer:
        case layers.BinaryDense():
            return BinaryLinear(shape[0], layer.units, bias=False)
        case layers.Dense():
            return nn.Linear(shape[0], layer.units, bias=False)
        case layers.BinaryConv2D():
            return Conv(shape[-1], layer.filters, layer.window, True, layer.scaled)
        case layers.Conv2D():
            return Conv(shape[-1], layer.filters, layer.window, False, False)
        case layers.MaxPool2D():
            return nn.MaxPool2d(layer.window.size, layer.window.stride, layer.window.pads)
        case layers.AveragePool2D():
            return nn.AvgPool2d(layer.window.size, layer.window.stride, ceil_mode=True, count_include_pad=False)
        case layers.GlobalAveragePool():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case layers.BatchNorm():
            return Shift(shape[-1], len(shape) == 3)
        case layers.Sign():
            return Sign(layer.estimator)
        case layers.ReLU():
            return nn.ReLU()
        case layers.Flatten():
            return nn.Flatten()
        case layers.Residual():
            return Residual(chain(layer.body, shape), chain(layer.shortcut, shape))
    return nn.Identity()  # the input, and the loss


def chain(parts: Iterable[Layer | Wired], shape: tuple[int, ...]) -> nn.Sequential:
    """Layers one after the other."""
    modules = []
    for part in parts:
        layer = part.layer if isinstance(part, Wired) else part
        assert not (isinstance(part, Wired) and part.sources), "these networks are chains"
        modules.append(module(layer, shape))
        shape = layer.output_shape(shape)
    return nn.Sequential(*modules)


def made(network: Network, threads: int) -> tuple[nn.Module, list[nn.Module]]:
    """The network with initial weights, and those of its layers that have binary weights."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = chain(network.layers, network.input.shape).to(memory_format=torch.channels_last)
    binary = [m for m in model.modules() if isinstance(m, BinaryLinear) or (isinstance(m, Conv) and m.binary)]
    for one in binary:
        nn.init.normal_(one.weight, std=one.weight[0].numel() ** -0.5)
    return model, binary


def as_input(images: np.ndarray) -> torch.Tensor:
    """Images u8 (batch, height, width, channels) as numbers from -1 to 1, channels last."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float().mul_(2 / 255).sub_(1)
    return x.contiguous(memory_format=torch.channels_last)


def make_prediction(network: Network, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function that gives the logits of u8 images; the weights are made binary once, beforehand."""
    model, binary = made(network, threads)
    model.eval()
    with torch.no_grad():
        for one in binary:
            one.weight.copy_(Clip.apply(one.weight))
            one.made_binary = True

    def predict(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(as_input(images)).numpy()

    return predict


def make_step(network: Network, threads: int, rate: float = 1e-3) -> Callable[[np.ndarray, np.ndarray], None]:
    """A function that trains on one batch of u8 images (batch, height, width, channels) and labels (batch,)."""
    model, binary = made(network, threads)
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), rate)

    def step(images: np.ndarray, labels: np.ndarray) -> None:
        x = as_input(images)
        loss = nn.functional.cross_entropy(model(x), torch.from_numpy(labels).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for one in binary:
                one.weight.clamp_(-1, 1)

    return step
