"""Exported C and C++ of a recurrent network beside the judge, integer by integer, on every frame of its test data.

    python benchmarks/recurrent_export.py digits.safetensors [--data-dir DIR] [--limit N]

The model is one in 16 bits, as `linocut sixteen-bits` writes it, or a run, whose halvings then are split. The judge are
the instructions' NumPy references, frame by frame (`lc.Stream(graph, backend="reference")`); beside them stand
linocut's own kernels, the C of `linocut export --to c`, and the C++ of `--to hls`, which is a function of a whole
sequence: of networks with one answer it hears each recording up to every one of its frames. Compilers are cc and g++.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import linocut as lc
from linocut.cli.options import load_like
from linocut.data import take
from linocut.data.dataset import Dataset, some_floats
from linocut.export.sixteen import in_sixteen_bits
from linocut.graph.inference import InferenceGraph
from linocut.ops import q10
from linocut.ops.bits import Array
from linocut.ops.sequences import ends

NAME = "net"
STRICT = ("-O2", "-Wall", "-Wextra", "-Werror")
C = ("cc", "-std=c99", "-pedantic", *STRICT, "-ffp-contract=off", f"{NAME}.c", f"{NAME}_test.c", "-lm")
HLS = ("g++", "-std=c++14", *STRICT, "-Wno-unknown-pragmas", "-I", "stand_in", f"{NAME}.cpp", f"{NAME}_main.cpp")


@dataclass(frozen=True)
class Beside:
    """How many frames there are, and of how many all outputs are the judge's."""

    frames: int
    equal: int


def sequences_of(dataset: Dataset) -> list[Array]:
    """The frames (frames, features) of each example, to its end."""
    examples = some_floats(dataset, len(dataset))
    return [one[:length] for one, length in zip(examples, ends(examples).tolist(), strict=True)]


def heard(graph: InferenceGraph, sequences: Sequence[Array], backend: str) -> Array:
    """Integers (frames, outputs) of a stream after every frame of all sequences, one after the other."""
    stream, found = lc.Stream(graph, backend=backend), []
    for sequence in sequences:
        stream.reset()
        found += [stream.push(frame) for frame in sequence]
    return np.rint(q10.ONE * np.stack(found)).astype(np.int64)


def compiled(graph: InferenceGraph, to: str, folder: Path) -> Path:
    """The program of an export."""
    lc.export(graph, to, out=folder / to, name=NAME)
    command = C if to == "c" else HLS
    subprocess.run([*command, "-o", NAME], cwd=folder / to, check=True)
    return folder / to / NAME


def in_c(graph: InferenceGraph, sequences: Sequence[Array], folder: Path) -> Array:
    """What C answers after every frame."""
    return _answers([str(compiled(graph, "c", folder)), "-"], sequences, graph.outputs)


def in_hls(graph: InferenceGraph, sequences: Sequence[Array], folder: Path) -> Array:
    """What C++ answers after every frame: of networks with one answer, of each sequence up to there."""
    whole = [q10.quantised(one) for one in sequences]
    by_step = len(graph.logits.shape) == 2
    given = whole if by_step else [one[:end] for one in whole for end in range(1, len(one) + 1)]
    return _answers([str(compiled(graph, "hls", folder)), "-"], given, graph.outputs)


def _answers(command: list[str], sequences: Sequence[Array], outputs: int) -> Array:
    told = "".join(f"{len(one)}\n{' '.join(map(str, one.reshape(-1).tolist()))}\n" for one in sequences)
    said = subprocess.run(command, input=told, capture_output=True, text=True, check=True).stdout
    return np.array(said.split(), np.int64).reshape(-1, outputs)


def beside(graph: InferenceGraph, sequences: Sequence[Array], folder: Path) -> Iterator[tuple[str, Beside]]:
    """Each way to the outputs, and on how many frames all are the judge's; SpecError for what goes backwards."""
    judge = heard(graph, sequences, "reference")
    for name, found in (
        ("linocut's kernels", heard(graph, sequences, "native")),
        ("C, cc -O2", in_c(graph, sequences, folder)),
        ("C++ for synthesis, g++ -O2", in_hls(graph, sequences, folder)),
    ):
        if found.shape != judge.shape:
            raise SystemExit(f"{name} gives {found.shape} integers, the judge {judge.shape}")
        yield name, Beside(len(judge), int((found == judge).all(axis=1).sum()))


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", help="[default: what it was trained on]")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--limit", type=int, help="Hear so many sequences only.")
    given = parser.parse_args()
    predictor = lc.load(given.model, threads=1)
    graph = in_sixteen_bits(predictor.graph)
    name = given.data or predictor.data
    test = load_like(str(name), given.data_dir, graph.input.shape, form=predictor.form).test
    sequences = sequences_of(take(test, given.limit))
    print(f"{given.model}: {len(sequences):,} sequences to test on of {name}, {sum(map(len, sequences)):,} frames")
    with tempfile.TemporaryDirectory() as folder:
        for way, found in beside(graph, sequences, Path(folder)):
            print(f"{way:28}  equal to the judge on {found.equal:,} of {found.frames:,} frames", flush=True)


if __name__ == "__main__":
    main()
