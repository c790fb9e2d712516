"""TFLite models: every integer of every node is linocut's, in the interpreter of Larq Compute Engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from branched import NETWORKS
from exports import CHANNELS, branched, check_equal, check_predicts_alike, graph_of, pictures, signs_of, small
from lce import check_is_never_negative_zero, needs_lce, outputs_of, run
from node_values import node_values
from random_graphs import random_network

import linocut as lc
from linocut.export.ends import IMAGE
from linocut.export.tflite.exporter import FORMS, model_of
from linocut.graph.inference import (
    FLOATS,
    INTEGERS,
    SIGNS,
    Activation,
    Add,
    Affine,
    BinaryProduct,
    InferenceGraph,
    InferenceNode,
    InputCoding,
    Logits,
    Pool,
    Slice,
)
from linocut.layers.window import SAME, Window, window
from linocut.networks.toml_file import read_network
from linocut.ops.bits import Array, pack

pytest.importorskip("tflite", reason="pip install 'linocut[tflite]' to run these")
pytestmark = needs_lce

EXAMPLES = Path(__file__).parents[2] / "examples"
PAPER = ["mlp", "cnv", "binarynet", "resnete18", "bireal18"]


def check(graph: InferenceGraph, images: Array, kernel: str = "bgemm", **how: object) -> None:
    """Every node, of the model whose nodes all have tensors, and those of the model that is exported."""
    assert check_equal(graph, images, run(graph, images, kernel, fused=False, **how)) == len(graph.nodes)
    found = run(graph, images, kernel, **how)
    assert check_equal(graph, images, found, some=True) > len(graph.nodes) // 2


@pytest.mark.parametrize("kernel", ["bgemm", "indirect"])
@pytest.mark.parametrize("name", PAPER)
def test_the_networks_of_the_paper_are_equal_node_by_node(name: str, kernel: str) -> None:
    graph = small(name)
    for images in np.split(pictures(graph, 12), 3):
        check(graph, images, kernel)
        check_predicts_alike(graph, images, run(graph, images, kernel))


@pytest.mark.parametrize("name", PAPER)
def test_the_reference_kernel_gives_the_same(name: str) -> None:
    """It refuses padding with 0 on an odd number of channels, which the others take."""
    check(small(name), pictures(small(name)), "reference")


@pytest.mark.parametrize("weights", FORMS)
@pytest.mark.parametrize("policy", ["lean", "standard"])
@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "levels"])
def test_branched_networks_are_equal_node_by_node(network: str, policy: str, weights: str) -> None:
    """Sequences, coded and plain floats, examples of four sizes and of one among them."""
    graph = branched(network, policy)
    check(graph, pictures(graph), weights=weights)
    check_is_never_negative_zero(graph)


@pytest.mark.parametrize("name", ["cell", "fashion", "halves"])
def test_the_examples_are_equal_node_by_node(name: str) -> None:
    shape = (28, 28, 1) if name == "fashion" else (32, 32, 3)
    network = read_network(EXAMPLES / f"{name}.toml", shape, 10)
    graph = lc.Trainer(network, "lean", lc.Adam(0.01), 2, threads=2).inference_graph()
    check(graph, pictures(graph, 2), "indirect")
    check_predicts_alike(graph, pictures(graph, 2), run(graph, pictures(graph, 2), "indirect"))


@pytest.mark.parametrize("seed", range(10))
def test_random_networks_are_equal_node_by_node(seed: int) -> None:
    graph = lc.Trainer(random_network(seed), "lean", lc.Adam(0.01), 3, threads=1, seed=seed).inference_graph()
    check(graph, pictures(graph, 4))
    check_is_never_negative_zero(graph)


# --- nodes by hand ---


def against_linocut(graph: InferenceGraph, names: tuple[str, ...], kernel: str = "bgemm") -> None:
    images = pictures(graph, 3)
    found, values = run(graph, images, kernel, fused=False), node_values(graph, images)
    for name in names:
        assert np.array_equal(found[name], values[name]), name


def convolution(image: tuple[int, int], moves: Window, depth: int, outputs: int) -> tuple[InferenceNode, InferenceNode]:
    """Signs of an image, and a product of random weights."""
    rng = np.random.default_rng(depth)
    shape = (*image, depth)
    weights = pack(rng.random((outputs, *moves.size, depth)) < 0.5)
    product = BinaryProduct("y", (), (*moves.over(shape), outputs), INTEGERS, depth, moves, weights)
    return signs_of("x", shape), product


@pytest.mark.parametrize("kernel", ["bgemm", "indirect"])
@pytest.mark.parametrize(("depth", "outputs"), [(1, 1), (3, 33), (31, 2), (32, 32), (33, 5), (40, 64), (65, 7)])
def test_any_number_of_channels(depth: int, outputs: int, kernel: str) -> None:
    """Spare bits are 0 in signs and in weights, where they agree and count nothing."""
    nodes = convolution((6, 5), window("conv kernel", 3, 1, SAME), depth, outputs)
    against_linocut(graph_of(*nodes, shape=(6, 5, depth)), ("x", "y"), kernel)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_padding_of_products_and_pools_at_every_stride(size: int, stride: int) -> None:
    """Images of even and odd sides, and smaller than the window."""
    for side in (1, 2, 3, 5, 6):
        moves = window("conv kernel", (size, 3), stride, SAME)
        nodes = convolution((side, 7), moves, 5, 4)
        shape = (side, 7, 5)
        against_linocut(graph_of(*nodes, shape=shape), ("y",))
        pooled = window("pool size", (size, 2), stride, SAME)
        given = (*pooled.over(shape), 5)
        against_linocut(
            graph_of(nodes[0], Pool("p", (), given, SIGNS, "max", pooled), *ends(given), shape=shape), ("p",)
        )
        for function in ("max", "average"):
            graph = graph_of(Pool("p", (), given, FLOATS, function, pooled), shape=shape)
            images = pictures(graph, 2)
            found = run(graph, images)["p"]
            assert np.abs(found - node_values(graph, images)["p"]).max() <= (0 if function == "max" else 1e-6 * 9)


def ends(shape: tuple[int, ...]) -> tuple[InferenceNode, ...]:
    """A product behind signs, as logits are numbers."""
    moves = window("conv kernel", 1, 1, SAME)
    weights = pack(np.ones((1, 1, 1, shape[-1]), bool))
    return (BinaryProduct("end1", (), (*shape[:-1], 1), INTEGERS, shape[-1], moves, weights),)


def test_padding_adds_nothing_to_a_product_of_signs() -> None:
    """All signs are +1, all weights too: an output is the number of taps inside, times channels."""
    shape, moves = (4, 5, CHANNELS), window("conv kernel", (3, 4), 2, SAME)
    weights = pack(np.ones((1, 3, 4, CHANNELS), bool))
    graph = graph_of(
        signs_of("x", shape), BinaryProduct("y", (), (2, 3, 1), INTEGERS, CHANNELS, moves, weights), shape=shape
    )
    found = run(graph, np.ones((1, *shape), np.float32))["y"]
    # Rows -1..1 and 1..3 of 4, columns -1..2, 1..4 and 3..6 of 5.
    assert found[0, ..., 0].tolist() == [[r * c * CHANNELS for c in (3, 4, 2)] for r in (2, 3)]


@pytest.mark.parametrize("count", [16, 17])
@pytest.mark.parametrize("least", [2**30, -(2**30), -18, -17, -16, -1, 0, 1, 15, 16, 17, 18])
def test_a_threshold_is_reached_by_what_equals_it(least: int, count: int) -> None:
    """Sums of 16 or 17 signs, of both parities, by LceBconv2d's own threshold, and up to where they are clipped."""
    weights = pack(np.tri(count, dtype=bool))  # sums from 2 - count to count for inputs of +1
    product = BinaryProduct("y", (), (count,), INTEGERS, count, None, weights)
    nodes = signs_of("x", (count,)), product, signs_of("z", (count,), np.full(count, least, np.int32))
    last = BinaryProduct("end1", (), (1,), INTEGERS, count, None, pack(np.ones((1, count), bool)))
    graph = graph_of(*nodes, last, shape=(count,))
    sums = 2 * np.arange(1, count + 1) - count
    for kernel in ("bgemm", "indirect", "reference"):
        found = run(graph, np.ones((1, count), np.float32), kernel)
        assert "y" not in found and found["z"][0].tolist() == np.where(sums >= least, 1, -1).tolist()


