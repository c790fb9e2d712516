"""The golden hashes: the state that small networks train to under `lean`, the same everywhere and from day to day.

A change of them is a change of what training does. If it is meant, `python tests/run/golden.py` writes them anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

import linocut as lc
from linocut.compile.lower import Compiled, compile_network
from linocut.graph.network import Network
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    Conv2D,
    Flatten,
    Input,
    MaxPool2D,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.ops.bits import Array
from linocut.optimizers import SGD, Adam, Bop, Optimizer
from linocut.policies import Policy
from linocut.run import Session, initialise, open_session

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))
from narrower import narrower

FILE = Path(__file__).with_name("golden.json")
CLASSES = 10


@dataclass(frozen=True)
class Case:
    """Some runs of a small network's program: steps, or `parts` of them."""

    network: Network
    batch: int
    runs: int = 20
    optimizer: Optimizer = field(default_factory=lambda: Adam(0.01))
    policy: Policy = lc.lean
    parts: int = 1

    def session(self, **how: object) -> Session:
        """A session before its first run."""
        compiled = _compiled(self)
        session = open_session(compiled.program, **how)  # type: ignore[arg-type]  # keywords of the tests
        initialise(session, compiled.initial, seed=3)
        session.array("control")[0] = self.optimizer.learning_rate
        return session

    def feeds(self) -> Iterator[dict[str, Array]]:
        """What goes into the arena before each run: noise whose brightness tells the class."""
        rng = np.random.default_rng(0)
        for _ in range(self.runs):
            labels = rng.integers(0, CLASSES, self.batch)
            images = rng.integers(0, 150, (self.batch, *self.network.input.shape)) + 10 * labels[:, None, None, None]
            yield {"input": images, "labels": labels}


@cache
def _compiled(case: Case) -> Compiled:
    return compile_network(case.network, case.policy, case.optimizer, case.parts * case.batch, case.batch)


def hybrid(wide: int) -> Network:
    """Layers of every precision, `wide` channels where they are most."""
    return Network(
        "hybrid",
        (
            *(Input((9, 8, 3)), Conv2D(8), BatchNorm(), ReLU()),
            Residual((BatchNorm(), Quantise(2), QuantisedConv2D(8), BatchNorm(), ReLU())),
            Residual(
                (BatchNorm(), Quantise(4), QuantisedConv2D(wide, stride=2, bits=2), BatchNorm(), ReLU()),
                (Conv2D(wide, 1, 2), BatchNorm()),
            ),
            Residual((BatchNorm(), Sign(), BinaryConv2D(wide), BatchNorm(), ReLU())),
            *(BatchNorm(), Quantise(2), QuantisedConv2D(5, bits=4), MaxPool2D(), BatchNorm(), Quantise(2), Flatten()),
            *(QuantisedDense(CLASSES, bits=1), BatchNorm(), SoftmaxCrossEntropy()),
        ),
    )


MLP = lc.models.mlp((8, 8, 1), CLASSES, (130, 65))


def complex_nin(name: str, wide: int = 33) -> Network:
    """Of few pairs of channels, and `wide` in one layer."""
    widths = (6, wide, 5, 6, 5, 7, 6, 5)
    return lc.models.build(name, input_shape=(8, 8, 3), classes=CLASSES, widths=widths)


HYBRID, COMPLEX, PLAIN = hybrid(70), complex_nin("complex_nin_mean"), complex_nin("complex_nin_plain")
CASES = {
    "mlp": Case(MLP, 50, 50),
    "mlp-sgd": Case(MLP, 50, 50, SGD()),
    "mlp-bop-in-2": Case(MLP, 25, 50, Bop(), parts=2),
    "mlp-lean8": Case(MLP, 50, 50, policy=lc.lean8),
    "mlp-lean4": Case(MLP, 50, 50, policy=lc.lean4),
    "cnv": Case(narrower(lc.models.cnv(classes=CLASSES), 9, 64), 3),
    "cnv-lean4": Case(narrower(lc.models.cnv(classes=CLASSES), 33, 64), 3, 5, policy=lc.lean4),
    "binarynet": Case(narrower(lc.models.binarynet((10, 9, 3), CLASSES), 9, 64), 4),
    "binarynet-lean4": Case(narrower(lc.models.binarynet((10, 9, 3), CLASSES), 33, 64), 4, policy=lc.lean4),
    "resnet20": Case(lc.models.resnet20((8, 8, 3), CLASSES, width=8), 4, 10),
    "hybrid": Case(HYBRID, 4, 10),
    "hybrid-lean8": Case(HYBRID, 4, 10, policy=lc.lean8),
    "hybrid-lean4": Case(hybrid(130), 4, 10, policy=lc.lean4),
    "complex-nin": Case(COMPLEX, 4, 5),
    "complex-nin-lean4": Case(complex_nin("complex_nin_mean", 66), 4, 5, policy=lc.lean4),
    "complex-nin-plain-lean8": Case(PLAIN, 4, 5, policy=lc.lean8),
    "complex-nin-plain-bop": Case(PLAIN, 4, 5, Bop()),
    "complex-resnet18": Case(lc.models.complex_resnet18((8, 8, 3), CLASSES, stages=(5, 33)), 4, 5),
    "resnete18": Case(narrower(lc.models.resnete18((16, 16, 3), CLASSES), 9, 64), 4),
}


def trained(case: Case, **how: object) -> str:
    """The hash of the state that a case comes to."""
    session = case.session(**how)
    for run in case.feeds():
        for name, values in run.items():
            session.array(name)[...] = values
        session.run("train")
    return session.state_sha256()


def golden() -> dict[str, str]:
    """The hashes that are kept."""
    return json.loads(FILE.read_text())


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: trained(case) for name, case in CASES.items()}, indent=4) + "\n")
