"""Exported C, compiled and run on many examples with what surrounds its buffers watched."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.export.c.source import Source
from linocut.graph.inference import (
    Affine,
    BinaryProduct,
    InferenceGraph,
    LevelsProduct,
    Quantise,
    RealProduct,
    Threshold,
)
from linocut.layers import Network
from linocut.ops.bits import Array, pack
from linocut.run.profile import untrained_graph

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
PLAIN = ["-O1", "-ffp-contract=off"]
SANITIZED = [*PLAIN, "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DCANARY=0"]

# Each example in memory of its own; scratch begins at every place within a word, and ends where it is said to.
DRIVER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "NAME.h"
#ifndef CANARY
#define CANARY 32
#endif
static uint8_t *guarded(size_t size)
{
    uint8_t *all = (uint8_t *)malloc(size + 2 * CANARY + 1);
    memset(all, 0xA5, size + 2 * CANARY);
    return all + CANARY;
}
static int spoilt(const uint8_t *buffer, size_t size)
{
    int k;
    for (k = 0; k < CANARY; ++k) if (buffer[-1 - k] != 0xA5 || buffer[size + (size_t)k] != 0xA5) return 1;
    return 0;
}
int main(int count, char **arguments)
{
    FILE *in = fopen(arguments[count - 1], "rb");
    const size_t outputs = sizeof(float) * MACRO_CLASSES;
    uint8_t *image = (uint8_t *)malloc(MACRO_INPUT_BYTES);
    size_t n;
    for (n = 0; fread(image, 1, MACRO_INPUT_BYTES, in) == MACRO_INPUT_BYTES; ++n) {
        const size_t off = n % 4;
#if CANARY
        uint8_t *logits = guarded(outputs), *scratch = guarded(off + MACRO_SCRATCH_BYTES);
#else
        uint8_t *logits = (uint8_t *)malloc(outputs), *scratch = (uint8_t *)malloc(off + MACRO_SCRATCH_BYTES);
        memset(scratch, 0xA5, off + MACRO_SCRATCH_BYTES);
#endif
        const int32_t found = NAME_predict((const void_or_type *)(void *)image, scratch + off, (float *)(void *)logits);
        if (spoilt(logits, outputs) || spoilt(scratch, off + MACRO_SCRATCH_BYTES)) return 3;
        for (size_t k = 0; k < off; ++k) if (scratch[k] != 0xA5) return 4;
        fwrite(&found, sizeof found, 1, stdout);
        fwrite(logits, 1, outputs, stdout);
        free(logits - CANARY);
        free(scratch - CANARY);
    }
    free(image);
    fclose(in);
    return 0;
}
"""


