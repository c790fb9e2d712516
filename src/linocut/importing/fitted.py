"""fitted: foreign weights as the values of a network's parameters.

A norm here has a shift, and a scale only if asked for. Where signs alone are taken of what it gives,
sgn(gamma z + beta) is sgn(z + beta / gamma) for a positive gamma; for a negative one the channel's weights are negated
first, and z with them. A bias before a norm goes into the norm's mean.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.errors import SpecError
from linocut.graph.graph import Graph, Node
from linocut.graph.queries import flattened_image, is_signed, norm_behind
from linocut.importing.foreign import Foreign, ForeignNorm, ForeignProduct
from linocut.importing.match import match
from linocut.importing.units import units
from linocut.layers.batch_norm import GAMMA, RUNNING, norm_name
from linocut.layers.parameters import BETA, BIAS, fan_in
from linocut.ops.bits import Array
from linocut.ops.norm import EPSILON
from linocut.policies import Policy

WEIGHTS, SHIFT = "weights", "bias"
_NEVER = 1e12  # a shift beyond every z: gamma is 0, and beta alone decides


def fitted(graph: Graph, policy: Policy, foreign: Foreign, names: Mapping[str, str]) -> dict[str, Array]:
    """The values of all parameters, by `layer.part`, in real units.

    SpecError where the modules are not those of the network, a shape is another, or a norm cannot be said here.
    """
    products, norms = match(graph, foreign, names)
    values: dict[str, Array] = {}
    offsets: dict[str, Array] = {}  # of the mean of a norm, by its name
    for node, product in products:
        values[f"{node.name}.{WEIGHTS}"] = _weights(graph, node, product, foreign.channels_first)
        _put_bias(graph, node, product, values, offsets)
    for node, norm in norms:
        _put_norm(graph, policy, node, norm, foreign.channels_first, values, offsets.get(node.name))
    for node, _ in products:
        one = node.parameter(WEIGHTS)
        if one.bits > 1:  # the largest level stands for the range of latent weights
            values[one.name] = values[one.name] * policy.weight_range(fan_in(one.shape))
    return values


# --- products ---


def _weights(graph: Graph, node: Node, product: ForeignProduct, channels_first: bool) -> Array:
    wanted, weights = node.parameter(WEIGHTS).shape, product.weights
    order = _flattened_order(graph, node) if channels_first and weights.ndim == 2 else None
    if order is not None and len(order) == weights.shape[1]:
        weights = weights[:, order]
    if weights.ndim == 2 and wanted[1:-1] == (1, 1):  # a dense layer is a convolution of one pixel here
        weights = weights[:, None, None]
    if weights.ndim == 3 and len(wanted) == 4 and 1 in wanted[1:3]:  # 1-D: an image of height or width 1
        weights = weights.reshape(weights.shape[0], *((1, -1) if wanted[1] == 1 else (-1, 1)), weights.shape[2])
    if weights.shape != wanted:
        raise SpecError(
            f"{product.name} has weights {weights.shape} (outputs, ..., inputs), {node.name} of {graph.name} {wanted}; "
            "say which module is which layer (names={module: layer}), or describe the network as it is there"
        )
    return weights


def _flattened_order(graph: Graph, node: Node) -> Array | None:
    """Where a node reads a flattened image: the place, of (channels, height, width), of each of its elements."""
    shape = flattened_image(graph, node)
    if shape is None:
        return None
    height, width, channels = shape
    return np.arange(channels * height * width).reshape(channels, height, width).transpose(1, 2, 0).ravel()


def _put_bias(
    graph: Graph, node: Node, product: ForeignProduct, values: dict[str, Array], offsets: dict[str, Array]
) -> None:
    """A bias is the layer's own, or goes into the mean of the norm that follows."""
    channels = node.output.shape[-1]
    given = np.zeros(channels) if product.bias is None else product.bias
    if any(parameter.part == SHIFT and parameter.use == BIAS for parameter in node.parameters):
        values[f"{node.name}.{SHIFT}"] = given[None]
        return
    norm = norm_behind(graph, node)
    if norm is not None:
        offsets[norm.name] = given
    elif given.any():
        raise SpecError(f"{product.name} has a bias, {node.name} has none and no norm follows it; give it bias=True")


# --- norms ---


def _put_norm(
    graph: Graph,
    policy: Policy,
    node: Node,
    norm: ForeignNorm,
    channels_first: bool,
    values: dict[str, Array],
    offset: Array | None,
) -> None:
    order = _flattened_order(graph, node) if channels_first else None
    norm = norm if order is None or len(order) != len(norm.mean) else norm.permuted(order)
    channels = node.output.shape[-1]
    if len(norm.mean) != channels:
        raise SpecError(
            f"{norm.name} has {len(norm.mean)} channels, {node.name} of {graph.name} {channels}; "
            "say which module is which layer (names={module: layer})"
        )
    unit = units(graph, policy, node, values)
    mean, deviation = (norm.mean - (0 if offset is None else offset)) * unit, norm.deviation * unit
    gamma, beta = norm.gamma, norm.beta
    if any(parameter.part == GAMMA for parameter in node.parameters):
        values[f"{node.name}.{GAMMA}"] = gamma[None]
    elif is_signed(graph, node):
        mean = _negated(graph, node, norm, mean, values)
        beta = _shift_of_signs(gamma, beta)
    elif (gamma != 1).any():
        raise SpecError(
            f"{norm.name} scales by {gamma[gamma != 1][0]:.4g}, {node.name} has no scale, and more than signs is taken "
            "of what it gives; give it scale=True"
        )
    is_l2 = norm_name(policy, graph.feeds_loss(node.name)) == "l2"
    kept = np.maximum(deviation**2 - EPSILON, 0) if is_l2 else deviation
    values[f"{node.name}.{BETA}"] = beta[None]
    values[f"{node.name}.{RUNNING}"] = np.stack([mean, kept])


def _shift_of_signs(gamma: Array, beta: Array) -> Array:
    """What is added to z so that its sign is that of gamma z + beta, where z is negated for a negative gamma."""
    sizes = np.abs(gamma)
    always = np.where(beta >= 0, _NEVER, -_NEVER)
    return np.where(sizes > 0, np.clip(beta / np.where(sizes > 0, sizes, 1), -_NEVER, _NEVER), always)


def _negated(graph: Graph, node: Node, norm: ForeignNorm, mean: Array, values: dict[str, Array]) -> Array:
    """The mean; channels of a negative gamma are negated, with their weights."""
    negative = norm.gamma < 0
    if not negative.any():
        return mean
    giver = graph.giver(node)
    weights, shift = f"{giver.name}.{WEIGHTS}", f"{giver.name}.{SHIFT}"
    if weights not in values or graph.only_reader(giver.name) is not node:
        raise SpecError(
            f"{norm.name} scales channel {int(np.flatnonzero(negative)[0])} by a negative "
            f"{norm.gamma[negative][0]:.4g}, and {node.name} reads {giver.name}, whose weights alone cannot turn it; "
            "give it scale=True"
        )
    signs = np.where(negative, -1.0, 1.0)
    values[weights] = values[weights] * signs.reshape(-1, *[1] * (values[weights].ndim - 1))
    if shift in values:
        values[shift] = values[shift] * signs
    return mean * signs
