"""Layer: a binary layer as the engine runs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linocut.graph.inference import SUM
from linocut.graph.sign_tests import SignTest
from linocut.ops.bits import Array

ONE_PIXEL = (1, 1)


@dataclass(frozen=True, eq=False)
class Stream:
    """What a layer does to the stream of a residual network: its normed sums are added to it, or begin it anew.

    The norm is slopes[..., 0] re + slopes[..., 1] im + shift, float64 (parts, channels, 2) and (parts, channels), of
    sums that are halved where they are complex. `adds`: to what is there; `first`: to what the host gave. `value` is
    the name of the sum in the graph, "" of one that another layer adds to.
    """

    slopes: Array
    shift: Array
    adds: bool
    first: bool
    value: str


@dataclass(frozen=True, eq=False)
class Layer:
    """A product of signs, the pool behind it if there is one, and the test that makes signs of its sums.

    `image` (height, width) has `inputs` channels, `given` is what the layer gives, of `outputs` channels; they are
    complex ones where there are two parts. `weights` are booleans (outputs, rows, columns, parts, inputs), `kept`
    booleans (outputs, rows, columns, inputs) says which of them are not pruned, None: all. `sums` and `signs` are the
    names of these values in the graph, `reads` that of the signs that it reads. Signs are those of the test, or of the
    stream where there is one; without signs and stream, sums go to the host. `buffers` of signs are that which it reads
    and that which it writes: 0 is the host's, or none.
    """

    name: str
    reads: str
    image: tuple[int, int]
    given: tuple[int, int]
    inputs: int
    outputs: int
    parts: int
    stride: int
    pads: tuple[int, int]
    pool: tuple[int, int]
    pool_stride: int
    pool_function: str
    weights: Array
    kept: Array | None
    sums: str
    signs: str
    test: SignTest | None
    stream: Stream | None = None
    buffers: tuple[int, int] = (0, 0)

    @property
    def taps(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        rows, columns = self.weights.shape[1:3]
        return int(rows), int(columns)

    @property
    def pixels(self) -> int:
        """That it gives."""
        return self.given[0] * self.given[1]

    @property
    def windows(self) -> int:
        """Places of the kernel for each pixel that it gives: those of the pool."""
        return self.pool[0] * self.pool[1]

    @property
    def products(self) -> int:
        """Products of a frame, complex ones where there are two parts, of weights that are kept; padding counted."""
        kept = self.weights[:, :, :, 0].size if self.kept is None else int(np.count_nonzero(self.kept))
        return self.pixels * self.windows * kept

    @property
    def largest(self) -> int:
        """No sum of one part, complex ones halved, is larger than this."""
        times = self.windows if self.pool_function == SUM else 1
        return self.inputs * self.taps[0] * self.taps[1] * times
