"""Foreign weights: what another framework's model has learned, in this one's order of dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from linocut.ops.bits import Array


@dataclass(frozen=True)
class ForeignProduct:
    """A convolution or a dense layer: weights (outputs, ..., inputs), and a bias (outputs,) or none."""

    name: str
    weights: Array
    bias: Array | None = None


@dataclass(frozen=True)
class ForeignNorm:
    """A batch norm: x = gamma (y - mean) / deviation + beta, each (channels,), float64."""

    name: str
    mean: Array
    deviation: Array
    gamma: Array
    beta: Array

    def permuted(self, order: Array) -> ForeignNorm:
        """With its channels in another order."""
        return ForeignNorm(self.name, self.mean[order], self.deviation[order], self.gamma[order], self.beta[order])


@dataclass(frozen=True)
class Foreign:
    """A model's products and norms, each in the order of the model.

    `channels_first` says whether its images are (channels, height, width), which a flattened image's order follows.
    """

    source: str
    products: tuple[ForeignProduct, ...]
    norms: tuple[ForeignNorm, ...]
    channels_first: bool
