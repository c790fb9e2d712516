"""One step of the residual networks on images of 224 x 224, 1000 classes, under `lean`: the same bits everywhere?

    python benchmarks/imagenet_step.py [--batch 2] [--models resnete18 bireal18] [--no-reference]

Prints the state's hash on every instruction set of this machine, for 1 and 2 threads, and by the NumPy reference, which
the tests hold against PyTorch and float64 layer by layer; and the memory that the step takes. The images are noise
around a colour of their class: no ImageNet is needed.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import linocut as lc
from linocut import _native
from linocut.compile.lower import compile_network
from linocut.optimizers import Adam
from linocut.policies import find_policy
from linocut.run import NATIVE, REFERENCE, initialise, open_session


def main() -> None:
    """Parse the command line, take the steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--models", nargs="+", default=["resnete18", "bireal18"])
    parser.add_argument(
        "--no-reference", action="store_true", help="leave out the NumPy reference, which takes minutes"
    )
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 1000, arguments.batch)
    images = rng.integers(0, 200, (arguments.batch, 224, 224, 3)) + (labels % 50)[:, None, None, None]
    sessions: list[dict[str, Any]] = [
        {"backend": NATIVE, "isa": isa, "threads": n} for isa in _native.isas() for n in (1, 2)
    ]
    sessions += [] if arguments.no_reference else [{"backend": REFERENCE}]
    for model in arguments.models:
        compiled = compile_network(lc.models.build(model), find_policy("lean"), Adam(), arguments.batch)
        print(f"{model}, batch {arguments.batch}: arena {compiled.program.arena_bytes / 2**20:.1f} MiB")
        for how in sessions:
            session = open_session(compiled.program, **how)
            initialise(session, compiled.initial, 0)
            session.array("control")[0] = compiled.optimizer.learning_rate
            session.array("input")[...], session.array("labels")[...] = images, labels
            begin = time.perf_counter()
            session.run("train")
            taken = time.perf_counter() - begin
            loss = session.array("loss")[0] / arguments.batch
            print(
                f"  {session.isa:9} {session.threads}  {session.state_sha256()[:16]}  loss {loss:.6f}  {taken:8.2f} s"
            )


if __name__ == "__main__":
    main()
