"""file: a TfliteModel as the bytes of a file, by the schema of TFLite (version 3).

Constants begin at multiples of 16 bytes, as runtimes map the file and read them where they lie. Source: schema.fbs of
TensorFlow Lite, in the classes of the package tflite.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import linocut
from linocut.export.packages import package
from linocut.export.tflite.model import Operator, Tensor, TfliteModel

VERSION, IDENTIFIER = 3, b"TFL3"
ALIGNMENT = 16
OLD_CODES = 127  # the largest that the older field for the code of an operator holds
OPTIONS = {
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "DIV": "DivOptions",
    "CAST": "CastOptions",
    "PAD": "PadOptions",
    "PADV2": "PadV2Options",
    "SLICE": "SliceOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "RESHAPE": "ReshapeOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "BUCKETIZE": "BucketizeOptions",
}  # operators that are not here have none


def file_of(model: TfliteModel, given: str, found: Sequence[str], about: Iterable[tuple[str, str]]) -> bytes:
    """The file of a model that reads the tensor `given` and gives those in `found`; `about` becomes its metadata.

    SpecError without the packages tflite and flatbuffers.
    """
    return _Writer(model).file(given, found, about)


def _needed(name: str) -> Any:
    return package(name, "a TFLite model", "tflite")


class _Writer:
    """Writes tables from the innermost on, as flatbuffers want it; `tables` makes them, `builder` holds their bytes."""

    def __init__(self, model: TfliteModel) -> None:
        self.tables, flatbuffers = _needed("tflite"), _needed("flatbuffers")
        self.flexible = _needed("flatbuffers.flexbuffers")
        self.model = model
        self.builder = flatbuffers.Builder(model.nbytes + 2**16)
        self.buffers: list[int] = [self._table("Buffer")]  # the first is that of tensors without data
        self.numbers = {name: number for number, name in enumerate(model.tensors)}
        self.codes = list(dict.fromkeys((operator.kind, operator.custom) for operator in model.operators))

    def file(self, given: str, found: Sequence[str], about: Iterable[tuple[str, str]]) -> bytes:
        """All of it."""
        notes = [self._note(key, text) for key, text in about]
        tensors = [self._tensor(name, tensor) for name, tensor in self.model.tensors.items()]
        operators = [self._operator(operator) for operator in self.model.operators]
        graph = self._table(
            "SubGraph",
            Tensors=self._offsets(tensors),
            Inputs=self._integers([self.numbers[given]]),
            Outputs=self._integers([self.numbers[name] for name in found]),
            Operators=self._offsets(operators),
            Name=self._text(self.model.name),
        )
        codes = [self._code(*code) for code in self.codes]
        root = self._table(
            "Model",
            Version=VERSION,
            OperatorCodes=self._offsets(codes),
            Subgraphs=self._offsets([graph]),
            Description=self._text(f"{self.model.name}, by linocut {linocut.__version__}"),
            Buffers=self._offsets(self.buffers),
            Metadata=self._offsets(notes),
        )
        self.builder.Finish(root, IDENTIFIER)
        return bytes(self.builder.Output())

    # --- parts ---

    def _tensor(self, name: str, tensor: Tensor) -> int:
        return self._table(
            "Tensor",
            Shape=self._integers(tensor.shape),
            Type=getattr(self.tables.TensorType, tensor.dtype),
            Buffer=0 if tensor.data is None else self._buffer(tensor.data.tobytes()),
            Name=self._text(name),
        )

    def _operator(self, operator: Operator) -> int:
        inputs = [-1 if name is None else self.numbers[name] for name in operator.inputs]
        fields: dict[str, Any] = {
            "OpcodeIndex": self.codes.index((operator.kind, operator.custom)),
            "Inputs": self._integers(inputs),
            "Outputs": self._integers([self.numbers[operator.output]]),
        }
        if operator.custom:
            options = self.flexible.Dumps(operator.settings) if operator.settings else b""
            fields["CustomOptions"] = self._bytes(bytes(options))
        elif operator.kind in OPTIONS:
            table = OPTIONS[operator.kind]
            fields["BuiltinOptionsType"] = getattr(self.tables.BuiltinOptions, table)
            fields["BuiltinOptions"] = self._table(
                table, **{key: self._field(v) for key, v in operator.settings.items()}
            )
        return self._table("Operator", **fields)

    def _field(self, value: Any) -> Any:
        """A setting; an array becomes a vector."""
        return self.builder.CreateNumpyVector(value) if isinstance(value, np.ndarray) else value

    def _code(self, kind: str, custom: bool) -> int:
        """Older runtimes read the older field of one byte, newer ones the larger of both."""
        code = getattr(self.tables.BuiltinOperator, "CUSTOM" if custom else kind)
        named = {"CustomCode": self._text(kind)} if custom else {}
        return self._table(
            "OperatorCode", DeprecatedBuiltinCode=min(code, OLD_CODES), BuiltinCode=code, Version=1, **named
        )

    def _note(self, key: str, text: str) -> int:
        return self._table("Metadata", Name=self._text(key), Buffer=self._buffer(text.encode()))

    def _buffer(self, data: bytes) -> int:
        """The number of a buffer of its own."""
        self.buffers.append(self._table("Buffer", Data=self._bytes(data)))
        return len(self.buffers) - 1

    # --- what flatbuffers are made of ---

    def _table(self, kind: str, **fields: Any) -> int:
        getattr(self.tables, f"{kind}Start")(self.builder)
        for key, value in fields.items():
            getattr(self.tables, f"{kind}Add{key}")(self.builder, value)
        return int(getattr(self.tables, f"{kind}End")(self.builder))

    def _text(self, text: str) -> int:
        return int(self.builder.CreateString(text))

    def _integers(self, values: Sequence[int]) -> int:
        return int(self.builder.CreateNumpyVector(np.array(values, np.int32)))

    def _offsets(self, offsets: Sequence[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def _bytes(self, data: bytes) -> int:
        """Aligned, which flatbuffers have no call for: room is made, and then filled."""
        self.builder.StartVector(1, len(data), ALIGNMENT)
        self.builder.head = begin = self.builder.Head() - len(data)
        self.builder.Bytes[begin : begin + len(data)] = data
        return int(self.builder.EndVector())
