"""complex_map: a real 2 x 2 matrix for each complex channel, and complex_map_sums, its gradient.

What `gains` (G, D) say of the matrix [[rr, ri], [ir, ii]], by their rows: 1: a real factor, [[a, 0], [0, a]]; 2: a
complex one, [[a, -b], [b, a]]; 3: a symmetric matrix, [[a, b], [b, c]]; 4: rr, ri, ir, ii. In f32, a product after the
other, each rounded: the same bits on every machine.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import limits
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.norm import in_parts
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

QUANTITIES = 4  # sums of products of parts: rr, ri, ir, ii


def matrix(gains: Array, factor: float) -> tuple[Array, Array, Array, Array]:
    """Gains (G, D), G from 1 to 4 -> rr, ri, ir, ii, each (D,) float32, times the factor."""
    own = gains.astype(np.float32) * np.float32(factor)
    if len(own) == 1:
        return own[0], np.zeros_like(own[0]), np.zeros_like(own[0]), own[0]
    if len(own) == 2:
        return own[0], -own[1], own[1], own[0]
    if len(own) == 3:
        return own[0], own[1], own[1], own[2]
    return own[0], own[1], own[2], own[3]


def forward(*, x: View, gains: View, y: View, factor: float, transposed: float, centre: View | None = None) -> None:
    """X (R, 2 D) -> y: re = rr x_re + ri x_im, im = ir x_re + ii x_im; `transposed` with ri and ir exchanged.

    Where gains have one row, the parts are multiplied by it alone. A centre (1, 2 D) is taken off x before.
    """
    rr, ri, ir, ii = matrix(gains.data, factor)
    if transposed:
        ri, ir = ir, ri
    values = x.data.astype(np.float32)
    real, imaginary = np.split(values if centre is None else values - centre.data[0], 2, axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        if len(gains.data) == 1:
            found = real * rr, imaginary * ii
        else:
            found = real * rr + imaginary * ri, real * ir + imaginary * ii
        y.store(np.hstack(found))


def backward(*, dy: View, x: View, sums: View, work: View, factor: float) -> None:
    """Dy, x (R, 2 D) -> the gradient of `gains` (G, D), times the factor; work (4 parts, D), in float64."""
    g, z = (np.split(view.data.astype(np.float64), 2, axis=1) for view in (dy, x))
    rr, ri, ir, ii = in_parts(work, (g[0] * z[0], g[0] * z[1], g[1] * z[0], g[1] * z[1]))
    forms = {1: (rr + ii,), 2: (rr + ii, ir - ri), 3: (rr, ri + ir, ii), 4: (rr, ri, ir, ii)}
    sums.store(np.stack(forms[len(sums.data)]) * factor)


_OF_ONE = Rule("C == 2 * D and 1 <= G and G <= 4", "gains are {G} x {D} for {C} channels, must be 1 to 4 x {C / 2}")
FORWARD = Op(
    "complex_map",
    112,
    "<x:f16|f32[R,C] <gains:f16|f32[G,D] <centre?:f32[1,C] >y@x:f16|f32[R,C]; factor transposed",
    forward,
    (_OF_ONE,),
    Amount("2 * R * C"),
)
BACKWARD = Op(
    "complex_map_sums",
    113,
    "<dy:f16|f32[R,C] <x:f16|f32[R,C] >sums:f32[G,D] >work:f64[S,D]; factor",
    backward,
    (_OF_ONE, limits.parts(QUANTITIES)),
    Amount("2 * R * C"),
)
OPS = (FORWARD, BACKWARD)
