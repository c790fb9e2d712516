"""What the paper's account reads of a network: the layers that multiply, its norms, its pools, its shortcuts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from linocut.graph.network import Network
from linocut.graph.queries import max_pools as max_pools_of
from linocut.graph.queries import norms, sums


@dataclass(frozen=True)
class Counted:
    """A layer that multiplies, in elements of one example.

    Each of `outputs` sums `summed` products; `channels` are the last dimension of the output, `input_channels` that of
    the input. `full_precision` layers have float weights. `raw` says that it multiplies more than signs, as the first
    layer does.
    """

    inputs: int
    outputs: int
    channels: int
    input_channels: int
    weights: int
    full_precision: bool
    raw: bool

    @property
    def dense(self) -> bool:
        """Whether an example is a row of its output, not an image or a sequence."""
        return self.outputs == self.channels

    @property
    def summed(self) -> int:
        """Products in each sum."""
        return self.weights // self.channels


@dataclass(frozen=True)
class Pooled:
    """A max-pool, in elements of one example."""

    inputs: int
    outputs: int


def multiplying(network: Network) -> tuple[Counted, ...]:
    """The layers that multiply, in order."""
    return tuple(
        Counted(
            math.prod(node.input.shape),
            math.prod(node.output.shape),
            node.output.shape[-1],
            node.input.shape[-1],
            node.cost.binary_parameters + node.cost.real_parameters,
            bool(node.cost.real_parameters),
            node.cost.input_bits != 1,
        )
        for node in network.graph.nodes
        if node.cost.binary_macs + node.cost.real_macs
    )


def norm_channels(network: Network) -> tuple[int, ...]:
    """The channels of each batch norm."""
    return tuple(node.output.shape[-1] for node in norms(network.graph))


def max_pools(network: Network) -> tuple[Pooled, ...]:
    """The pools that must know again where each maximum came from."""
    return tuple(
        Pooled(math.prod(node.input.shape), math.prod(node.output.shape)) for node in max_pools_of(network.graph)
    )


def has_shortcuts(network: Network) -> bool:
    """Whether it adds activations of several chains of layers."""
    return bool(sums(network.graph))
