"""Every format that networks are exported to, for the five networks of the paper: the table of docs/export.md.

    python benchmarks/export_table.py [--models mlp,cnv] [--formats c,tflite] [--rounds 20]

Bytes of what a runtime loads, of C of its constants; milliseconds to load it and to predict one image on one thread,
the least of all rounds; how many layers of bytes, signs and integers are equal to linocut's for four images, and the
largest difference of a logit, of the largest logit. C shows no layer: its logits must have the bits of linocut's.
Networks are of 32 x 32 images (mlp: of 28 x 28) and 10 classes, after two steps on noise.

ONNX runs in ONNX Runtime; QONNX in onnx's reference, which is no runtime for use; TFLite in the interpreter of Larq
Compute Engine (make .venv/.lce), by its kernel "indirect".
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

import linocut as lc
from linocut.errors import SpecError
from linocut.export import packed
from linocut.graph.inference import FLOATS, InferenceGraph, Logits
from linocut.ops.bits import Array

# What tests hold exports with is used here too.
sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / folder) for folder in ("export", ".")]

PAPER = ("mlp", "cnv", "binarynet", "resnete18", "bireal18")
IMAGES = 4


@dataclass(frozen=True)
class Row:
    """A format of a network; `load` and `image` in milliseconds, None for what there is not."""

    nbytes: int
    load: float | None
    image: float
    equal: str


Measure: TypeAlias = Callable[[InferenceGraph, Path, Array, int], Row]


def trained(name: str) -> InferenceGraph:
    """A network whose thresholds and norms are of a training, if a short one."""
    shape = (28, 28, 1) if name == "mlp" else (32, 32, 3)
    trainer = lc.Trainer(lc.models.build(name, input_shape=shape, classes=10), "lean", lc.Adam(0.01), 20, threads=1)
    rng = np.random.default_rng(0)
    trainer.fit((rng.integers(0, 256, (40, *shape), dtype=np.uint8), np.arange(40) % 10), epochs=1)
    return trainer.inference_graph()


def least_ms(call: Callable[[], object], rounds: int) -> float:
    """Milliseconds of a call, the least of `rounds`."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times) * 1e3


def compared(graph: InferenceGraph, images: Array, found: dict[str, Array]) -> str:
    """Of the layers whose values are no floats how many are equal, and how far logits are apart."""
    from node_values import node_values

    equal, count, apart = 0, 0, 0.0
    for node, values in zip(graph.nodes, node_values(graph, images).values(), strict=True):
        if isinstance(node, Logits):
            apart = np.abs(found["logits"] - values).max() / np.abs(values).max()
        elif node.gives != FLOATS and node.name in found:
            equal, count = equal + np.array_equal(found[node.name], values), count + 1
    return f"{equal} of {count}, {apart:.0e}" if apart else f"{equal} of {count}, 0"


# --- formats ---


def of_linocut(graph: InferenceGraph, folder: Path, images: Array, rounds: int) -> Row:
    path = folder / "model.safetensors"
    packed.save(path, packed.PackedModel(graph))
    predictor = lc.load(path, threads=1)
    predictor(images[0])
    load = least_ms(lambda: lc.load(path, threads=1)(images[0]), 3)
    return Row(path.stat().st_size, load, least_ms(lambda: predictor(images[0]), rounds), "")


def of_c(graph: InferenceGraph, folder: Path, images: Array, rounds: int) -> Row:
    from c_export import c_us

    sizes = lc.export(graph, "c", out=folder, name="net").sizes
    image = c_us(folder, ["-O3", "-march=native"], rounds) / 1e3  # NAME_test has passed then
    return Row(sizes["flash_bytes"], None, image, "logits to the bit")


def of_onnx(graph: InferenceGraph, folder: Path, images: Array, rounds: int) -> Row:
    from onnx_run import onnx, run, session_of

    path = folder / "net.onnx"
    lc.export(graph, "onnx", out=path)
    model = onnx.load(path)
    session = session_of(model)
    image = least_ms(lambda: session.run(None, {"image": images[:1]}), rounds)
    load = least_ms(lambda: session_of(model), 3)
    return Row(path.stat().st_size, load, image, compared(graph, images, run(model, images)))


def of_qonnx(graph: InferenceGraph, folder: Path, images: Array, rounds: int, *, finn: bool = False) -> Row:
    from qonnx_run import for_finn, onnx, run, session_of, with_ends

    path = folder / "net.onnx"
    lc.export(graph, "qonnx", out=path, finn=finn)
    model = onnx.load(path)
    given = [for_finn(image[None]) if finn else image[None] for image in images]
    session = session_of(model)
    image = least_ms(lambda: session.run(None, {"image": given[0]}), min(rounds, 2))
    load = least_ms(lambda: session_of(model), 3)
    each = [run(model, graph, one) for one in given]
    found = {name: np.concatenate([values[name] for values in each]) for name in each[0]}
    return Row(
        path.stat().st_size, load, image, compared(graph, images, with_ends(graph, images, found) if finn else found)
    )


def of_finn(graph: InferenceGraph, folder: Path, images: Array, rounds: int) -> Row:
    return of_qonnx(graph, folder, images, rounds, finn=True)


def of_tflite(graph: InferenceGraph, folder: Path, images: Array, rounds: int) -> Row:
    from lce import LIBRARY, interpreted, run

    path, kernel = folder / "net.tflite", "indirect"
    lc.export(graph, "tflite", out=path)
    if LIBRARY is None:
        raise SpecError("Larq Compute Engine is not installed: make .venv/.lce")
    data, repeated = path.read_bytes(), np.repeat(images[:1], rounds, axis=0)
    loads = [interpreted(data, repeated, kernel)[1] for _ in range(3)]
    found = run(graph, images, kernel, fused=False) | run(graph, images, kernel)
    load, image = min(times[0] for times in loads) * 1e3, min(min(times[1:]) for times in loads) * 1e3
    return Row(len(data), load, image, compared(graph, images, found))


FORMATS: dict[str, Measure] = {
    "linocut": of_linocut,
    "c": of_c,
    "onnx": of_onnx,
    "qonnx": of_qonnx,
    "qonnx --finn": of_finn,
    "tflite": of_tflite,
}


def line(network: str, form: str, row: Row) -> str:
    load = "" if row.load is None else f"{row.load:.3g}"
    return f"| `{network}` | {form} | {row.nbytes:,} | {load} | {row.image:.3g} | {row.equal} |"


def measured(network: str, form: str, graph: InferenceGraph, images: Array, rounds: int) -> str:
    """A row of the table, with the reason where the format refuses."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return line(network, form, FORMATS[form](graph, Path(folder), images, rounds))
        except SpecError as error:
            return f"| `{network}` | {form} | refused: {str(error).partition(';')[0]} | | | |"


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(PAPER))
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    print("| network | format | bytes | load, ms | image, ms | equal layers, logits apart |\n" + "| --- " * 6 + "|")
    for network in given.models.split(","):
        graph = trained(network)
        images = np.random.default_rng(1).integers(0, 256, (IMAGES, *graph.input.shape), dtype=np.uint8)
        for form in given.formats.split(","):
            print(measured(network, form, graph, images, given.rounds), flush=True)


if __name__ == "__main__":
    main()
