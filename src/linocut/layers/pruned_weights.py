"""Binary weights of which some are pruned: 0, where others are -1 or +1.

What is pruned are bits beside the weights, 1 where one is: data that change while the program stays. Products go
through lists of the words that keep something (ops/keep_words.py), made of signs and bits whenever they are needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.shape import Shape
from linocut.layers.values import Bits, Value
from linocut.ops.keep_words import places

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

PARTS = 2  # of complex channels


@dataclass(frozen=True)
class PrunedWeights:
    """What is pruned of a node's weights, (outputs, rows, columns, inputs), in the buffer `pruned`.

    `joined`: the lanes that any output keeps are joined to words; else each word of inputs is by itself. Inputs are of
    so many equal `parts`, 2 of complex numbers.
    """

    name: str
    pruned: int
    joined: bool
    parts: int

    @classmethod
    def of(cls, builder: Lowering, name: str, value: Value, shape: Shape, parts: int = 1) -> PrunedWeights | None:
        """Those of a node that is pruned, None of another; `shape` is (outputs, [rows, columns,] inputs)."""
        if not isinstance(value, Bits) or name not in builder.pruned:
            return None
        as_images = shape if len(shape) > 2 else (shape[0], 1, 1, shape[1])
        return cls(name, builder.mask(name, as_images), builder.pruned[name], parts)

    def multiply(self, builder: Lowering, x: int, rows: int, y: int, attributes: dict[str, float]) -> None:
        """Emit the product of images of bits with rows of signs, several of which may be of one output."""
        outputs, *window = builder.shape(rows)
        words = outputs * places((outputs, *window), self.parts, self.joined)

        def made(what: str, shape: Shape, form: str) -> int:
            return builder.transient(f"{self.name}.{what}", roles.W_SIGN, shape, form)

        lists = {
            "ends": made("ends", (outputs,), "i32"),
            "places": made("places", (words,), "i32"),
            "signs": made("kept_signs", (words, 64), "bit"),
            "lanes": made("lanes", (words, 64), "bit"),
            "kept": made("kept", tuple(window), "bit"),
        }
        how = {"parts": float(self.parts), "packed": float(self.joined)}
        builder.emit("keep_words", {"weights": rows, "pruned": self.pruned, **lists}, how)
        moves = {part: attributes[part] for part in ("stride", "pad_top", "pad_left")}
        builder.emit("pruned_conv2d", {"x": x, "y": y, **lists}, {**moves, **how})


def as_pixels(builder: Lowering, name: str, buffer: int) -> int:
    """Vectors, or rows of weights, as images of one pixel."""
    shape = builder.shape(buffer)
    return builder.view(buffer, f"{name}.pixels", (math.prod(shape[:-1]), 1, 1, shape[-1]))


PIXELS = {"stride": 1.0, "pad_top": 0.0, "pad_left": 0.0, "exact": 0.0}
