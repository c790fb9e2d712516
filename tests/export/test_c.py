"""The format c: what is compiled of it predicts the bits of linocut, in its buffers alone."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import branched
import numpy as np
import pytest
from exported_c import PLAIN, SANITIZED, WARNINGS, built, compiler, predicted, same_bits, shaken, written

import linocut as lc
from linocut.export.c import steps
from linocut.export.c.pieces import chosen, pieces
from linocut.export.c.source import STACK_BYTES, Source
from linocut.export.c.tables import filter_words, table
from linocut.export.words import tap_words
from linocut.formats import words
from linocut.graph.inference import Activation, InferenceGraph, InputCoding, Logits
from linocut.layers import (
    Add,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Dense,
    Flatten,
    Input,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    Sign,
    Tanh,
)
from linocut.layers import SoftmaxCrossEntropy as Loss
from linocut.ops.bits import pack, unpack


def binarynet() -> Network:
    """BinaryNet with few filters, whose numbers are none of whole words."""
    layers: list[Layer] = [Input((9, 7, 3))]
    for filters in (12, 33):
        layers += [BinaryConv2D(filters), BatchNorm(), Sign(), BinaryConv2D(filters), MaxPool2D(), BatchNorm(), Sign()]
    layers += [Flatten(), BinaryDense(70), BatchNorm(), Sign(), BinaryDense(10), BatchNorm(), Loss()]
    return Network("binarynet", tuple(layers))


def cnv() -> Network:
    """CNV with few filters: valid windows, pools behind the signs."""
    layers: list[Layer] = [Input((14, 14, 3))]
    for filters in (40, 64):
        layers += [BinaryConv2D(filters, padding="valid"), BatchNorm(), Sign()]
    layers += [MaxPool2D(), BinaryConv2D(20, padding="valid"), BatchNorm(), Sign(), Flatten()]
    layers += [BinaryDense(10), BatchNorm(), Loss()]
    return Network("cnv", tuple(layers))


# Numbers of which several things are made, and signs of numbers that often are 0.
TWICE = Network(
    "twice",
    (
        *(Input((11,)), BinaryDense(37), BatchNorm().named("x"), ReLU().named("a"), Tanh().after("x").named("b")),
        *(Add().after("a", "b", "x").named("sum"), Sign().after("a"), BinaryDense(37), BatchNorm().named("y")),
        *(Add().after("y", "sum"), Dense(5), BatchNorm(), Loss()),
    ),
)


@cache
def graphs() -> dict[str, InferenceGraph]:
    """The paper's five networks, small, and those that have every layer between them."""
    resnet = vars(import_module("linocut.networks.resnet"))  # the function of that name hides it
    kept = resnet["STAGES"]
    resnet["STAGES"] = (8, 12, 33, 40)
    try:
        residual = [lc.models.resnete18((16, 16, 3), 5), lc.models.bireal18((16, 16, 3), 5)]
    finally:
        resnet["STAGES"] = kept
    networks = [
        lc.models.mlp((5, 5, 1), 4, (33, 64)),
        cnv(),
        binarynet(),
        *residual,
        *branched.NETWORKS.values(),
        TWICE,
    ]
    return {network.name: shaken(network) for network in networks}


NAMES = ("mlp", "cnv", "binarynet", "resnete18", "bireal18", "cell", "sequence", "real", "one", "twice", "levels")


