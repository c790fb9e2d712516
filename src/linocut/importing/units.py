"""units: how many times larger what a norm reads is here than elsewhere.

Integer policies keep the sums of bytes u as they are, 255 times those of (2 u - 255) / 255, and leave out the factor
mean|w| of scaled layers, which their norms cancel. All but `standard` count levels of several bits in odd integers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.errors import SpecError
from linocut.graph.graph import Graph, Node
from linocut.graph.queries import is_scaled, of_levels, product_of
from linocut.layers import QuantisedLayer
from linocut.layers.kinds import INPUT
from linocut.ops.bits import Array
from linocut.ops.limits import U8_SCALE
from linocut.policies import Policy


def units(graph: Graph, policy: Policy, norm: Node, values: Mapping[str, Array]) -> float | Array:
    """The factor of what `norm` reads, one for all channels or (channels,); `values` has the weights."""
    product = product_of(graph, norm)
    if product is None:
        return 1.0
    if (layer := of_levels(product)) is not None:
        return _of_levels(policy, product, layer, values)
    if not policy.integer:
        return 1.0
    factor: float | Array = _of_bytes(graph, policy) if product.input.kind == INPUT else 1.0
    return factor / _sizes(product, values) if is_scaled(product) else factor


def _of_levels(policy: Policy, product: Node, layer: QuantisedLayer, values: Mapping[str, Array]) -> float | Array:
    factor = 1.0 if policy.Y == "f32" else float(layer.divisor(product.input.kind))
    return factor / _sizes(product, values) if layer.scaled and not layer.scales(policy) else factor


def _sizes(product: Node, values: Mapping[str, Array]) -> Array:
    """Mean|w| of each output (outputs,), 1 where all are 0."""
    weights = np.abs(values[f"{product.name}.weights"])
    sizes = weights.reshape(len(weights), -1).mean(axis=1)
    found: Array = np.where(sizes > 0, sizes, 1.0)
    return found


def _of_bytes(graph: Graph, policy: Policy) -> float:
    layer = graph.input
    if layer.is_bytes:
        return float(U8_SCALE)
    if layer.low != -layer.high:
        raise SpecError(
            f"inputs of {graph.name} from {layer.low:g} to {layer.high:g} are coded around "
            f"{(layer.low + layer.high) / 2:g} under {policy.name}; import under standard, or give the input a range "
            "around 0"
        )
    return float(U8_SCALE) / layer.high
