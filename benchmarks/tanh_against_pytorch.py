"""A step of the tanh network of arXiv 2107.09437 beside PyTorch's: 784 tanh units, 10 outputs, SGD with momentum.

    python benchmarks/tanh_against_pytorch.py [--batch 32] [--rounds 20] [--steps 20] [--threads 2]

Rounds of `--steps` steps take turns, on the same random examples in memory; times are the fastest and the median of all
rounds, a step. PyTorch runs in eager mode, in 32-bit floats, with `torch.optim.SGD`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rounds import alternated

import linocut as lc
from linocut.reproduce.tanh_network import tanh_network

RATE, MOMENTUM = 0.01, 0.9


def of_linocut(images: np.ndarray, labels: np.ndarray, threads: int) -> Callable[[], None]:
    """A step of linocut under `standard`."""
    trainer = lc.Trainer(tanh_network(), "standard", lc.SGD(RATE, MOMENTUM), len(images), threads=threads)
    session = trainer.session
    session.array("control")[0] = RATE

    def step() -> None:
        session.array("input")[...] = images
        session.array("labels")[...] = labels
        session.run("train")

    return step


def of_pytorch(images: np.ndarray, labels: np.ndarray, threads: int) -> Callable[[], None]:
    """A step of PyTorch."""
    torch.set_num_threads(threads)
    flatten, hidden, outputs = torch.nn.Flatten(), torch.nn.Linear(784, 784, bias=False), torch.nn.Linear(784, 10)
    model = torch.nn.Sequential(flatten, hidden, torch.nn.Tanh(), outputs)
    optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    x, y = torch.from_numpy(images), torch.from_numpy(labels)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def main() -> None:
    """Print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--batch", 32), ("--rounds", 20), ("--steps", 20), ("--threads", 2)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    random = np.random.default_rng(0)
    images = random.random((given.batch, 28, 28, 1), np.float32)
    labels = random.integers(0, 10, given.batch)
    steps = {make.__name__: make(images, labels, given.threads) for make in (of_linocut, of_pytorch)}

    def timed(step: Callable[[], None]) -> float:
        start = time.perf_counter()
        for _ in range(given.steps):
            step()
        return (time.perf_counter() - start) / given.steps

    found = alternated({name: lambda step=step: timed(step) for name, step in steps.items()}, given.rounds)
    for which, of in (("fastest", min), ("median", statistics.median)):
        own, other = (of(times) for times in found.values())
        print(
            f"batch {given.batch}, {given.threads} threads, {which}: linocut {1e3 * own:.3f} ms, PyTorch "
            f"{1e3 * other:.3f} ms a step: {other / own:.2f} times faster"
        )


if __name__ == "__main__":
    main()
