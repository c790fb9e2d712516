"""stream: a recurrent network in 16 bits as C99, frame by frame, with the kernels that it uses in one file.

The program over one frame is tables in flash, its arena the caller's: states, and what instructions work in. Kernels
are those of the instruction set "c99".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

import numpy as np

from linocut import __version__
from linocut.compile.flash import apart
from linocut.compile.inference import INPUT, LOGITS, Prediction, compile_stream
from linocut.compile.program import Buffer
from linocut.compile.recurrent_q10 import FRAMES
from linocut.export.c.program import A_LINE, entries_of, runner, tables_of
from linocut.export.c.trainer import kernel_folder
from linocut.export.costs import checksum
from linocut.export.sixteen import in_sixteen_bits
from linocut.export.written import write_all
from linocut.graph.inference import InferenceGraph
from linocut.ops.bits import Array
from linocut.run.stream import Stream

STACK_BYTES = 3072  # at most: a kernel of 2 KiB, and what runs it
TEST_FRAMES = 12
CONSTANT_OR_ARENA = "from->constant ? (void *)(uintptr_t)from->constant : (void *)(arena + from->offset)"
_HERE = Path(__file__).parent / "templates"
_INCLUDE = re.compile(r'#include "(\w+\.h)"\n')


def export_stream(graph: InferenceGraph, path: Path, name: str) -> dict[str, int]:
    """Write NAME.h, NAME.c and NAME_test.c into the folder `path`, all or none; gives flash_, arena_ and stack_bytes.

    A graph in floats is taken to 16 bits first, its halvings split. SpecError for one without such a form, and for
    layers that go backwards: a device hears frame by frame.
    """
    source = _Source(in_sixteen_bits(graph), name)
    endings = {"_stream.h": ".h", "_stream.c": ".c", "_stream_test.c": "_test.c"}
    write_all({path / f"{name}{ending}": source.filled(template[1:]) for template, ending in endings.items()})
    return source.sizes()


class _Source:
    def __init__(self, graph: InferenceGraph, name: str) -> None:
        self.graph, self.name = graph, name
        self.prediction: Prediction = compile_stream(graph)
        self.program = self.prediction.program
        self.constants = {name: np.ascontiguousarray(make()) for name, make in self.prediction.constants.items()}
        self.memory = apart(self.prediction)
        self.offsets, self.arena_bytes = self.memory.offsets, self.memory.arena_bytes

    def _owner(self, buffer: Buffer, number: int) -> Buffer:
        return self.program.buffers[buffer.owner(number)]

    def sizes(self) -> dict[str, int]:
        """What a device has to have, by name; flash without the code."""
        return {"flash_bytes": self.memory.flash_bytes, "arena_bytes": self.arena_bytes, "stack_bytes": STACK_BYTES}

    def filled(self, template: str) -> str:
        """The text of a file."""
        return Template((_HERE / template).read_text(encoding="utf-8")).substitute(self._values())

    def _values(self) -> dict[str, object]:
        program, macro = self.program, self.name.upper()
        given, logits = program.buffer(INPUT), program.buffer(LOGITS)
        frames = self.offsets[program.index[FRAMES]] if FRAMES in program.index else -1
        states = [n for n, b in enumerate(program.buffers) if b.persistent and n in self.offsets and b.base is None]
        return {
            "name": self.name,
            "macro": macro,
            "version": __version__,
            "model": re.sub(r"[^\w .-]", "?", self.graph.name, flags=re.ASCII),
            "checksum": checksum(self.graph),
            **{key: f"{value:,}" for key, value in self.sizes().items()},
            "arena": self.arena_bytes,
            "features": math.prod(given.shape),
            "outputs": math.prod(logits.shape),
            "kernels": "\n".join(self._kernels()),
            "run": runner(program, self._tables(), CONSTANT_OR_ARENA),
            "input": self.offsets[program.index[INPUT]],
            "logits": self.offsets[program.index[LOGITS]],
            "frames": frames,
            "states": ", ".join(f"{{{self.offsets[n]}u, {program.buffers[n].nbytes}u}}" for n in states),
            "test_frames": TEST_FRAMES,
            "examples": _floats(self._examples()),
            "expected": _floats(self._expected()),
        }

    def _examples(self) -> Array:
        features = self.graph.input.shape[1]
        noise = np.random.default_rng(0).standard_normal((TEST_FRAMES, features))
        return np.rint(1024 * noise).astype(np.float32) / np.float32(1024)

    def _expected(self) -> Array:
        stream = Stream(self.graph)
        return np.stack([stream.push(frame) for frame in self._examples()])

    def _kernels(self) -> Iterator[str]:
        """Headers and kernels, each once, what it includes before it."""
        folder, done = kernel_folder(), set[str]()

        def text(file: str) -> Iterator[str]:
            if file in done:
                return
            done.add(file)
            own = (folder / file).read_text(encoding="utf-8")
            for header in _INCLUDE.findall(own):
                yield from text(header)
            yield _INCLUDE.sub("", own)

        for op in sorted({one.op.name for one in self.program.instructions}):
            yield from (re.sub(r"^void lino_", "static void lino_", part, flags=re.M) for part in text(f"{op}.c"))

    def _tables(self) -> Iterator[str]:
        for number, values in enumerate(self.constants.values()):
            entries = [str(value) for value in values.reshape(-1).tolist()]
            yield entries_of("int16_t", f"constant_{number}", entries, A_LINE)
        yield from tables_of(self.program, self._where)

    def _where(self, number: int, buffer: Buffer) -> str:
        """The constant that a buffer is, or its place in the arena."""
        constant = self._owner(buffer, number).name
        if constant in self.constants:
            return f"constant_{list(self.constants).index(constant)}, 0u"
        return f"0, {self.offsets[number]}u"


def _floats(values: Array) -> str:
    """Multiples of 1/1,024, which a quotient of floats gives exactly."""
    entries = [f"{round(float(value) * 1024)}.0f / 1024.0f" for value in values.reshape(-1)]
    return ",\n    ".join(", ".join(entries[at : at + A_LINE]) for at in range(0, len(entries), A_LINE))
