"""How a training step scales: with threads, with the batch, and with the depth and the width of a perceptron.

    python benchmarks/scaling.py [--models mlp,cnv,binarynet,resnete18,bireal18] [--batch-models mlp,cnv]
                                 [--threads 1,2] [--batches 10,25,50,100,200,400] [--depths 1,2,4,8,16]
                                 [--widths 64,128,256,512,1024,2048] [--rounds 5] [--seconds 0.1] [--plot scaling.png]

Steps of `lean` with Adam on random examples, of 32 x 32 pixels but for the perceptron's. Rounds alternate between all
settings of a table, so that they meet the same machine; times are medians. The rate is of the multiplications of a
step, forward and backward. `--plot` needs the extra `plot`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rounds import alternated

import linocut as lc
from linocut.compile.lower import TRAIN, compile_network
from linocut.run import initialise, open_session

GIGA = 1e9
BATCH = 100
HIDDEN = 256


def numbers(text: str) -> list[int]:
    """The numbers of a list such as 1,2."""
    return [int(part) for part in text.split(",")]


def names(text: str) -> list[str]:
    """The models of a list such as mlp,cnv."""
    return text.split(",")


def network_of(model: str) -> lc.layers.Network:
    """A model for small pictures."""
    return lc.models.build(model) if model == "mlp" else lc.models.build(model, input_shape=(32, 32, 3), classes=10)


class Contender:
    """A step of `lean` with Adam on random examples, measured for about as many seconds a round."""

    def __init__(self, network: lc.layers.Network, batch: int, threads: int, seconds: float) -> None:
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
        self.repeats = max(1, round(seconds / max(self.seconds(1), 1e-9)))

    def seconds(self, repeats: int | None = None) -> float:
        """Seconds a step, of some in a row."""
        count = repeats or self.repeats
        begin = time.perf_counter()
        for _ in range(count):
            self.session.run(TRAIN)
        return (time.perf_counter() - begin) / count


@dataclass(frozen=True)
class Series:
    """What one line of a picture shows: seconds and multiplications a step, by setting."""

    title: str
    settings: tuple[int, ...]
    seconds: tuple[float, ...]
    multiplications: tuple[int, ...]

    def rates(self) -> list[float]:
        """Multiplications in 10^9 a second."""
        return [count / seconds / GIGA for count, seconds in zip(self.multiplications, self.seconds, strict=True)]


def measured(title: str, rounds: int, settings: Iterable[int], make: Callable[[int], Contender]) -> Series:
    """Measure all settings, in turns; print the time of each, and how many times the rate of the first it reaches."""
    contenders = {setting: make(setting) for setting in settings}
    times = alternated({setting: contender.seconds for setting, contender in contenders.items()}, rounds)
    seconds = tuple(statistics.median(times[setting]) for setting in contenders)
    counts = tuple(contender.multiplications for contender in contenders.values())
    series = Series(title, tuple(contenders), seconds, counts)
    print(f"\n{title}\n{'':>8}{'ms a step':>12}{'GMAC/s':>10}{'of the first':>14}")
    rates = series.rates()
    for setting, taken, rate in zip(series.settings, seconds, rates, strict=True):
        print(f"{setting:>8}{taken * 1e3:>12.3f}{rate:>10.1f}{rate / rates[0]:>13.2f}x", flush=True)
    return series


def plot(threads: list[Series], batches: list[Series], depth: Series, width: Series, out: Path) -> None:
    """One picture of four: speed-up by threads, rate by batch, time by depth, time and rate by width."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, ((by_threads, by_batch), (by_depth, by_width)) = pyplot.subplots(2, 2, figsize=(10, 7.5))
    for series in threads:
        by_threads.plot(
            series.settings, [series.seconds[0] / s for s in series.seconds], marker="o", label=series.title
        )
    by_threads.set(xlabel="threads", ylabel="times faster than one", xticks=threads[0].settings)
    for series in batches:
        by_batch.plot(series.settings, series.rates(), marker="o", label=series.title)
    by_batch.set(xlabel="batch", ylabel="GMAC/s", xscale="log")
    by_depth.plot(depth.settings, [s * 1e3 for s in depth.seconds], marker="o", label=depth.title)
    by_depth.set(xlabel="hidden layers", ylabel="ms a step")
    by_width.plot(width.settings, [s * 1e3 for s in width.seconds], marker="o", label=width.title)
    by_width.set(xlabel="channels of a hidden layer", ylabel="ms a step", xscale="log", yscale="log")
    for axes in (by_threads, by_batch, by_depth, by_width):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(out, dpi=110)


def main() -> None:
    """Parse the command line, print the tables and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=names, default=["mlp", "cnv", "binarynet", "resnete18", "bireal18"])
    parser.add_argument("--batch-models", type=names, default=["mlp", "cnv"])
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--batches", type=numbers, default=[10, 25, 50, 100, 200, 400])
    parser.add_argument("--depths", type=numbers, default=[1, 2, 4, 8, 16])
    parser.add_argument("--widths", type=numbers, default=[64, 128, 256, 512, 1024, 2048])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="of steps that a round has of each setting, about")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    most = max(given.threads)

    def contender(network: lc.layers.Network, batch: int = BATCH, threads: int = most) -> Contender:
        return Contender(network, batch, threads, given.seconds)

    def hidden(width: int, layers: int) -> Contender:
        return contender(lc.models.mlp(hidden=(width,) * layers))

    def by_threads(model: str) -> Series:
        network = network_of(model)
        title = f"{model}, batch {BATCH}: threads"
        return measured(title, given.rounds, given.threads, lambda n: contender(network, threads=n))

    def by_batch(model: str) -> Series:
        network = network_of(model)
        title = f"{model}, {most} threads: batch"
        return measured(title, given.rounds, given.batches, lambda n: contender(network, n))

    threads = [by_threads(model) for model in given.models]
    batches = [by_batch(model) for model in given.batch_models]
    shape = f"batch {BATCH}, {most} threads"
    deep = measured(
        f"hidden layers of {HIDDEN}, {shape}: how many", given.rounds, given.depths, lambda n: hidden(HIDDEN, n)
    )
    wide = measured(f"four hidden layers, {shape}: width", given.rounds, given.widths, lambda n: hidden(n, 4))
    if given.plot:
        plot(threads, batches, deep, wide, given.plot)


if __name__ == "__main__":
    main()