def compiler(name: str) -> str:
    """The path of a compiler; the test is skipped where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here, with which exported C is compiled")
    return found


def shaken(network: Network, seed: int = 0) -> InferenceGraph:
    """The graph of an untrained network with other numbers: thresholds on sums that occur, at their bounds, norms of
    channels that do not vary, biases."""
    rng = np.random.default_rng(seed)
    graph = untrained_graph(network, lc.lean)
    return dataclasses.replace(graph, nodes=tuple(_shaken(node, graph, rng) for node in graph.nodes))


def _shaken(node, graph, rng):
    if isinstance(node, Quantise) and node.least is not None:
        depth = getattr(graph.by_name[node.inputs[0]], "depth", 9)
        spread = 10 * np.sqrt(depth) * rng.choice([0.3, 1.0, 3.0], node.least.shape[1])
        least = np.sort(np.rint(rng.normal(0, spread, node.least.shape)), axis=0)
        return dataclasses.replace(node, least=least.astype(np.int32))
    if isinstance(node, LevelsProduct):
        bits = rng.random((*node.weights.shape[:-1], node.depth)) < 0.5
        return dataclasses.replace(node, weights=pack(bits))
    if isinstance(node, Threshold):
        return dataclasses.replace(node, least=_thresholds(node, graph, rng))
    if isinstance(node, Affine):
        channels = len(node.mean)
        scale = 255 if graph.by_name[node.inputs[0]].gives == "integers" else 1
        parts = {part: _floats(rng, channels, scale) for part in ("mean", "shift")}
        deviation = np.abs(_floats(rng, channels, 9 * scale)) * (rng.random(channels) < 0.9)
        gain = None if node.gain is None else _floats(rng, channels, 1)
        return dataclasses.replace(node, **parts, deviation=deviation.astype(np.float32), gain=gain)
    if isinstance(node, RealProduct) and node.bias is not None:
        return dataclasses.replace(node, bias=_floats(rng, len(node.bias), 1))
    return node


def _thresholds(node, graph, rng):
    product = graph.by_name[node.inputs[0]]
    channels = len(node.least)
    if node.least.dtype == np.float32:  # many at 0, which numbers are, too
        return _floats(rng, channels, 1) * (rng.random(channels) < 0.5).astype(np.float32)
    depth = product.depth if isinstance(product, (BinaryProduct, RealProduct)) else 9
    scale = np.sqrt(depth) * (1 if isinstance(product, BinaryProduct) else 140)
    least = np.rint(rng.normal(0, scale, channels)).astype(np.int32)
    least[rng.random(channels) < 0.1] = rng.choice([-(2**30), 2**30])
    return least


def _floats(rng, count, scale):
    return rng.normal(0, scale, count).astype(np.float32)


def examples(graph: InferenceGraph, count: int, seed: int = 1) -> Array:
    """Random ones, the first all least, the second all largest."""
    rng, given = np.random.default_rng(seed), graph.input
    if given.dtype == "u8":
        found = rng.integers(0, 256, (count, *given.shape)).astype(np.uint8)
        found[0], found[1] = 0, 255
    else:
        found = rng.uniform(given.low, given.high, (count, *given.shape)).astype(np.float32)
        found[0], found[1] = given.low, given.high
    return found


def written(graph: InferenceGraph, folder: Path, name: str = "net") -> Source:
    """The files of a graph, and a program that predicts a file of examples."""
    lc.export(graph, "c", out=folder, name=name)
    driver = DRIVER.replace("NAME", name).replace("MACRO", name.upper())
    source = Source(graph, name, lc.__version__)
    (folder / "driver.c").write_text(driver.replace("void_or_type", source.element))
    return source


def built(command: list[str], folder: Path, name: str = "net") -> Path:
    """Compile the network, strictly, and then its driver with it."""
    program = folder / "program"
    strict = [*command, *WARNINGS, "-c", f"{name}.c", "-o", "network.o"]
    for line in (strict, [*command, "driver.c", "network.o", "-o", program.name]):
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return program


def predicted(program: Path, given: Array, outputs: int) -> tuple[Array, Array]:
    """The classes and logits that a program finds."""
    file = program.parent / "examples.bin"
    file.write_bytes(given.tobytes())
    done = subprocess.run([program, file], capture_output=True)
    assert done.returncode == 0, f"status {done.returncode}: {done.stderr.decode()}"
    rows = np.frombuffer(done.stdout, np.dtype([("label", np.int32), ("logits", np.float32, outputs)]))
    return rows["label"], rows["logits"].reshape(len(rows), outputs)


def same_bits(graph: InferenceGraph, program: Path, count: int) -> None:
    """Classes and logits of random examples are those of the Predictor, to the bit, and not all alike."""
    given = examples(graph, count)
    labels, logits = predicted(program, given, graph.outputs)
    expected = lc.Predictor(graph, threads=1).predict(given)
    assert len(labels) == count
    assert np.array_equal(logits.view(np.uint32), expected.outputs.view(np.uint32))
    assert np.array_equal(labels, expected.classes)
    assert len(np.unique(expected.outputs, axis=0)) > count // 2, "a network that says the same of all tells nothing"
