"""The word engine: layers against complex arithmetic in NumPy, cycles, and whole networks in simulation."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

import linocut as lc
from linocut.devices.word_engine import bench, bit_count, images, simulated
from linocut.devices.word_engine.accelerated import accelerate
from linocut.devices.word_engine.computed import computed
from linocut.devices.word_engine.layers import network_of
from linocut.devices.word_engine.tiles import Shape, cycles_of, tiles_of, timed
from linocut.devices.word_engine.verilog import Engine, check_name
from linocut.errors import SpecError
from linocut.graph import sign_tests
from linocut.graph.blank import blank
from linocut.graph.inference import ComplexAffine
from linocut.layers import (
    BatchNorm,
    BinaryComplexConv2D,
    BinaryConv2D,
    BinaryDense,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    Network,
    Sign,
    SoftmaxCrossEntropy,
)

WIDTHS = (5, 7, 4, 6, 3, 5, 8, 3)
CLOCK = "`timescale 1ns / 1ps\nmodule top; reg clk = 0; always #5 clk = ~clk; bench b (clk); endmodule\n"


def complex_plain():
    return lc.models.complex_nin_plain((8, 8, 3), 4, widths=WIDTHS)


def complex_turned():
    return lc.models.complex_nin_mean((8, 8, 3), 4, widths=WIDTHS)


def real_pooled():
    norm = BatchNorm(), Sign()
    layers = (
        *(Input((8, 7, 3)), BinaryConv2D(9), *norm, BinaryConv2D(8), MaxPool2D(), *norm),
        *(BinaryConv2D(6, 3, 2), *norm, BinaryConv2D(7, 2, 1, "valid"), *norm, Flatten()),
        *(BinaryDense(9), *norm, BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy()),
    )
    return Network("real_pooled", layers)


NETWORKS = {made.__name__: made for made in (complex_plain, complex_turned, real_pooled)}


@pytest.fixture(scope="module")
def trained():
    """The inference graph of each network after some steps, and examples."""
    found = {}
    for name, made in NETWORKS.items():
        network = made()
        generator = np.random.default_rng(5)
        x = generator.integers(0, 256, (40, *network.graph.input.shape)).astype(np.uint8)
        trainer = lc.Trainer(network, policy="lean", batch_size=10, optimizer=lc.Adam(0.02), seed=1)
        trainer.fit((x, generator.integers(0, 4, 40)), epochs=1)
        found[name] = trainer.inference_graph(), x
    return found


def products(layer, signs):
    """Sums of a layer (height, width, outputs), complex where it is, in float64: padding and pruned weights are 0."""
    values = np.where(signs, 1.0, -1.0).reshape(*layer.image, layer.parts, layer.inputs)
    weights = np.where(layer.weights, 1.0, -1.0)
    z, w = values[:, :, 0], weights[:, :, :, 0]
    if layer.parts == 2:
        z, w = z + 1j * values[:, :, 1], w + 1j * weights[:, :, :, 1]
    if layer.kept is not None:
        w = w * layer.kept
    rows, columns = layer.taps
    made = [(given - 1) * layer.pool_stride + own for given, own in zip(layer.given, layer.pool, strict=True)]
    padded = np.pad(z, ((layer.pads[0], rows), (layer.pads[1], columns), (0, 0)))
    y = np.zeros((*made, layer.outputs), w.dtype)
    for r in range(rows):
        for c in range(columns):
            seen = padded[r : r + made[0] * layer.stride : layer.stride, c : c + made[1] * layer.stride : layer.stride]
            y += seen[: made[0], : made[1]] @ w[:, r, c].T
    return y


def windows(layer, values):
    """(height, width, windows, ...) of what a pool sees."""
    step = layer.pool_stride
    parts = [
        values[dy : dy + (layer.given[0] - 1) * step + 1 : step, dx : dx + (layer.given[1] - 1) * step + 1 : step]
        for dy in range(layer.pool[0])
        for dx in range(layer.pool[1])
    ]
    return np.stack(parts, axis=2)


def by_parts(layer, y):
    """(..., parts, outputs) int64."""
    parts = (y.real, y.imag) if layer.parts == 2 else (y,)
    return np.stack(parts, axis=-2).round().astype(np.int64)


def expected(network, reads):
    """What every layer gives for one frame, by name: from its signs alone."""
    found, signs = {network.reads: reads[None]}, reads
    for layer in network.layers:
        y = windows(layer, products(layer, signs))
        if layer.pool_function == "max":
            sums = None
            signs = layer.test.signs(by_parts(layer, y) // layer.parts).any(axis=2)
        else:
            sums = by_parts(layer, y.sum(axis=2))
            signs = None if layer.test is None else layer.test.signs(sums // layer.parts)
        if signs is not None:
            signs = signs.reshape(*layer.given, -1)
            found[layer.signs] = signs[None]
        if sums is not None:
            found[layer.sums] = sums.reshape(1, *layer.given, -1)
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_and_tests_of_signs_come_to_prediction(trained, name):
    graph, x = trained[name]
    network = network_of(graph)
    assert not network.obstacle and network.parts == (1 if name == "real_pooled" else 2)
    told = bench.predicted(graph, bench.wanted(network), x[:1])
    own = expected(network, told[network.reads][0])
    for one in bench.wanted(network):
        assert np.array_equal(own[one].reshape(told[one].shape), told[one]), one
    assert any(values.any() and not values.all() for one, values in told.items() if values.dtype == bool)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_tests_of_signs_are_norms_in_float64_for_every_sum(rows):
    """Of complex factors in every direction; the line itself is prediction's, in f32."""
    generator, channels, largest = np.random.default_rng(rows), 12, 41
    mean, shift = generator.normal(0, 4, 2 * channels), generator.normal(0, 0.4, 2 * channels)
    deviation, gains = generator.uniform(3, 9, 2 * channels), generator.normal(0, 1, (rows, channels))
    mean, shift, deviation, gains = (part.astype(np.float32) for part in (mean, shift, deviation, gains))
    deviation[3] = 0  # a channel that does not vary
    norm = ComplexAffine("norm", ("sums",), (2 * channels,), "floats", rows, mean, deviation, gains, shift)
    test = sign_tests._of_floats(norm, 2, largest) if rows == 1 else sign_tests._of_turned(norm, largest)
    p, q = (part.ravel() for part in np.mgrid[-largest : largest + 1, -largest : largest + 1])
    p, q = p[np.abs(p) + np.abs(q) <= largest], q[np.abs(p) + np.abs(q) <= largest]
    sums = np.stack([np.repeat(p[:, None], channels, 1), np.repeat(q[:, None], channels, 1)], axis=1)
    by = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1).astype(np.float64), 0).reshape(2, -1)
    z = (2 * sums - mean.astype(np.float64).reshape(2, -1)) * by
    a, b, c = (gains.astype(np.float64)[number] if number < rows else 0.0 for number in range(3))
    matrix = {1: (a, 0.0, 0.0, a), 2: (a, -b, b, a), 3: (a, b, b, c)}[rows]
    x = np.stack([matrix[0] * z[:, 0] + matrix[1] * z[:, 1], matrix[2] * z[:, 0] + matrix[3] * z[:, 1]], axis=1)
    x += shift.astype(np.float64).reshape(2, -1)
    far = np.abs(x) > 1e-5
    assert test.inexact == 0 and far.mean() > 0.99
    assert np.array_equal(test.signs(sums)[far], (x >= 0)[far])


