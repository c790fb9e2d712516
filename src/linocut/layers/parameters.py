"""Parameters: what a layer learns and keeps, declared where it is described."""

from __future__ import annotations

import math
from dataclasses import dataclass

from linocut.layers.shape import Shape

# What a parameter is for, which decides its format, its update and how it is counted.
WEIGHT, BIAS, SCALE, STATISTIC, CONSTANT = "weight", "bias", "scale", "statistic", "constant"
WEIGHTS = "weights"  # the part of nodes that have one matrix
BETA = "beta"  # the part that a batch norm's shift is


@dataclass(frozen=True)
class Initial:
    """How a parameter starts: from a normal distribution of a standard deviation (0: none), or rows (none: zeros).

    `uniform` is the half width of a uniform distribution (0: none). What is drawn lies within [-1, 1] if `bounded`.
    `rows` has a value for each row of the first dimension, or one for all; `values` has all of them.
    """

    normal: float = 0.0
    rows: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    uniform: float = 0.0
    bounded: bool = True


@dataclass(frozen=True)
class Parameter:
    """A variable of the node called `node`.

    `use` is WEIGHT (outputs, ..., inputs), BIAS (also the shift of a norm) or SCALE (1, channels), STATISTIC, which is
    observed and not learned, or CONSTANT. `binary` weights are used by their signs, or by levels of `bits` bits.
    `matrix` is (inputs, outputs) of what weights in circulant blocks stand for (layers/circulant.py). A `wide`
    statistic is kept in f32 under every policy, as it may be beyond f16.
    """

    node: str
    part: str
    shape: Shape
    use: str
    binary: bool = False
    initial: Initial = Initial()
    bits: int = 1
    matrix: tuple[int, int] | None = None
    wide: bool = False

    @property
    def name(self) -> str:
        """Its name for people: node.part."""
        return f"{self.node}.{self.part}"

    @property
    def learned(self) -> bool:
        """Whether an optimizer moves it."""
        return self.use in (WEIGHT, BIAS, SCALE)


def fan_in(shape: Shape) -> int:
    """How many inputs each output of weights (outputs, ..., inputs) sums."""
    return math.prod(shape[1:])


def weights(node: str, shape: Shape, *, binary: bool) -> Parameter:
    """Weights (outputs, ..., inputs), drawn from N(0, 1 / fan-in) at first."""
    return Parameter(node, WEIGHTS, shape, WEIGHT, binary, Initial(normal=fan_in(shape) ** -0.5))


def bias(node: str, channels: int, part: str = "bias") -> Parameter:
    """A shift for each channel (1, channels), zero at first."""
    return Parameter(node, part, (1, channels), BIAS)
