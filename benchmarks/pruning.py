"""A network pruned by structure beside the whole one, on one thread: an image, its pruned layers alone, and a step.

    python benchmarks/pruning.py [--model complex_nin_plain] [--rate 20] [--batch 8] [--rounds 10] [--isa avx2]

Weights are those that training starts from: which groups are kept changes no time, how many are does. Rounds of all
kinds alternate; times are the fastest.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

import linocut as lc
from linocut.graph.narrow import kept_channels
from linocut.graph.prune import KINDS
from linocut.run.profile import profile_prediction
from linocut.train.pruned import kept_words

PRODUCTS = ("packed_conv2d", "packed_matmul", "pruned_conv2d")
WHOLE = "whole"


class Side:
    """A network, ready to predict an image and to take a step."""

    def __init__(self, trainer: lc.Trainer, images: np.ndarray, labels: np.ndarray) -> None:
        self.trainer, self.image = trainer, images[0]
        self.graph = trainer.inference_graph()
        self.predictor = lc.Predictor(self.graph, batch_size=1, threads=1)
        session = trainer.session
        session.array("control")[0] = 1e-3
        session.array("input")[...] = images.reshape(session.array("input").shape)
        session.array("labels")[...] = labels
        self.best = {"image": np.inf, "step": np.inf, "layers": np.inf}

    def measure(self) -> None:
        """One round: some images, a step, and the products of signs of some images."""
        for what, run, times in (
            ("image", lambda: self.predictor(self.image), 20),
            ("step", lambda: self.trainer.session.run("train"), 1),
        ):
            for _ in range(times):
                begin = time.perf_counter()
                run()
                self.best[what] = min(self.best[what], time.perf_counter() - begin)
        found = profile_prediction(self.graph, 1, 10, 1).instructions
        self.best["layers"] = min(self.best["layers"], sum(one.seconds for one in found if one.op in PRODUCTS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="complex_nin_plain")
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--policy", default="lean")
    parser.add_argument("--isa")
    given = parser.parse_args()
    if given.isa:
        os.environ["LINOCUT_ISA"] = given.isa
    rng = np.random.default_rng(0)
    network = lc.models.build(given.model)
    images = rng.integers(0, 256, (given.batch, *network.input.shape)).astype(np.uint8)
    labels = rng.integers(0, 10, given.batch)
    whole = lc.Trainer(network, given.policy, batch_size=given.batch, threads=1)
    sides = {WHOLE: Side(whole, images, labels)}
    for by in KINDS:
        sides[by] = Side(lc.prune(whole, given.rate, by, threads=1), images, labels)
    for _ in range(given.rounds):
        for side in sides.values():
            side.measure()
    first = sides[WHOLE].best
    print(f"{given.model}, {given.rate:g} times, {whole.session.isa}, one thread")
    print("kind     kept weights  kept words   image ms  times   its pruned layers  times   step ms  times")
    for name, side in sides.items():
        one = side.best
        ratios = [first[what] / one[what] for what in ("image", "layers", "step")]
        print(
            f"{name:8} {_kept(whole, side.trainer)}  {one['image'] * 1e3:8.3f} {ratios[0]:6.2f}"
            f"   {one['layers'] * 1e3:17.3f} {ratios[1]:6.2f}  {one['step'] * 1e3:8.1f} {ratios[2]:6.2f}"
        )


def _kept(whole: lc.Trainer, trainer: lc.Trainer) -> str:
    """How many times fewer weights and words are kept."""
    kept = kept_words(trainer) or kept_channels(whole.network.graph, trainer.network.graph)
    weights, words = (
        sum(getattr(one, f"of_{part}") for one in kept) / sum(getattr(one, part) for one in kept)
        for part in ("weights", "words")
    )
    return f"{weights:8.1f} times {words:5.1f} times"


if __name__ == "__main__":
    main()