def simulated_by_icarus(engine, values, tmp_path):
    files = {f"{engine.name}.v": engine.text(), **images.memories(engine), **bench.files(engine, values)}
    for file, text in {**files, "top.v": CLOCK}.items():
        (tmp_path / file).write_text(text)
    build = ["iverilog", "-g2005-sv", "-Wno-timescale", "-s", "top", "-o", "simulation"]
    subprocess.run([*build, "top.v", "bench.v", f"{engine.name}.v"], cwd=tmp_path, check=True, capture_output=True)
    told = subprocess.run(["vvp", "simulation"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    numbers = simulated.TOLD.search(told)
    assert numbers, told
    return tuple(map(int, numbers.groups()))


icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
verilator = pytest.mark.skipif(bool(simulated.missing()), reason=simulated.missing() or "it is there")


@icarus
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("complex_plain", (4, 3, 8)),
        ("complex_turned", (2, 3, 4)),
        ("real_pooled", (4, 5, 6)),
        ("real_pooled", (8, 9, 2)),
    ],
)
def test_whole_networks_come_to_prediction_and_the_models_cycles(trained, name, shape, tmp_path):
    graph, x = trained[name]
    network = network_of(graph)
    engine = Engine(timed(network, Shape(*shape)), "of_test")
    values = bench.predicted(graph, bench.wanted(network), x[:1])
    frames, of, cycles, model, off, signs, sums, words, all_words, rows, all_rows = simulated_by_icarus(
        engine, values, tmp_path
    )
    assert (frames, words, rows) == (of, all_words, all_rows) and rows > 0
    assert (cycles, off, signs, sums) == (model, 0, 0, 0)
    assert model == engine.timed.cycles


