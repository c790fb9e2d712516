"""The paper's account of a chain of layers (Wang et al., arXiv 2102.04270, its perceptron, CNV and BinaryNet).

X are the inputs of all layers that multiply, the network's own too; dX and Y share a buffer, as large as the largest
layer needs; dY is another. Gradient masks, statistics other than mean and deviation, and workspace are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from linocut import roles
from linocut.compile.batch import least_batch
from linocut.compile.lower import compile_network
from linocut.compile.program import Program
from linocut.graph.network import Network
from linocut.layers.weights import product_format
from linocut.optimizers import Optimizer
from linocut.plan.account import PERSISTENT, TRANSIENT, Row
from linocut.plan.counted import Counted, max_pools, multiplying, norm_channels
from linocut.plan.elements import largest, row_of, rows_by_format
from linocut.policies import Policy

DX_Y = "dX, Y"  # one buffer, used for both in turn
MEAN_SPREAD = "mu, psi"
DBETA = "dbeta"


def chain_rows(network: Network, policy: Policy, optimizer: Optimizer, batch: int, masks: str | None) -> Iterator[Row]:
    """The rows of a step, some of them of no bytes.

    `masks` is the format of pooling masks, one for each input of a pool; by default that of X under floats, and 2 bits
    for each output under integers. (Arenas hold 2 bits for each output under every policy.)
    """
    layers, channels = multiplying(network), norm_channels(network)
    yield from rows_by_format(roles.X, ((_format(policy, n, policy.X), batch * n.inputs) for n in layers), PERSISTENT)
    yield from largest(row_of(DX_Y, form, batch * count, TRANSIENT) for form, count in _shared(policy, layers))
    yield from largest(
        row_of(
            roles.DY,
            _format(policy, n, policy.of_dy(n.channels, dense=n.dense)),
            batch * max(n.inputs, n.outputs),
            TRANSIENT,
        )
        for n in layers
    )
    yield row_of(MEAN_SPREAD, policy.statistics, 2 * sum(channels), PERSISTENT)
    # The state is the same at any batch.
    yield from _state(compile_network(network, policy, optimizer, least_batch(network.graph)).program)
    yield from rows_by_format(roles.DW, ((_format(policy, n, policy.dW), n.weights) for n in layers), PERSISTENT)
    yield row_of(roles.BETA, policy.beta, sum(channels), PERSISTENT)
    yield row_of(DBETA, policy.beta, max(channels, default=0), TRANSIENT)
    yield _pooling_masks(network, policy, batch, masks)


def _format(policy: Policy, layer: Counted, of_binary: str) -> str:
    """The format of a binary layer's variable, or of the same variable of a layer in full precision."""
    return policy.real_X if layer.full_precision else of_binary


def _shared(policy: Policy, layers: tuple[Counted, ...]) -> Iterator[tuple[str, int]]:
    """Formats and elements of each layer's dX and Y, which are in one buffer in turn."""
    for layer in layers:
        yield _format(policy, layer, policy.of_dx(layer.input_channels)), layer.inputs
        yield _format(policy, layer, product_format(policy, layer.summed, layer.raw)), layer.outputs


def _state(program: Program) -> Iterator[Row]:
    """Weights and moments as the optimizer declared them."""
    for role in (roles.W, roles.W_SIGN, roles.MOMENTA):
        buffers = (b for b in program.persistent() if b.role == role)
        yield from rows_by_format(role, ((b.format, math.prod(b.shape)) for b in buffers), PERSISTENT)


def _pooling_masks(network: Network, policy: Policy, batch: int, masks: str | None) -> Row:
    """For each input of a pool a number as wide as X, or as `masks` says; under integers, 2 bits for each output."""
    pools = max_pools(network)
    if policy.integer and masks is None:
        outputs = batch * sum(pool.outputs for pool in pools)
        return Row(roles.POOL_MASK, "2 bit", PERSISTENT, -(-outputs * 2 // 8))
    return row_of(roles.POOL_MASK, masks or policy.X, batch * sum(pool.inputs for pool in pools), PERSISTENT)
