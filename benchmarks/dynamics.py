"""What `dynamics` costs: steps that are looked at beside steps that are not, and the measures of weights.

    python benchmarks/dynamics.py [--networks mlp,tanh,cnv] [--rounds 100] [--steps 600] [--threads 2]

Rounds take turns between a step, a step that is looked at, and the measures at an epoch's end; times are medians. The
cost is of an epoch of `--steps` steps, of which every 100th is looked at. The perceptron and CNV train under `lean`
with Adam at a batch of 100; the tanh network of arXiv 2107.09437 under `standard` with SGD at a batch of 32.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from rounds import alternated

import linocut as lc
from linocut.dynamics.observer import EVERY, Observer
from linocut.layers import Dense, Flatten, Input, SoftmaxCrossEntropy, Tanh


def tanh_network() -> lc.Network:
    """784 tanh units and 10 outputs, of pixels from 0 to 1."""
    layers = Flatten(), Dense(784, initial=1 / 56), Tanh(), Dense(10, bias=True, initial="glorot_uniform")
    return lc.Network("tanh", (Input((28, 28, 1), "f32", 0.0, 1.0), *layers, SoftmaxCrossEntropy()))


HOW: dict[str, tuple[Callable[[], lc.Network], str, lc.Optimizer, int]] = {
    "mlp": (lc.models.mlp, "lean", lc.Adam(), 100),
    "tanh": (tanh_network, "standard", lc.SGD(0.02, 0.5), 32),
    "cnv": (lc.models.cnv, "lean", lc.Adam(), 100),
}


class Contender:
    """A network in training on random examples, and what looks at it."""

    def __init__(self, name: str, threads: int) -> None:
        network, policy, optimizer, batch = HOW[name]
        trainer = lc.Trainer(network(), policy, optimizer, batch, threads=threads)
        session, random = trainer.session, np.random.default_rng(0)
        session.array("control")[0] = optimizer.learning_rate
        images = session.array("input")
        images[...] = random.integers(0, 256, images.shape) / (1 if images.dtype == np.uint8 else 255)
        session.array("labels")[...] = random.integers(0, 10, batch)
        self.observer = Observer(session, trainer.compiled, EVERY)

    def step(self, number: int) -> float:
        """Seconds of a step: the first of a hundred is looked at."""
        start = time.perf_counter()
        self.observer.begin_step(number)
        self.observer.run()
        self.observer.end_step()
        return time.perf_counter() - start

    def weights(self) -> float:
        """Seconds of the measures at an epoch's end."""
        start = time.perf_counter()
        self.observer.layers()
        return time.perf_counter() - start


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default="mlp,tanh,cnv")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    for name in given.networks.split(","):
        one = Contender(name, given.threads)
        parts = {"step": lambda one=one: one.step(1), "looked": lambda one=one: one.step(0), "weights": one.weights}
        found = {part: statistics.median(times) for part, times in alternated(parts, given.rounds).items()}
        more = (found["looked"] - found["step"]) / EVERY + found["weights"] / given.steps
        told = ", ".join(f"{part} {1e3 * seconds:.3f} ms" for part, seconds in found.items())
        print(f"{name:5} {told}: {more / found['step']:.2%} of a step, in epochs of {given.steps}")


if __name__ == "__main__":
    main()
