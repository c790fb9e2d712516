"""Peak memory of a whole process that trains, linocut's command line beside PyTorch f32, by the system's own count.

    python benchmarks/process_memory.py [--data-dir DIR] [--threads 2] [--batch 100] [--models mlp,binarynet]
                                        [--policies lean] [--optimizers adam] [--steps N]

The perceptron trains on MNIST, BinaryNet on CIFAR-10, with shifts and flips; both are read from disk. linocut's process
is `linocut train` with all that belongs to it: a run folder, checkpoints, evaluation. PyTorch's only takes steps, 30 at
most. Each peak is the kernel's ru_maxrss of a process of its own. This one stays small, because that counts what a
process held before it became another program, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DATA = {"mlp": "mnist"}
STEPS = {"mlp": 600}  # all of MNIST; of others few: they take seconds each
FEW = 3
ENOUGH = 30  # for PyTorch, whose peak does not grow any more then
TORCH = "PyTorch f32"
MIB = 2**20


def peak_of(command: list[str]) -> tuple[float, str]:
    """Peak memory of a command in MiB, and what it printed."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        output.seek(0)
        return usage.ru_maxrss * 1024 / MIB, output.read()


def linocut(
    model: str, policy: str, optimizer: str, steps: int, given: argparse.Namespace
) -> tuple[float, dict[str, Any]]:
    """Peak in MiB of `linocut train`, and its events by name."""
    data = DATA.get(model, "cifar10")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "linocut", "train", "--model", model, "--data", data, "--policy", policy]
        command += ["--optimizer", optimizer, "--batch", str(given.batch), "--threads", str(given.threads)]
        command += ["--limit", str(steps * given.batch), "--epochs", "1", "--out", f"{folder}/run", "--json"]
        command += ["--augment", "shift"] if data == "mnist" else ["--augment", "shift,flip"]
        command += ["--data-dir", given.data_dir] if given.data_dir else []
        peak, printed = peak_of(command)
    return peak, {event["event"]: event for event in map(json.loads, printed.splitlines())}


def pytorch(model: str, steps: int, given: argparse.Namespace) -> float:
    """Peak in MiB of a process that takes some steps in PyTorch."""
    program = Path(__file__).with_name("against_pytorch.py")
    command = [sys.executable, str(program), "--alone", TORCH, "--model", model, "--steps", str(min(steps, ENOUGH))]
    command += ["--threads", str(given.threads), "--batch", str(given.batch)]
    return peak_of(command + (["--data-dir", given.data_dir] if given.data_dir else []))[0]


def compare(model: str, given: argparse.Namespace) -> None:
    """Print the rows of one model."""
    steps = given.steps or STEPS.get(model, FEW)
    torch = pytorch(model, steps, given) if find_spec("torch") else None
    if torch is not None:
        print(f"{model:<11}{TORCH:<16}{'':>10}{'':>10}{torch:>10.1f}{'':>10}{1:>8.1f}", flush=True)
    for policy in given.policies.split(","):
        for optimizer in given.optimizers.split(","):
            peak, events = linocut(model, policy, optimizer, steps, given)
            arena, bound = (events["plan"][name] / MIB for name in ("arena_bytes", "lower_bound_bytes"))
            ratio = "" if torch is None else f"{torch / peak:.1f}"
            sizes = f"{arena:>10.2f}{bound:>10.2f}{peak:>10.1f}{peak - arena:>10.1f}"
            print(f"{model:<11}{policy + ' ' + optimizer:<16}{sizes}{ratio:>8}", flush=True)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--models", default="mlp,binarynet")
    parser.add_argument("--policies", default="lean")
    parser.add_argument("--optimizers", default="adam")
    parser.add_argument("--steps", type=int, help="of each training; by default 600 for mlp, 3 for others")
    given = parser.parse_args()
    print(f"batch {given.batch}; {given.threads} threads; MiB")
    names = ("model", "contender", "arena", "bound", "peak", "beside", "times")
    print("{:<11}{:<16}{:>10}{:>10}{:>10}{:>10}{:>8}".format(*names))
    for model in given.models.split(","):
        compare(model, given)


if __name__ == "__main__":
    main()
