"""The corpus of the loader's fuzzer: what it starts from, and what of it is kept.

python tests/fuzz/corpus.py unpack FOLDER   writes the kept inputs there, and programs as they are made today
python tests/fuzz/corpus.py keep FOLDER     keeps the folder's files in corpus.zip, which test_corpus.py replays
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from itertools import cycle, product
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("corpus.zip")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of all entries, so that equal inputs make equal files
DRAWN = 12  # cases of an instruction
BRANCHED, PREDICTED = 6, 20  # networks at random


def kept() -> dict[str, bytes]:
    """The inputs that are kept, by name."""
    with zipfile.ZipFile(FILE) as archive:
        return {name: archive.read(name) for name in sorted(archive.namelist())}


def seeds() -> Iterator[bytes]:
    """Small programs: every instruction in several formats; networks of every layer, and what predicts with them."""
    tests = Path(__file__).parents[1]
    sys.path[:0] = [str(tests), str(tests / "ops")]
    yield from _instructions()
    yield from _chains()
    yield from _branches()
    yield from _predictions()


def _instructions() -> Iterator[bytes]:
    from cases import program_for, random_case

    from linocut.compile.binary import encode
    from linocut.ops import OPS

    for number, op in enumerate(OPS):
        rng = np.random.default_rng(number)
        for _ in range(DRAWN):
            sizes = {letter: int(rng.integers(1, 12)) for letter in "RKNC"}
            yield encode(program_for(random_case(op.name, rng, sizes))[0])


def _chains() -> Iterator[bytes]:
    """By every policy and optimizer, one of them in micro-batches; and one of tiles."""
    from everything_divided import compile_divided

    import linocut as lc
    from linocut.compile.binary import encode
    from linocut.compile.lower import compile_network
    from linocut.layers import BatchNorm, BinaryConv2D, BinaryDense, Flatten, Input, MaxPool2D, Network, Sign
    from linocut.layers import SoftmaxCrossEntropy as Loss

    small = Network(
        "small",
        (
            *(Input((4, 4, 1)), BinaryConv2D(3), MaxPool2D(), BatchNorm(), Sign()),
            *(BinaryConv2D(65, 2), BatchNorm(), Sign(), Flatten(), BinaryDense(3), BatchNorm(), Loss()),
        ),
    )
    for network in (small, lc.models.mlp((3, 3, 1), 3, (5,))):
        for policy in lc.policies.POLICIES.values():
            for optimizer, parts in ((lc.Adam(), 1), (lc.SGD(), 2), (lc.Bop(), 1)):
                yield encode(compile_network(network, policy, optimizer, 2 * parts, 2).program)
    yield encode(compile_divided(small, lc.Adam(), 8, 1).program)


def _branches() -> Iterator[bytes]:
    """Networks that branch, with layers of floats, whole and in micro-batches; a step in its parts; tiles."""
    import branched
    from everything_divided import compile_divided
    from random_graphs import random_network

    import linocut as lc
    from linocut.compile.binary import encode
    from linocut.compile.lower import compile_network

    optimizers = (lc.Adam(weight_decay=0.1), lc.SGD(weight_decay=0.1), lc.Adam())
    cases = ((*pair, parts) for parts in (1, 2) for pair in product(range(BRANCHED), lc.policies.POLICIES.values()))
    for (seed, policy, parts), optimizer in zip(cases, cycle(optimizers), strict=False):
        yield encode(compile_network(random_network(seed, 4), policy, optimizer, 2 * parts, 2).program)
    for network in (branched.REAL, branched.ONE):
        for policy in lc.policies.POLICIES.values():
            sections = ("forward", "backward", "update")
            yield encode(compile_network(network, policy, lc.Adam(), 4, 2, sections=sections).program)
    for seed in range(BRANCHED):
        yield encode(compile_divided(random_network(seed, 4), lc.Adam(), 8, 1).program)


def _predictions() -> Iterator[bytes]:
    from random_inference_graphs import random_graph

    from linocut.compile.binary import encode
    from linocut.compile.inference import compile_inference

    for seed in range(PREDICTED):
        yield encode(compile_inference(random_graph(seed)[0], 2).program)


def unpack(folder: Path) -> None:
    """One file for each input."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in (*(kept().values() if FILE.exists() else ()), *seeds()):
        (folder / sha256(data).hexdigest()[:16]).write_bytes(data)


def keep(folder: Path) -> None:
    """All files of a folder, into one."""
    with zipfile.ZipFile(FILE, "w") as archive:
        for path in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(sha256(path.read_bytes()).hexdigest()[:16], EPOCH)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    {"unpack": unpack, "keep": keep}[sys.argv[1]](Path(sys.argv[2]))