def test_a_threshold_of_floats_is_reached_by_what_equals_it() -> None:
    least = np.array([0.0, 1.5, -2.0], np.float32)
    graph = graph_of(signs_of("x", (CHANNELS,), least), *ends_of_vector(), shape=(CHANNELS,))
    below = [-1e-37, *np.nextafter(least[1:], np.float32(-9))]  # TFLite takes denormal numbers for 0
    images = np.array([least, -least, below, [-0.0, 1.5, -2.5]], np.float32)
    assert run(graph, images)["x"].tolist() == [[1, 1, 1], [1, -1, 1], [-1, -1, -1], [1, 1, -1]]


def ends_of_vector() -> tuple[InferenceNode, ...]:
    return (BinaryProduct("end1", (), (1,), INTEGERS, CHANNELS, None, pack(np.ones((1, CHANNELS), bool))),)


ZEROS, ONES = np.zeros(CHANNELS, np.float32), np.ones(CHANNELS, np.float32)
VECTOR = (CHANNELS,)
NORM = Affine("a", (), VECTOR, FLOATS, ZEROS, ONES, -ZEROS)
BEFORE_SIGNS = {
    "input": (),
    "norm": (NORM,),
    "relu": (Activation("r", (), VECTOR, FLOATS, "relu"),),
    "tanh of a norm": (NORM, Activation("t", (), VECTOR, FLOATS, "tanh")),
    "slice": (Slice("s", (), VECTOR, FLOATS, 0),),
    "sum": (Add("s", (), VECTOR, FLOATS),),
}


