"""Files of TFLite models as the package tflite reads them, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import CHANNELS, Wavelet, branched, graph_of, small

import linocut as lc
from linocut.errors import SpecError
from linocut.export.exact import EXACT
from linocut.export.tflite.exporter import export_tflite
from linocut.export.tflite.layout import as_image
from linocut.graph.inference import (
    FLOATS,
    INTEGERS,
    SIGNS,
    BinaryProduct,
    InferenceGraph,
    InputCoding,
    Logits,
    RealProduct,
)
from linocut.ops.bits import unpack
from linocut.run.predict import Predictor

tflite = pytest.importorskip("tflite", reason="pip install 'linocut[tflite]' to run these")
flexbuffers = pytest.importorskip("flatbuffers.flexbuffers")

NUMPY_TYPES = {0: np.float32, 2: np.int32, 3: np.uint8}


class File:
    """A model file, taken apart."""

    def __init__(self, data: bytes) -> None:
        self.data, self.model = data, tflite.Model.GetRootAs(data)
        assert self.model.SubgraphsLength() == 1
        self.graph = self.model.Subgraphs(0)
        found = [self.graph.Tensors(number) for number in range(self.graph.TensorsLength())]
        self.tensors = {tensor.Name().decode(): tensor for tensor in found}
        self.names = list(self.tensors)
        assert len(self.tensors) == len(found)

    def values(self, name: str) -> Any:
        """A constant."""
        tensor = self.tensors[name]
        data = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        return data.view(NUMPY_TYPES[tensor.Type()]).reshape(tensor.ShapeAsNumpy())

    def operators(self) -> list[tuple[str, Any]]:
        """(name, operator) of each."""
        return [
            (self.name(op.OpcodeIndex()), op) for op in map(self.graph.Operators, range(self.graph.OperatorsLength()))
        ]

    def name(self, code: int) -> str:
        found = self.model.OperatorCodes(code)
        return found.CustomCode().decode() if found.CustomCode() else str(found.BuiltinCode())

    def about(self) -> dict[str, str]:
        notes = map(self.model.Metadata, range(self.model.MetadataLength()))
        return {
            note.Name().decode(): self.model.Buffers(note.Buffer()).DataAsNumpy().tobytes().decode() for note in notes
        }


def exported(graph: InferenceGraph, folder: Path, **how: str) -> File:
    path = folder / "net.tflite"
    path.unlink(missing_ok=True)
    export_tflite(graph, path, **{"name": "net", **how})
    return File(path.read_bytes())


def test_a_model_says_what_it_takes_and_gives(tmp_path: Path) -> None:
    graph = small("cnv")
    file = exported(graph, tmp_path)
    assert tflite.Model.ModelBufferHasIdentifier(file.data, 0) and file.model.Version() == 3
    (given,), (found,) = file.graph.InputsAsNumpy(), file.graph.OutputsAsNumpy()
    assert (file.names[given], file.names[found]) == ("image", "logits")
    image, logits = file.tensors["image"], file.tensors["logits"]
    assert image.ShapeAsNumpy().tolist() == [1, 32, 32, 3] and image.Type() == tflite.TensorType.UINT8
    assert logits.ShapeAsNumpy().tolist() == [1, 10] and logits.Type() == tflite.TensorType.FLOAT32
    about = file.about()
    assert about["linocut.version"] == lc.__version__ and about["linocut.classes"] == "10"
    assert json.loads(about["linocut.layers"]) == [node.name for node in graph.nodes]
    assert len(about["linocut.tensors_sha256"]) == 64
    assert file.model.Description().decode() == f"net, by linocut {lc.__version__}" and file.graph.Name() == b"net"


@pytest.mark.parametrize("name", ["binarynet", "cell", "sequence"])
def test_tensors_have_the_shapes_of_their_nodes(name: str, tmp_path: Path) -> None:
    graph = small(name) if name == "binarynet" else branched(name)
    file = exported(graph, tmp_path)
    count = 0
    for node in graph.nodes:
        if node.name in file.tensors and not isinstance(node, Logits):
            shape, kind = list(as_image(node.shape)), tflite.TensorType.FLOAT32
            if node.gives == SIGNS:
                shape[-1], kind = -(-shape[-1] // 32), tflite.TensorType.INT32
            elif node.gives == "bytes":
                kind = tflite.TensorType.UINT8
            tensor = file.tensors[node.name]
            assert tensor.ShapeAsNumpy().tolist() == shape and tensor.Type() == kind, node.name
            count += 1
    assert count > len(graph.nodes) // 2


@pytest.mark.parametrize("name", ["mlp", "bireal18"])
def test_constants_are_aligned_and_nothing_else_has_data(name: str, tmp_path: Path) -> None:
    file = exported(small(name), tmp_path)
    assert file.model.Buffers(0).DataLength() == 0
    given = {output for _, op in file.operators() for output in op.OutputsAsNumpy().tolist()}
    for number, tensor in enumerate(file.tensors.values()):
        buffer = file.model.Buffers(tensor.Buffer())
        made = number in given or number in file.graph.InputsAsNumpy()
        assert (tensor.Buffer() == 0) == made
        if not made:
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0
            size = np.dtype(NUMPY_TYPES[tensor.Type()]).itemsize
            assert buffer.DataLength() == tensor.ShapeAsNumpy().prod() * size


def test_operators_read_what_is_there_and_have_both_codes(tmp_path: Path) -> None:
    file = exported(branched("sequence"), tmp_path)
    known = {number for number, tensor in enumerate(file.tensors.values()) if tensor.Buffer()} | {0}
    assert file.names[0] == "image"
    for _, op in file.operators():
        assert set(op.InputsAsNumpy().tolist()) - {-1} <= known
        known |= set(op.OutputsAsNumpy().tolist())
    for number in range(file.model.OperatorCodesLength()):
        code = file.model.OperatorCodes(number)
        assert code.DeprecatedBuiltinCode() == min(code.BuiltinCode(), 127) and code.Version() == 1
        assert (code.BuiltinCode() == tflite.BuiltinOperator.CUSTOM) == (code.CustomCode() is not None)
    names = {name for name, _ in file.operators()}
    assert {"LceQuantize", "LceBconv2d", str(tflite.BuiltinOperator.BUCKETIZE)} <= names


def test_a_product_of_signs_is_bits_of_weights_and_thresholds(tmp_path: Path) -> None:
    """Bit 1 is -1, spare bits are 0; of n inputs at most (n - least) / 2 may differ."""
    graph = small("cnv")
    file = exported(graph, tmp_path)
    sign = graph.by_name["sign3"]
    product = graph.by_name[sign.inputs[0]]
    assert isinstance(product, BinaryProduct) and product.window is not None
    (op,) = [op for _, op in file.operators() if file.names[op.Outputs(0)] == "sign3"]
    names = [None if number < 0 else file.names[number] for number in op.InputsAsNumpy()]
    assert names == [
        product.inputs[0],
        f"{product.name}.weights",
        None,
        None,
        "sign3.most",
    ]
    options = flexbuffers.Loads(op.CustomOptionsAsNumpy().tobytes())
    assert options["channels_in"] == product.depth and options["padding"] == 1 and options["stride_width"] == 1
    words = file.values(f"{product.name}.weights")
    bits = np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little")
    assert np.array_equal(bits[..., : product.depth] == 0, unpack(product.weights, product.depth))
    assert not bits[..., product.depth :].any()
    terms = product.depth * 9
    assert np.array_equal(file.values("sign3.most"), (terms - sign.arrays()["least"].astype(int)) // 2)


def test_weights_of_bytes_are_bits_or_floats(tmp_path: Path) -> None:
    graph = small("mlp")
    bits, floats = (len(exported(graph, tmp_path, weights=weights).data) for weights in ("bits", "float"))
    count = 63 * 256
    assert graph.nbytes < bits < graph.nbytes + 10_000 and 0 <= count * 4 - count / 8 - (floats - bits) < 1000


def test_the_same_graph_is_the_same_file_and_another_is_not(tmp_path: Path) -> None:
    graph = branched("cell")
    assert exported(graph, tmp_path).data == exported(graph, tmp_path).data
    other = Predictor(graph)
    name = next(name for name in other.state if name.endswith("least"))
    other.state[name] = other.state[name] + 1
    assert exported(other.graph, tmp_path).data != exported(graph, tmp_path).data


# --- what cannot be ---


def refused(graph: InferenceGraph, folder: Path, **how: str) -> str:
    """The message; nothing is written."""
    with pytest.raises(SpecError) as error:
        export_tflite(graph, folder / "out.tflite", **{"name": "net", **how})
    assert not list(folder.iterdir()) and "\n" not in str(error.value)
    return str(error.value)


def test_levels_are_refused(tmp_path: Path) -> None:
    message = refused(branched("levels"), tmp_path)
    assert message.startswith("quantise1: Larq Compute Engine multiplies signs, no levels of several bits")


def test_a_kind_that_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    graph = graph_of(Wavelet("w1", (), (CHANNELS,), FLOATS), shape=(CHANNELS,))
    assert refused(graph, tmp_path) == "w1: TFLite has no form for a wavelet; replace the layer"


@pytest.mark.parametrize(("gives", "most"), [("bytes", 65_793), ("signs", EXACT - 1)])
def test_sums_beyond_what_floats_hold_are_refused(gives: str, most: int, tmp_path: Path) -> None:
    none = np.zeros((1, 1), np.uint64)
    coded = InputCoding("in", (), (most + 1,), gives, "u8", -1.0, 1.0, False)
    made: Any = RealProduct("y", ("in",), (1,), INTEGERS, most + 1, None, True, none)
    if gives == "signs":
        made = BinaryProduct("y", ("in",), (1,), INTEGERS, most + 1, None, none)
    graph = InferenceGraph("wide", (coded, made, Logits("end", ("y",), (1,), FLOATS, "identity")), 0)
    message = f"y sums {most + 1:,} inputs, TFLite's 32-bit floats are exact up to {most:,}; make the layer narrower"
    assert message in refused(graph, tmp_path)


def test_unknown_forms_of_weights_and_names_are_refused(tmp_path: Path) -> None:
    graph = branched("one")
    assert "form of weights is called 'int8'; there are bits, float" in refused(graph, tmp_path, weights="int8")
    for name in ("", "a\nb"):
        assert "must be a text on one line" in refused(graph, tmp_path, name=name)


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_text("mine")
    with pytest.raises(SpecError, match=r"m\.tflite exists already; give --force"):
        lc.export(branched("one"), "tflite", out=path)
    assert path.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
    lc.export(branched("one"), "tflite", out=path, name="net", force=True)
    assert path.read_bytes() == exported(branched("one"), tmp_path).data


@pytest.mark.parametrize("missing", ["tflite", "flatbuffers"])
def test_without_its_packages_the_extra_is_named(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = branched("one")
    monkeypatch.setitem(sys.modules, missing, None)
    message = f"a TFLite model needs {missing}, which is not installed: pip install 'linocut[tflite]'"
    assert refused(graph, tmp_path) == message


def test_models_too_large_for_a_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linocut.export.tflite.model.MOST_BYTES", 1_000)
    assert "TFLite has 1,000 at most; export with weights 'bits'" in refused(branched("cell"), tmp_path)


def test_its_packages_are_not_loaded_before_they_are_needed() -> None:
    code = "import sys, linocut.export.tflite.exporter; sys.exit(bool({'tflite', 'flatbuffers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
