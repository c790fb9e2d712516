"""conv2d_input_sums: the sum over all pixels of the dX of a convolution, from dY and weights; dX is never formed.

It is all that is wanted of dX where the input's only parameters are shifts of its channels. A weight meets the dY of
those outputs whose tap sees a pixel: sums over rectangles of outputs, in float64. First over the images (a row of
`work` for each output (i, j)), then over the columns that a tap's column sees (a row for each output row and column of
the window), then over the rows; each in order.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.limits import window
from linocut.ops.norm import total
from linocut.ops.rule import Rule
from linocut.ops.window import along
from linocut.ops.work import Amount


def reference(
    *,
    dy: View,
    weights: View,
    sums: View,
    work: View,
    image_height: float,
    image_width: float,
    stride: float,
    pad_top: float,
    pad_left: float,
) -> None:
    """Dy (B, I, J, N), weights (N, P, Q, C), images of that height and width -> sums (1, C); work (I (J + Q), N)."""
    batch, rows, columns, outputs = dy.shape
    window_rows, window_columns = weights.shape[1:3]
    down = [along(p, int(image_height), rows, int(stride), int(pad_top)) for p in range(window_rows)]
    right = [along(q, int(image_width), columns, int(stride), int(pad_left)) for q in range(window_columns)]
    pixels, across = np.split(work.data, [rows * columns])
    pixels[...] = total(dy.data.reshape(batch, rows * columns, outputs).astype(np.float64))
    by_row = pixels.reshape(rows, columns, outputs)
    of_taps = np.zeros((outputs, window_rows, window_columns))
    for q, seen in enumerate(right):
        some = np.zeros((rows, outputs)) if seen is None else total(by_row[:, seen[0]].transpose(1, 0, 2))
        across[q * rows : (q + 1) * rows] = some
        for p, below in enumerate(down):
            if below is not None:
                of_taps[:, p, q] = total(some[below[0]])
    kernel = weights.values().astype(np.float64)
    products = of_taps[..., None] * kernel
    sums.store(total(products.reshape(-1, kernel.shape[-1]))[None])


OP = Op(
    "conv2d_input_sums",
    80,
    "<dy:f16|f32[B,I,J,N] <weights:f16|f32[N,P,Q,C] >sums:f32[1,C] >work:f64[S,N]; "
    "image_height image_width stride pad_top pad_left",
    reference,
    (
        Rule("S == I * (J + Q)", "work has {S} rows, must be {I * (J + Q)}: one an output, and one a row and column"),
        *window("P", "Q", ("image_height", "image_width")),
    ),
    Amount("B * I * J * N"),
)
