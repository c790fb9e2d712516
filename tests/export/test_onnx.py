"""ONNX models: every integer of every node is linocut's, in ONNX Runtime, and nothing is written for what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from branched import NETWORKS, NODES_OF_OTHERS
from exports import CHANNELS, Wavelet, branched, check_equal, check_predicts_alike, graph_of, pictures, signs_of, small
from onnx_run import NEEDS, run
from random_graphs import random_network

import linocut as lc
from linocut.errors import SpecError
from linocut.export.exact import EXACT
from linocut.export.onnx import WEIGHTS, export_onnx
from linocut.export.padding import pads
from linocut.graph.inference import (
    FLOATS,
    INTEGERS,
    KINDS,
    Affine,
    BinaryProduct,
    InferenceGraph,
    InputCoding,
    Logits,
    Pool,
    RealProduct,
)
from linocut.layers.window import SAME, window
from linocut.networks.toml_file import read_network
from linocut.ops.bits import pack
from linocut.run.predict import Predictor

onnx = pytest.importorskip("onnx", reason=NEEDS)

EXAMPLES = Path(__file__).parents[2] / "examples"


def exported(graph: InferenceGraph, folder: Path, weights: str = "table") -> Any:
    """The model in the file, as onnx's checker has found it right."""
    path = folder / f"{weights}.onnx"
    path.unlink(missing_ok=True)
    export_onnx(graph, path, "net", weights)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return model


def test_every_kind_of_node_occurs() -> None:
    """But for those of complex and recurrent networks, which this format refuses (tests/networks)."""
    assert {node.kind for network in NETWORKS for node in branched(network).nodes} == set(KINDS) - NODES_OF_OTHERS


@pytest.mark.parametrize("policy", ["lean", "standard"])
@pytest.mark.parametrize("network", NETWORKS)
def test_branched_networks_are_equal_node_by_node(network: str, policy: str, tmp_path: Path) -> None:
    """Sequences, coded and plain floats, examples of four sizes and of one among them."""
    graph = branched(network, policy)
    images = pictures(graph)
    for weights in WEIGHTS:
        model = exported(graph, tmp_path, weights)
        for count in (1, 7):
            found = run(model, images[:count])
            assert check_equal(graph, images[:count], found) > 5
            check_predicts_alike(graph, images[:count], found)


@pytest.mark.parametrize("name", ["mlp", "cnv", "binarynet", "resnete18", "bireal18"])
def test_the_networks_of_the_paper_are_equal_node_by_node(name: str, tmp_path: Path) -> None:
    graph = small(name)
    model, images = exported(graph, tmp_path), pictures(graph)
    for count in (1, 7):
        found = run(model, images[:count])
        assert check_equal(graph, images[:count], found) > 10
        check_predicts_alike(graph, images[:count], found)


@pytest.mark.parametrize("name", ["cell", "fashion", "halves"])
def test_the_examples_are_equal_node_by_node(name: str, tmp_path: Path) -> None:
    shape = (28, 28, 1) if name == "fashion" else (32, 32, 3)
    network = read_network(EXAMPLES / f"{name}.toml", shape, 10)
    graph = lc.Trainer(network, "lean", lc.Adam(0.01), 2, threads=2).inference_graph()
    images = pictures(graph, 2)
    found = run(exported(graph, tmp_path), images)
    assert check_equal(graph, images, found) > 10
    check_predicts_alike(graph, images, found)


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_are_equal_without_a_runtime_changing_the_model(seed: int, tmp_path: Path) -> None:
    network = random_network(seed)
    graph = lc.Trainer(network, "lean", lc.Adam(0.01), 3, threads=1, seed=seed).inference_graph()
    images = pictures(graph, 3)
    check_equal(graph, images, run(exported(graph, tmp_path), images, folded=False))


# --- nodes by hand, judged by arithmetic that is neither linocut's nor ONNX's ---


def test_padding_adds_nothing_to_a_product_of_signs(tmp_path: Path) -> None:
    """All signs are +1, all weights too: an output is the number of taps inside, times channels."""
    shape, moves = (4, 5, CHANNELS), window("conv kernel", (3, 4), 2, SAME)
    weights = pack(np.ones((1, 3, 4, CHANNELS), bool))
    product = BinaryProduct("y", (), (2, 3, 1), INTEGERS, CHANNELS, moves, weights)
    graph = graph_of(signs_of("x", shape), product)
    found = run(exported(graph, tmp_path), np.ones((1, *shape), np.float32))["y"]
    # Rows -1..1 and 1..3 of 4, columns -1..2, 1..4 and 3..6 of 5.
    assert found[0, ..., 0].tolist() == [[r * c * CHANNELS for c in (3, 4, 2)] for r in (2, 3)]


