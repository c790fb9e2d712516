"""The packed model: what prediction needs of a trained network, and nothing more.

Weights are bits. A norm followed by sgn is one threshold per channel: x^ = +1 where y >= ceil(mu - beta
divisor) (DESIGN section 3). The last norm keeps its mean, spread and shift in f32.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from linocut.compile.lower import compile_network
from linocut.formats import words
from linocut.layers import BatchNorm, BinaryDense, Network, Sign
from linocut.ops.bits import Array
from linocut.optimizers import Bop
from linocut.policies import lean, wang2021
from linocut.run import NATIVE, Session, open_session

INTEGER, FLOAT = "integer", "float"
_POLICIES = {
    INTEGER: lean,
    FLOAT: wang2021.replace(
        Y="f32",
        dX="f32",
        dY="f32",
        W="f32",
        momenta="f32",
        beta="f32",
        statistics="f32",
        name="float prediction",
    ),
}


@dataclass(frozen=True)
class Tensor:
    """A tensor that a packed model of some network has."""

    name: str
    shape: tuple[int, ...]
    dtype: type[np.generic]


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
        for placed, following in pairwise(self.network.placed):
            if isinstance(placed.layer, BinaryDense):
                name = f"{placed.name}.weights"
                session.array(name)[...] = self.tensors[name]
            elif isinstance(placed.layer, BatchNorm):
                self._open_norm(session, placed.name, isinstance(following.layer, Sign))
        return session

    def _open_norm(self, session: Session, name: str, signed: bool) -> None:
        running, shift = session.array(f"{name}.running"), session.array(f"{name}.beta")
        if not signed:
            running[0], running[1] = self.tensors[f"{name}.mean"], self.tensors[f"{name}.spread"]
            shift[0] = self.tensors[f"{name}.shift"]
            return
        threshold = self.tensors[f"{name}.threshold"].astype(np.float64)
        running[0], running[1] = threshold, 1.0
        shift[0] = running[0].astype(np.float64) - threshold  # what f32 cannot hold of a threshold above 2**24


def expected(network: Network, arithmetic: str) -> Iterator[Tensor]:
    """The tensors of a packed model, in order."""
    real = True
    for placed, following in pairwise(network.placed):
        channels = placed.output_shape[-1]
        if isinstance(placed.layer, BinaryDense):
            yield Tensor(f"{placed.name}.weights", (channels, words(placed.input_shape[-1])), np.uint64)
        elif isinstance(placed.layer, BatchNorm) and isinstance(following.layer, Sign):
            whole = not (real and arithmetic == FLOAT)
            yield Tensor(f"{placed.name}.threshold", (channels,), np.int32 if whole else np.float32)
            real = False
        elif isinstance(placed.layer, BatchNorm):
            for part in ("mean", "spread", "shift"):
                yield Tensor(f"{placed.name}.{part}", (channels,), np.float32)
