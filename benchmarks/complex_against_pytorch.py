"""A step of complex_nin, and one predicted image, beside PyTorch's f32 network of the same real products.

    python benchmarks/complex_against_pytorch.py [--batch 16] [--rounds 5] [--policy lean]

PyTorch multiplies [re, im] with [[Wr, -Wi], [Wi, Wr]] in 32-bit floats, signs and weights as +-1, norms in floats; both
sides on one thread, in rounds that alternate, on the same random pictures. linocut's network is complex_nin_plain, or
with --rotate complex_nin_mean.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import linocut as lc
from linocut.networks.nin import WIDTHS
from linocut.run import initialise, open_session
from linocut.run.predict import Predictor

KERNELS = (5, 1, 1, 5, 1, 1, 3, 1)
LEARNING_RATE = 1e-3


class Signed(torch.autograd.Function):
    """Sign, whose gradient passes where |x| <= 1."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return gradients[0] * (x.abs() <= 1)


class Nin(torch.nn.Module):
    """The network in floats, parts side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.ParameterList()
        self.norms = torch.nn.ModuleList()
        before = 3
        for width, kernel in zip(WIDTHS, KERNELS, strict=True):
            self.weights.append(torch.nn.Parameter(0.1 * torch.randn(2, width, before, kernel, kernel)))
            self.norms.append(torch.nn.BatchNorm2d(2 * width))
            before = width
        self.last = torch.nn.Conv2d(2 * before, 10, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.cat([x, x], dim=1)
        for number, (weights, norm) in enumerate(zip(self.weights, self.norms, strict=True)):
            real, imaginary = Signed.apply(weights)
            rows = torch.cat([torch.cat([real, -imaginary], 1), torch.cat([imaginary, real], 1)])
            x = torch.nn.functional.conv2d(x, rows, padding=weights.shape[-1] // 2)
            x = norm(torch.nn.functional.avg_pool2d(x, 2) if number in (2, 5) else x)
            x = torch.nn.functional.hardtanh(x) if number == len(KERNELS) - 1 else Signed.apply(x)
        return self.last(x).mean((2, 3))


def fastest(rounds: int, *sides: Callable[[], object]) -> list[float]:
    """The fastest of so many calls of each, in turn, seconds; the first of each is not counted."""
    found = [float("inf")] * len(sides)
    for number in range(rounds + 1):
        for place, side in enumerate(sides):
            begin = time.perf_counter()
            side()
            if number:
                found[place] = min(found[place], time.perf_counter() - begin)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--policy", default="lean")
    parser.add_argument("--rotate", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (given.batch, 32, 32, 3)).astype(np.uint8)
    labels = rng.integers(0, 10, given.batch)
    network = lc.models.build("complex_nin_mean" if given.rotate else "complex_nin_plain")
    trainer = lc.Trainer(network, given.policy, batch_size=given.batch, threads=1)
    predictor = Predictor(trainer.inference_graph(), batch_size=1, threads=1)
    nin, x = Nin(), torch.tensor((2.0 * images - 255) / 255, dtype=torch.float32).permute(0, 3, 1, 2).contiguous()
    optimizer = torch.optim.Adam(nin.parameters(), LEARNING_RATE)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(nin(x), torch.tensor(labels)).backward()
        optimizer.step()

    def predict() -> None:
        with torch.no_grad():
            nin(x[:1])

    session = open_session(trainer.compiled.program, threads=1)
    initialise(session, trainer.compiled.initial, 0)
    session.array("control")[0] = LEARNING_RATE
    session.array("input")[...] = images.reshape(session.array("input").shape)
    session.array("labels")[...] = labels
    both = fastest(given.rounds, lambda: session.run("train"), step)
    print(f"a step of {given.batch}: {both[0] * 1e3:.1f} ms, PyTorch {both[1] * 1e3:.1f} ms: {both[1] / both[0]:.1f}x")
    nin.eval()
    both = fastest(4 * given.rounds, lambda: predictor(images[0]), predict)
    print(f"an image:   {both[0] * 1e3:.2f} ms, PyTorch {both[1] * 1e3:.2f} ms: {both[1] / both[0]:.1f}x")


if __name__ == "__main__":
    main()
