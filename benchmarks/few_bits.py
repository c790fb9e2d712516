"""Accuracy by the bits of dX and dY: `lean` with its gradients in 16, 8 and 4 bits, as one table and one plot.

    python benchmarks/few_bits.py [--data-dir DIR] [--model mlp] [--data mnist] [--epochs 5] [--seeds 0,1,2]
                                  [--limit N] [--threads 2] [--plot few_bits.png]

Every run takes Adam 1e-3, the cosine schedule and batches of 100; the accuracy is on the test data after the last
epoch. The plot, which needs the extra `plot`, has a dot for each run and a line through the means.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import linocut as lc
from linocut.formats import FORMATS

# dX, and dY of every layer.
SWEEP = (("i16", "i8"), ("i8", "i8"), ("i4", "i8"), ("i8", "i4"), ("i4", "i4"))


def accuracies(dx: str, dy: str, given: argparse.Namespace) -> list[float]:
    """Test accuracy in percent, one for each seed."""
    train, test = lc.data.load(given.data, data_dir=given.data_dir)
    policy = lc.lean.replace(dX=dx, dY=dy)
    found = []
    for seed in given.seeds:
        network = lc.models.build(given.model, input_shape=train.shape, classes=len(train.classes))
        settings = {"batch_size": 100, "seed": seed, "threads": given.threads}
        trainer = lc.Trainer(network, policy, lc.Adam(1e-3), schedule="cosine", **settings)
        history = trainer.fit(lc.data.take(train, given.limit), given.epochs, test)
        found.append(100 * history[-1].accuracy)
    return found


def bits(form: str) -> int:
    """Those that an element takes in memory."""
    return FORMATS[form].bits


def plot(found: dict[tuple[str, str], list[float]], title: str, out: Path) -> None:
    """A dot for each run, by the bits of dX and dY."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0))
    for number, runs in enumerate(found.values()):
        axes.plot([number] * len(runs), runs, "o", color="tab:blue", alpha=0.6)
    axes.plot(range(len(found)), [mean(runs) for runs in found.values()], "_-", color="tab:blue", markersize=16)
    axes.set_xticks(range(len(found)), [f"{bits(dx)}, {bits(dy)}" for dx, dy in found])
    axes.set_xlabel("bits of dX, of dY")
    axes.set_ylabel("test accuracy, %")
    axes.set_title(title, fontsize="medium")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out, dpi=110)


def main() -> None:
    """Parse the command line; print a table as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir")
    parser.add_argument("--model", default="mlp", choices=lc.models.MODELS)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[0, 1, 2])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    print(f"| dX | dY | {' | '.join(f'seed {seed}' for seed in given.seeds)} | mean |")
    print("| --- " * (len(given.seeds) + 3) + "|")
    found = {}
    for dx, dy in SWEEP:
        runs = found[dx, dy] = accuracies(dx, dy, given)
        each = " | ".join(f"{run:.2f}%" for run in runs)
        print(f"| {bits(dx)} bits | {bits(dy)} bits | {each} | {mean(runs):.2f}% |", flush=True)
    if given.plot is not None:
        plot(found, f"{given.model} on {given.data}, {given.epochs} epochs", given.plot)


if __name__ == "__main__":
    main()
