"""Products with matrices of circulant blocks, by their spectra: circulant_spectra, _product and _weight_gradient.

Weights w[j, i, :] of input block j and output block i, K numbers each, stand for

    y[i K + r] = sum over j, c of w[j, i, (r - c) mod K] x[j K + c]

so that the discrete Fourier transforms F of a block multiply: F(y_i) = sum over j of F(w_ji) F(x_j), the transform back
coming after the sum (Wang et al., arXiv 1803.06305). A spectrum of K real numbers is K planes of real numbers:

    the bins 0 and K / 2, which are real, then re and im of the bins 1 to K / 2 - 1.

Spectra of weights are divided by K, so that the transform back has no factor: f32 (K, tiles, summed, 64), the outputs
of a product in tiles of 64 blocks, the blocks that it sums over beside. `turned` ones are of the transposed matrix, the
conjugates, by which the gradient of x is a product too. Sequences of a batch may end early: rows behind the end are 0
in products, and take no part in gradients.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.rule import Rule, Rules
from linocut.ops.work import Amount

TILE = 64  # blocks of outputs side by side in spectra
ROWS = 48  # of x that a kernel transforms together
FORMATS = "f16|f32"
FLOAT = (("float", "1"),)


def planes_of(spectrum: Array) -> Array:
    """Spectra (..., K / 2 + 1), complex, as planes (..., K) of real numbers."""
    bins = spectrum.shape[-1]
    size = max(1, 2 * (bins - 1))
    out = np.empty((*spectrum.shape[:-1], size))
    out[..., 0] = spectrum[..., 0].real
    if size > 1:
        out[..., 1] = spectrum[..., -1].real
        out[..., 2::2] = spectrum[..., 1:-1].real
        out[..., 3::2] = spectrum[..., 1:-1].imag
    return out


def spectrum_of(planes: Array) -> Array:
    """The inverse of `planes_of`."""
    size = planes.shape[-1]
    out = np.empty((*planes.shape[:-1], size // 2 + 1), np.complex128)
    out[..., 0] = planes[..., 0]
    if size > 1:
        out[..., -1] = planes[..., 1]
        out[..., 1:-1] = planes[..., 2::2] + 1j * planes[..., 3::2]
    return out


def in_blocks(x: Array, size: int) -> Array:
    """Numbers (..., C) as blocks (..., ceil(C / size), size), the last filled up with zeros."""
    blocks = -(-x.shape[-1] // size)
    padded = np.zeros((*x.shape[:-1], blocks * size))
    padded[..., : x.shape[-1]] = x
    return padded.reshape(*x.shape[:-1], blocks, size)


def multiplied(x: Array, spectra: Array, outputs: int) -> Array:
    """The product of x (..., C) with weights of these spectra (K, tiles, summed, 64), float64 (..., outputs)."""
    size, tiles, summed, width = spectra.shape
    weights = spectrum_of(spectra.transpose(2, 1, 3, 0).reshape(summed, tiles * width, size).astype(np.float64))
    given = np.fft.rfft(in_blocks(x.astype(np.float64), size))
    found = np.einsum("...jm,jim->...im", given, weights, optimize=True)
    out = np.fft.irfft(found, size) * size
    return out.reshape(*x.shape[:-1], tiles * width * size)[..., :outputs]


def within(lengths: View | None, shape: tuple[int, ...]) -> Array:
    """Which steps of sequences (batch, steps) come before the end, (B, T) booleans."""
    steps = np.arange(shape[1])
    if lengths is None:
        return np.ones(shape[:2], bool)
    inside: Array = steps < np.clip(lengths.data, 0, shape[1])[:, None]
    return inside


def spectra(*, weights: View, spectra: View, turned: float) -> None:
    """Weights (Q, P, K) -> spectra (K, A, J, 64)."""
    w = weights.values().astype(np.float64)
    found = np.fft.rfft(w) / w.shape[-1]
    planes = planes_of(np.conj(found.transpose(1, 0, 2)) if turned else found)
    summed, outputs, size = planes.shape
    tiles = spectra.shape[1]
    whole = np.zeros((summed, tiles * TILE, size))
    whole[:, :outputs] = planes
    spectra.store(whole.reshape(summed, tiles, TILE, size).transpose(3, 1, 0, 2).reshape(spectra.data.shape))


def product(*, x: View, spectra: View, bias: View | None, lengths: View | None, y: View) -> None:
    """X (B, T, C) -> y (B, T, N), plus the bias (1, N)."""
    out = multiplied(x.values(), spectra.values(), y.cols)
    if bias is not None:
        out = out + bias.data[0].astype(np.float64)
    out = np.where(within(lengths, x.shape)[..., None], out, 0.0)
    y.store(out.reshape(y.data.shape))


def weight_gradient(*, dy: View, x: View, lengths: View | None, dw: View, shift: float, first: float) -> None:
    """Dy (B, T, D) from the column `first` on, x (B, T, C) -> dw (Q, P, K).

    With a `shift` of 1 or -1 the x of a step is that of the step before, or behind; zeros where there is none.
    """
    _, out, size = dw.shape
    columns = dy.values().astype(np.float64)[..., int(first) : int(first) + out * size]
    inside = within(lengths, x.shape)
    given = np.where(inside[..., None], x.values().astype(np.float64), 0.0)
    if shift:
        moved = np.zeros_like(given)
        if shift > 0:
            moved[:, 1:] = given[:, :-1]
        else:
            moved[:, :-1] = given[:, 1:]
        given = moved
    gradients = np.fft.rfft(in_blocks(np.where(inside[..., None], columns, 0.0), size))
    inputs = np.fft.rfft(in_blocks(given, size))
    found = np.einsum("btjm,btim->jim", np.conj(inputs), gradients, optimize=True)
    dw.store(np.fft.irfft(found, size).reshape(dw.data.shape))


def fits(spectra: str, letters: str, inputs: str, outputs: str) -> Rule:
    """That spectra, whose dimensions have these letters, are of so many inputs and outputs."""
    size, tiles, summed, width = tuple(letters)
    return Rule(
        f"{width} == {TILE} and {summed} == ({inputs} + {size} - 1) // {size} and "
        f"{tiles} == (({outputs} + {size} - 1) // {size} + {TILE - 1}) // {TILE}",
        f"{spectra} has {{{tiles}}} tiles of {{{width}}} by {{{summed}}} blocks of {{{size}}}, must be of "
        f"{{{inputs}}} inputs and {{{outputs}}} outputs, in tiles of {TILE}",
    )


SIZES: Rules = (
    Rule("K == 1 or K == 2 or K == 4 or K == 8 or K == 16", "blocks of {K} numbers, must be 1, 2, 4, 8 or 16"),
)
_OF_BLOCK = "(1 if K == 1 else 2 * K - 2)"


def products(count: str, spectra: str) -> str:
    """Multiplications of `count` products with spectra of such letters."""
    _, tiles, summed, width = tuple(spectra)
    return f"{count} * {tiles} * {width} * {summed} * {_OF_BLOCK}"


def planes_kib(rows: int, summed: str) -> str:
    """Memory of a kernel for the transforms of so many rows, in KiB: of one row, of planes, and of negated ones.

    Of each of the 3/2 K planes that is a line of a cache more.
    """
    whole = f"(({summed} + 15) // 16 * 16 * K)"
    return f"({whole} * {4 + 6 * rows} + 96 * K) / 1024"


def tiles_kib(rows: int) -> str:
    """Memory for the sums of a tile, and for a row of it that is transformed back, in KiB."""
    return f"K * {TILE * (rows + 1) * 4} / 1024"


SPECTRA = Op(
    "circulant_spectra",
    88,
    f"<weights:{FORMATS}[Q,P,K] >spectra:f32[K,A,J,W]; turned",
    spectra,
    (
        *SIZES,
        Rule(
            f"W == {TILE} and J == (P if turned else Q) and A == ((Q if turned else P) + {TILE - 1}) // {TILE}",
            f"spectra has {{A}} tiles of {{W}} by {{J}} blocks, must be of {{Q}} by {{P}}, in tiles of {TILE}",
        ),
    ),
    Amount("Q * P * K"),
)
PRODUCT = Op(
    "circulant_product",
    89,
    f"<x:{FORMATS}[B,T,C] <spectra:f32[K,A,J,W] <bias?:{FORMATS}[1,N] <lengths?:i32[B] >y:{FORMATS}[B,T,N]",
    product,
    (*SIZES, fits("spectra", "KAJW", "C", "N")),
    Amount(products("B * T", "KAJW"), FLOAT),
    workspace=f"1 + {planes_kib(ROWS, 'J')} + {tiles_kib(ROWS)}",
)
WEIGHT_ROWS, WEIGHT_BLOCKS = 32, 128  # rows that are transformed together, and input blocks of a part
WEIGHT_GRADIENT = Op(
    "circulant_weight_gradient",
    90,
    f"<dy:{FORMATS}[B,T,D] <x:{FORMATS}[B,T,C] <lengths?:i32[B] >dw:f32[Q,P,K]; shift first",
    weight_gradient,
    (
        *SIZES,
        Rule("Q == (C + K - 1) // K", "dw has {Q} blocks of {K} inputs, must be of {C}"),
        Rule("whole(shift) and shift * shift <= 1", "shift is {shift}, must be 0, 1 or -1"),
        Rule(
            "whole(first) and first >= 0 and first + (P - 1) * K < D",
            "first is {first} and dw has {P} blocks of {K} outputs, must be columns of the {D} of dy",
        ),
    ),
    Amount(f"B * T * Q * P * {_OF_BLOCK}", FLOAT),
    workspace=f"1 + K * {4 * WEIGHT_BLOCKS * TILE} / 1024 + {planes_kib(WEIGHT_ROWS, str(WEIGHT_BLOCKS))} + "
    f"{planes_kib(WEIGHT_ROWS, str(TILE))}",
)
OPS = (SPECTRA, PRODUCT, WEIGHT_GRADIENT)
