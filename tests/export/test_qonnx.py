"""QONNX models: every integer of every node is linocut's, by onnx's reference with QONNX's operators as documented."""

from __future__ import annotations

import dataclasses
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from branched import NETWORKS
from exports import CHANNELS, Wavelet, branched, check_equal, check_predicts_alike, graph_of, pictures, signs_of, small
from node_values import node_values
from qonnx_run import for_finn, run, with_ends

import linocut as lc
from linocut.errors import SpecError
from linocut.export.qonnx import DOMAIN, export_finn, export_qonnx
from linocut.graph.inference import INTEGERS, BinaryProduct, InferenceGraph, Threshold
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Flatten,
    Input,
    MaxPool2D,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.ops.bits import pack

onnx = pytest.importorskip("onnx", reason="pip install 'linocut[onnx]' to run these")


def exported(graph: InferenceGraph, folder: Path, *, finn: bool = False) -> Any:
    path = folder / "q.onnx"
    path.unlink(missing_ok=True)
    (export_finn if finn else export_qonnx)(graph, path, "net")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return model


@pytest.mark.parametrize("network", NETWORKS)
def test_branched_networks_are_equal_node_by_node(network: str, tmp_path: Path) -> None:
    graph = branched(network)
    image = pictures(graph)[:1]
    found = run(exported(graph, tmp_path), graph, image)
    assert check_equal(graph, image, found) > 5
    check_predicts_alike(graph, image, found)


@cache
def valid() -> InferenceGraph:
    """What FINN takes of everything: convolutions, a pool before a norm and one behind a sign, vectors."""
    layers = (
        *(Input((10, 11, 3)), BinaryConv2D(5, padding="valid"), MaxPool2D(2, 1), BatchNorm(), Sign()),
        *(BinaryConv2D(9, (2, 3), padding="valid"), BatchNorm(), Sign(), MaxPool2D(2)),
        *(Flatten(), BinaryDense(12), BatchNorm(), Sign(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy()),
    )
    trainer = lc.Trainer(lc.Network("valid", layers), "lean", lc.Adam(0.01), 4, threads=1)
    rng = np.random.default_rng(1)
    trainer.fit((rng.integers(0, 256, (8, 10, 11, 3), dtype=np.uint8), np.arange(8) % 4), epochs=2)
    return trainer.inference_graph()


@pytest.mark.parametrize("finn", [False, True])
@pytest.mark.parametrize("name", ["mlp", "cnv", "valid"])
def test_what_finn_takes_is_equal_node_by_node_in_both_forms(name: str, finn: bool, tmp_path: Path) -> None:
    graph = valid() if name == "valid" else small(name)
    model = exported(graph, tmp_path, finn=finn)
    for image in pictures(graph, 2):
        one = image[None]
        found = run(model, graph, for_finn(one) if finn else one)
        found = with_ends(graph, one, found) if finn else found
        assert check_equal(graph, one, found) > 8
        check_predicts_alike(graph, one, found)


@pytest.mark.parametrize(
    ("name", "finn"), [("mlp", False), ("mlp", True), ("valid", False), ("valid", True), ("levels", False)]
)
def test_qonnx_itself_gives_the_same(name: str, finn: bool, tmp_path: Path) -> None:
    """By QONNX's executor, where it is installed: pip install qonnx."""
    wrapper = pytest.importorskip("qonnx.core.modelwrapper", reason="pip install qonnx to run this")
    executor = pytest.importorskip("qonnx.core.onnx_exec")
    graph = valid() if name == "valid" else branched(name) if name in NETWORKS else small(name)
    model = wrapper.ModelWrapper(exported(graph, tmp_path, finn=finn))
    image = pictures(graph, 1)
    given = for_finn(image) if finn else image
    found = executor.execute_onnx(model, {"image": given}, return_full_exec_context=True)
    known = {node.name for node in graph.nodes} & found.keys()
    values = {name: np.moveaxis(found[name], 1, -1) for name in known} | {"logits": found["logits"]}
    assert check_equal(graph, image, with_ends(graph, image, values) if finn else values) > 8


def test_finn_refuses_levels(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="FINN"):
        exported(branched("levels"), tmp_path, finn=True)


def test_a_threshold_is_reached_by_what_equals_it(tmp_path: Path) -> None:
    """16 signs of +1 sum to 16; thresholds there, beside it, and where they are clipped."""
    least = np.array([16, 17, 2**30, -(2**30), 15], np.int32)
    product = BinaryProduct("y", (), (5,), INTEGERS, 16, None, pack(np.ones((5, 16), bool)))
    graph = graph_of(signs_of("x", (16,)), product, signs_of("z", (5,), least), shape=(16,))
    found = run(exported(graph, tmp_path), graph, np.ones((1, 16), np.float32))
    assert found["z"].tolist() == [[1, -1, -1, 1, 1]]


def test_a_threshold_for_finn_is_reached_by_what_equals_it(tmp_path: Path) -> None:
    """Those of the first layer become what its sums are for an image."""
    graph = small("mlp")
    image = pictures(graph, 1)
    first = next(node for node in graph.nodes if isinstance(node, Threshold))
    sums = node_values(graph, image)[first.inputs[0]][0].astype(np.int32)
    beside = sums + np.arange(len(sums)) % 2
    nodes = [dataclasses.replace(node, least=beside) if node is first else node for node in graph.nodes]
    model = exported(dataclasses.replace(graph, nodes=tuple(nodes)), tmp_path, finn=True)
    found = run(model, graph, for_finn(image))[first.name]
    assert np.array_equal(found[0], np.where(np.arange(len(sums)) % 2, -1, 1))


def test_a_model_has_fixed_shapes_and_says_what_floats_hold(tmp_path: Path) -> None:
    graph = valid()
    for finn, image, elements in ((False, [1, 10, 11, 3], onnx.TensorProto.UINT8), (True, [1, 3, 10, 11], 1)):
        model = exported(graph, tmp_path, finn=finn)
        opsets = {opset.domain: opset.version for opset in model.opset_import}
        assert opsets == {"": 17, DOMAIN: 1}
        given = model.graph.input[0].type.tensor_type
        assert [size.dim_value for size in given.shape.dim] == image and given.elem_type == elements
        described = {value.name for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)}
        assert {name for node in model.graph.node for name in node.output} <= described
        kinds = {node.op_type for node in model.graph.node}
        assert ("MultiThreshold" in kinds, "BipolarQuant" in kinds) == (finn, not finn)
        if finn:
            assert not kinds & {"Identity", "Cast", "Gemm"}
            said = {
                entry.tensor_name: entry.quant_parameter_tensor_names[0].value
                for entry in model.graph.quantization_annotation
            }
            weights = {f"{node.name}.weights": "BIPOLAR" for node in graph.nodes if "product" in node.kind}
            signs = {node.name: "BIPOLAR" for node in graph.nodes if node.kind == "threshold"}
            assert said == {"image": "UINT8", **weights, **signs}


