"""trainer: a program that trains as C99, with the kernels that it uses, for microcontrollers.

The program is tables in flash, its arena the caller's. What the kernels compute is the instruction set "c99" here too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template

import numpy as np

import linocut
from linocut.compile.lower import PREDICT, TRAIN
from linocut.compile.program import Buffer, Program
from linocut.errors import SpecError
from linocut.export.c.program import A_LINE, entries_of, runner, tables_of
from linocut.graph.graph import Graph
from linocut.layers.input import Input
from linocut.ops.bits import Array
from linocut.ops.control import LEARNING_RATE
from linocut.ops.fixed_point import random_bits
from linocut.run.session import METRICS, Session, open_session
from linocut.sizes import show_size

KERNELS = "c99"  # their folder, and their instruction set
STACK_BYTES = 3072  # at most: a kernel of 2 KiB, and what runs it
MOST_ARENA = 1 << 31  # bytes that a device addresses
RUNS_OF_TEST = 3  # steps
TEST_RATE = 0.01
MOST_RANGE = 2.0**16  # of random examples
_HERE = Path(__file__).parent / "templates"
_INCLUDE = re.compile(r'#include "(\w+\.h)"')
_ENTRIES = {"u8": "uint8_t", "f32": "float", "i32": "int32_t"}


@dataclass(frozen=True, eq=False)
class TrainerSource:
    """A training session as C, its functions and files called after `name`, as it is now."""

    session: Session
    graph: Graph
    name: str
    version: str

    @property
    def program(self) -> Program:
        """The program of the session."""
        return self.session.program

    def files(self) -> dict[str, str]:
        """The text of each file, by its path within the folder.

        SpecError where C has no kernel of an instruction, and for an arena that 32 bits do not address.
        """
        if self.program.arena_bytes > MOST_ARENA:
            raise SpecError(
                f"the arena is {show_size(self.program.arena_bytes)}, must be {show_size(MOST_ARENA)} at most for "
                "exported C; use a smaller batch, or micro-batches"
            )
        own = {f"{self.name}.h": "header.h", f"{self.name}.c": "source.c", f"{self.name}_test.c": "test.c"}
        texts = {path: self._filled(template) for path, template in own.items()}
        return texts | {f"{KERNELS}/{file}": text for file, text in self.kernels.items()}

    def sizes(self) -> dict[str, int]:
        """What a device has to have, by name; flash without the code."""
        return {"flash_bytes": self.flash_bytes, "arena_bytes": self.program.arena_bytes, "stack_bytes": STACK_BYTES}

    @cached_property
    def kernels(self) -> dict[str, str]:
        """The files of the kernels that the program uses, and the headers that these include."""
        folder = kernel_folder()
        wanted = [f"{name}.c" for name in self._kernel_names()]
        found: dict[str, str] = {}
        while wanted:
            file = wanted.pop(0)
            if file in found:
                continue
            if not (folder / file).is_file():
                raise SpecError(
                    f"{file.removesuffix('.c')} has no kernel in C99, so that this network cannot be trained by "
                    "exported C; leave out the layers that need it"
                )
            found[file] = _LICENCE + (folder / file).read_text(encoding="utf-8")
            wanted += _INCLUDE.findall(found[file])
        return dict(sorted(found.items()))

    @property
    def flash_bytes(self) -> int:
        """Of all constants."""
        program, operands = self.program, sum(len(one.operands) for one in self.program.instructions)
        attributes = sum(len(one.attributes) for one in program.instructions)
        shapes = sum(len(buffer.shape) for buffer in program.buffers)
        tables = 16 * len(program.buffers) + 16 * len(program.instructions) + 2 * operands + 8 * attributes + 4 * shapes
        return tables + 12 * len(self._pieces) + sum(piece.nbytes for _, piece in self._pieces if piece.any())

    @property
    def _pieces(self) -> list[tuple[Buffer, Array]]:
        """The buffers of the state with their bytes; what training here has counted is not counted there."""
        pieces = [(buffer, self.session.state_bytes(buffer.name)) for buffer in self.program.persistent()]
        return [(buffer, np.zeros_like(data) if buffer.name in METRICS else data) for buffer, data in pieces]

    def _buffer(self, name: str) -> Buffer:
        return self.program.buffer(name)

    @cached_property
    def _micro_batches(self) -> int:
        for one in self.program.instructions:
            named = dict(zip(one.op.signature.attributes, one.attributes, strict=True))
            if one.op.name == "optimizer_tick":
                return int(named["micro_batches"])
        return 1

    @property
    def _runs(self) -> int:
        return RUNS_OF_TEST * self._micro_batches

    def _filled(self, template: str) -> str:
        return Template((_HERE / template).read_text(encoding="utf-8")).substitute(self._values)

    @cached_property
    def _values(self) -> dict[str, object]:
        images, labels = self._buffer("input"), self._buffer("labels")
        spans: dict[str, int] = {}
        for name in (TRAIN, PREDICT):
            section = self.program.section(name)
            spans |= {f"{name}_begin": section.begin, f"{name}_end": section.end}
        by_class = labels.format == "i32"
        low, high = _range_of_test(self.graph.input)
        return {
            **spans,
            "about": self._about(),
            "name": self.name,
            "macro": self.name.upper(),
            "arena_bytes": self.program.arena_bytes,
            "state_bytes": sum(buffer.nbytes for buffer, _ in self._pieces),
            "batch": images.shape[0],
            "micro_batches": self._micro_batches,
            "inputs": math.prod(images.shape[1:]),
            "labels": math.prod(labels.shape[1:]),
            "outputs": self.graph.outputs,
            "element": _ENTRIES[images.format],
            "label": _ENTRIES[labels.format],
            "label_meaning": "a class, from 0; -1: no example"
            if by_class
            else "a target; NaN in the first: no example",
            "unlabelled": "-1" if by_class else "(float)NAN",
            "shape": " x ".join(map(str, images.shape[1:])),
            **{name: self._buffer(name).offset for name in ("control", *METRICS)},
            "images": images.offset,
            "truth": labels.offset,
            "logits": self._buffer(f"{PREDICT}.logits").offset,
            "declarations": "\n".join(f"lino_kernel lino_{name};" for name in self._kernel_names()),
            "run": runner(self.program, self._tables(), "arena + from->offset"),
            "metrics": ", ".join(str(int(buffer.name in METRICS)) for buffer, _ in self._pieces),
            "runs": self._runs,
            "rate": TEST_RATE,
            "expected": self.expected(),
            "random_input": "(uint8_t)(bits >> 24)"
            if images.format == "u8"
            else f"(float)({low!r} + ({high!r} - {low!r}) * ((double)(bits >> 8) / 16777216.0))",
            "random_label": f"(int32_t)(bits % {self.graph.classes}u)" if by_class else "(float)(bits >> 31)",
        }

    def _kernel_names(self) -> list[str]:
        return sorted({one.op.name for one in self.program.instructions})

    def _about(self) -> str:
        return _ABOUT.format(
            name=re.sub(r"[^\w .-]", "?", self.graph.name, flags=re.ASCII),
            version=self.version,
            flash=self.flash_bytes,
            arena=self.program.arena_bytes,
            kibibytes=show_size(self.program.arena_bytes),
            stack=STACK_BYTES,
            kernels=len(self._kernel_names()),
        )

    def _tables(self) -> Iterator[str]:
        yield from tables_of(self.program, lambda _, buffer: f"{buffer.offset}u")
        pieces = []
        for number, (buffer, data) in enumerate(self._pieces):
            begins = "0"
            if data.any():
                begins = f"state_{number}"
                padded = np.pad(np.asarray(data), (0, -len(data) % 4)).view("<u4")
                yield entries_of("uint32_t", begins, [f"0x{word:08x}u" for word in padded.tolist()], A_LINE)
            pieces.append(f"{{{buffer.offset}u, {buffer.nbytes}u, {begins}}}")
        yield entries_of("piece", "pieces", pieces, 1)

    def expected(self) -> str:
        """The state_sha256 that NAME_test.c comes to, found with the same kernels where they are built."""
        session = open_session(self.program, threads=1, isa=_kernel_set())
        for buffer, data in self._pieces:
            session.state_bytes(buffer.name)[...] = data
        session.array("control")[LEARNING_RATE] = TEST_RATE
        images, labels = session.array("input"), session.array("labels")
        for run in range(self._runs):
            images[...] = self._random_inputs(run, images.size).reshape(images.shape)
            bits = random_bits(_numbers(run, labels.size), 1).reshape(labels.shape)
            labels[...] = bits % np.uint32(self.graph.classes) if labels.dtype == np.int32 else bits >> np.uint32(31)
            session.run(TRAIN)
        return session.state_sha256()

    def _random_inputs(self, run: int, count: int) -> Array:
        bits, given = random_bits(_numbers(run, count), 0), self.graph.input
        if self._buffer("input").format == "u8":
            return (bits >> np.uint32(24)).astype(np.uint8)
        share = (bits >> np.uint32(8)).astype(np.float64) / 16777216.0
        low, high = _range_of_test(given)
        return (low + (high - low) * share).astype(np.float32)


def _range_of_test(given: Input) -> tuple[float, float]:
    """What random examples lie between: the range of an input that has one, else -1 and 1, so that sums stay finite."""
    return (given.low, given.high) if given.high - given.low <= MOST_RANGE else (-1.0, 1.0)


def kernel_folder() -> Path:
    """Where the kernels are: in the installed package, or in the sources that it is used from; SpecError if nowhere."""
    places = [Path(path) / KERNELS for path in linocut.__path__]
    places += [Path(path).parents[1] / "native" / KERNELS for path in linocut.__path__]
    for place in places:
        if (place / "c99.h").is_file():
            return place
    raise SpecError(f"the kernels in C99 are not in {places[0]}; install linocut anew")


def _kernel_set() -> str | None:
    """Their instruction set; None for the best, where this build lacks it."""
    from linocut import _native

    return KERNELS if KERNELS in _native.isas() else None


def _numbers(run: int, count: int) -> Array:
    return np.arange(run * count, (run + 1) * count, dtype=np.uint64).astype(np.uint32)


_LICENCE = "/* Of linocut. SPDX-License-Identifier: Apache-2.0 */\n"

_ABOUT = """\
/* {name}, a network in training, exported by linocut {version}.

   Flash: {flash:,} bytes of constants, and the code of {kernels} kernels.
   RAM:   {arena:,} bytes of arena ({kibibytes}), in which all is, and below {stack} bytes of stack.

   The state has the bits that linocut's own instruction set c99 comes to, which under policies in integers are those
   of any, where floats are IEEE and the compiler fuses no multiplication with an addition: give it -ffp-contract=off.

   SPDX-License-Identifier: Apache-2.0
   This is the licence of the code; the constants are those of the network that was exported. */"""
