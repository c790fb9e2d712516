"""Block-circulant matrices: what their layers share: which blocks there are, how many numbers and multiplications.

A matrix of blocks of `block` x `block` numbers, each of which is circulant: one of its columns stands for all of it
(Wang et al., arXiv 1803.06305). Weights are w[input block, output block, column], and

    W[i k + r, j k + c] = w[j, i, (r - c) mod k]        y = W x,    k = block

with zeros behind the last input and nothing behind the last output. A block of 1 is a dense matrix.
"""

from __future__ import annotations

import numpy as np

from linocut.errors import SpecError
from linocut.layers.parameters import WEIGHT, Initial, Parameter
from linocut.ops.bits import Array

BLOCKS = (1, 2, 4, 8, 16)
# Multiplications of the transform of a block of real numbers that are by neither 1, -1, i nor -i.
_OF_TRANSFORM = {1: 0, 2: 0, 4: 0, 8: 2, 16: 10}


def check_block(what: str, block: object) -> None:
    """SpecError for a size of blocks that there is no transform of."""
    if isinstance(block, bool) or not isinstance(block, int) or block not in BLOCKS:
        raise SpecError(f"{what} is {block!r}, must be one of {', '.join(map(str, BLOCKS))} (1 is dense)")


def blocks_of(count: int, block: int) -> int:
    """Blocks that hold so many inputs or outputs; the last may be padded."""
    return -(-count // block)


def of_product(block: int) -> int:
    """Multiplications of real numbers that the product of a block's spectrum and an input's takes."""
    return 1 if block == 1 else 2 * block - 2


def of_transforms(block: int, count: int) -> int:
    """Multiplications of so many transforms of blocks of real numbers, or back."""
    return _OF_TRANSFORM[block] * count


def multiplications(inputs: int, outputs: int, block: int) -> int:
    """Multiplications of one product y = W x: of transforms of x, of spectra, and of transforms back."""
    into, out = blocks_of(inputs, block), blocks_of(outputs, block)
    return into * out * of_product(block) + of_transforms(block, into + out)


def numbers(inputs: int, outputs: int, block: int) -> int:
    """How many numbers the matrix is made of."""
    return blocks_of(inputs, block) * blocks_of(outputs, block) * block


def weights(node: str, part: str, inputs: int, outputs: int, block: int, whole: tuple[int, int]) -> Parameter:
    """Weights (input blocks, output blocks, block) of the node called `node`.

    They start uniform within +-sqrt(6 / (inputs + outputs)) of the `whole` matrix that they are a part of, at the
    variance that a dense one has.
    """
    shape = (blocks_of(inputs, block), blocks_of(outputs, block), block)
    initial = Initial(uniform=(6.0 / sum(whole)) ** 0.5, bounded=False)
    return Parameter(node, part, shape, WEIGHT, initial=initial, matrix=(inputs, outputs))


def in_blocks(weights: Array, matrix: tuple[int, int], block: int) -> Array:
    """The circulant blocks of `block` nearest to a matrix of (inputs, outputs) given in blocks of another size.

    Weights (input blocks, output blocks, k) to such of `block`: of the numbers of the matrix that one number stands for
    it is the mean, which is the least sum of squares.
    """
    inputs, outputs = matrix
    dense = dense_of(weights)[:outputs, :inputs]
    into, out = blocks_of(inputs, block), blocks_of(outputs, block)
    whole, there = (np.zeros((out * block, into * block)) for _ in range(2))
    whole[:outputs, :inputs], there[:outputs, :inputs] = dense, 1
    turns = (np.arange(block)[:, None] - np.arange(block)) % block
    sums, counts = (_along(part.reshape(out, block, into, block), turns) for part in (whole, there))
    found: Array = (sums / np.maximum(counts, 1)).astype(np.float32)
    return found


def _along(blocks: Array, turns: Array) -> Array:
    """Sums (input blocks, output blocks, k) along the circulant diagonals of blocks (out, k, in, k)."""
    return np.stack([blocks.transpose(2, 0, 1, 3)[:, :, turns == turn].sum(axis=-1) for turn in range(len(turns))], -1)


def dense_of(weights: Array) -> Array:
    """The matrix (outputs, inputs), whole blocks, of weights (input blocks, output blocks, k)."""
    into, out, k = weights.shape
    turns = (np.arange(k)[:, None] - np.arange(k)) % k
    matrix: Array = weights[:, :, turns].transpose(1, 2, 0, 3).reshape(out * k, into * k)
    return matrix