def pruned(network, kind, shape):
    """Masks of all layers, by kind, seeded."""
    generator = np.random.default_rng(7)
    kept = {}
    for layer in network.layers:
        form = (layer.outputs, *layer.taps, layer.inputs)
        if kind == "kernel":
            mask = np.broadcast_to(generator.random((form[0], 1, 1, form[3])) < 0.3, form).copy()
        elif kind == "column":
            mask = np.broadcast_to(generator.random((1, *form[1:])) < 0.3, form).copy()
        else:  # words of the engine, whole
            tiles = tiles_of(layer, shape)
            mask = generator.random(tiles.kept.shape) < 0.3
            mask = mask.repeat(shape.outputs, axis=0)[: form[0]].repeat(shape.lanes, axis=-1)[..., : form[3]]
        kept[layer.name] = mask
    return kept


@icarus
@pytest.mark.parametrize(
    ("name", "kind"), [("complex_plain", "kernel"), ("complex_turned", "word"), ("real_pooled", "column")]
)
def test_pruned_networks_skip_words_and_keep_exact_cycles(trained, name, kind, tmp_path):
    graph, x = trained[name]
    dense, shape = network_of(graph), Shape(2, 4, 3)
    network = network_of(graph, pruned(dense, kind, shape))
    told = bench.predicted(graph, [dense.reads], x[:1])
    engine = Engine(timed(network, shape), "of_test")
    values = expected(network, told[dense.reads][0])
    frames, of, cycles, model, off, signs, sums, *_ = simulated_by_icarus(engine, values, tmp_path)
    assert (frames, off, signs, sums) == (of, 0, 0, 0) and cycles == model == engine.timed.cycles
    assert engine.timed.cycles < timed(dense, shape).cycles
    assert engine.masked or kind == "word"


@verilator
def test_under_verilator_and_a_wrong_bit_is_found(trained):
    graph, x = trained["complex_turned"]
    network = network_of(graph)
    engine = Engine(timed(network, Shape(1, 4, 6)), "of_test")
    values = bench.predicted(graph, bench.wanted(network), x[:3])
    values[network.layers[2].signs][1, 0, 0, 0] ^= True
    values[network.layers[-1].sums][2, 0, 0, 1] += 2
    files = {"of_test.v": engine.text(), **images.memories(engine), **bench.files(engine, values)}
    found = simulated.simulate(files, "of_test")
    assert found.whole and found.frames == 3 and found.off_model == 0 and found.cycles == engine.timed.cycles
    assert (found.wrong_signs, found.wrong_sums, found.equal) == (1, 1, False)


@verilator
def test_two_layers_of_full_size_under_verilator():
    """complex_nin's fourth and fifth, 60 to 124 by 5 x 5 and 124 to 124, at 16 x 16: 108,000 cycles."""
    norm = BatchNorm(), Sign()
    layers = (
        *(Input((16, 16, 2)), BinaryComplexConv2D(60, 1), *norm, BinaryComplexConv2D(124, 5), *norm),
        *(BinaryComplexConv2D(124, 1), BatchNorm(), GlobalAveragePool(), Dense(4), SoftmaxCrossEntropy()),
    )
    graph = lc.Trainer(Network("two_layers", layers), policy="lean", batch_size=1, seed=2).inference_graph()
    network = network_of(graph)
    engine = Engine(timed(network, Shape(1, 8, 62)), "two_layers")
    x = np.random.default_rng(3).integers(0, 256, (1, 16, 16, 2)).astype(np.uint8)
    values = bench.predicted(graph, bench.wanted(network), x)
    files = {"two_layers.v": engine.text(), **images.memories(engine), **bench.files(engine, values)}
    found = simulated.simulate(files, "two_layers")
    assert found.equal and found.cycles == engine.timed.cycles == 2 + 256 * 16 * 25 + 256 * 16 * 2 + 2 * 15 + 2


def complex_residual():
    return lc.models.complex_resnet18((8, 8, 3), 4, stages=(3, 5))


def real_residual():
    return lc.models.real_resnet18((8, 8, 3), 4, stages=(4, 6))


@icarus
@pytest.mark.parametrize("made", [complex_residual, real_residual])
def test_residual_networks_come_to_their_own_16_bits_and_nearly_to_prediction(made, tmp_path):
    network = made()
    generator = np.random.default_rng(5)
    x = generator.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
    trainer = lc.Trainer(network, policy="lean", batch_size=10, optimizer=lc.Adam(0.02), seed=1)
    trainer.fit((x, generator.integers(0, 4, 40)), epochs=1)
    graph = trainer.inference_graph()
    found = network_of(graph)
    assert not found.obstacle and found.stream
    engine = Engine(timed(found, Shape(2, 2, 3)), "of_test")
    told = bench.predicted(graph, bench.wanted(found), x[:1])
    own = computed(engine, told[found.reads], told[found.stream])
    last = found.layers[-1].stream.value
    assert np.abs(own[last].reshape(told[last].shape) / 1024 - told[last]).max() < 0.02
    for name in bench.wanted(found):
        if told[name].dtype == bool:
            assert np.mean(own[name].reshape(told[name].shape) != told[name]) < 0.01, name
    frames, of, cycles, model, off, signs, sums, *_ = simulated_by_icarus(engine, own, tmp_path)
    assert (frames, off, signs, sums) == (of, 0, 0, 0) and cycles == model == engine.timed.cycles


