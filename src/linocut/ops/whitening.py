"""Whitening of complex channels: z = V^-1/2 (y - mean), V being the covariance of the two parts plus 1e-4 (Trabelsi et
al., arXiv 1705.09792).

`covariance` finds mean and covariance over the batch; `whitening` the symmetric M = V^-1/2 of each channel, by which
complex_map multiplies; `whitening_gradient` what dY is of dZ and z, dY = M (dZ - mean dZ) + Q z. All that is found for
a channel is in float64, product after product, the same bits on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linocut.ops import limits
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.norm import in_parts
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

EPSILON = 1e-4
STATISTICS = 5  # rows: the mean of the real and the imaginary parts, their variances, and their covariance
QUANTITIES = 5  # sums: of the parts, of their squares, and of their products
GRADIENT_QUANTITIES = 6  # sums: of the parts of dZ, and of their products with those of z: rr, ri, ir, ii


def covariance(*, y: View, stats: View, running: View | None, work: View, momentum: float) -> None:
    """Y (R, 2 D) -> stats (5, D); running <- momentum running + (1 - momentum) stats.

    What is summed are distances from the first row, so that a large mean takes nothing from the variances.
    """
    values = y.data.astype(np.float64)
    base, rows = values[0], np.float64(len(values))
    re, im = np.split(values - base, 2, axis=1)
    sums = in_parts(work, (re, im, re * re, im * im, re * im))
    mean_re, mean_im, *squares = (one / rows for one in sums)
    half = len(mean_re)
    found = [base[:half] + mean_re, base[half:] + mean_im]
    found += [_not_negative(squares[0] - mean_re * mean_re), _not_negative(squares[1] - mean_im * mean_im)]
    stats.store(np.stack([*found, squares[2] - mean_re * mean_im]))
    if running is not None:
        kept = running.data.astype(np.float64) * momentum
        running.store(kept + stats.data.astype(np.float64) * (1.0 - momentum))


def _not_negative(variance: Array) -> Array:
    return np.where(variance < 0.0, 0.0, variance)


def whitening(*, stats: View, matrix: View, mean: View) -> None:
    """Stats (5, D) -> matrix (3, D) [rr, ri, ii] and mean (1, 2 D)."""
    matrix.store(np.stack(inverse_root(stats.data[2:].astype(np.float64))))
    mean.store(stats.data[:2].reshape(1, -1))


def inverse_root(covariances: Array) -> tuple[Array, Array, Array]:
    """Variances and covariance (3, D) -> rr, ri, ii of V^-1/2, by the root of a 2 x 2 matrix.

    Rounding may make the determinant smaller than it can be: 1e-4 times the trace, about.
    """
    a, c, b = covariances[0] + EPSILON, covariances[1] + EPSILON, covariances[2]
    trace, found = a + c, a * c - b * b
    least = EPSILON * trace - EPSILON * EPSILON
    s = np.sqrt(np.where(found < least, least, found))
    by = 1.0 / (s * np.sqrt(trace + 2.0 * s))
    return (c + s) * by, -b * by, (a + s) * by


def gradient(*, dz: View, z: View, matrix: View, gains: View, mean: View, work: View) -> None:
    """dZ, z (R, 2 D), matrix (3, D) -> gains (4, D) [rr, ri, ir, ii], which are Q, and mean dZ (1, 2 D).

    With M = V^-1/2 and B = sum dZ z^T M^-1, made symmetric, K M + M K = B has the solution K = (B + |M| M^-1 B M^-1) /
    (2 tr M), and the gradient of V is -M^2 K M^2: Q = -(2 / R) M^2 K M.
    """
    (g_re, g_im), (z_re, z_im) = (np.split(view.data.astype(np.float64), 2, axis=1) for view in (dz, z))
    rows = np.float64(len(dz.data))
    products = g_re * z_re, g_re * z_im, g_im * z_re, g_im * z_im
    re, im, *of_pairs = in_parts(work, (g_re, g_im, *products))
    rr, ri, ii = matrix.data.astype(np.float64)
    determinant, trace = rr * ii - ri * ri, rr + ii
    m = rr, ri, ri, ii
    inverse = ii / determinant, -ri / determinant, -ri / determinant, rr / determinant
    across = times(of_pairs, inverse)
    middle = 0.5 * (across[1] + across[2])
    b = across[0], middle, middle, across[3]
    turned = times(times(inverse, b), inverse)
    k = [(one + determinant * other) / (2.0 * trace) for one, other in zip(b, turned, strict=True)]
    q = times(times(times(m, m), k), m)
    gains.store(np.stack(q) * (-2.0 / rows))
    mean.store(np.concatenate([re / rows, im / rows])[None])


def times(a: Sequence[Array], b: Sequence[Array]) -> tuple[Array, ...]:
    """A product of matrices [rr, ri, ir, ii] of each channel."""
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
    )


_OF_PAIRS = Rule("C == 2 * D", "{C} channels are not the parts of {D} complex ones, must be {2 * D}")
OPS = (
    Op(
        "covariance",
        130,
        "<y:f16|f32[R,C] >stats:f32[5,D] =running?:f32[5,D] >work:f64[S,D]; momentum",
        covariance,
        (_OF_PAIRS, limits.parts(QUANTITIES)),
        Amount("R * C"),
    ),
    Op("whitening", 131, "<stats:f32[5,D] >matrix:f32[3,D] >mean:f32[1,C]", whitening, (_OF_PAIRS,), Amount("C")),
    Op(
        "whitening_gradient",
        132,
        "<dz:f16|f32[R,C] <z:f16|f32[R,C] <matrix:f32[3,D] >gains:f32[4,D] >mean:f32[1,C] >work:f64[S,D]",
        gradient,
        (_OF_PAIRS, limits.parts(GRADIENT_QUANTITIES)),
        Amount("2 * R * C"),
    ),
)
