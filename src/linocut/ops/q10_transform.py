"""Block-circulant products in Q5.10: spectra of weights, transforms that halve, sums, and the way back.

Block (i, j) of a matrix is the k numbers w of its first column: W[i k + r, j k + c] = w[(r - c) mod k]; k is a power of
two. Bins 0 to k/2 of a spectrum take k integers, `[re 0, re k/2, re 1, im 1, re 2, im 2, ...]`; for k = 1 it is w.

Transforms are radix 2, decimation in frequency, saturated after every stage; log2 k stages of a product's two
transforms halve, which is the 1/k of the inverse: forward the odd ones and inverse the even ones ("split"), or all of
the inverse's. Source: arXiv 1803.06305, whose authors' simulator also halves the weights, which is a fault.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linocut.errors import SpecError
from linocut.ops.bits import Array
from linocut.ops.q10 import saturated, shift

TWIDDLE_BITS = 14
MOST_BLOCK = 32
BLOCKS = (1, 2, 4, 8, 16, MOST_BLOCK)
MOST_POINT = 24  # fractional bits of a spectrum: sums of all products then stay within 64 bits
Watch = Callable[[Array], object]


@dataclass(frozen=True)
class Spectra:
    """The spectra of a matrix: `values` int16 (outputs/k, inputs/k, k), in units of 2^-point."""

    values: Array
    point: int


def spectra(blocks: Array) -> Spectra:
    """Of real blocks (outputs/k, inputs/k, k): components in units by which the largest fills 15 bits.

    SpecError for a k that is no power of two up to 32, and for weights that even units of 1 cannot hold.
    """
    k = blocks.shape[-1]
    if k not in BLOCKS:
        raise SpecError(f"block is {k}, must be one of {', '.join(map(str, BLOCKS))} in 16 bits")
    found = np.fft.rfft(blocks.astype(np.float64), axis=-1)
    parts = np.stack([found.real, found.imag])
    largest = float(np.abs(parts).max(initial=0.0))
    if not largest <= 32767.0:
        raise SpecError(f"the largest component of a spectrum is {largest:g}, must be a number up to 32,767 in 16 bits")
    point = MOST_POINT if largest == 0.0 else min(MOST_POINT, math.floor(math.log2(32767.0 / largest)))
    re, im = np.rint(parts * 2.0**point).astype(np.int64)
    return Spectra(packed(re, im).astype(np.int16), point)


def packed(re: Array, im: Array) -> Array:
    """Bins 0 to k/2 (..., k/2 + 1) as k integers (..., k)."""
    if re.shape[-1] == 1:
        return re
    pairs = np.stack([re, im], axis=-1)[..., 1:-1, :]
    ends = re[..., [0, -1]]
    return np.concatenate([ends, pairs.reshape(*pairs.shape[:-2], -1)], axis=-1)


def unpacked(values: Array) -> tuple[Array, Array]:
    """The bins 0 to k/2 of k packed integers, real and imaginary parts (..., k/2 + 1) of int64."""
    values = values.astype(np.int64)
    k = values.shape[-1]
    if k == 1:
        return values, np.zeros_like(values)
    ends, pairs = values[..., :2], values[..., 2:].reshape(*values.shape[:-1], k // 2 - 1, 2)
    re = np.concatenate([ends[..., :1], pairs[..., 0], ends[..., 1:]], axis=-1)
    im = np.zeros_like(re)
    im[..., 1:-1] = pairs[..., 1]
    return re, im


def halves(k: int, stage: int, *, inverse: bool, all_inverse: bool) -> bool:
    """Whether a stage of a transform, counted from 1, halves."""
    return inverse if all_inverse else stage % 2 == (0 if inverse else 1)


def twiddles(n: int) -> tuple[Array, Array]:
    """rint(2^14 cos) and rint(2^14 sin) of 2 pi j / n, for j = 0 to n/2 - 1."""
    angle = 2.0 * np.pi * np.arange(n // 2) / n
    cos, sin = (np.rint(2.0**TWIDDLE_BITS * part).astype(np.int64) for part in (np.cos(angle), np.sin(angle)))
    return cos, sin


def transform(
    re: Array, im: Array, *, inverse: bool, all_inverse: bool, watch: Watch | None = None
) -> tuple[Array, Array]:
    """The transform of complex int64 (..., k), bins in order; `watch` sees every stage before it saturates."""
    k = re.shape[-1]
    stages = k.bit_length() - 1
    lead = re.shape[:-1]
    for stage in range(1, stages + 1):
        n = k >> (stage - 1)
        half = int(halves(k, stage, inverse=inverse, all_inverse=all_inverse))
        cos, sin = twiddles(n)
        sin = sin if inverse else -sin
        re, im = (part.reshape(*lead, k // n, 2, n // 2) for part in (re, im))
        sums = [shift(part[..., 0, :] + part[..., 1, :], half) for part in (re, im)]
        d_re, d_im = (part[..., 0, :] - part[..., 1, :] for part in (re, im))
        turned = [
            shift(d_re * cos - d_im * sin, TWIDDLE_BITS + half),
            shift(d_re * sin + d_im * cos, TWIDDLE_BITS + half),
        ]
        re, im = (np.stack(pair, axis=-2).reshape(*lead, k) for pair in zip(sums, turned, strict=True))
        if watch is not None:
            watch(re)
            watch(im)
        re, im = saturated(re), saturated(im)
    order = [int(format(i, f"0{stages}b")[::-1], 2) if stages else 0 for i in range(k)]
    return re[..., order], im[..., order]


def heard(x: Array, k: int, *, all_inverse: bool, watch: Watch | None = None) -> Array:
    """Packed spectra int64 (..., ceil(n/k), k) of vectors (..., n), which zeros fill to whole blocks."""
    n = x.shape[-1]
    count = -(-n // k)
    wide = np.zeros((*x.shape[:-1], count * k), np.int64)
    wide[..., :n] = x
    blocks = wide.reshape(*x.shape[:-1], count, k)
    if k == 1:
        return blocks
    re, im = transform(blocks, np.zeros_like(blocks), inverse=False, all_inverse=all_inverse, watch=watch)
    return packed(re[..., : k // 2 + 1], im[..., : k // 2 + 1])


def product(weights: Array, spectrum: Array, point: int, *, all_inverse: bool, watch: Watch | None = None) -> Array:
    """int64 (..., O, k) of packed weights (O, J, k) and packed spectra (..., J, k): the sum over J is exact."""
    k = weights.shape[-1]
    (w_re, w_im), (x_re, x_im) = unpacked(weights), unpacked(spectrum)
    re = _summed(w_re, x_re) - _summed(w_im, x_im)
    im = _summed(w_re, x_im) + _summed(w_im, x_re)
    re, im = shift(re, point), shift(im, point)
    if watch is not None:
        watch(re)
        watch(im)
    re, im = saturated(re), saturated(im)
    if k == 1:
        return re
    mirror = slice(k // 2 - 1, 0, -1)
    whole_re = np.concatenate([re, re[..., mirror]], axis=-1)
    whole_im = np.concatenate([im, -im[..., mirror]], axis=-1)
    return transform(whole_re, whole_im, inverse=True, all_inverse=all_inverse, watch=watch)[0]


def _summed(weights: Array, x: Array) -> Array:
    """The sum over J of (O, J, m) and (..., J, m), in float64, which holds all of these integers exactly."""
    lead, m = x.shape[:-2], x.shape[-1]
    columns = np.moveaxis(x.reshape(-1, *x.shape[-2:]), -1, 0).astype(np.float64)  # (m, rows, J)
    rows = np.moveaxis(weights, -1, 0).astype(np.float64)  # (m, O, J)
    sums = columns @ rows.transpose(0, 2, 1)
    return np.moveaxis(sums, 0, -1).reshape(*lead, len(weights), m).astype(np.int64)
