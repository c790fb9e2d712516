"""carry: the parameters of a trained network, for the layers of another that have their names and shapes.

A layer is taken whole or not at all; of one in another precision its weights are: latent ones as floats, and floats as
latent ones. Matrices in circulant blocks become the nearest ones in blocks of another size. What a policy keeps in its
own units goes through those of prediction, in which all agree: the mean and deviation of a norm, and its shift.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from linocut.formats import find_format
from linocut.graph import inference
from linocut.graph.fold import Norm
from linocut.graph.graph import Graph, Node
from linocut.graph.inference import InferenceGraph
from linocut.graph.precision import same_but_for_precision
from linocut.graph.queries import carried, head, product_of, sign_of
from linocut.graph.state import State
from linocut.graph.trained import Trained
from linocut.layers import BatchNorm
from linocut.layers.batch_norm import GAMMA, RUNNING, norm_name
from linocut.layers.circulant import in_blocks
from linocut.layers.parameters import BETA, Parameter, fan_in
from linocut.layers.weights import PART as WEIGHTS
from linocut.ops.bits import Array, unpack
from linocut.ops.limits import U8_SCALE
from linocut.ops.norm import EPSILON, L2, NORMS, SIGMAS
from linocut.policies import Policy

SQUARED_BYTE = U8_SCALE * (U8_SCALE + 2) / 3  # the mean of (2u - 255)^2 over all bytes u


@dataclass(frozen=True)
class Target:
    """A network that takes parameters: its graph, policy and state, and whether its binary weights are latent."""

    graph: Graph
    policy: Policy
    state: State
    latent: bool

    @property
    def numbers(self) -> Trained:
        """Its parameters as they are now."""
        return Trained(self.graph, self.policy, self.state, latent=self.latent)


@dataclass(frozen=True)
class Carried:
    """The layers that were taken, why others start anew, which of the source found no place, which were fitted."""

    taken: tuple[str, ...]
    new: dict[str, str]
    unused: tuple[str, ...]
    fitted: tuple[str, ...]  # of those taken: into circulant blocks of another size


class Giver(ABC):
    """A trained network whose parameters are taken."""

    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """Its layers that have parameters."""

    @abstractmethod
    def refuses(self, node: Node) -> str:
        """Why the node of another network cannot take the layer of its name, or ""."""

    @abstractmethod
    def weights(self, parameter: Parameter) -> Array:
        """Weights or a bias; of binary ones known by their signs alone, -1 and +1."""

    @abstractmethod
    def norm(self, node: Node) -> Norm:
        """A batch norm in prediction."""

    def span(self, parameter: Parameter, policy: Policy) -> float:
        """The latent weight that the largest level of its own weights stands for; by a policy where they have none."""
        return _span(parameter, policy)

    def fitted(self, node: Node) -> bool:
        """Whether the weights of a layer that it can fill are those nearest to its own."""
        return False

    def kept(self, target: Target, node: Node) -> dict[str, Array] | None:
        """The parameters of a layer just as they are, where the target keeps them in the same units."""
        return None


def refusals(giver: Giver, graph: Graph, renamed: str = "") -> dict[str, str]:
    """Why layers of a graph begin anew, by name: those that the giver cannot fill, and norms behind such.

    `renamed` says why the layers that give the outputs do so, whatever they fit: their classes are others.
    """
    last = {node.name for node in head(graph)} if renamed else set()
    reasons: dict[str, str] = {}
    for node in graph.nodes:
        if not carried(node):
            continue
        before = _normed(graph, node)
        of_new = f"it norms {before}, which begins anew" if before in reasons else ""
        if reason := giver.refuses(node) or of_new or (renamed if node.name in last else ""):
            reasons[node.name] = reason
    return reasons


def carry(giver: Giver, target: Target, new: dict[str, str]) -> Carried:
    """Write what does not begin anew into the target's state; weights first, as the units of norms may depend on them.

    `new` is what `refusals` gave for the target's graph.
    """
    fitting = [node for node in target.graph.nodes if carried(node) and node.name not in new]
    for node in sorted(fitting, key=lambda node: isinstance(node.layer, BatchNorm)):
        kept = giver.kept(target, node)
        target.state.update(kept if kept is not None else dict(_converted(giver, target, node)))
    taken = tuple(node.name for node in fitting)
    fitted = tuple(node.name for node in fitting if giver.fitted(node))
    return Carried(taken, new, tuple(name for name in giver.layers() if name not in taken), fitted)


def _converted(giver: Giver, target: Target, node: Node) -> Iterator[tuple[str, Array]]:
    if not isinstance(node.layer, BatchNorm):
        for parameter in carried(node):
            values = giver.weights(parameter)
            if parameter.bits > 1:
                values = values * np.float32(_span(parameter, target.policy) / giver.span(parameter, target.policy))
            yield parameter.name, _as_latent(values, parameter, target.policy)
        return
    norm = giver.norm(node)
    product = product_of(target.graph, node)
    growth = 1.0 if product is None else target.numbers.growth(product)
    by = norm.deviation / growth
    kind = NORMS[norm_name(target.policy, target.graph.feeds_loss(node.name))]
    running = np.maximum(by * by - EPSILON, 0.0) if kind == L2 else by  # the variance under l2
    yield f"{node.name}.{RUNNING}", np.stack([norm.mean / growth, running])
    yield f"{node.name}.{BETA}", norm.shift[None]
    if node.layer.scale:
        yield f"{node.name}.{GAMMA}", (np.ones_like(norm.mean) if norm.gain is None else norm.gain)[None]


def _span(parameter: Parameter, policy: Policy) -> float:
    """The latent weight that the largest level stands for."""
    return policy.weight_range(fan_in(parameter.shape))


def _as_latent(values: Array, parameter: Parameter, policy: Policy) -> Array:
    """Signs as latent weights of the size that these have at first; of others no sign is lost by rounding."""
    if not parameter.binary:
        return values
    if bool((np.abs(values) == 1).all()):
        return values * np.float32(parameter.initial.normal)
    one = find_format(policy.W).one
    least = np.float32(policy.weight_range(fan_in(parameter.shape)) / one if one else 0)
    return np.where(values < 0, np.minimum(values, -least), values)


class OfState(Giver):
    """What a training has come to: `numbers` and the state that they are of."""

    def __init__(self, source: Target) -> None:
        self._source = source

    def layers(self) -> tuple[str, ...]:
        """Those of its graph."""
        return tuple(node.name for node in self._source.graph.nodes if carried(node))

    def refuses(self, node: Node) -> str:
        """Where it has no such layer, or one of other parameters."""
        own = self._source.graph.by_name.get(node.name)
        if own is None or not carried(own):
            return "there is none of that name"
        if not same_but_for_precision(own.layer, node.layer):
            return f"there it is a {own.layer.kind}, here a {node.layer.kind}"
        there = _shapes(own)
        if type(own.layer) is not type(node.layer):  # dense weights of floats are images of one pixel
            there = {part: _like(shape, node.parameter(part).shape) for part, shape in there.items() if part == WEIGHTS}
        return _misfit(there, node)

    def span(self, parameter: Parameter, policy: Policy) -> float:
        """Of its own policy, where it has levels there."""
        of = self._source.graph.node(parameter.node).parameter(parameter.part)
        return _span(parameter, self._source.policy if of.bits > 1 else policy)

    def fitted(self, node: Node) -> bool:
        """Whether its circulant blocks are of another size there."""
        own = {parameter.part: parameter.shape for parameter in carried(self._source.graph.node(node.name))}
        return any(one.matrix is not None and own[one.part] != one.shape for one in carried(node))

    def kept(self, target: Target, node: Node) -> dict[str, Array] | None:
        """As they are, where norms mean the same and weights are kept alike."""
        own, policy = self._source.policy, target.policy
        units = (own.integer, own.norm, own.logits_norm, own.W, self._source.latent)
        if units != (policy.integer, policy.norm, policy.logits_norm, policy.W, target.latent):
            return None
        if type(self._source.graph.node(node.name).layer) is not type(node.layer):
            return None
        if self.fitted(node):
            return None
        if any(self._source.state.are_signs(parameter.name) for parameter in carried(node)):
            return None
        return {parameter.name: self._source.state[parameter.name] for parameter in carried(node)}

    def weights(self, parameter: Parameter) -> Array:
        """From its state; of signs alone, where floats are wanted, of the size that weights have at first."""
        found = self._source.state[parameter.name]
        if self._source.state.are_signs(parameter.name) and not parameter.binary:
            found = found * np.float32(fan_in(parameter.shape) ** -0.5)
        if parameter.matrix is not None and found.shape != parameter.shape:
            return in_blocks(found, parameter.matrix, parameter.shape[-1])
        return found.reshape(parameter.shape)

    def norm(self, node: Node) -> Norm:
        """From its state."""
        own = self._source.graph.node(node.name)
        return self._source.numbers.norm(own, product_of(self._source.graph, own))


class OfModel(Giver):
    """A packed model: signs, thresholds, and what is in full precision.

    A threshold does not tell the mean and deviation of the sums that it is of: the mean is taken to be there, the shift
    to be 0, and the deviation what sums of as many independent terms have. Prediction is the same.
    """

    def __init__(self, graph: InferenceGraph, target: Target) -> None:
        self._graph, self._target = graph, target

    def layers(self) -> tuple[str, ...]:
        """Its products and norms; thresholds are of norms."""
        thresholds = inference.Threshold, inference.ComplexThreshold
        return tuple(n.name for n in self._graph.nodes if n.arrays() and not isinstance(n, thresholds))

    def refuses(self, node: Node) -> str:
        """Where it has no such layer, or one of other numbers."""
        if isinstance(node.layer, BatchNorm):
            return self._refuses_norm(node)
        own = self._graph.by_name.get(node.name)
        if isinstance(own, inference.LevelsProduct):
            return f"of its weights of {own.bits} bits a model file keeps the levels alone; begin from the run's folder"
        if not isinstance(own, (inference.BinaryProduct, inference.RealProduct)):
            return "there is none of that name"
        binary = isinstance(own, inference.BinaryProduct) or own.binary
        if binary != node.parameter(WEIGHTS).binary:
            return f"its weights are {'binary' if binary else 'floats'} there"
        shape = node.parameter(WEIGHTS).shape
        there = {WEIGHTS: self._shape(own, shape)}
        if isinstance(own, inference.RealProduct) and own.bias is not None:
            there["bias"] = (1, *own.bias.shape)
        return _misfit(there, node)

    def _shape(self, own: inference.BinaryProduct | inference.RealProduct, wanted: tuple[int, ...]) -> tuple[int, ...]:
        found = (*own.weights.shape[:-1], own.depth)
        flat = len(found) == 2 and len(wanted) == 4 and wanted[1:3] == (1, 1)
        line = len(found) == 3 and len(wanted) == 4 and wanted[1] == 1
        return (found[0], 1, 1, found[1]) if flat else (found[0], 1, *found[1:]) if line else found

    def _found_norm(self, node: Node) -> inference.Affine | inference.Threshold | None:
        sign = sign_of(self._target.graph, node)
        for name in (node.name, "" if sign is None else sign.name):
            own = self._graph.by_name.get(name)
            if isinstance(own, (inference.Affine, inference.Threshold)):
                return own
        return None

    def _refuses_norm(self, node: Node) -> str:
        own = self._found_norm(node)
        if own is None:
            return "there is none of that name"
        channels = node.output.shape[-1]
        found = (own.least if isinstance(own, inference.Threshold) else own.mean).shape[0]
        return "" if found == channels else f"it has {channels} channels, there {found}"

    def weights(self, parameter: Parameter) -> Array:
        """Signs as -1 and +1, floats as they are."""
        own = self._graph.by_name[parameter.node]
        assert isinstance(own, (inference.BinaryProduct, inference.RealProduct))
        if parameter.part != WEIGHTS:
            assert isinstance(own, inference.RealProduct) and own.bias is not None
            return own.bias[None]
        if not parameter.binary:
            return own.weights.reshape(parameter.shape)
        bits = unpack(own.weights.reshape(-1, own.weights.shape[-1]), own.depth)
        return np.where(bits, np.float32(1), np.float32(-1)).reshape(parameter.shape)

    def norm(self, node: Node) -> Norm:
        """As it is, or one that has the threshold."""
        own = self._found_norm(node)
        if isinstance(own, inference.Affine):
            gain = None if own.gain is None else own.gain.astype(np.float64)
            mean, deviation, shift = (part.astype(np.float64) for part in (own.mean, own.deviation, own.shift))
            return Norm(mean, deviation, shift, gain)
        assert own is not None
        least, whole = own.least.astype(np.float64), own.least.dtype == np.int32
        between = least - 0.5 if whole else least  # of whole numbers any that is above the next lower one
        return Norm(between, np.full(len(least), self._deviation(node) if whole else 1.0), np.zeros(len(least)))

    def _deviation(self, node: Node) -> float:
        """Of a sum of independent signs, or of bytes times signs, as the target's norm measures it."""
        product = product_of(self._target.graph, node)
        assert product is not None
        terms = float(fan_in(product.parameter(WEIGHTS).shape))
        if self._graph.by_name[product.name].kind == inference.RealProduct.kind:
            terms *= SQUARED_BYTE
        name = norm_name(self._target.policy, self._target.graph.feeds_loss(node.name))
        return float(terms**0.5 / (SIGMAS if name == "l1" else 1.0))


def _normed(graph: Graph, node: Node) -> str:
    """The layer whose outputs a batch norm norms, if that has parameters; "" for any other layer."""
    if not isinstance(node.layer, BatchNorm):
        return ""
    before = product_of(graph, node) or graph.by_name.get(node.input.node)
    return before.name if before is not None and carried(before) else ""


def _like(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """A shape as another has it, if they are one but for dimensions of 1."""
    return wanted if [size for size in shape if size != 1] == [size for size in wanted if size != 1] else shape


def _shapes(node: Node) -> dict[str, tuple[int, ...]]:
    """Those of a layer's parameters; of matrices in circulant blocks, whatever their size, (inputs, outputs)."""
    return {parameter.part: parameter.matrix or parameter.shape for parameter in carried(node)}


def _misfit(there: dict[str, tuple[int, ...]], node: Node) -> str:
    """Why parameters of these shapes do not fit a node, or ""."""
    here = _shapes(node)
    if set(here) != set(there):
        return f"it has {', '.join(here)}, there {', '.join(there)}"
    for part, shape in here.items():
        if shape != there[part]:
            return f"its {part} are {shape}, there {there[part]}"
    return ""
