"""q10_circulant: y = sat(product(x) + bias) with block-circulant weights in Q5.10, row by row.

N outputs are the first of O blocks of k; `spectra` has what was transformed, packed (q10_transform.py).
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.q10 import saturated
from linocut.ops.q10_lstm import BLOCK, INPUTS, MOST_WIDE
from linocut.ops.q10_transform import MOST_POINT, heard, product
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(
    *, x: View, weights: View, bias: View | None, spectra: View, y: View, point: float, inverse: float
) -> None:
    """X (R, I), weights (O, J, K) packed spectra, bias (1, N) -> y (R, N)."""
    packed = weights.image()
    found = heard(x.data.astype(np.int64), packed.shape[-1], all_inverse=bool(inverse))
    sums = product(packed, found, int(point), all_inverse=bool(inverse)).reshape(len(x.data), -1)[:, : y.cols]
    spectra.data[...] = found.reshape(spectra.data.shape)
    y.store(saturated(sums if bias is None else sums + bias.data.astype(np.int64)))


OP = Op(
    "q10_circulant",
    101,
    "<x:i16[R,I] <weights:i16[O,J,K] <bias?:i16[1,N] >spectra:i16[R,J,K] >y:i16[R,N]; point inverse",
    reference,
    (
        Rule(
            f"whole(point) and 0 <= point <= {MOST_POINT}",
            f"point is {{point}}, must be a whole number from 0 to {MOST_POINT}",
        ),
        BLOCK,
        Rule(f"J <= {MOST_WIDE}", f"{{J}} blocks are summed, at most {MOST_WIDE:,}; use larger blocks"),
        INPUTS,
        Rule("(O - 1) * K < N <= O * K", "{N} outputs are not {O} blocks of {K}; take whole blocks, the last cut"),
    ),
    Amount("2 * R * O * J * K"),
    workspace="5 + J * K / 256",
)
