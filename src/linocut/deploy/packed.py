"""The packed model: what prediction needs of a trained network, and nothing more.

Weights are bits. A norm followed by sgn is one threshold per channel: x^ = +1 where y >= ceil(mu - beta
divisor) (DESIGN section 3). Other norms keep their mean, spread and shift, and full-precision layers their weights,
in f32.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from linocut.compile.lower import compile_network
from linocut.formats import words
from linocut.layers import BatchNorm, BinaryConv2D, BinaryDense, Network, Sign
from linocut.layers.kinds import INPUT
from linocut.layers.placed import Placed
from linocut.ops.bits import Array
from linocut.optimizers import Bop
from linocut.policies import lean, wang2021
from linocut.run import NATIVE, Session, open_session
from linocut.tensor_file import Tensor

INTEGER, FLOAT = "integer", "float"
_POLICIES = {
    INTEGER: lean.replace(norm="l1"),
    FLOAT: wang2021.replace(
        Y="f32",
        dX="f32",
        dY="f32",
        W="f32",
        momenta="f32",
        beta="f32",
        statistics="f32",
        real="f32",
        name="float prediction",
    ),
}


@dataclass(frozen=True)
class PackedModel:
    """A network and its tensors by the names of `expected`.

    `arithmetic` is "integer", or "float" for a network that was trained on f32 input in floats. `classes` are
    the names of the classes, `data` the name of the data set that it was trained on.
    """

    network: Network
    arithmetic: str
    tensors: dict[str, Array]
    classes: tuple[str, ...]
    data: str | None

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors."""
        return sum(array.nbytes for array in self.tensors.values())

    def open(self, batch: int, threads: int | None = None, backend: str = NATIVE) -> Session:
        """A session whose section "predict" runs the network on `batch` examples."""
        compiled = compile_network(self.network, _POLICIES[self.arithmetic], Bop(), batch, training=False)
        session = open_session(compiled.program, backend=backend, threads=threads)
        for placed in self.network.placed:
            if placed.layer.weights_shape(placed.input_shape) is not None:
                name = f"{placed.name}.weights"
                session.array(name)[...] = self.tensors[name]
            elif isinstance(placed.layer, BatchNorm):
                self._open_norm(session, placed.name, is_threshold(self.network, placed))
        return session

    def _open_norm(self, session: Session, name: str, threshold_only: bool) -> None:
        running, shift = session.array(f"{name}.running"), session.array(f"{name}.beta")
        if not threshold_only:
            running[0], running[1] = self.tensors[f"{name}.mean"], self.tensors[f"{name}.spread"]
            shift[0] = self.tensors[f"{name}.shift"]
            return
        threshold = self.tensors[f"{name}.threshold"].astype(np.float64)
        running[0], running[1] = threshold, 1.0
        shift[0] = running[0].astype(np.float64) - threshold  # what f32 cannot hold of a threshold above 2**24


def is_threshold(network: Network, norm: Placed) -> bool:
    """Whether a norm of a binary layer's products is only asked for signs: then it is one threshold per channel."""
    return norm.follower == Sign.kind and is_binary(_producer(network, norm))


def is_binary(placed: Placed | None) -> bool:
    """Whether this is a layer with binary weights."""
    return placed is not None and isinstance(placed.layer, (BinaryDense, BinaryConv2D))


def is_first(network: Network, norm: Placed) -> bool:
    """Whether a norm is of the products of a binary layer that is given the network's input."""
    producer = _producer(network, norm)
    return producer is not None and is_binary(producer) and producer.input_kind == INPUT


def _producer(network: Network, norm: Placed) -> Placed | None:
    return next((placed for placed in network.placed if placed.name == norm.producer), None)


def expected(network: Network, arithmetic: str) -> Iterator[Tensor]:
    """The tensors of a packed model, in order."""
    for placed in network.placed:
        channels = placed.output_shape[-1]
        weights = placed.layer.weights_shape(placed.input_shape)
        if weights is not None and is_binary(placed):
            yield Tensor(f"{placed.name}.weights", (*weights[:-1], words(weights[-1])), np.uint64)
        elif weights is not None:
            yield Tensor(f"{placed.name}.weights", weights, np.float32)
        elif isinstance(placed.layer, BatchNorm) and is_threshold(network, placed):
            whole = arithmetic == INTEGER or not is_first(network, placed)
            yield Tensor(f"{placed.name}.threshold", (channels,), np.int32 if whole else np.float32)
        elif isinstance(placed.layer, BatchNorm):
            for part in ("mean", "spread", "shift"):
                yield Tensor(f"{placed.name}.{part}", (channels,), np.float32)
