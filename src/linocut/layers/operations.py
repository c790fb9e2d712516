"""What a layer asks of a machine that runs it, in sizes: products, circulant ones, or an operation by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Product:
    """A convolution or a dense layer for one example.

    Each of `outputs` channels of `height` x `width` pixels sums `taps` products of each of `inputs` channels: of a
    dense layer taps, height and width are 1, of a depthwise convolution inputs is.
    """

    taps: int
    inputs: int
    outputs: int
    height: int
    width: int

    @property
    def weights(self) -> int:
        """Weights, biases left out."""
        return self.taps * self.inputs * self.outputs

    @property
    def macs(self) -> int:
        """Multiply-accumulates; those on padding count too."""
        return self.weights * self.height * self.width


@dataclass(frozen=True)
class Circulant:
    """Products of matrices in circulant blocks, of one example: so many `multiplications` in each of its `steps`.

    `weights` are the numbers that the matrices are made of, biases and peepholes left out. A recurrent layer's states
    are part of it: no step begins before the last has ended.
    """

    weights: int
    multiplications: int
    steps: int

    @property
    def macs(self) -> int:
        """Multiplications of all steps, those of transforms too."""
        return self.multiplications * self.steps


@dataclass(frozen=True)
class Elementwise:
    """So many `outputs`, each of `count` inputs: a pool, or a sum of several values."""

    outputs: int
    count: int


Operation: TypeAlias = "Product | Circulant | Elementwise"
