"""Branched networks of every layer, under every policy and optimizer: the native core beside the reference.

Under integers all end in the same bits. Under floats they do for every number of threads, and stay close to the
reference: each kernel sums in its own order.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from branched import LAYERS_OF_OTHERS, NETWORKS, OPTIMIZERS, opened, steps

from linocut import _native
from linocut.compile.lower import Compiled, compile_network
from linocut.layers import LAYERS, Layer
from linocut.policies import POLICIES
from linocut.run import REFERENCE, Session

STEPS, BATCH = 4, 6
THREADS = (1, 2, 3)
APART = 3e-4  # of the largest number of a buffer after so many steps in floats; seen are a third of it
FLOATS = ("f16", "f32")


@cache
def compiled(network: str, policy: str, optimizer: str, parts: int) -> Compiled:
    return compile_network(NETWORKS[network], POLICIES[policy], OPTIMIZERS[optimizer], parts * BATCH, BATCH)


def trained(network: str, policy: str, optimizer: str, parts: int = 1, **how: object) -> Session:
    session = opened(compiled(network, policy, optimizer, parts), **how)
    steps(session, NETWORKS[network], STEPS)
    return session


def metrics(session: Session) -> tuple[str, float, list[int]]:
    return session.state_sha256(), float(session.array("loss")[0]), session.array("counters").tolist()


def test_every_layer_occurs() -> None:
    """Those that a training has, a residual as an add; but for those of complex and recurrent networks."""
    kinds = {node.layer.kind for network in NETWORKS.values() for node in network.graph.nodes}
    assert kinds == {kind for kind, layer in LAYERS.items() if _trains(layer)} - LAYERS_OF_OTHERS


def _trains(layer: type[Layer]) -> bool:
    return layer.lower is not Layer.lower or layer.lower_all is not Layer.lower_all


@pytest.mark.parametrize(
    ("optimizer", "parts"), [*((name, 1) for name in OPTIMIZERS), ("adam with decay", 2), ("sgd", 2), ("bop", 2)]
)
@pytest.mark.parametrize("policy", ["lean", "lean8"])
@pytest.mark.parametrize("network", NETWORKS)
def test_integers_have_the_same_bits_everywhere(network: str, policy: str, optimizer: str, parts: int) -> None:
    expected = metrics(trained(network, policy, optimizer, parts, backend=REFERENCE))
    assert np.isfinite(expected[1]) and expected[2][1] == STEPS * BATCH
    assert network == "real" or expected[2][2] > 0, "weights changed their signs"
    found = {
        (isa, threads): metrics(trained(network, policy, optimizer, parts, isa=isa, threads=threads))
        for isa in _native.isas()
        for threads in THREADS
    }
    assert {how: state for how, state in found.items() if state != expected} == {}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("policy", ["standard", "wang2021"])
@pytest.mark.parametrize("network", NETWORKS)
def test_floats_stay_close_to_the_reference(network: str, policy: str, optimizer: str) -> None:
    if (network, optimizer) == ("levels", "bop"):
        pytest.skip("the Adam of Bop divides by next to no gradient, and its weights have latents here")
    expected = trained(network, policy, optimizer, backend=REFERENCE)
    for isa in _native.isas():
        found = [trained(network, policy, optimizer, isa=isa, threads=threads) for threads in THREADS]
        assert [metrics(session) == metrics(found[0]) for session in found] == [True] * len(found)
        assert found[0].array("loss")[0] == pytest.approx(expected.array("loss")[0], rel=1e-5)
        for buffer in expected.program.persistent():
            one, other = (session.array(buffer.name) for session in (found[0], expected))
            if buffer.format in FLOATS:
                error, largest = np.abs(one.astype(np.float64) - other).max(), np.abs(other).max()
                assert error <= max(APART * largest, np.spacing(largest)), f"{buffer.name} on {isa}"
            elif buffer.format == "bit":
                assert np.array_equal(one, other), f"{buffer.name} on {isa}"
