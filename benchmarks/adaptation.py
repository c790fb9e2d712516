"""Adapting to a new speaker: linocut under `lean` beside full-precision fine-tuning in PyTorch, of the same layers.

    python benchmarks/adaptation.py RECORDINGS [--each 3]

Of each speaker in turn: a network is trained on the five others, and goes on with a few recordings of this one
(examples/adapt.py, whose docstring says what RECORDINGS is). PyTorch's has ReLUs in place of signs and weights in f32,
the same features, epochs, batches and rates. Each adapts in a process of its own, whose peak is measured; training on
five speakers comes before in another. Prints a line a speaker, the means, and of seconds the medians, as JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import linocut as lc
from examples import adapt

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def peak_mib() -> float:
    """Of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- linocut ---


def linocut_first(five: Path, sixth: Path, out: Path) -> dict[str, Any]:
    before = adapt.trained(five, out / "linocut")
    return {"before": adapt.accuracy(before, sixth), "others_before": adapt.accuracy(before, five)}


def linocut_second(five: Path, sixth: Path, out: Path) -> dict[str, Any]:
    cost = adapt.adapted(lc.load(out / "linocut"), sixth, out / "linocut", out / "linocut-adapted")
    peak = peak_mib()
    after = lc.load(out / "linocut-adapted")
    return {"after": adapt.accuracy(after, sixth), "others_after": adapt.accuracy(after, five), "peak": peak, **cost}


# --- PyTorch ---


def examples(dataset: lc.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """All of a data set: bytes as -1 to 1 (n, channels, steps), and labels."""
    x = np.empty((len(dataset), *dataset.shape), np.uint8)
    y = np.empty(len(dataset), np.int32)
    dataset.read(np.arange(len(dataset)), x, y)
    return ((2 * x.astype(np.float32) - 255) / 255).transpose(0, 2, 1), y.astype(np.int64)


def network(channels: int, steps: int) -> Any:
    from torch import nn

    return nn.Sequential(
        *(nn.Conv1d(channels, 128, 5, padding=2), nn.MaxPool1d(2), nn.BatchNorm1d(128), nn.ReLU()),
        *(nn.Conv1d(128, 256, 5, padding=2), nn.MaxPool1d(2), nn.BatchNorm1d(256), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(256 * (steps // 2 // 2), 10)),
    )


def fitted(model: Any, data: tuple[np.ndarray, np.ndarray], epochs: int, rate: float, batch: int) -> None:
    import torch

    torch.manual_seed(0)
    x, y = map(torch.from_numpy, data)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch):
            if len(rows) < batch:  # linocut leaves the rest to another epoch too
                continue
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        schedule.step()


def right(model: Any, data: tuple[np.ndarray, np.ndarray]) -> float:
    import torch

    model.eval()
    with torch.no_grad():
        return float((model(torch.from_numpy(data[0])).argmax(1).numpy() == data[1]).mean())


def pytorch_first(five: Path, sixth: Path, out: Path) -> dict[str, Any]:
    import torch

    before = lc.load(out / "linocut")  # for the ranges of the features
    train, test = (examples(one) for one in adapt.heard_like(before, five))
    model = network(*train[0].shape[1:])
    fitted(model, train, adapt.EPOCHS, adapt.RATE, adapt.BATCH)
    torch.save(model.state_dict(), out / "model.pt")
    new = examples(adapt.heard_like(before, sixth)[1])
    return {"before": right(model, new), "others_before": right(model, test)}


def pytorch_second(five: Path, sixth: Path, out: Path) -> dict[str, Any]:
    import torch

    before = lc.load(out / "linocut")
    few = examples(adapt.heard_like(before, sixth)[0])
    begin = time.monotonic()
    model = network(*few[0].shape[1:])
    model.load_state_dict(torch.load(out / "model.pt"))
    fitted(model, few, adapt.LEARNED_EPOCHS, adapt.LEARNED_RATE, adapt.LEARNED_BATCH)
    seconds, peak = time.monotonic() - begin, peak_mib()
    new, old = (examples(adapt.heard_like(before, folder)[1]) for folder in (sixth, five))
    return {"after": right(model, new), "others_after": right(model, old), "peak": peak, "seconds": seconds}


PARTS = {part.__name__: part for part in (linocut_first, linocut_second, pytorch_first, pytorch_second)}


def apart(part: str, recordings: Path, speaker: str, each: int, out: Path) -> dict[str, Any]:
    """What a part gives, in a process of its own."""
    command = [sys.executable, __file__, str(recordings), "--each", str(each), "--part", part, speaker, str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        part, speaker, out = given.part
        print(json.dumps(PARTS[part](*adapt.folders(given.recordings, Path(out), speaker, given.each), Path(out))))
        return
    rows: dict[str, list[dict[str, Any]]] = {"linocut": [], "pytorch": []}
    for speaker in SPEAKERS:
        with tempfile.TemporaryDirectory(dir=given.recordings.parent) as out:
            for who, found in rows.items():
                row: dict[str, Any] = {}
                for part in ("first", "second"):
                    row |= apart(f"{who}_{part}", given.recordings, speaker, given.each, Path(out))
                found.append(row)
                print(json.dumps({"speaker": speaker, "who": who, **row}), flush=True)
    for who, found in rows.items():
        means = {name: float(np.mean([row[name] for row in found])) for name in found[0]}
        means["seconds"] = float(np.median([row["seconds"] for row in found]))
        print(json.dumps({"mean": who, **means}))


if __name__ == "__main__":
    main()
