"""The paper's account of a network with shortcuts (Wang et al., arXiv 2102.04270, its ResNetE-18 on ImageNet).

It differs from that of chains, and these are the paper's choices, found from its totals (docs/design/memory.md): both
inputs X and outputs Y of every layer are kept, and a binary layer's X are bits under every policy; the only transient
variables are the largest dX of a binary layer and the largest dY of any; each layer has biases, one for an output
channel, and norms nothing of their own; pools have no masks, but those of the later edition.
"""

from __future__ import annotations

from collections.abc import Iterator

from linocut import roles
from linocut.formats import find_format
from linocut.graph.network import Network
from linocut.optimizers import SGD, Adam, Bop, Optimizer
from linocut.plan.account import PERSISTENT, TRANSIENT, Row
from linocut.plan.counted import Counted, max_pools, multiplying
from linocut.plan.elements import largest, row_of
from linocut.policies import Policy

BIAS = "bias"
FULL_PRECISION = ", full precision"  # after the role of what belongs to such layers
SIGNS = "bit"
# Of each weight, beside the weight. For Bop the paper charges one number in all, be it a weight or its moment.
MOMENTA = {Adam.kind: 2, SGD.kind: 1, Bop.kind: 0}


def residual_rows(
    network: Network, policy: Policy, optimizer: Optimizer, batch: int, later_edition: bool
) -> Iterator[Row]:
    """The rows of a step, some of them of no bytes; with the max-pools' masks of the `later_edition`, or without."""
    layers = multiplying(network)
    binary = tuple(layer for layer in layers if not layer.full_precision)
    real = tuple(layer for layer in layers if layer.full_precision)
    yield from _activations("", binary, batch, SIGNS, policy.X)
    yield from _activations(FULL_PRECISION, real, batch, policy.real_X, policy.real_X)
    yield from largest(row_of(roles.DX, policy.of_dx(n.input_channels), batch * n.inputs, TRANSIENT) for n in binary)
    yield from largest(
        row_of(
            roles.DY,
            policy.real_X if n.full_precision else policy.of_dy(n.channels, dense=n.dense),
            batch * n.outputs,
            TRANSIENT,
        )
        for n in layers
    )
    yield from _weights("", binary, optimizer, policy.W, policy.momenta, policy.dW)
    yield from _weights(FULL_PRECISION, real, optimizer, policy.real, policy.real, policy.real)
    yield row_of(BIAS, policy.beta, sum(layer.channels for layer in layers), PERSISTENT)
    if later_edition and policy.X != SIGNS:  # the paper adds them to standard training alone
        yield row_of(roles.POOL_MASK, policy.X, batch * sum(pool.inputs for pool in max_pools(network)), PERSISTENT)


def _activations(suffix: str, layers: tuple[Counted, ...], batch: int, inputs: str, outputs: str) -> Iterator[Row]:
    yield row_of(roles.X + suffix, inputs, batch * sum(layer.inputs for layer in layers), PERSISTENT)
    yield row_of(roles.Y + suffix, outputs, batch * sum(layer.outputs for layer in layers), PERSISTENT)


def _weights(
    suffix: str, layers: tuple[Counted, ...], optimizer: Optimizer, weights: str, momenta: str, gradients: str
) -> Iterator[Row]:
    """Weights, moments and gradients in the three formats."""
    count = sum(layer.weights for layer in layers)
    each = MOMENTA[optimizer.kind]
    if find_format(momenta).is_fixed:  # a fixed-point Adam's second moment is a constant
        each = min(each, 1)
    yield row_of(roles.W + suffix, weights, count, PERSISTENT)
    yield row_of(roles.MOMENTA + suffix, momenta, each * count, PERSISTENT)
    yield row_of(roles.DW + suffix, gradients, count, PERSISTENT)
