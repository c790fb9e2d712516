"""spectral_pool and its gradient: y = L x R^T of images of complex numbers, L and R matrices of complex numbers.

Low frequencies alone, as spectral pooling keeps them, are such a product (layers/spectral_pool.py). In f32: for each
output row the sum over the image's rows, then the sum over its columns, one after the other: the same bits everywhere.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

MOST = 512  # pixels of a side: a row of them, of 64 channels, is kept while it is summed


def forward(*, x: View, rows: View, columns: View, y: View) -> None:
    """X (B, H, W, C), [re | im]; rows (2, I, H) and columns (2, J, W), real parts first -> y (B, I, J, C)."""
    left, right = _matrix(rows), _matrix(columns)
    y.store(_product(x, left, right).reshape(-1, y.cols))


def backward(*, dy: View, rows: View, columns: View, dx: View) -> None:
    """Dy (B, I, J, C) -> dx (B, H, W, C): the same with the conjugates of both matrices, transposed."""
    left, right = _adjoint(_matrix(rows)), _adjoint(_matrix(columns))
    dx.store(_product(dy, left, right).reshape(-1, dx.cols))


def _matrix(view: View) -> tuple[Array, Array]:
    real, imaginary = view.values().astype(np.float32)
    return real, imaginary


def _adjoint(matrix: tuple[Array, Array]) -> tuple[Array, Array]:
    real, imaginary = matrix
    return real.T, -imaginary.T


def _product(x: View, left: tuple[Array, Array], right: tuple[Array, Array]) -> Array:
    real, imaginary = np.split(x.values().astype(np.float32), 2, axis=-1)
    with np.errstate(over="ignore", invalid="ignore"):
        along = _sum(left, (np.moveaxis(real, 1, 0), np.moveaxis(imaginary, 1, 0)))  # (I, B, W, D)
        found = _sum(right, (np.moveaxis(along[0], 2, 0), np.moveaxis(along[1], 2, 0)))  # (J, I, B, D)
    return np.concatenate([part.transpose(2, 1, 0, 3) for part in found], axis=-1)


def _sum(matrix: tuple[Array, Array], x: tuple[Array, Array]) -> tuple[Array, Array]:
    """Matrix (n, m), x (m, ...) -> (n, ...), a term after the other."""
    shape = (len(matrix[0]), *x[0].shape[1:])
    real, imaginary = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for k in range(len(x[0])):
        a, b = (part[:, k].reshape(-1, *[1] * (len(shape) - 1)) for part in matrix)
        real += a * x[0][k] - b * x[1][k]
        imaginary += a * x[1][k] + b * x[0][k]
    return real, imaginary


_LIMITS = (
    Rule("C % 2 == 0", "{C} channels are no pairs of real and imaginary parts; take an even number"),
    Rule(f"W <= {MOST} and J <= {MOST}", f"a side has {{W}} pixels, must have {MOST} or fewer"),
)
FORWARD = Op(
    "spectral_pool",
    117,
    "<x:f16|f32[B,H,W,C] <rows:f32[2,I,H] <columns:f32[2,J,W] >y:f16|f32[B,I,J,C]",
    forward,
    _LIMITS,
    Amount("2 * B * I * W * C * (H + J)", (("float", "1"),)),
    workspace="W / 2",
)
BACKWARD = Op(
    "spectral_pool_gradient",
    118,
    "<dy:f16|f32[B,I,J,C] <rows:f32[2,I,H] <columns:f32[2,J,W] >dx:f16|f32[B,H,W,C]",
    backward,
    _LIMITS,
    Amount("2 * B * H * J * C * (I + W)", (("float", "1"),)),
    workspace="J / 2",
)
OPS = (FORWARD, BACKWARD)
