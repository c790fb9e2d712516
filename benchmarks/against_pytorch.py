"""Step time and peak memory of a network of the paper, linocut beside PyTorch f32, in one run.

    python benchmarks/against_pytorch.py [--model mlp|cnv|binarynet|resnete18|resnet20|...] [--data NAME]
                                         [--data-dir DIR] [--rounds 15] [--steps 40] [--threads 2] [--batch 100]

Rounds alternate between the contenders, so that both meet the same machine; the ratio is of the medians. Each
contender's peak is that of a process of its own (VmHWM) that trains some steps on data read from disk, by default
MNIST for the perceptron, CIFAR-10 for the others.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from rounds import alternated

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.optimizers import find_optimizer
from linocut.policies import find_policy
from linocut.run import initialise, open_session
from linocut.train.peak_memory import peak_rss_bytes

POLICIES = ("lean4", "lean", "wang2021", "standard")
PAUSE_S = 0.2
WARM_UP = 3


def linocut_step(network: lc.layers.Network, policy: str, batch: int, threads: int):
    """A function that trains on one batch, like pytorch_baselines.make_step's."""
    compiled = compile_network(network, find_policy(policy), find_optimizer("adam"), batch)
    session = open_session(compiled.program, threads=threads)
    initialise(session, compiled.initial, 0)
    session.array("control")[0] = 1e-3
    inputs, answers = session.array("input"), session.array("labels")

    def step(images: np.ndarray, labels: np.ndarray) -> None:
        inputs[...] = images.reshape(inputs.shape)
        answers[...] = labels
        session.run("train")

    return step, session.isa


def training_data(arguments: argparse.Namespace):
    """The data set for the model, and the model for the data set."""
    name = arguments.data or ("mnist" if arguments.model == "mlp" else "cifar10")
    train, _ = lc.data.load(name, data_dir=arguments.data_dir)
    return train, lc.models.build(arguments.model, input_shape=train.shape, classes=len(train.classes))


def batches(train, batch: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The first batches of an epoch, copied out."""
    order = lc.data.epoch_order(0, 0, len(train))[: batch * count]
    with lc.data.Batches(train, order, batch) as reader:
        return [(x.copy(), y.copy()) for x, y in reader]


def round_ms(step, data) -> float:
    """Milliseconds a step over all batches, once.

    After a pause, since threads of the last contender may still wait spinning, and some steps that are not counted,
    for which caches and threads are cold.
    """
    time.sleep(PAUSE_S)
    for images, labels in data[:WARM_UP]:
        step(images, labels)
    begin = time.perf_counter()
    for images, labels in data:
        step(images, labels)
    return (time.perf_counter() - begin) * 1000 / len(data)


def compare(arguments: argparse.Namespace) -> None:
    """Print the table of step times."""
    from pytorch_baselines import make_step

    train, network = training_data(arguments)
    data = batches(train, arguments.batch, arguments.steps)
    steps = {"PyTorch f32": make_step(network, arguments.threads)}
    for policy in POLICIES:
        steps[policy], isa = linocut_step(network, policy, arguments.batch, arguments.threads)
    times = alternated({name: partial(round_ms, step, data) for name, step in steps.items()}, arguments.rounds)
    asked = f"{arguments.threads} threads; batch {arguments.batch}; {arguments.rounds} rounds"
    print(f"{arguments.model}; {cpu()}; {isa}; {asked}")
    print(f"{'contender':<14}{'ms a step':>12}{'fastest':>10}{'ratio':>8}{'peak MiB':>10}")
    base = statistics.median(times["PyTorch f32"])
    for name, all_taken in times.items():
        median = statistics.median(all_taken)
        print(f"{name:<14}{median:>12.3f}{min(all_taken):>10.3f}{base / median:>8.2f}{peak_of(name, arguments):>10.1f}")


def peak_of(name: str, arguments: argparse.Namespace) -> float:
    """Peak memory in MiB of a process that only trains with one contender."""
    command = [sys.executable, __file__, "--alone", name, "--model", arguments.model, "--steps", str(arguments.steps)]
    command += ["--threads", str(arguments.threads), "--batch", str(arguments.batch)]
    command += ["--data", arguments.data] if arguments.data else []
    command += ["--data-dir", arguments.data_dir] if arguments.data_dir else []
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(arguments: argparse.Namespace) -> None:
    """Train with one contender, reading from disk; print the process's peak in MiB."""
    train, network = training_data(arguments)
    if arguments.alone == "PyTorch f32":
        from pytorch_baselines import make_step

        step = make_step(network, arguments.threads)
    else:
        step, _ = linocut_step(network, arguments.alone, arguments.batch, arguments.threads)
    with lc.data.Batches(train, lc.data.epoch_order(0, 0, len(train)), arguments.batch) as reader:
        for _, (images, labels) in zip(range(arguments.steps), reader, strict=False):
            step(images, labels)
    print(peak_rss_bytes() / 2**20)


def cpu() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mlp", choices=lc.models.MODELS)
    parser.add_argument("--data")
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
