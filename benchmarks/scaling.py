"""How a training step scales: with threads, with the batch, and with the width of a perceptron's hidden layers.

    python benchmarks/scaling.py [--model binarynet] [--threads 1,2] [--batches 10,50,100,200] [--widths 64,256,1024]
                                 [--rounds 5]

Rounds alternate between all settings of a table, so that they meet the same machine; times are medians. The rate is of
the multiplications of a step, forward and backward.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable

import numpy as np
from rounds import alternated

import linocut as lc
from linocut.compile.lower import TRAIN, compile_network
from linocut.run import initialise, open_session

GIGA = 1e9


def numbers(text: str) -> list[int]:
    """The numbers of a list such as 1,2."""
    return [int(part) for part in text.split(",")]


class Contender:
    """A step of `lean` with Adam on random examples."""

    def __init__(self, network: lc.layers.Network, batch: int, threads: int) -> None:
        compiled = compile_network(network, lc.lean, lc.Adam(1e-3), batch)
        span = compiled.program.section(TRAIN)
        steps = compiled.program.instructions[span.begin : span.end]
        works = [compiled.program.work(step) for step in steps]
        self.multiplications = sum(work.operations for work in works if work.kind != "element")
        self.session = open_session(compiled.program, threads=threads)
        initialise(self.session, compiled.initial, 0)
        self.session.array("control")[0] = 1e-3
        random = np.random.default_rng(0)
        images, labels = self.session.array("input"), self.session.array("labels")
        images[...] = random.integers(0, 256, images.shape, np.uint8)
        labels[...] = random.integers(0, network.classes, labels.shape)
        self.repeats = max(1, round(0.3 / max(self.seconds(1), 1e-9)))

    def seconds(self, repeats: int | None = None) -> float:
        """Seconds a step, of some in a row."""
        count = repeats or self.repeats
        begin = time.perf_counter()
        for _ in range(count):
            self.session.run(TRAIN)
        return (time.perf_counter() - begin) / count


def table(title: str, rounds: int, settings: Iterable[int], make: Callable[[int], Contender]) -> None:
    """Print the time of each setting, and how many times the rate of the first it reaches."""
    contenders = {setting: make(setting) for setting in settings}
    times = alternated({setting: contender.seconds for setting, contender in contenders.items()}, rounds)
    print(f"\n{title}\n{'':>8}{'ms a step':>12}{'GMAC/s':>10}{'of the first':>14}")
    first = 0.0
    for setting, contender in contenders.items():
        seconds = statistics.median(times[setting])
        rate = contender.multiplications / seconds / GIGA
        first = first or rate
        print(f"{setting:>8}{seconds * 1e3:>12.2f}{rate:>10.1f}{rate / first:>13.2f}x")


def main() -> None:
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="binarynet", choices=lc.models.MODELS)
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--batches", type=numbers, default=[10, 50, 100, 200])
    parser.add_argument("--widths", type=numbers, default=[64, 256, 1024])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    network, most = lc.models.build(given.model), max(given.threads)
    table(f"{given.model}, batch 100: threads", given.rounds, given.threads, lambda n: Contender(network, 100, n))
    table(f"{given.model}, {most} threads: batch", given.rounds, given.batches, lambda n: Contender(network, n, most))
    shape = "mlp of four hidden layers, batch 100"
    table(
        f"{shape}, {most} threads: width",
        given.rounds,
        given.widths,
        lambda n: Contender(lc.models.mlp(hidden=(n,) * 4), 100, most),
    )


if __name__ == "__main__":
    main()