def test_the_same_graph_is_the_same_file(tmp_path: Path) -> None:
    for finn in (False, True):
        files = []
        for _ in range(2):
            exported(valid(), tmp_path, finn=finn)
            files.append((tmp_path / "q.onnx").read_bytes())
        assert files[0] == files[1]


# --- what cannot be ---


def graph_with(*layers: Any, shape: tuple[int, ...] = (6, 6, 2), dtype: str = "u8") -> InferenceGraph:
    ends = Flatten(), BinaryDense(2), BatchNorm(), SoftmaxCrossEntropy()
    network = lc.Network("refused", (Input(shape, dtype), *layers, *ends))
    return lc.Trainer(network, "lean", lc.Adam(0.01), 2, threads=1).inference_graph()


CONV = BinaryConv2D(2, padding="valid")
REFUSED = {
    "same": ((CONV, BatchNorm(), Sign(), BinaryConv2D(2), BatchNorm(), Sign()), "binary_conv2d2: FINN pads with 0"),
    "first": ((BinaryConv2D(2), BatchNorm(), Sign()), "binary_conv2d1: FINN takes convolutions without padding"),
    "pool": ((CONV, BatchNorm(), Sign(), MaxPool2D(3, 2, "same")), "max_pool2d1: FINN pads with 0"),
    "real": ((Conv2D(2), BatchNorm(), Sign()), "conv2d1: FINN takes binary weights"),
    "relu": ((CONV, BatchNorm(), ReLU(), Sign()), "batch_norm1: FINN takes norms that signs follow"),
    "residual": ((CONV, BatchNorm(), Residual((ReLU(),)), Sign()), "batch_norm1: FINN takes norms that signs follow"),
}


def refused(graph: InferenceGraph, folder: Path, finn: bool = True) -> str:
    with pytest.raises(SpecError) as error:
        (export_finn if finn else export_qonnx)(graph, folder / "out.onnx", "net")
    assert not list(folder.iterdir()) and "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", REFUSED)
def test_what_finn_cannot_have_is_refused_with_the_mend(name: str, tmp_path: Path) -> None:
    layers, message = REFUSED[name]
    found = refused(graph_with(*layers), tmp_path)
    assert found.startswith(message) and "export as qonnx without finn, or as onnx" in found


def test_finn_takes_bytes_of_vectors_and_images(tmp_path: Path) -> None:
    assert "FINN takes bytes, this network f32; train it on u8" in refused(graph_with(dtype="f32"), tmp_path)
    assert "not examples of shape (4, 3)" in refused(graph_with(shape=(4, 3)), tmp_path)


@pytest.mark.parametrize(("finn", "message"), [(False, "w1: ONNX has no form for a wavelet"), (True, "in: FINN takes")])
def test_a_kind_that_is_not_known_is_refused(finn: bool, message: str, tmp_path: Path) -> None:
    graph = graph_of(Wavelet("w1", (), (CHANNELS,), "floats"), shape=(CHANNELS,))
    assert refused(graph, tmp_path, finn).startswith(message)


def test_a_kind_that_is_not_known_to_finn_is_refused_by_name(tmp_path: Path) -> None:
    graph = small("mlp")
    nodes = (graph.nodes[0], Wavelet("w1", (graph.nodes[0].name,), (3,), "floats"), *graph.nodes[1:])
    found = refused(InferenceGraph("wavelets", nodes, graph.classes), tmp_path)
    assert found == "w1: FINN has no form for a wavelet; replace the layer"


def test_without_onnx_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = valid()
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert refused(graph, tmp_path).endswith("pip install 'linocut[onnx]'")
