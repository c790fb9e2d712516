"""One frame of an LSTM in 16-bit integers beside torch.nn.LSTM in floats, taken in turn on one thread.

    python benchmarks/lstm_frame.py [--blocks 8,16] [--rounds 200]

The layer of google_lstm: 153 inputs, 1,024 cells projected to 512 outputs, a batch of one, state kept from frame to
frame. PyTorch has no peepholes, so neither side has; linocut's frame ends in a dense layer of 62 outputs besides, and
takes what Python takes to hand a frame over (`lc.Stream.push`), as PyTorch's does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

INPUTS, CELLS, OUTPUTS, PHONES = 153, 1024, 512, 62


def linocuts(block: int) -> Callable[[], object]:
    """A frame through a stream in Q5.10."""
    import linocut as lc
    from linocut.layers import CTC, LSTM, BlockCirculantDense, Network, SequenceInput

    layers = (SequenceInput((2, INPUTS)), LSTM(CELLS, block, projection=OUTPUTS), BlockCirculantDense(PHONES))
    trainer = lc.Trainer(Network("one", (*layers, CTC(1))), "standard", batch_size=1, threads=1)
    frames = np.random.default_rng(0).standard_normal((4, 2, INPUTS)).astype(np.float32)
    made = lc.sixteen_bits(trainer.inference_graph(), frames)
    stream, frame = lc.Stream(made.graph), frames[0, 0]
    return lambda: stream.push(frame)


def pytorchs(threads: int) -> Callable[[], object]:
    """A frame through PyTorch's layer in f32, its state kept."""
    import torch

    torch.set_num_threads(threads)
    lstm = torch.nn.LSTM(INPUTS, CELLS, proj_size=OUTPUTS).eval()
    frame = torch.randn(1, 1, INPUTS)
    state = [(torch.zeros(1, 1, OUTPUTS), torch.zeros(1, 1, CELLS))]

    def step() -> object:
        with torch.inference_mode():
            outputs, state[0] = lstm(frame, state[0])
        return outputs

    return step


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", default="8,16")
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    contenders = {"PyTorch, dense, f32": pytorchs(1)}
    for block in map(int, given.blocks.split(",")):
        contenders[f"linocut, k = {block}, 16 bits"] = linocuts(block)
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(given.rounds):
        for name, step in contenders.items():
            begin = time.perf_counter()
            step()
            best[name] = min(best[name], time.perf_counter() - begin)
    dense = best["PyTorch, dense, f32"]
    print(f"one frame, one thread, the least of {given.rounds}")
    for name, seconds in best.items():
        print(f"{name:26}  {1e3 * seconds:7.3f} ms  {dense / seconds:5.2f} times as fast")


if __name__ == "__main__":
    main()
