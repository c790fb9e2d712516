"""What networks take as exported C, and how long a prediction takes, beside linocut's own on one thread, in one run.

    python benchmarks/c_export.py [--model cnv] [--input 32x32x3] [--flags "-O3 -march=native"] [--rounds 20]

Weights are initial ones and the example is a fixed one: neither changes the time of linocut, and of C that of pools
only, which leave out what cannot change their signs. Times are the processor's, the least of all rounds. The compiler
is cc.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import linocut as lc
from linocut.ops.bits import Array
from linocut.run.profile import untrained_graph

TIMER = """
#include <stdio.h>
#include <time.h>
#include "net.h"
static uint8_t scratch[NET_SCRATCH_BYTES], image[NET_INPUT_BYTES];
static float logits[NET_CLASSES];
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}
int main(void)
{
    double least = 1e12;
    long n;
    for (n = 0; n < NET_INPUT_BYTES; ++n) image[n] = (uint8_t)(n * 37);
    for (n = 0; n < ROUNDS; ++n) {
        const double begin = now();
        net_predict(image, scratch, logits);
        if (now() - begin < least) least = now() - begin;
    }
    printf("%f", least);
    return 0;
}
"""


def c_us(folder: Path, flags: list[str], rounds: int) -> float:
    """Microseconds of processor time of a prediction in C, once NAME_test has passed."""
    (folder / "timer.c").write_text(TIMER.replace("ROUNDS", str(rounds)))
    given = ["cc", "-std=gnu99", "-ffp-contract=off", *flags, "net.c"]
    for main in ("net_test", "timer"):
        subprocess.run([*given, f"{main}.c", "-o", main], cwd=folder, check=True)
    subprocess.run(["./net_test"], cwd=folder, check=True, capture_output=True)
    return float(subprocess.run(["./timer"], cwd=folder, check=True, capture_output=True).stdout)


def linocut_us(predictor: lc.Predictor, example: Array, rounds: int) -> float:
    """Microseconds of processor time of a prediction by linocut."""
    times = []
    for _ in range(rounds + 1):
        begin = time.process_time_ns()
        predictor(example)
        times.append(time.process_time_ns() - begin)
    return min(times) * 1e-3


def main() -> None:
    """Parse the command line and print what it comes to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cnv", choices=lc.models.MODELS)
    parser.add_argument("--input", help="the shape of examples, such as 32x32x3")
    parser.add_argument("--flags", default="-O2", help="of the C compiler")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    shape = {} if given.input is None else {"input_shape": tuple(map(int, given.input.split("x"))), "classes": 10}
    graph = untrained_graph(lc.models.build(given.model, **shape), lc.lean)
    example = (np.arange(np.prod(graph.input.shape)) * 37).astype(np.uint8).reshape(graph.input.shape)
    with tempfile.TemporaryDirectory() as folder:
        sizes = lc.export(graph, out=folder, name="net").sizes
        there = c_us(Path(folder), given.flags.split(), given.rounds)
    here = linocut_us(lc.Predictor(graph, threads=1), example, given.rounds)
    print(f"{given.model}: constants {sizes['flash_bytes']:,} B, scratch {sizes['scratch_bytes']:,} B")
    print(f"C ({given.flags}) {there:,.0f} us, linocut {here:,.0f} us, {there / here:.1f} times as long")


if __name__ == "__main__":
    main()
