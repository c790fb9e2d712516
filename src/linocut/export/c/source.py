"""source: the header and the source file of a network in C."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from linocut.data.coding import Coding
from linocut.export.c import coding
from linocut.export.c.pieces import chosen
from linocut.export.c.steps import IMAGE, WORD_BYTES, Argument, Steps, Value, steps_of
from linocut.export.c.tables import table
from linocut.export.costs import checksum
from linocut.graph.inference import BYTES, InferenceGraph
from linocut.layers.losses.base import IDENTITY, SIGMOID

SLACK = WORD_BYTES - 1  # scratch may begin anywhere: its first whole word is taken
STACK_BYTES = 1024  # at most, of all calls together: 32 sums, 16 choices, and what functions count with


@dataclass(frozen=True)
class Source:
    """An inference graph as C, its functions and files called after `name`; `version` is linocut's.

    With `ranges` of what it reads there is a function that codes it too.
    """

    graph: InferenceGraph
    name: str
    version: str
    ranges: Coding | None = None

    @cached_property
    def steps(self) -> Steps:
        """The calls and constants; SpecError where C cannot say a node."""
        return steps_of(self.graph)

    @property
    def scratch_bytes(self) -> int:
        """What the caller has to give."""
        return self.steps.scratch_bytes + SLACK

    @property
    def flash_bytes(self) -> int:
        """Of all constants, without the code."""
        ranges = 0 if self.ranges is None else coding.BYTES * len(self.ranges.low)
        return sum(one.values.nbytes for one in self.steps.tables) + ranges

    def sizes(self) -> dict[str, int]:
        """What a device has to have, by name."""
        return {"flash_bytes": self.flash_bytes, "scratch_bytes": self.scratch_bytes, "stack_bytes": STACK_BYTES}

    @property
    def element(self) -> str:
        """The C type of an element of an example."""
        return "uint8_t" if self.graph.input.is_bytes else "float"

    @property
    def input_count(self) -> int:
        """Elements of an example."""
        return Value(IMAGE, BYTES, self.graph.input.shape).count

    def macro(self, what: str) -> str:
        """The name of a constant in the header."""
        return f"{self.name.upper()}_{what}"

    @property
    def prototype(self) -> str:
        """The function as it is declared."""
        return f"int {self.name}_predict(const {self.element} *image, void *scratch, float *logits)"

    def header(self) -> str:
        """NAME.h."""
        guard = self.macro("H_INCLUDED")
        size = self.input_count * (1 if self.element == "uint8_t" else 4)
        return _HEADER.format(
            about=self.about(),
            guard=guard,
            macro=self.name.upper(),
            input_bytes=size,
            outputs=self.graph.outputs,
            scratch_bytes=self.scratch_bytes,
            prototype=self.prototype,
            image=self._image(),
            returned=self._returned(),
            code="" if self.ranges is None else f"\n{coding.declared(self.name)}",
        )

    def about(self) -> str:
        """The comment that begins each file."""
        return _ABOUT.format(
            name=re.sub(r"[^\w .-]", "?", self.graph.name, flags=re.ASCII),  # any text, which may not end the comment
            version=self.version,
            flash=self.flash_bytes,
            scratch=self.scratch_bytes,
            stack=STACK_BYTES,
            checksum=checksum(self.graph),
        )

    def code(self) -> str:
        """NAME.c."""
        steps = self.steps
        tables = "\n".join(table(one.kind, one.name, one.values) for one in steps.tables)
        parts = (
            f'{self.about()}\n#include "{self.name}.h"\n',
            _CONTRACT,
            chosen(["word", *(step.function for step in steps.steps)]),
            "\n/* --- constants --- */\n",
            tables,
            "\n".join(steps.structures),
            "\n/* --- the network --- */\n",
            self._predict(),
            *([] if self.ranges is None else [coding.defined(self.name, self.ranges, self.input_count)]),
        )
        return "\n".join(parts) + "\n"

    def _predict(self) -> str:
        lines, before = [f"{self.prototype}\n{{", _ALIGNED], ""
        for step in self.steps.steps:
            note = f"  /* {step.node} */" if step.node != before else ""
            before = step.node
            lines.append(f"    {step.function}({', '.join(map(self._argument, step.arguments))});{note}")
        lines.append(_LOGITS.format(macro=self.name.upper(), value=self._argument(self.steps.logits)))
        lines.append(f"{self._class()}\n}}")
        return "\n".join(lines)

    def _argument(self, one: Argument) -> str:
        if not isinstance(one, Value):
            return str(one)
        if one.buffer == IMAGE:
            return "image"
        place = f"at + {self.steps.offsets[one.buffer] // WORD_BYTES}"
        return f"(uint8_t *)({place})" if one.gives == BYTES else place

    def _class(self) -> str:
        """The class of the outputs, as Predictions.of has it."""
        if self.graph.logits.function == IDENTITY:
            return "    return 0;"
        if self.graph.logits.function == SIGMOID and self.graph.outputs == 1:
            return "    return logits[0] >= 0.0f;"
        return _LIKELIEST.format(macro=self.name.upper())

    def _image(self) -> str:
        given = self.graph.input
        shape = " x ".join(map(str, given.shape))
        if self.element == "uint8_t":
            return f"{shape} bytes, in C order"
        return f"{shape} floats from {given.low:g} to {given.high:g}, in C order"

    def _returned(self) -> str:
        if self.graph.logits.function == IDENTITY:
            return "0: of a regression there are no classes"
        return "the class, from 0"


_ABOUT = """\
/* {name}, exported by linocut {version}.

   Flash: {flash:,} bytes of constants, and some kilobytes of code.
   RAM:   {scratch:,} bytes of scratch memory from the caller, below {stack} bytes of stack.
   Model: sha256 {checksum}

   The logits have the bits of linocut's own where floats are IEEE single precision and the compiler fuses no
   multiplication with an addition: give it -ffp-contract=off.

   SPDX-License-Identifier: Apache-2.0
   This is the licence of the code; the constants are those of the network that was exported. */"""

_HEADER = """\
{about}
#ifndef {guard}
#define {guard}

#include <stdint.h>

#define {macro}_INPUT_BYTES {input_bytes}
#define {macro}_CLASSES {outputs}
#define {macro}_SCRATCH_BYTES {scratch_bytes}

#ifdef __cplusplus
extern "C" {{
#endif

/* Predicts one example, and returns {returned}.
   image:   {image}
   scratch: {macro}_SCRATCH_BYTES bytes, which may begin anywhere and hold anything
   logits:  {macro}_CLASSES floats, written
   The three do not overlap. Nothing else is written: threads may call it at once, each with a scratch of its own. */
{prototype};
{code}
#ifdef __cplusplus
}}
#endif

#endif
"""

_CONTRACT = """\
#if defined(__clang__) || !defined(__GNUC__)
#pragma STDC FP_CONTRACT OFF
#endif
"""

_ALIGNED = """\
    /* The first whole word of the scratch memory. */
    word *at = (word *)(void *)((uint8_t *)scratch + (4u - ((uintptr_t)scratch & 3u)) % 4u);"""

_LOGITS = """\
    {{
        const word *found = {value};
        int32_t n;
        for (n = 0; n < {macro}_CLASSES; ++n) logits[n] = found[n].number;
    }}"""

_LIKELIEST = """\
    {{
        int32_t n, best = 0;
        for (n = 1; n < {macro}_CLASSES; ++n) {{
            if (logits[n] > logits[best]) best = n;
        }}
        return (int)best;
    }}"""
