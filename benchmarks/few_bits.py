"""Accuracy by the bits of dX and dY: `lean` with its gradients in 16, 8 and 4 bits, as one table and one plot.

    python benchmarks/few_bits.py [--of mlp:mnist cnv:cifar10:10000] [--data-dir DIR] [--epochs 5] [--seeds 0,1,2]
                                  [--threads 2] [--plot docs/pictures/few-bits.png]

Of each MODEL:DATA, or MODEL:DATA:LIMIT for so many examples to train on, every run takes Adam 1e-3, the cosine schedule
and batches of 100; the accuracy is on the test data after the last epoch. The plot, which needs the extra `plot`, has a
panel for each, a dot for each run and a line through the means. The default takes about ten minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import linocut as lc
from linocut.formats import FORMATS

# dX, and dY of every layer.
SWEEP = (("i16", "i8"), ("i8", "i8"), ("i4", "i8"), ("i8", "i4"), ("i4", "i4"))


@dataclass(frozen=True)
class Task:
    """A model, what it learns, and from how many examples."""

    model: str
    data: str
    limit: int | None

    def __str__(self) -> str:
        return f"{self.model} on {f'{self.limit:,} of ' if self.limit else ''}{self.data}"


def task(text: str) -> Task:
    """What MODEL:DATA[:LIMIT] says."""
    model, data, *limit = text.split(":")
    return Task(model, data, int(limit[0]) if limit else None)


def accuracies(of: Task, dx: str, dy: str, given: argparse.Namespace) -> list[float]:
    """Test accuracy in percent, one for each seed."""
    train, test = lc.data.load(of.data, data_dir=given.data_dir)
    policy = lc.lean.replace(dX=dx, dY=dy)
    found = []
    for seed in given.seeds:
        network = lc.models.build(of.model, input_shape=train.shape, classes=len(train.classes))
        settings = {"batch_size": 100, "seed": seed, "threads": given.threads}
        trainer = lc.Trainer(network, policy, lc.Adam(1e-3), schedule="cosine", **settings)
        history = trainer.fit(lc.data.take(train, of.limit), given.epochs, test)
        found.append(100 * history[-1].accuracy)
    return found


def bits(form: str) -> int:
    """Those that an element takes in memory."""
    return FORMATS[form].bits


def plot(found: Mapping[tuple[str, str], Sequence[Sequence[float]]], titles: Sequence[str], out: Path) -> None:
    """A panel for each task: a dot for each run, by the bits of dX and dY."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(titles), figsize=(4.8 * len(titles), 4.0), squeeze=False)
    for number, (axes, title) in enumerate(zip(panels[0], titles, strict=True)):
        of_task = [runs[number] for runs in found.values()]
        for place, runs in enumerate(of_task):
            axes.plot([place] * len(runs), runs, "o", color="tab:blue", alpha=0.6)
        axes.plot(range(len(of_task)), [mean(runs) for runs in of_task], "_-", color="tab:blue", markersize=16)
        axes.set_xticks(range(len(of_task)), [f"{bits(dx)}, {bits(dy)}" for dx, dy in found])
        axes.set_xlabel("bits of dX, of dY")
        axes.set_ylabel("test accuracy, %")
        axes.set_title(title, fontsize="medium")
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out, dpi=110)


def main() -> None:
    """Parse the command line; print a table as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--of", type=task, nargs="+", default=[task("mlp:mnist"), task("cnv:cifar10:10000")])
    parser.add_argument("--data-dir")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    print(f"| dX | dY | {' | '.join(f'{one}: mean (seeds), %' for one in given.of)} |")
    print("| --- " * (len(given.of) + 2) + "|")
    found = {}
    for dx, dy in SWEEP:
        of_tasks = found[dx, dy] = [accuracies(one, dx, dy, given) for one in given.of]
        cells = [f"{mean(runs):.2f} ({', '.join(f'{run:.2f}' for run in runs)})" for runs in of_tasks]
        print(f"| {bits(dx)} bits | {bits(dy)} bits | {' | '.join(cells)} |", flush=True)
    if given.plot is not None:
        plot(found, [f"{one}, {given.epochs} epochs" for one in given.of], given.plot)


if __name__ == "__main__":
    main()
