"""Step time and peak memory of the paper's perceptron, linocut beside PyTorch f32, in one run.

    python benchmarks/mlp_against_pytorch.py [--data-dir DIR] [--rounds 15] [--steps 40] [--threads 2] [--batch 100]

Rounds alternate between the contenders, so that both meet the same machine; the ratio is of the medians. Each
contender's peak is that of a process of its own (VmHWM) that trains the given number of steps on MNIST read from disk.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.optimizers import find_optimizer
from linocut.policies import find_policy
from linocut.run import initialise, open_session
from linocut.train.peak_memory import peak_rss_bytes

POLICIES = ("lean", "wang2021", "standard")


def linocut_step(policy: str, batch: int, threads: int):
    """A function that trains on one batch, like pytorch_mlp.make_step's."""
    compiled = compile_network(lc.models.mlp(), find_policy(policy), find_optimizer("adam"), batch)
    session = open_session(compiled.program, threads=threads)
    initialise(session, compiled.initial, 0)
    session.array("control")[0] = 1e-3

    def step(images: np.ndarray, labels: np.ndarray) -> None:
        session.array("input")[...] = images.reshape(session.array("input").shape)
        session.array("labels")[...] = labels
        session.run("train")

    return step, session.isa


def batches(data_dir: str | None, batch: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The first batches of an epoch of MNIST, copied out."""
    train, _ = lc.data.load("mnist", data_dir=data_dir)
    order = lc.data.epoch_order(0, 0, len(train))[: batch * count]
    with lc.data.Batches(train, order, batch) as reader:
        return [(x.reshape(len(x), -1).copy(), y.copy()) for x, y in reader]


def round_ms(step, data) -> float:
    """Milliseconds a step over all batches, once."""
    begin = time.perf_counter()
    for images, labels in data:
        step(images, labels)
    return (time.perf_counter() - begin) * 1000 / len(data)


def compare(arguments: argparse.Namespace) -> None:
    """Print the table of step times."""
    from pytorch_mlp import make_step

    data = batches(arguments.data_dir, arguments.batch, arguments.steps)
    steps = {"PyTorch f32": make_step(arguments.threads)}
    for policy in POLICIES:
        steps[policy], isa = linocut_step(policy, arguments.batch, arguments.threads)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(arguments.rounds + 1):
        for name, step in steps.items():
            taken = round_ms(step, data)
            if number:  # the first round warms up
                times[name].append(taken)
    print(f"{cpu()}; {isa}; {arguments.threads} threads; batch {arguments.batch}; {arguments.rounds} rounds")
    print(f"{'contender':<14}{'ms a step':>12}{'fastest':>10}{'ratio':>8}{'peak MiB':>10}")
    base = statistics.median(times["PyTorch f32"])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:<14}{median:>12.3f}{min(taken):>10.3f}{base / median:>8.2f}{peak_of(name, arguments):>10.1f}")


def peak_of(name: str, arguments: argparse.Namespace) -> float:
    """Peak memory in MiB of a process that only trains with one contender."""
    command = [sys.executable, __file__, "--alone", name, "--steps", "60", "--batch", str(arguments.batch)]
    command += ["--threads", str(arguments.threads)]
    command += ["--data-dir", arguments.data_dir] if arguments.data_dir else []
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(arguments: argparse.Namespace) -> None:
    """Train with one contender, reading from disk; print the process's peak in MiB."""
    if arguments.alone == "PyTorch f32":
        from pytorch_mlp import make_step

        step = make_step(arguments.threads)
    else:
        step, _ = linocut_step(arguments.alone, arguments.batch, arguments.threads)
    train, _ = lc.data.load("mnist", data_dir=arguments.data_dir)
    with lc.data.Batches(train, lc.data.epoch_order(0, 0, len(train)), arguments.batch) as reader:
        for _, (images, labels) in zip(range(arguments.steps), reader, strict=False):
            step(images.reshape(len(images), -1), labels)
    print(peak_rss_bytes() / 2**20)


def cpu() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        alone(arguments)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