def test_computed_is_the_engine_of_networks_without_a_stream(trained):
    for graph, x in trained.values():
        network = network_of(graph)
        told = bench.predicted(graph, bench.wanted(network), x[:2])
        own = computed(Engine(timed(network, Shape(1, 2, 3)), "of_test"), told[network.reads])
        for name in bench.wanted(network):
            assert np.array_equal(own[name].reshape(told[name].shape), told[name]), name


def test_cycles_are_those_of_the_published_shapes():
    """24 x 31 and so on are of the specification: steps of complex_nin and complex_resnet18, dense, without filling."""
    nin, resnet = (network_of(blank(lc.models.build(name).graph)) for name in ("complex_nin_plain", "complex_resnet18"))
    for network, shape, steps in (
        (nin, (1, 62, 62), 23_664 - 7 * 16),
        (nin, (8, 18, 20), 31_904 - 7 * 16),
        (nin, (1, 8, 62), 182_384 - 7 * 16),
        (nin, (4, 64, 64), 6_000 - 7 * 16),
        (resnet, (4, 46, 46), 34_096 - 19 * 16),
        (resnet, (4, 64, 64), 27_168 - 19 * 16),
    ):
        found = timed(network, Shape(*shape))
        assert sum(one.groups * one.steps for one in found.tiles) == steps
        assert cycles_of(network.layers, *np.array([shape]).T) == [found.cycles]
    assert (nin.products, resnet.products) == (84_170_752, 281_908_992)
    assert not resnet.obstacle and not nin.obstacle and resnet.stream


def test_the_search_finds_the_smallest_engine_and_says_what_is_missing():
    graph = blank(lc.models.build("complex_nin_plain").graph)
    found = accelerate(graph, "u280", fps=5882)
    assert found.frames_per_second >= 5882 and found.timed.used >= 0.9
    assert found.timed.shape.products <= 4 * 16 * 62
    best = accelerate(graph, "u280")
    assert best.frames_per_second > found.frames_per_second
    small = replace(found.device, lut=2000, name="tiny")
    with pytest.raises(SpecError, match=r"tiny holds no engine for complex_nin_plain at 5,882 .* of 2,000 LUT"):
        accelerate(graph, small, fps=5882)
    with pytest.raises(SpecError, match="is more than the widest engine's"):
        accelerate(graph, "u280", fps=10**8)
    with pytest.raises(SpecError, match="needs real arithmetic"):
        from linocut.devices.word_engine.accelerated import sources

        sources(accelerate(blank(lc.models.build("complex_nin").graph), "u280", fps=100), "nin")


@pytest.mark.parametrize("lanes", [1, 2, 3, 5, 6, 7, 20, 31, 62, 64])
@icarus
def test_counts_of_bits(lanes, tmp_path):
    top = (
        f"module top; reg [{lanes - 1}:0] x; wire [{lanes.bit_length() - 1}:0] y; bit_count c (.x(x), .y(y));\n"
        f"integer n, at, ones, seed; initial begin seed = {lanes};\nfor (n = 0; n < 200; n = n + 1) begin\n"
        f"for (at = 0; at < {lanes}; at = at + 1) x[at] = n == 0 ? 1'b1 : $random(seed);\n"
        f"#1 ones = 0; for (at = 0; at < {lanes}; at = at + 1) ones = ones + x[at];\n"
        'if (ones != y) $display("%b is not %d", x, y);\nend $display("done"); end endmodule\n'
    )
    (tmp_path / "count.v").write_text(bit_count.module(lanes) + "\n" + top)
    subprocess.run(["iverilog", "-g2005-sv", "-o", "count", "count.v"], cwd=tmp_path, check=True)
    assert subprocess.run(["vvp", "count"], cwd=tmp_path, capture_output=True, text=True).stdout == "done\n"


def test_names_that_verilog_reserves():
    assert check_name("nin") == "nin"
    for name, says in (
        ("within", "reserved"),
        ("engine", "reserved"),
        ("7up", "no Verilog name"),
        ("a b", "no Verilog"),
    ):
        with pytest.raises(SpecError, match=says):
            check_name(name)
    with pytest.raises(SpecError, match="must be a power of two"):
        Shape(3, 4, 5)