def test_a_threshold_is_reached_by_what_equals_it_and_never_by_what_is_no_number(tmp_path: Path) -> None:
    least = np.array([0.0, 1.5, -2.0], np.float32)
    graph = graph_of(signs_of("x", (CHANNELS,), least), shape=(CHANNELS,))
    images = np.array([least, -least, np.nextafter(least, np.float32(-9)), [-0.0, np.nan, np.nan]], np.float32)
    found = run(exported(graph, tmp_path), images)["x"]
    assert found.tolist() == [[1, 1, 1], [1, -1, 1], [-1, -1, -1], [1, -1, -1]]


@pytest.mark.parametrize("least", [2**30, -(2**30), 15, 16])
def test_thresholds_of_integers_up_to_where_they_are_clipped(least: int, tmp_path: Path) -> None:
    product = BinaryProduct("y", (), (1,), INTEGERS, 16, None, pack(np.ones((1, 16), bool)))
    graph = graph_of(signs_of("x", (16,)), product, signs_of("z", (1,), np.array([least], np.int32)), shape=(16,))
    found = run(exported(graph, tmp_path), np.ones((1, 16), np.float32))
    assert found["y"].tolist() == [[16]] and found["z"].item() == (1 if least <= 16 else -1)


@pytest.mark.parametrize(("function", "expected"), [("max", 2.0), ("average", 1.5)])
def test_pools_leave_out_what_is_outside(function: str, expected: float, tmp_path: Path) -> None:
    """Padding is not 0 for the largest of numbers below it, and not counted by a mean."""
    pool = Pool("p", (), (2, 2, 1), FLOATS, function, window("pool size", 3, 2, SAME))
    graph = graph_of(pool, shape=(4, 4, 1))
    image = -np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    found = run(exported(graph, tmp_path), image)["p"][0, ..., 0]
    corner = image[0, 1:, 1:, 0]
    assert found[0, 0] == (0 if function == "max" else image[0, :2, :2, 0].mean())
    assert found[1, 1] == (corner.max() if function == "max" else corner.mean())


def test_a_channel_that_does_not_vary_gives_the_shift(tmp_path: Path) -> None:
    mean, deviation, shift = np.array([[1, 2, 3], [0, 0.5, 0], [7, 8, 9]], np.float32)
    graph = graph_of(Affine("a", (), (CHANNELS,), FLOATS, mean, deviation, shift), shape=(CHANNELS,))
    assert run(exported(graph, tmp_path), np.full((1, 3), 4, np.float32))["a"].tolist() == [[7, 12, 9]]


@pytest.mark.parametrize(("size", "stride", "side"), [(1, 2, 5), (2, 1, 4), (3, 2, 4), (5, 1, 3), (4, 3, 8), (2, 5, 9)])
def test_windows_are_padded_as_the_layers_say(size: int, stride: int, side: int) -> None:
    one, two = window("kernel", size, stride, SAME, flat=True), window("kernel", (1, size), stride, SAME)
    (after,) = one.over((side, 1))
    before, behind = pads(one, (side,), (after,))
    assert before == (size - 1) // 2 and (side + before + behind - size) // stride + 1 == after
    assert pads(two, (7, side), two.over((7, side, 1))) == [0, before, 0, behind]


# --- the file ---


def test_a_model_says_what_it_takes_and_gives_for_any_batch(tmp_path: Path) -> None:
    graph = small("cnv")
    model = exported(graph, tmp_path)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)] and model.ir_version == 8
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output, *model.graph.value_info)
    }
    assert shapes["image"] == ["N", 32, 32, 3] and shapes["logits"] == ["N", 10]
    assert shapes["binary_conv2d1"] == ["N", 64, 30, 30]
    assert set(shapes) == {"image", "logits", *(node.name for node in graph.nodes[:-1])}
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert about["linocut.version"] == lc.__version__ and about["linocut.classes"] == "10"
    assert json.loads(about["linocut.layers"]) == [node.name for node in graph.nodes]
    assert len(about["linocut.tensors_sha256"]) == 64 and (model.producer_name, model.graph.name) == ("linocut", "net")


def test_the_same_graph_is_the_same_file_and_another_is_not(tmp_path: Path) -> None:
    graph = branched("cell")
    first, again = (exported(graph, tmp_path).SerializeToString(deterministic=True) for _ in range(2))
    assert (tmp_path / "table.onnx").read_bytes() == first == again
    other = Predictor(graph)
    name = next(name for name in other.state if name.endswith("least"))
    other.state[name] = other.state[name] + 1
    assert exported(other.graph, tmp_path).SerializeToString(deterministic=True) != first


