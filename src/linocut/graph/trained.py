"""Trained: the parameters of a network in training, for its inference form."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from linocut.graph.fold import ComplexParts, Norm, Pruned, Source
from linocut.graph.graph import Graph, Node
from linocut.graph.queries import reads_bytes
from linocut.graph.state import State
from linocut.layers import BinaryConvolution, ComplexNorm, QuantisedLayer
from linocut.layers.batch_norm import GAMMA, RUNNING, norm_name
from linocut.layers.complex_norm import GAINS, HALF
from linocut.layers.input import F32_MAX
from linocut.layers.kinds import BITS_OF
from linocut.layers.parameters import BETA
from linocut.layers.weights import PART
from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.levels import largest
from linocut.ops.limits import U8_SCALE
from linocut.ops.norm import NORMS, divisor
from linocut.ops.norm_levels import least_of
from linocut.ops.norm_sign import THRESHOLD_LIMIT
from linocut.ops.whitening import inverse_root, times
from linocut.policies import Policy


class Trained(Source):
    """The parameters of a training's state; `latent`: its binary weights have a latent copy.

    `pruned` are the layers of which some weights are 0, and whether kept lanes are joined.
    """

    def __init__(
        self,
        graph: Graph,
        policy: Policy,
        state: State,
        *,
        latent: bool,
        pruned: Mapping[str, bool] = MappingProxyType({}),
    ) -> None:
        self._graph, self._policy, self._state, self._latent, self._pruned = graph, policy, state, latent, pruned
        self.coded = policy.integer

    def signs(self, node: Node) -> Array:
        """The packed signs of a node's binary weights."""
        return self._state.signs(f"{node.name}.weights")

    def pruned(self, node: Node) -> Pruned | None:
        """What is pruned of a node's binary weights."""
        found = self._state.pruned(node.name)
        return None if found is None else Pruned(found, self._pruned[node.name])

    def planes(self, node: Node) -> Array:
        """The planes of the levels of a node's weights."""
        parameter, layer = node.parameter(PART), node.layer
        assert isinstance(layer, QuantisedLayer)
        return self._state.planes(parameter.name, parameter.bits, layer.span)

    def weights(self, node: Node) -> Array:
        """A node's weights in full precision, float32."""
        return self._state[f"{node.name}.weights"]

    def bias(self, node: Node) -> Array:
        """A node's bias, float32 (outputs,)."""
        return self._state[f"{node.name}.bias"][0]

    def part(self, node: Node, part: str) -> Array:
        """Any parameter of a node, float32."""
        return self._state[f"{node.name}.{part}"]

    def norm(self, node: Node, product: Node | None) -> Norm:
        """Mean, deviation and shift, for a Y that may be larger than it was in training (`growth`)."""
        of_logits = self._graph.feeds_loss(node.name)
        running = self._state[f"{node.name}.{RUNNING}"]
        by = divisor(View(running, "f32", running.shape[-1]), NORMS[norm_name(self._policy, of_logits)])
        shift = self._state[f"{node.name}.{BETA}"][0].astype(np.float64)
        scaled = any(parameter.part == GAMMA for parameter in node.parameters)
        gain = self._state[f"{node.name}.{GAMMA}"][0].astype(np.float64) if scaled else None
        growth = 1.0 if product is None else self.growth(product)
        return Norm(running[0].astype(np.float64) * growth, by * growth, shift, gain)

    def complex_norm(self, node: Node, product: Node | None) -> ComplexParts:
        """Mean and deviation of the parts, the factor times 1/sqrt 2, and the shift."""
        if isinstance(node.layer, ComplexNorm) and node.layer.whiten:
            return self._whitened(node, product)
        running = self._state[f"{node.name}.{RUNNING}"]
        of_logits = self._graph.feeds_loss(node.name)
        by = divisor(View(running, "f32", running.shape[-1]), NORMS[norm_name(self._policy, of_logits)])
        growth = 1.0 if product is None else self.growth(product)
        mean, deviation = (np.asarray(part * growth, np.float32) for part in (running[0].astype(np.float64), by))
        scaled = any(parameter.part == GAINS for parameter in node.parameters)
        gains = self._state[f"{node.name}.{GAINS}"] if scaled else np.ones((1, running.shape[-1] // 2), np.float32)
        shift = self._state[f"{node.name}.{BETA}"][0] if scaled else None
        return ComplexParts(mean, deviation, gains * np.float32(HALF), shift)

    def _whitened(self, node: Node, product: Node | None) -> ComplexParts:
        """Of products in their own units: the mean, one matrix of each channel, and the shift."""
        running = self._state[f"{node.name}.{RUNNING}"].astype(np.float64)
        rr, ri, ii = root = inverse_root(running[2:])
        growth = np.float64(1.0 if product is None else self.growth(product))
        mean = np.concatenate(running[:2]) * growth
        gains, shift = np.stack(root), None
        if any(parameter.part == GAINS for parameter in node.parameters):
            a, b, c = self._state[f"{node.name}.{GAINS}"].astype(np.float64)
            gains = np.stack(times((a, b, b, c), (rr, ri, ri, ii)))
            shift = self._state[f"{node.name}.{BETA}"][0]
        deviation = np.broadcast_to(growth, mean.shape).astype(np.float32)
        return ComplexParts(mean.astype(np.float32), deviation, gains.astype(np.float32), shift)

    def least(self, node: Node, product: Node, *, whole: bool) -> Array:
        """The least y with x >= 0; for a channel that does not vary, x is the shift, and so is its sign."""
        norm = self.norm(node, product)
        exact = norm.mean - norm.shift * norm.deviation
        first = np.ceil(exact) if whole else exact
        limit = THRESHOLD_LIMIT if whole else F32_MAX
        constant = np.where(norm.shift >= 0, -limit, limit)
        found = np.clip(np.where(norm.deviation > 0, first, constant), -limit, limit)
        return found.astype(np.int32 if whole else np.float32)

    def levels(self, node: Node, product: Node, bits: int) -> Array:
        """The least y of each level but the lowest, as norm_levels finds them in training."""
        norm = self.norm(node, product)
        return least_of(norm.mean, norm.deviation, norm.shift, largest(bits)).astype(np.int32)

    def of_levels(self, node: Node) -> Norm:
        """What makes floats in units of 1 of the sums of a node's levels."""
        layer, parameter = node.layer, node.parameter(PART)
        assert isinstance(layer, QuantisedLayer)
        by = layer.levels_of_one(self._policy, BITS_OF[node.input.kind], parameter.shape)
        none = np.zeros(parameter.shape[0])
        scaled = layer.scales(self._policy) and not self._state.are_signs(parameter.name)
        gain = self._state.scales(parameter.name).astype(np.float64) if scaled else None
        return Norm(none, np.full_like(none, by), none, gain)

    def growth(self, product: Node) -> float | Array:
        """How many times larger Y is in prediction than in training: its integers were divided, or scaled."""
        if self._policy.integer:
            return 1.0
        if isinstance(product.layer, QuantisedLayer):
            return self._levels(product, product.layer) if self._policy.Y == "f32" else 1.0
        growth: float | Array = float(U8_SCALE) if reads_bytes(self._graph, product) else 1.0
        layer = product.layer
        if isinstance(layer, BinaryConvolution) and layer.scales(self._policy, latent=self._latent):
            sizes = self._state.magnitudes(f"{product.name}.weights")
            growth = growth / np.where(sizes > 0, sizes, 1.0)
        return growth

    def _levels(self, product: Node, layer: QuantisedLayer) -> float | Array:
        """How many levels were 1 in training."""
        levels = float(layer.divisor(product.input.kind))
        name = product.parameter(PART).name
        if not layer.scales(self._policy) or self._state.are_signs(name):
            return levels
        sizes = self._state.scales(name).astype(np.float64)
        return np.asarray(levels / np.where(sizes > 0, sizes, 1.0))
