"""OnnxModel: an ONNX model while nodes are added to it, and the file that it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import linocut
from linocut.errors import SpecError
from linocut.export.packages import package
from linocut.files import replacing
from linocut.ops.bits import Array

OPSET, IR = 17, 8  # IR 8 is the version that came with opset 17: older runtimes read it
MOST_BYTES = 2**31 - 2**20  # a protobuf message has less than 2 GiB; nodes take the rest
BATCH = "N"  # the size of the batch, which a runtime is told by what it is given


def module(name: str) -> Any:
    """A module of onnx's, loaded when a model is exported; SpecError where it is not installed."""
    return package(name, "an ONNX model", "onnx")


@dataclass
class OnnxModel:
    """Nodes and constants in the order in which they are added; tensors are known by their names.

    `domains` are operator sets beside ONNX's own, by name. `batch` is the number of examples, or the name that stands
    for any; where it is fixed all tensors have their shapes in the file, as QONNX's tools want it. `datatypes` are
    QONNX's names of what tensors of floats hold.
    """

    name: str
    domains: Mapping[str, int] = field(default_factory=dict)
    batch: int | str = BATCH
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    described: list[Any] = field(default_factory=list)
    datatypes: dict[str, str] = field(default_factory=dict)
    nbytes: int = 0

    def __post_init__(self) -> None:
        """SpecError without onnx, or for a name that a graph cannot have."""
        self._onnx = module("onnx")
        if not self.name.strip() or not self.name.isprintable():
            raise SpecError(f"the model's name is {self.name!r}, must be a text on one line; give another")

    def constant(self, name: str, values: Array) -> str:
        """Add what never changes; several nodes may ask for one of the same name. SpecError for too much in all."""
        if name not in self.constants:
            self.nbytes += values.nbytes
            if self.nbytes > MOST_BYTES:
                raise SpecError(
                    f"{name} brings the model to {self.nbytes:,} bytes of constants, ONNX has {MOST_BYTES:,} at most; "
                    "export with weights 'table', or a smaller network"
                )
            self.constants[name] = self._onnx.numpy_helper.from_array(values, name)
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator that gives the tensor `output`."""
        self.nodes.append(
            self._onnx.helper.make_node(kind, list(inputs), [output], name=output, domain=domain, **attributes)
        )
        return output

    def described_as(self, name: str, dtype: str, shape: Sequence[int]) -> Any:
        """Type ("uint8", "float32") and shape of a tensor that has so many numbers for each example."""
        return self.sized(name, dtype, (self.batch, *shape))

    def sized(self, name: str, dtype: str, shape: Sequence[int | str]) -> Any:
        """Type and shape of any tensor."""
        helper = self._onnx.helper
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))

    def write(self, path: Path, given: Any, found: Any, about: Iterable[tuple[str, str]]) -> None:
        """Write the model that reads `given` and gives `found`, whole or not at all.

        `about` becomes its metadata. MachineError where the disk will not.
        """
        data = self._model(given, found, about).SerializeToString(deterministic=True)
        with replacing(path) as file:
            file.write(data)

    def _model(self, given: Any, found: Any, about: Iterable[tuple[str, str]]) -> Any:
        helper = self._onnx.helper
        graph = helper.make_graph(
            self.nodes, self.name, [given], [found], [*self.constants.values()], value_info=self.described
        )
        for tensor, datatype in self.datatypes.items():
            annotation = graph.quantization_annotation.add(tensor_name=tensor)
            annotation.quant_parameter_tensor_names.add(key="finn_datatype", value=datatype)
        opsets = [helper.make_opsetid(domain, version) for domain, version in {"": OPSET, **self.domains}.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="linocut")
        model.producer_version = linocut.__version__
        for key, value in about:
            model.metadata_props.add(key=key, value=value)
        return model if self.batch == BATCH else module("onnx.shape_inference").infer_shapes(model)