@pytest.mark.parametrize("least", [ZEROS, -ZEROS], ids=["0.0", "-0.0"])
@pytest.mark.parametrize("before", BEFORE_SIGNS)
def test_negative_zeros_are_kept_from_what_takes_their_sign(before: str, least: Array) -> None:
    """The norm's shift is one; a sum of two is one too."""
    graph = graph_of(*BEFORE_SIGNS[before], signs_of("x", VECTOR, least), *ends_of_vector(), shape=VECTOR)
    nodes = [replace(node, inputs=node.inputs * 2) if isinstance(node, Add) else node for node in graph.nodes]
    model = model_of(replace(graph, nodes=tuple(nodes)), "net")
    (read,) = [operator.inputs[0] for operator in model.operators if operator.kind == "LceQuantize"]
    assert read is not None
    found = outputs_of(model, [read, "x"], np.array([[-0.0, 0.0, -0.0]], np.float32))
    assert not np.signbit(found[read]).any() and not found["x"].any()


def test_a_channel_that_does_not_vary_gives_the_shift() -> None:
    mean, deviation, shift = np.array([[1, 2, 3], [0, 0.5, 0], [7, 8, 9]], np.float32)
    graph = graph_of(Affine("a", (), (CHANNELS,), FLOATS, mean, deviation, shift), shape=(CHANNELS,))
    assert run(graph, np.full((1, 3), 4, np.float32))["a"].tolist() == [[7, 12, 9]]


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0), (-3.7, 1e-3), (1e6, 1e6 + 1)])
def test_floats_are_coded_as_linocut_codes_them(low: float, high: float) -> None:
    coding = InputCoding("in", (), (256,), "bytes", "f32", low, high, True)
    norm = Affine("a", ("in",), (256,), FLOATS, *(np.full(256, value, np.float32) for value in (0, 1, 0)))
    graph = InferenceGraph("coded", (coding, norm, Logits("end", ("a",), (256,), FLOATS, "identity")), 0)
    rng = np.random.default_rng(2)
    middles = low + (np.arange(256) + 0.5) * (high - low) / 255
    images = np.stack([rng.uniform(low, high, 256), middles, np.nextafter(middles, low), np.nextafter(middles, high)])
    images = np.clip(images.astype(np.float32), np.float32(low), np.float32(high))
    assert np.array_equal(run(graph, images)["in"], node_values(graph, images)["in"])


def test_layers_called_like_the_ends_of_the_model() -> None:
    shape = (CHANNELS,)
    nodes = signs_of("image", shape), BinaryProduct("y", (), (2,), INTEGERS, 3, None, pack(np.ones((2, 3), bool)))
    ones = np.ones(2, np.float32)
    graph = graph_of(*nodes, Affine("logits", (), (2,), FLOATS, ones, ones, ones), shape=shape)
    model = model_of(graph, "net")
    assert model.of_nodes["image"] == "image.layer" and model.of_nodes["logits"] == "logits.layer"
    found = outputs_of(model, ["logits.layer", "logits", IMAGE], np.ones((2, *shape), np.float32))
    assert found["logits.layer"].reshape(2, 2).tolist() == found["logits"].tolist() == [[3, 3]] * 2
