"""How long it takes to predict, linocut's inference form beside PyTorch f32, in one run.

    python benchmarks/prediction.py [--model binarynet] [--batch 1] [--threads 1] [--rounds 15] [--images 20]

Both have initial weights and random images: the time does not depend on them. PyTorch's weights are made binary
beforehand, and it runs in inference mode. Rounds alternate; times are medians, the ratio is of them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from pytorch_baselines import make_prediction
from rounds import alternated

import linocut as lc
from linocut.run.profile import untrained_graph


def packed(network: lc.layers.Network, batch: int, threads: int) -> Callable[[np.ndarray], object]:
    """A function that predicts with the inference form of an untrained network; of one image the quickest way."""
    predictor = lc.Predictor(untrained_graph(network, lc.lean), batch_size=batch, threads=threads)
    return predictor.predict if batch > 1 or threads > 1 else lambda images: predictor(images[0])


def round_ms(predict: Callable[[np.ndarray], object], images: list[np.ndarray]) -> float:
    """Milliseconds a prediction, of all batches of images once."""
    begin = time.perf_counter()
    for batch in images:
        predict(batch)
    return (time.perf_counter() - begin) * 1e3 / len(images)


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="binarynet", choices=lc.models.MODELS)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--images", type=int, default=20, help="batches in a round")
    given = parser.parse_args()
    network = lc.models.build(given.model)
    random = np.random.default_rng(0)
    shape = (given.batch, *network.input.shape)
    images = [random.integers(0, 256, shape, np.uint8) for _ in range(given.images)]
    contenders = {
        "PyTorch f32": make_prediction(network, given.threads),
        "linocut": packed(network, given.batch, given.threads),
    }
    times = alternated({name: partial(round_ms, one, images) for name, one in contenders.items()}, given.rounds)
    print(f"{given.model}: prediction, batch {given.batch}, threads {given.threads}, {given.rounds} rounds")
    base = statistics.median(times["PyTorch f32"])
    for name, all_taken in times.items():
        median = statistics.median(all_taken)
        print(f"{name:<12}{median:>10.3f} ms{base / median:>8.2f}x")


if __name__ == "__main__":
    main()