@pytest.mark.parametrize("name", NAMES)
def test_classes_and_logits_have_the_bits_of_linocut(name: str, tmp_path: Path) -> None:
    graph = graphs()[name]
    written(graph, tmp_path)
    same_bits(graph, built([compiler("cc"), "-std=c99", *PLAIN], tmp_path), 120)


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_to_its_buffers_and_to_what_is_defined(name: str, tmp_path: Path) -> None:
    graph = graphs()[name]
    written(graph, tmp_path)
    same_bits(graph, built([compiler("cc"), "-std=c99", *SANITIZED], tmp_path), 12)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_cpp_too(name: str, tmp_path: Path) -> None:
    written(graphs()[name], tmp_path)
    line = [compiler("c++"), "-x", "c++", "-std=c++11", "-fsyntax-only", *WARNINGS, "net.c", "net_test.c"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_as_cpp_it_predicts_the_same(tmp_path: Path) -> None:
    written(graphs()["cell"], tmp_path)
    line = [compiler("c++"), "-x", "c++", *PLAIN, "net.c", "net_test.c", "-o", "test"]
    assert subprocess.run(line, cwd=tmp_path).returncode == 0
    assert subprocess.run([tmp_path / "test"], capture_output=True).returncode == 0


def test_its_own_test_passes_and_fails_where_a_constant_is_another(tmp_path: Path) -> None:
    written(graphs()["mlp"], tmp_path)
    line = [compiler("cc"), "-std=c99", *PLAIN, *WARNINGS, "net.c", "net_test.c", "-o", "test"]
    assert subprocess.run(line, cwd=tmp_path).returncode == 0
    done = subprocess.run([tmp_path / "test"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "net: 8 of 8 examples agree with linocut\n")
    code = (tmp_path / "net.c").read_text()
    shift = re.search(r"_shift\[\d+\] = \{\n\s+(\S+),", code)
    (tmp_path / "net.c").write_text(f"{code[: shift.start(1)]}7.5f{code[shift.end(1) :]}")
    assert subprocess.run(line, cwd=tmp_path).returncode == 0
    done = subprocess.run([tmp_path / "test"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "logits are not equal" in done.stdout


@pytest.mark.parametrize("name", ["cell", "sequence"])
def test_it_calls_nothing_and_keeps_nothing_that_changes(name: str, tmp_path: Path) -> None:
    written(graphs()[name], tmp_path)
    line = [compiler("cc"), "-std=c99", "-O2", "-fno-pic", "-fno-stack-protector", "-c", "net.c", "-o", "net.o"]
    assert subprocess.run(line, cwd=tmp_path).returncode == 0
    listed = subprocess.run([compiler("nm"), "net.o"], cwd=tmp_path, capture_output=True, text=True, check=True)
    symbols = [line.split()[-2:] for line in listed.stdout.splitlines()]
    assert {symbol for kind, symbol in symbols if kind == "U"} <= {"memcpy", "memset"}  # which compilers put in
    assert not [symbol for kind, symbol in symbols if kind in "DdBbC"]
    assert [symbol for kind, symbol in symbols if kind == "T"] == ["net_predict"]
    assert not set(re.findall(r"#include <(.*)>", (tmp_path / "net.c").read_text()))


@pytest.mark.parametrize("name", ["cell", "sequence"])
def test_another_processor_finds_the_same_bits(name: str, tmp_path: Path) -> None:
    """One that fuses a multiplication with an addition, where it is not told not to."""
    cross, emulator = compiler("aarch64-linux-gnu-gcc"), compiler("qemu-aarch64")
    written(graphs()[name], tmp_path)
    line = [cross, "-static", "-O2", "-ffp-contract=off", "net.c", "net_test.c", "-o", "test"]
    assert subprocess.run(line, cwd=tmp_path).returncode == 0
    done = subprocess.run([emulator, tmp_path / "test"], capture_output=True, text=True)
    assert done.stdout == "net: 8 of 8 examples agree with linocut\n"


@pytest.mark.parametrize("name", ["cell", "sequence"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_its_stack_is_what_the_header_says(name: str, level: str, tmp_path: Path) -> None:
    """The deepest calls are the network, a product, and one or two within it: no more than the largest frames."""
    written(graphs()[name], tmp_path)
    line = [compiler("gcc"), "-std=c99", level, "-fstack-usage", "-c", "net.c", "-o", "net.o"]
    assert subprocess.run(line, cwd=tmp_path).returncode == 0
    rows = [row.split("\t") for row in (tmp_path / "net.su").read_text().splitlines()]
    assert not [row for row in rows if row[2] == "dynamic"]  # without a bound
    frames = sorted((int(size) for _, size, _ in rows), reverse=True)
    assert sum(frames[:3]) <= STACK_BYTES


def test_cnv_takes_little_scratch(tmp_path: Path) -> None:
    graph = shaken(lc.models.cnv())
    source = written(graph, tmp_path)
    assert source.scratch_bytes <= 24 * 1024
    assert source.flash_bytes <= 205 * 1024
    same_bits(graph, built([compiler("cc"), "-std=c99", *PLAIN], tmp_path), 3)


def test_the_header_says_what_is_so(tmp_path: Path) -> None:
    graph = graphs()["one"]
    source = written(graph, tmp_path, "tiny")
    header = (tmp_path / "tiny.h").read_text()
    constants = dict(re.findall(r"#define TINY_(\w+) (\d+)", header))
    assert constants == {"INPUT_BYTES": "9", "CLASSES": "1", "SCRATCH_BYTES": str(source.scratch_bytes)}
    assert "int tiny_predict(const uint8_t *image, void *scratch, float *logits);" in header
    assert f"Flash: {source.flash_bytes:,} bytes" in header
    assert lc.export(graph, out=tmp_path, name="tiny", force=True).checksum in header
    assert "SPDX-License-Identifier: Apache-2.0" in header


def test_a_network_is_always_written_alike(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        lc.export(shaken(branched.CELL, 3), out=tmp_path / folder)
    for ending in (".h", ".c", "_test.c"):
        one, other = (tmp_path / folder / f"cell{ending}" for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_buffers_of_a_call_never_overlap() -> None:
    for graph in graphs().values():
        found = steps.steps_of(graph)
        for number, step in enumerate(found.steps):
            values = {one.buffer: one for one in step.arguments if isinstance(one, steps.Value) and one.buffer >= 0}
            spans = sorted((found.offsets[b], found.offsets[b] + one.nbytes) for b, one in values.items())
            assert all(end <= begin for (_, end), (begin, _) in pairwise(spans)), f"step {number}"
            assert spans[-1][1] <= found.scratch_bytes


def test_what_c_cannot_count_is_refused_by_name(monkeypatch) -> None:
    monkeypatch.setattr(steps, "MOST", 200)
    with pytest.raises(lc.SpecError, match="sign1: it gives 5,760 values, C counts 200; take"):
        Source(graphs()["cnv"], "net", "0").code()


@pytest.mark.parametrize("function", ["relu", "tanh", "sigmoid"])
def test_activations_far_off_and_next_to_0(function: str, tmp_path: Path) -> None:
    given = InputCoding("in", (), (7,), "floats", "f32", -1e30, 1e30, False)
    activation = Activation("y", ("in",), (7,), "floats", function)
    graph = InferenceGraph("f", (given, activation, Logits("out", ("y",), (7,), "floats", "identity")), 0)
    written(graph, tmp_path)
    sizes = np.concatenate([[0, 1e-45, 1e-30, 1 / 4096, 349, 350, 1e30], np.geomspace(1e-6, 1e3, 56)])
    values = np.stack([sizes, -sizes]).astype(np.float32).reshape(-1, 7)
    _, found = predicted(built([compiler("cc"), "-std=c99", *SANITIZED], tmp_path), values, 7)
    expected = lc.Predictor(graph, threads=1).predict(values).outputs
    assert np.array_equal(found.view(np.uint32), expected.view(np.uint32))


def test_a_name_of_any_text_stays_in_its_comment() -> None:
    graph = dataclasses.replace(graphs()["one"], name='*/ #error "ä" \\')
    for text in (Source(graph, "net", "0").header(), Source(graph, "net", "0").code()):
        assert text.startswith("/* ?? ?error ??? ?, exported by linocut 0.\n")


def test_only_pieces_that_are_needed_are_taken() -> None:
    text = chosen(["signs_product"])
    assert "static int32_t differing(" in text
    assert "average_pool" not in text
    assert next(iter(pieces())) == "word"


@pytest.mark.parametrize("depth", [1, 31, 32, 33, 63, 64, 65])
def test_words_hold_the_signs(depth: int) -> None:
    bits = np.random.default_rng(depth).integers(0, 2, (3, 2, 2, depth)).astype(bool)
    packed = pack(bits.reshape(-1, depth)).reshape(3, 2, 2, words(depth))
    assert np.array_equal(unpack(packed, depth), bits)
    by_tap, by_filter = tap_words(packed, depth), filter_words(packed, depth)
    assert by_tap.shape == (3, 2, 2, -(-depth // 32))
    for at in np.ndindex(bits.shape):
        assert by_tap[at[:3]][at[3] // 32] >> np.uint32(at[3] % 32) & 1 == bits[at]
        place = (at[1] * 2 + at[2]) * depth + at[3]
        assert by_filter[at[0], place // 32] >> np.uint32(place % 32) & 1 == bits[at]


def test_floats_are_read_back_to_the_bit() -> None:
    values = np.array([0.0, -0.0, 1.0, 0.1, -3e38, 1e-45, 1e16, 16777216.0, 1 / 3], np.float32)
    text = table("float", "x", values).partition("{")[2].rstrip("};\n").replace("f", "")
    found = np.array([float(part) for part in text.split(",")], np.float32)
    assert np.array_equal(found.view(np.uint32), values.view(np.uint32))
    assert re.fullmatch(
        r"static const float x\[9\] = \{(\s+(-?[\d.]+(e[+-]?\d+)?f),?)+\n\};", table("float", "x", values)
    )


def test_another_compiler(tmp_path: Path) -> None:
    if shutil.which("clang") is None:
        pytest.skip("no clang here")
    graph = graphs()["cell"]
    written(graph, tmp_path)
    same_bits(graph, built(["clang", "-std=c99", "-O2", "-Wno-unknown-warning-option"], tmp_path), 20)
