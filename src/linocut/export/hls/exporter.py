"""export_hls: a recurrent network in 16 bits as C++ for high-level synthesis, in a folder.

NAME.hpp and NAME.cpp are the network, q10.hpp its operators, NAME_main.cpp tries it, or answers what it is given, and
stand_in/ap_int.h takes the place of the vendor's integer types where his tools are not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template

import numpy as np

from linocut import __version__
from linocut.data.form import Form
from linocut.errors import SpecError
from linocut.export.c.tables import identifier
from linocut.export.costs import checksum
from linocut.export.formats import FORMATS
from linocut.export.sixteen import in_sixteen_bits, is_recurrent
from linocut.export.written import write_all
from linocut.graph.inference import InferenceGraph, Q10Add, Q10Coding, Q10Gru, Q10Last, Q10Outputs, Q10Recurrent
from linocut.ops import q10
from linocut.ops import q10_functions as functions
from linocut.ops.bits import Array
from linocut.ops.q10_transform import MOST_BLOCK, twiddles
from linocut.run.predict import Predictor

TEMPLATES = Path(__file__).with_name("templates")
OPERATORS = "q10.hpp"
A_LINE = 16
TEST_FRAMES = 12


def export_hls(graph: InferenceGraph, path: Path, name: str, weights: str, form: Form | None = None) -> dict[str, int]:
    """Write the files into the folder `path`, all or none; gives weight_bytes and buffer_bytes.

    A graph in floats is taken to 16 bits first, its halvings split. SpecError for one that has no such form,
    MachineError where the disk will not.
    """
    if not is_recurrent(graph):
        raise SpecError(f"{graph.name} has no recurrent layers, hls takes recurrent networks of 16 bits; give --to c")
    source = _Source(in_sixteen_bits(graph), name)
    texts = (source.header(), source.code(), source.main(), operators(), (TEMPLATES / "ap_int.h").read_text())
    write_all(dict(zip(FORMATS["hls"].files(path, name), texts, strict=True)))
    return source.sizes()


def operators() -> str:
    """q10.hpp, with its tables."""
    cos, sin = twiddles(MOST_BLOCK)
    tables = {
        "cosines": cos,
        "sines": sin,
        "knots": functions.KNOTS,
        "tanh_slopes": functions.PAPER_TANH[0],
        "tanh_intercepts": functions.PAPER_TANH[1],
        "sigmoid_slopes": functions.PAPER_SIGMOID[0],
        "sigmoid_intercepts": functions.PAPER_SIGMOID[1],
    }
    lines = "\n".join(_table("short", name, values) for name, values in tables.items())
    return Template((TEMPLATES / OPERATORS).read_text()).substitute(tables=lines)


class _Source:
    """A graph in Q5.10 as C++."""

    def __init__(self, graph: InferenceGraph, name: str) -> None:
        self.graph, self.name = graph, name
        self.steps, self.features = graph.input.shape

    def sizes(self) -> dict[str, int]:
        """Bytes of the weights, and of the buffers between layers."""
        layers = [node for node in self.graph.nodes if isinstance(node, (Q10Recurrent, Q10Gru, Q10Add))]
        buffers = sum(2 * node.shape[0] * node.shape[1] for node in layers)
        return {"weight_bytes": self.graph.nbytes, "buffer_bytes": buffers}

    @property
    def _count(self) -> int:
        """Outputs of a sequence."""
        rows = self.steps if len(self.graph.logits.shape) == 2 else 1
        return rows * self.graph.outputs

    def _about(self) -> str:
        return (
            f"// {identifier(self.graph.name)}, exported by linocut {__version__}.\n"
            f"// Model: sha256 {checksum(self.graph)}\n"
            "// SPDX-License-Identifier: Apache-2.0 (of the code; the constants are those of the network)\n"
        )

    def header(self) -> str:
        """NAME.hpp."""
        macro = self.name.upper()
        return (
            f"{self._about()}#ifndef {macro}_HPP\n#define {macro}_HPP\n\n#include <ap_int.h>\n\n"
            f"#define {macro}_STEPS {self.steps}\n#define {macro}_FEATURES {self.features}\n"
            f"#define {macro}_OUTPUTS {self._count}\n\n"
            "// x: `frames` frames of features, up to STEPS, in Q5.10: 1,024 is 1. logits: OUTPUTS such integers; of\n"
            "// networks with outputs for each step those of the frames that there are.\n"
            f"void {self.name}(const ap_int<16> x[{self.steps * self.features}], int frames, "
            f"ap_int<32> logits[{self._count}]);\n\n#endif\n"
        )

    def code(self) -> str:
        """NAME.cpp."""
        return "\n".join([f'{self._about()}#include "{self.name}.hpp"\n\n#include "{OPERATORS}"\n', *self._body(), ""])

    def _body(self) -> Iterator[str]:
        calls: list[str] = []
        values: dict[str, str] = {}
        for node in self.graph.nodes:
            at = identifier(node.name)
            match node:
                case Q10Coding():
                    values[node.name] = "x"
                case Q10Recurrent():
                    yield from self._layer(node, at)
                    call = f"q10::lstm<{at}_shape>({values[node.inputs[0]]}, frames, {at}_weights, {at}_values);"
                    calls += [_buffer(at, node.shape), call]
                    values[node.name] = f"{at}_values"
                case Q10Gru():
                    yield from self._gru(node, at)
                    call = f"q10::gru<{at}_shape>({values[node.inputs[0]]}, frames, {at}_weights, {at}_values);"
                    calls += [_buffer(at, node.shape), call]
                    values[node.name] = f"{at}_values"
                case Q10Last():
                    values[node.name] = f"({values[node.inputs[0]]} + (frames - 1) * {node.shape[0]})"
                case Q10Add():
                    a, b = (values[source] for source in node.inputs)
                    calls += [_buffer(at, node.shape), f"q10::add<{node.shape[1]}>({a}, {b}, frames, {at}_values);"]
                    values[node.name] = f"{at}_values"
                case Q10Outputs():
                    yield _table("q10::number", f"{at}_w", node.weights)
                    yield _table("q10::number", f"{at}_b", node.bias)
                    calls += self._outputs(node, at, values[node.inputs[0]])
        body = "\n".join(f"    {call}" for call in calls)
        yield (
            f"void {self.name}(const ap_int<16> x[{self.steps * self.features}], int frames, "
            f"ap_int<32> logits[{self._count}]) {{\n{body}\n}}"
        )

    def _layer(self, node: Q10Recurrent, at: str) -> Iterator[str]:
        _, ours, into, block = node.input_weights.shape
        settings = (
            self.graph.by_name[node.inputs[0]].shape[1],
            into,
            ours,
            node.shape[1] // block,
            block,
            node.point,
            node.projection_point,
            node.inverse,
            node.projection_inverse,
            node.projection is not None,
            node.peepholes is not None,
            node.paper,
            node.sigmoid,
            node.backwards,
            node.cut,
        )
        yield from _declared(node, at, "Shape", "Weights", settings)

    def _gru(self, node: Q10Gru, at: str) -> Iterator[str]:
        _, ours, into, block = node.input_weights.shape
        inputs = self.graph.by_name[node.inputs[0]].shape[1]
        sizes = inputs, into, ours, block, node.point, node.candidate_point
        yield from _declared(node, at, "GruShape", "GruWeights", (*sizes, node.inverse, node.paper))

    def _outputs(self, node: Q10Outputs, at: str, x: str) -> list[str]:
        outputs, features = node.weights.shape
        tables = f"{at}_w, {at}_b, {node.point}"
        if node.mean:
            return [f"q10::mean<{features}, {outputs}>({x}, frames, {tables}, logits);"]
        if len(node.shape) == 1:
            return [f"q10::dense<{features}, {outputs}>({x}, 1, {tables}, logits);"]
        row = f"q10::dense<{features}, {outputs}>({x} + t * {features}, 1, {tables}, logits + t * {outputs});"
        return [f"for (int t = 0; t < frames; ++t) {row}"]

    def main(self) -> str:
        """NAME_main.cpp: tries a sequence whose outputs linocut has found, or answers what it is given."""
        examples, expected = self._tested()
        tables = {
            "examples": _table("int", "examples", examples),
            "expected": _table("long long", "expected", expected),
            "frames": str(len(examples)),
            "written": self._written(self.name.upper()),
        }
        text = Template((TEMPLATES / "main.cpp").read_text())
        return self._about() + text.substitute(tables, name=self.name, macro=self.name.upper())

    def _tested(self) -> tuple[Array, Array]:
        """A sequence (frames, features) drawn by chance, and its outputs, in Q5.10."""
        frames = min(self.steps, TEST_FRAMES)
        noise = np.random.default_rng(0).standard_normal((frames, self.features))
        given = np.rint(q10.ONE * noise).astype(np.int64)
        example = np.zeros((self.steps, self.features), np.float32)
        example[:frames] = given / np.float32(q10.ONE)
        found = Predictor(self.graph, batch_size=1, threads=1)(example)
        by_step = len(self.graph.logits.shape) == 2
        return given, np.rint(q10.ONE * (found[:frames] if by_step else found)).astype(np.int64)

    def _written(self, macro: str) -> str:
        by_step = len(self.graph.logits.shape) == 2
        return f"frames * {self.graph.outputs}" if by_step else f"{macro}_OUTPUTS"


def _declared(node: Q10Recurrent | Q10Gru, at: str, shape: str, weights: str, settings: Sequence[int]) -> Iterator[str]:
    """The tables of a layer, its sizes and flags as template arguments, and its weights."""
    named = ", ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in settings)
    parts = []
    for part in node.tensors:
        array = node.arrays().get(part)
        parts.append("0" if array is None else f"{at}_{part}")
        if array is not None:
            yield _table("q10::number", f"{at}_{part}", array)
    yield f"typedef q10::{shape}<{named}> {at}_shape;"
    yield f"static const q10::{weights} {at}_weights = {{{', '.join(parts)}}};\n"


def _buffer(at: str, shape: tuple[int, ...]) -> str:
    return f"static q10::number {at}_values[{shape[0] * shape[1]}];"


def _table(kind: str, name: str, values: Array) -> str:
    entries = [str(value) for value in values.reshape(-1).tolist()]
    lines = (", ".join(entries[at : at + A_LINE]) for at in range(0, len(entries), A_LINE))
    return f"static const {kind} {name}[{len(entries)}] = {{\n    " + ",\n    ".join(lines) + "};"
