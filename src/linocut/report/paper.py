"""The paper's account of memory (Wang et al., arXiv 2102.04270): a model of what a training must keep.

Every variable is counted whole, without packing into words: the persistent ones of all layers, and of the
transient ones those of the largest layer. X are the inputs of all layers that multiply, the network's own too;
dX and Y share a buffer. Gradient masks, statistics other than mean and spread, and workspace are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from linocut import roles
from linocut.compile.batch import check_batch, check_norms, least_batch
from linocut.compile.lower import compile_network
from linocut.compile.program import Program
from linocut.formats import find_format
from linocut.layers import Network
from linocut.layers.placed import Placed
from linocut.layers.weights import product_format
from linocut.optimizers import Optimizer
from linocut.policies import Policy
from linocut.report.account import PAPER, PERSISTENT, TRANSIENT, Account, Row

DX_Y = "dX, Y"  # one buffer, used for both in turn
MEAN_SPREAD = "mu, psi"
DBETA = "dbeta"
POOLS = ("max_pool2d",)  # kinds of layers that remember where a maximum came from


def paper_account(
    network: Network, policy: Policy, optimizer: Optimizer, batch: int, masks: str | None = None
) -> Account:
    """The memory of a training step by the paper's model, in the formats of any policy.

    `masks` is the format of pooling masks, one for each input of a pool; by default that of X under floats, and 2 bits
    for each output under integers. (Arenas hold 2 bits for each output under every policy.)
    """
    check_batch(batch)
    check_norms(network, batch)
    rows = tuple(row for row in _rows(network, policy, optimizer, batch, masks) if row.bytes)
    total = sum(row.bytes for row in rows)
    return Account(network.name, policy.name, optimizer.kind, batch, PAPER, total, total, rows)


def _rows(network: Network, policy: Policy, optimizer: Optimizer, batch: int, masks: str | None) -> Iterator[Row]:
    layers = [p for p in network.placed if p.cost.binary_macs + p.cost.real_macs]
    channels = [p.output_shape[-1] for p in network.placed if p.layer.kind == "batch_norm"]
    inputs = [batch * math.prod(p.input_shape) for p in layers]
    outputs = [batch * math.prod(p.output_shape) for p in layers]
    yield from _by_format(roles.X, zip((_format(policy, p, policy.X) for p in layers), inputs, strict=True))
    yield _largest_shared(policy, layers, inputs, outputs)
    gradients = (_row(roles.DY, _format(policy, p, policy.dY), n, TRANSIENT) for p, n in _both(layers, inputs, outputs))
    yield max(gradients, key=lambda row: row.bytes)
    yield _row(MEAN_SPREAD, policy.statistics, 2 * sum(channels), PERSISTENT)
    yield from _state(
        compile_network(network, policy, optimizer, least_batch(network)).program
    )  # any batch has the same
    counts = (p.cost.binary_parameters + p.cost.real_parameters for p in layers)
    yield from _by_format(roles.DW, zip((_format(policy, p, policy.dW) for p in layers), counts, strict=True))
    yield _row(roles.BETA, policy.beta, sum(channels), PERSISTENT)
    yield _row(DBETA, policy.beta, max(channels, default=0), TRANSIENT)
    yield _pooling_masks(network, policy, batch, masks)


def _both(layers: Sequence[Placed], inputs: Sequence[int], outputs: Sequence[int]) -> Iterator[tuple[Placed, int]]:
    yield from zip(layers, inputs, strict=True)
    yield from zip(layers, outputs, strict=True)


def _format(policy: Policy, placed: Placed, of_binary: str) -> str:
    """The format of a binary layer's variable, or of the same variable of a layer in full precision."""
    return policy.real if placed.cost.real_parameters else of_binary


def _by_format(role: str, entries: Iterable[tuple[str, int]]) -> Iterator[Row]:
    """One row for each format, of the elements of all entries in it."""
    counts: dict[str, int] = {}
    for form, count in entries:
        counts[form] = counts.get(form, 0) + count
    for form, count in counts.items():
        yield _row(role, form, count, PERSISTENT)


def _largest_shared(policy: Policy, layers: Sequence[Placed], inputs: Sequence[int], outputs: Sequence[int]) -> Row:
    """The buffer that holds each layer's Y and dX in turn."""
    candidates = []
    for placed, before, after in zip(layers, inputs, outputs, strict=True):
        candidates.append(_row(DX_Y, _format(policy, placed, policy.dX), before, TRANSIENT))
        summed = placed.cost.binary_parameters // placed.output_shape[-1]
        product = product_format(policy, summed, placed.cost.input_bits != 1)
        candidates.append(_row(DX_Y, _format(policy, placed, product), after, TRANSIENT))
    return max(candidates, key=lambda row: row.bytes)


def _state(program: Program) -> Iterator[Row]:
    """Weights and moments as the optimizer declared them."""
    for role in (roles.W, roles.W_SIGN, roles.MOMENTA):
        buffers = (b for b in program.persistent() if b.role == role)
        yield from _by_format(role, ((b.format, math.prod(b.shape)) for b in buffers))


def _pooling_masks(network: Network, policy: Policy, batch: int, masks: str | None) -> Row:
    """For each input of a pool a number as wide as X, or as `masks` says; under integers, 2 bits for each output."""
    pools = [p for p in network.placed if p.layer.kind in POOLS]
    if policy.integer and masks is None:
        outputs = batch * sum(math.prod(p.output_shape) for p in pools)
        return Row(roles.POOL_MASK, "2 bit", PERSISTENT, -(-outputs * 2 // 8))
    return _row(roles.POOL_MASK, masks or policy.X, batch * sum(math.prod(p.input_shape) for p in pools), PERSISTENT)


def _row(role: str, form: str, elements: int, lifetime: str) -> Row:
    return Row(role, form, lifetime, -(-elements * find_format(form).bits // 8))
