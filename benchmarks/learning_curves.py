"""The learning curves of several runs as one picture and one table.

    python benchmarks/learning_curves.py runs/cnv-standard runs/cnv-wang2021 runs/cnv-lean --out curves.png

Reads the log.jsonl and config.toml of each run folder; needs the extra `plot`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def epochs(run: Path) -> list[dict[str, Any]]:
    """The epochs of a run, in order."""
    lines = (run / "log.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == "epoch"]


def plot(runs: list[Path], out: Path) -> None:
    """Test and training accuracy by epoch."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0))
    for run in runs:
        history = epochs(run)
        numbers = [event["epoch"] for event in history]
        (line,) = axes.plot(numbers, [100 * event["accuracy"] for event in history], marker="o", label=run.name)
        trained = [100 * event["train_accuracy"] for event in history]
        axes.plot(numbers, trained, linestyle=":", color=line.get_color())
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy, %")
    axes.set_title("solid: test images, dotted: augmented training images", fontsize="medium")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(out, dpi=110)


def table(runs: list[Path]) -> str:
    """Test accuracy by epoch, a row for each run."""
    histories = {run.name: epochs(run) for run in runs}
    longest = max(map(len, histories.values()))
    lines = ["| run | " + " | ".join(str(n + 1) for n in range(longest)) + " |", "| --- " * (longest + 1) + "|"]
    for name, history in histories.items():
        lines.append(f"| {name} | " + " | ".join(f"{event['accuracy']:.2%}" for event in history) + " |")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    plot(arguments.runs, arguments.out)
    print(table(arguments.runs))


if __name__ == "__main__":
    main()
