"""`tune` beside a grid: test accuracy of the setting that it gives, and the best of 12 points at equal epochs.

    python benchmarks/tune_against_grid.py --data-dir DIR --out FILE.jsonl [--networks deep,tanh,mlp,cnv]
                                           [--starts 1,30,0.0333] [--minutes 5] [--seeds 3] [--threads 1]
                                           [--part grid|tune]

The grid has six learning rates, each `10 ** 0.5` times the one before, by the schedules constant and cosine. `tune`
gets the same images, epochs and batch, and holds some of these images out to judge by; it starts from the middle of the
grid times `--starts`. Its setting is then trained like a point of the grid, on all images. A line of FILE.jsonl for
each training and each tuning; what is there is not done again. In the end a table.

    deep  16 dense layers of 128 binary units, `lean`, Adam, batch 100; 20,000 images of Fashion-MNIST, 5 epochs
    tanh  784 tanh units, `standard`, SGD of momentum 0.9, batch 32; 10,000 images of Fashion-MNIST, 5 epochs
    mlp   the perceptron, `lean`, Adam, batch 100; 20,000 images of Fashion-MNIST, 5 epochs
    cnv   CNV, `lean`, Adam, batch 100; 4,000 images of CIFAR-10, 4 epochs, the first 2,000 test images
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import linocut as lc
from linocut.data import as_floats
from linocut.reproduce.tanh_network import tanh_network

SCHEDULES = "constant", "cosine"


@dataclass(frozen=True)
class Task:
    """A network, and how it is trained; the rates of the grid are `middle` times powers of the root of 10."""

    network: Callable[[], lc.Network]
    policy: str
    optimizer: lc.Optimizer
    batch: int
    data: str
    images: int
    epochs: int
    middle: float
    test: int = 10_000
    floats: bool = False

    @property
    def rates(self) -> list[float]:
        """Six."""
        return [float(f"{self.middle * 10 ** (power / 2):.3g}") for power in range(-3, 3)]

    def load(self, data_dir: str | None) -> tuple[Any, Any]:
        """Images to train on and to test on."""
        train, test = lc.data.load(self.data, data_dir=data_dir)
        some = lc.data.take(train, self.images), lc.data.take(test, self.test)
        return (as_floats(some[0]), as_floats(some[1])) if self.floats else some


TASKS = {
    "deep": Task(
        lambda: lc.models.mlp(hidden=(128,) * 15), "lean", lc.Adam(), 100, "fashion-mnist", 20_000, 5, 10**-2.5
    ),
    "tanh": Task(tanh_network, "standard", lc.SGD(), 32, "fashion-mnist", 10_000, 5, 10**-1.5, floats=True),
    "mlp": Task(lc.models.mlp, "lean", lc.Adam(), 100, "fashion-mnist", 20_000, 5, 10**-2.5),
    "cnv": Task(lc.models.cnv, "lean", lc.Adam(), 100, "cifar10", 4_000, 4, 10**-2.5, test=2_000),
}


class Kept:
    """Lines of a file, each found once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def of(self, key: dict[str, Any], find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The line that begins with `key`, found now if it is not there."""
        for line in self.lines:
            if all(line.get(name) == value for name, value in key.items()):
                return line
        found = {**key, **find()}
        self.lines.append(found)
        with self._path.open("a") as file:
            file.write(json.dumps(found) + "\n")
        print(json.dumps(found), flush=True)
        return found


def accuracy(task: Task, setting: dict[str, Any], seed: int, given: argparse.Namespace) -> dict[str, Any]:
    """Test accuracy, in percent, after the last epoch; 0 of a training that diverges."""
    train, test = task.load(given.data_dir)
    kind = {"adam": lc.Adam, "sgd": lc.SGD}[task.optimizer.kind]
    optimizer = kind(**setting["optimizer"])
    begin = time.perf_counter()
    trainer = lc.Trainer(
        task.network(), task.policy, optimizer, setting["batch"], seed, given.threads, setting["schedule"]
    )
    try:
        trainer.fit(train, task.epochs)
    except lc.DivergenceError:
        return {"accuracy": 0.0, "seconds": time.perf_counter() - begin}
    found = trainer.evaluate(test).accuracy
    assert found is not None
    return {"accuracy": 100 * found, "seconds": time.perf_counter() - begin}


def trained(kept: Kept, name: str, setting: dict[str, Any], given: argparse.Namespace) -> list[float]:
    """Of every seed."""
    task = TASKS[name]
    return [
        kept.of(
            {"network": name, "setting": setting, "seed": seed}, lambda seed=seed: accuracy(task, setting, seed, given)
        )["accuracy"]
        for seed in range(given.seeds)
    ]


def grid(kept: Kept, name: str, given: argparse.Namespace) -> dict[tuple[float, str], list[float]]:
    """Accuracies by rate and schedule."""
    task, found = TASKS[name], {}
    for schedule in SCHEDULES:
        for rate in task.rates:
            optimizer = _settings(replace(task.optimizer, learning_rate=rate))
            setting = {"optimizer": optimizer, "batch": task.batch, "schedule": schedule}
            found[rate, schedule] = trained(kept, name, setting, given)
    return found


def tuned(kept: Kept, name: str, start: float, given: argparse.Namespace) -> tuple[dict[str, Any], list[float]]:
    """What `tune` says from a start, and what its setting comes to."""
    task = TASKS[name]

    def find() -> dict[str, Any]:
        train, _ = task.load(given.data_dir)
        optimizer = replace(task.optimizer, learning_rate=float(f"{task.middle * start:.3g}"))
        begin = time.perf_counter()
        settings = {"minutes": given.minutes, "epochs": task.epochs, "threads": given.threads}
        advice = lc.tune(task.network(), train, task.policy, optimizer, task.batch, **settings)
        setting = {
            "optimizer": _settings(advice.optimizer),
            "batch": advice.batch_size,
            "schedule": advice.schedule.kind,
        }
        return {"setting": setting, "reasons": list(advice.reasons), "seconds": time.perf_counter() - begin}

    said = kept.of({"network": name, "start": start, "minutes": given.minutes}, find)
    return said, trained(kept, name, said["setting"], given)


def _settings(optimizer: lc.Optimizer) -> dict[str, Any]:
    return {key: value for key, value in optimizer.to_dict().items() if key != "kind"}


def main() -> None:
    """Do what is not in the file, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--networks", default="deep,tanh,mlp,cnv")
    parser.add_argument("--starts", type=lambda text: [float(one) for one in text.split(",")], default=[1, 30, 0.0333])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--part", choices=["grid", "tune"])
    given = parser.parse_args()
    kept = Kept(given.out)
    for name in given.networks.split(","):
        if given.part != "tune":
            grid(kept, name, given)
        if given.part != "grid":
            for start in given.starts:
                tuned(kept, name, start, given)
        if given.part is None:
            told(kept, name, given)


def told(kept: Kept, name: str, given: argparse.Namespace) -> None:
    """The grid, and how far what `tune` says is from its best."""
    found = grid(kept, name, given)
    best = max(found, key=lambda point: mean(found[point]))
    print(f"\n{name}: mean test accuracy of {given.seeds} seeds\n\n| | {' | '.join(SCHEDULES)} |")
    print("| --- " * (len(SCHEDULES) + 1) + "|")
    for rate in TASKS[name].rates:
        print(f"| {rate:g} | {' | '.join(f'{mean(found[rate, schedule]):.2f}%' for schedule in SCHEDULES)} |")
    for start in given.starts:
        said, ours = tuned(kept, name, start, given)
        rate, schedule = said["setting"]["optimizer"]["learning_rate"], said["setting"]["schedule"]
        print(
            f"tune from {TASKS[name].middle * start:.3g}, {said['seconds']:.0f} s: {rate:.3g}, {schedule}: "
            f"{mean(ours):.2f}%, {mean(ours) - mean(found[best]):+.2f} points to the best of the grid, "
            f"{best[0]:g} {best[1]}",
            flush=True,
        )


if __name__ == "__main__":
    main()
