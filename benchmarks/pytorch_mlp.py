"""The paper's perceptron as PyTorch users train it: f32, straight-through signs, batch norm, Adam, clipped weights."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import nn


class Sign(torch.autograd.Function):
    """sgn with sgn(0) = +1; the gradient passes where |x| <= 1."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient * (x.abs() <= 1)


class BinaryLinear(nn.Linear):
    """A linear layer whose weights are the signs of its latent weights."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)
        nn.init.normal_(self.weight, std=inputs**-0.5)

    def forward(self, x):
        return nn.functional.linear(x, Sign.apply(self.weight))


class Shift(nn.Module):
    """Batch norm without scale."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels, affine=False)
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return self.norm(x) + self.beta


class Perceptron(nn.Module):
    """784-256-256-256-256-10."""

    def __init__(self, widths: tuple[int, ...] = (784, 256, 256, 256, 256, 10)) -> None:
        super().__init__()
        pairs = pairwise(widths)
        self.layers = nn.ModuleList(nn.ModuleList([BinaryLinear(a, b), Shift(b)]) for a, b in pairs)

    def forward(self, x):
        for number, (linear, norm) in enumerate(self.layers):
            x = norm(linear(Sign.apply(x) if number else x))
        return x


def make_step(threads: int, rate: float = 1e-3) -> Callable[[np.ndarray, np.ndarray], None]:
    """A function that trains on one batch of u8 images (batch, 784) and labels (batch,)."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Perceptron().train()
    optimizer = torch.optim.Adam(model.parameters(), rate)
    latent = [linear.weight for linear, _ in model.layers]

    def step(images: np.ndarray, labels: np.ndarray) -> None:
        x = torch.from_numpy(images).float().mul_(2 / 255).sub_(1)
        loss = nn.functional.cross_entropy(model(x), torch.from_numpy(labels).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for weight in latent:
                weight.clamp_(-1, 1)

    return step
