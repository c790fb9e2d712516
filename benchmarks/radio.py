"""Radio signals: a complex binary network beside a real one of as many bits, accuracy by signal-to-noise ratio.

    python benchmarks/radio.py --out runs/radio [--epochs 40] [--seeds 0,1,2] [--policy lean] [--threads 2]
                               [--plot radio.png]

Trains both on `modulation` from every seed, each in a folder of its own under --out, where it goes on if it was
interrupted; prints the mean over the seeds and how far single ones lie apart. `--plot` needs the extra `plot`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

MODELS = {"complex_radio": "complex", "real_radio": "real"}


def linocut(*words: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "linocut", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def train(model: str, seed: int, out: Path, given: argparse.Namespace) -> None:
    """Train a model, or go on with it, to the end."""
    how = ["--threads", str(given.threads)]
    if (out / "config.toml").exists():
        linocut("train", "--resume", "--out", str(out), *how)
        return
    run = ["--model", model, "--data", "modulation", "--policy", given.policy, "--seed", str(seed), "--out", str(out)]
    linocut("train", *run, "--epochs", str(given.epochs), "--schedule", "cosine", *how)


def accuracies(run: Path) -> dict[float, float]:
    """Test accuracy at each ratio in dB, and at nan of all."""
    found = json.loads(linocut("eval", str(run), "--json"))
    by_ratio = {float(one["value"]): float(one["accuracy"]) for one in found["by_condition"]["scores"]}
    return {**by_ratio, float("nan"): float(found["accuracy"])}


def table(found: dict[str, list[list[float]]], ratios: list[float]) -> str:
    """A row for each ratio: the mean over seeds and its range, of each model."""
    lines = ["| SNR, dB | " + " | ".join(MODELS[model] for model in found) + " |", "| --- " * (len(found) + 1) + "|"]
    for number, ratio in enumerate(ratios):
        cells = []
        for runs in found.values():
            some = [100 * run[number] for run in runs]
            cells.append(f"{statistics.mean(some):.1f} ({min(some):.1f} to {max(some):.1f})")
        lines.append(f"| {'all' if ratio != ratio else f'{ratio:.0f}'} | {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(found: dict[str, list[list[float]]], ratios: list[float], out: Path) -> None:
    """The mean over seeds as a line, single runs as dots."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0))
    for model, runs in found.items():
        means = [100 * statistics.mean(some) for some in zip(*runs, strict=True)]
        (line,) = axes.plot(ratios, means, label=MODELS[model])
        for run in runs:
            axes.plot(ratios, [100 * one for one in run], ".", color=line.get_color(), alpha=0.5)
    axes.set(xlabel="signal-to-noise ratio, dB", ylabel="test accuracy, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(out, dpi=110)


def main() -> None:
    """Parse the command line, train, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=lambda text: [int(part) for part in text.split(",")], default=[0, 1, 2])
    parser.add_argument("--policy", default="lean")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    found: dict[str, list[list[float]]] = {model: [] for model in MODELS}
    ratios: list[float] = []
    for seed in given.seeds:
        for model, runs in found.items():
            folder = given.out / f"{model}-{seed}"
            train(model, seed, folder, given)
            reached = accuracies(folder)
            ratios = list(reached)
            runs.append(list(reached.values()))
            print(f"{model}, seed {seed}: {runs[-1][-1]:.2%}", flush=True)
    print(table(found, ratios))
    if given.plot:
        plot({model: [run[:-1] for run in runs] for model, runs in found.items()}, ratios[:-1], given.plot)


if __name__ == "__main__":
    main()