def test_weights_take_an_eighth_of_a_byte_or_one_or_four(tmp_path: Path) -> None:
    graph = small("cnv")
    count = sum(
        node.weights.nbytes and node.weights.size // node.weights.shape[-1] * node.depth for node in signs(graph)
    )
    rest = 45_000 + 8192  # thresholds, names, the table
    for weights, each in (("table", 1 / 8), ("int8", 1), ("float", 4)):
        exported(graph, tmp_path, weights)
        size = (tmp_path / f"{weights}.onnx").stat().st_size
        assert count * each < size < count * each + rest, weights


def signs(graph: InferenceGraph) -> list[BinaryProduct | RealProduct]:
    return [
        node
        for node in graph.nodes
        if isinstance(node, BinaryProduct) or (isinstance(node, RealProduct) and node.binary)
    ]


def test_layers_called_like_the_ends_of_the_model(tmp_path: Path) -> None:
    shape = (CHANNELS,)
    nodes = signs_of("image", shape), BinaryProduct("y", (), (2,), INTEGERS, 3, None, pack(np.ones((2, 3), bool)))
    ones = np.ones(2, np.float32)
    graph = graph_of(*nodes, Affine("logits", (), (2,), FLOATS, ones, ones, ones), shape=shape)
    found = run(exported(graph, tmp_path), np.ones((2, *shape), np.float32))
    assert found["image.layer"].tolist() == [[1, 1, 1]] * 2
    assert found["logits.layer"].tolist() == found["logits"].tolist() == [[3, 3]] * 2


# --- what cannot be ---


def refused(graph: InferenceGraph, folder: Path, **how: str) -> str:
    """The message; nothing is written."""
    with pytest.raises(SpecError) as error:
        export_onnx(graph, folder / "out.onnx", **{"name": "net", **how})
    assert not list(folder.iterdir()) and "\n" not in str(error.value)
    return str(error.value)


def test_a_kind_that_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    graph = graph_of(Wavelet("w1", (), (CHANNELS,), FLOATS), shape=(CHANNELS,))
    assert refused(graph, tmp_path) == "w1: ONNX has no form for a wavelet; replace the layer"


@pytest.mark.parametrize(("gives", "most"), [("bytes", 65_793), ("signs", EXACT - 1)])
def test_sums_beyond_what_floats_hold_are_refused(gives: str, most: int, tmp_path: Path) -> None:
    """Weights are not looked at, so that none of this size is made."""
    none = np.zeros((1, 1), np.uint64)
    for depth, refuses in ((most, False), (most + 1, True)):
        coded = InputCoding("in", (), (depth,), gives, "u8", -1.0, 1.0, False)
        product = RealProduct("y", ("in",), (1,), INTEGERS, depth, None, True, none)
        if gives == "signs":
            product = BinaryProduct("y", ("in",), (1,), INTEGERS, depth, None, none)
        graph = InferenceGraph("wide", (coded, product, Logits("end", ("y",), (1,), FLOATS, "identity")), 0)
        if refuses:
            message = refused(graph, tmp_path)
            assert f"y sums {depth:,} inputs" in message and f"up to {most:,}; make the layer narrower" in message
        else:
            export_onnx(graph, tmp_path / "fits.onnx", "net")
            (tmp_path / "fits.onnx").unlink()


def test_unknown_forms_of_weights_and_names_are_refused(tmp_path: Path) -> None:
    graph = branched("one")
    assert "form of weights is called 'int9'; there are table, int8, float; did you mean int8?" in refused(
        graph, tmp_path, weights="int9"
    )
    for name in ("", "a\nb"):
        assert "must be a text on one line" in refused(graph, tmp_path, name=name)


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_text("mine")
    with pytest.raises(SpecError, match=r"m\.onnx exists already; give --force"):
        lc.export(branched("one"), "onnx", out=tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
    export_onnx(branched("one"), tmp_path / "same.onnx", "branched")
    lc.export(branched("one"), "onnx", out=tmp_path / "m.onnx", name="branched", force=True)
    assert (tmp_path / "m.onnx").read_bytes() == (tmp_path / "same.onnx").read_bytes()


def test_without_onnx_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert refused(branched("one"), tmp_path).endswith("is not installed: pip install 'linocut[onnx]'")


def test_models_too_large_for_a_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linocut.export.onnx_model.MOST_BYTES", 5_000)
    message = refused(branched("cell"), tmp_path, weights="float")
    assert "ONNX has 5,000 at most; export with weights 'table'" in message


def test_onnx_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, linocut.export.onnx; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
