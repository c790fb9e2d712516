"""A training step of an LSTM in circulant blocks beside PyTorch's dense one, interleaved on the same threads.

    python benchmarks/lstm_step.py [--blocks 1,8,16] [--batch 32] [--steps 50] [--rounds 5] [--threads 1]

The layer of google_lstm: 153 inputs, 1,024 cells projected to 512 outputs; the mean of its outputs, 10 classes, Adam.
PyTorch has no peepholes, so neither side has. Memory is the arena, and what PyTorch's process takes more at its peak
after its first step than before it made the network.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

INPUTS, CELLS, OUTPUTS, CLASSES = 153, 1024, 512, 10
MIB = 2**20


def linocuts(block: int, batch: int, steps: int, threads: int) -> tuple[Callable[[], None], float]:
    """A step over random sequences, and the bytes of the arena."""
    from linocut.compile.lower import compile_network
    from linocut.graph.network import Network
    from linocut.layers import LSTM, BlockCirculantDense, SequenceInput, SequencePool, SoftmaxCrossEntropy
    from linocut.optimizers import Adam
    from linocut.policies import standard
    from linocut.run.initial import initialise
    from linocut.run.session import open_session

    layers = (LSTM(CELLS, block, projection=OUTPUTS), SequencePool(), BlockCirculantDense(CLASSES))
    network = Network("one", (SequenceInput((steps, INPUTS)), *layers, SoftmaxCrossEntropy()))
    compiled = compile_network(network, standard, Adam(), batch)
    session = open_session(compiled.program, threads=threads)
    initialise(session, compiled.initial, 0)
    rng = np.random.default_rng(0)
    session.array("input")[...] = rng.standard_normal((batch, steps, INPUTS))
    session.array("labels")[...] = rng.integers(0, CLASSES, batch)
    session.array("control")[0] = 1e-3
    return lambda: session.run("train"), compiled.program.arena_bytes


def pytorchs(batch: int, steps: int, threads: int) -> tuple[Callable[[], None], float]:
    """The same in PyTorch, and the bytes that its first step added to the process's peak."""
    import torch

    torch.set_num_threads(threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lstm = torch.nn.LSTM(INPUTS, CELLS, proj_size=OUTPUTS, batch_first=True)
    head = torch.nn.Linear(OUTPUTS, CLASSES)
    optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()])
    x, labels = torch.randn(batch, steps, INPUTS), torch.randint(0, CLASSES, (batch,))

    def step() -> None:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(head(lstm(x)[0].mean(1)), labels)
        loss.backward()
        optimizer.step()

    step()
    return step, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024.0


def seconds(step: Callable[[], None]) -> float:
    """Of one call."""
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", default="8,16")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    sizes = given.batch, given.steps, given.threads
    contenders = {"PyTorch, dense": pytorchs(*sizes)}
    for block in map(int, given.blocks.split(",")):
        contenders[f"linocut, k = {block}"] = linocuts(block, *sizes)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(given.rounds + 1):
        for name, (step, _) in contenders.items():
            taken = seconds(step)
            times[name] += [taken] if number else []
    dense = float(np.median(times["PyTorch, dense"]))
    print(f"batch {given.batch}, {given.steps} steps, {given.threads} threads, median of {given.rounds}")
    for name, (_, memory) in contenders.items():
        median = float(np.median(times[name]))
        print(f"{name:16}  {median * 1e3:8.1f} ms  {dense / median:5.2f} times as fast  {memory / MIB:7.1f} MiB")


if __name__ == "__main__":
    main()
