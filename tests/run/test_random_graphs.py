"""Random networks train to the same bits however they are compiled and run, and predict alike when loaded.

Each seed is a network (random_graphs.py); hundreds of seeds were run before these few were kept.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from branched import OPTIMIZERS, examples, opened, steps
from everything_divided import compile_divided
from random_graphs import random_network

from linocut import _native
from linocut.compile.lower import STEP, Compiled, compile_network
from linocut.graph.network import Network
from linocut.policies import POLICIES
from linocut.run import REFERENCE, Session
from linocut.run.predict import Predictor
from linocut.run.trained import trained_graph

SEEDS, COUNT, BATCH = range(10), 2, 6
NETWORKS = [*((seed, False) for seed in SEEDS), *((seed, True) for seed in range(4, 9))]  # some with few bits


def trained(compiled: Compiled, sections: tuple[str, ...] = ("train",), **how: object) -> Session:
    session = opened(compiled, **how)
    steps(session, compiled.network, COUNT, sections)
    return session


def state(session: Session) -> dict[str, bytes]:
    return {buffer.name: session.state_bytes(buffer.name).tobytes() for buffer in session.program.persistent()}


@pytest.mark.parametrize("policy", ["lean", "lean8"])
@pytest.mark.parametrize(("seed", "few"), NETWORKS)
def test_integers_have_the_same_bits_everywhere(seed: int, few: bool, policy: str) -> None:
    network, optimizer = random_network(seed, few=few), list(OPTIMIZERS.values())[seed % len(OPTIMIZERS)]
    compiled = compile_network(network, POLICIES[policy], optimizer, BATCH)
    expected = state(trained(compiled, backend=REFERENCE))
    for threads, isa in enumerate(_native.isas(), start=1):
        assert state(trained(compiled, threads=threads, isa=isa)) == expected, (isa, threads)
    if policy == "lean":
        assert state(trained(compile_divided(network, optimizer, BATCH, 1), threads=2)) == expected, "in tiles"
        apart = compile_network(network, POLICIES[policy], optimizer, BATCH, sections=STEP)
        assert state(trained(apart, STEP, threads=2)) == expected, "in sections"
        names = tuple(node.name for node in network.graph.nodes)
        kept = compile_network(network, POLICIES[policy], optimizer, BATCH, capture=names)
        assert state(trained(kept, threads=2)) == expected, "captured"


@pytest.mark.parametrize("policy", ["lean", "standard"])
@pytest.mark.parametrize(("seed", "few"), NETWORKS)
def test_they_predict_alike_when_loaded(seed: int, few: bool, policy: str) -> None:
    network, optimizer = random_network(seed, few=few), list(OPTIMIZERS.values())[seed % len(OPTIMIZERS)]
    compiled = compile_network(network, POLICIES[policy], optimizer, BATCH)
    session = trained(compiled, threads=1)
    images, _ = examples(network, BATCH)
    session.array("input")[...] = images
    session.run("predict")
    expected = session.array("predict.logits").astype(np.float64)
    graph = trained_graph(compiled, session)
    found = Predictor(graph, batch_size=BATCH, threads=2).predict(images).outputs
    judge = Predictor(graph, batch_size=4, backend=REFERENCE).predict(images).outputs
    assert found.tobytes() == judge.tobytes()
    assert np.abs(found - expected).max() <= (0.0 if policy == "lean" else 1e-4 * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_they_read_back_from_a_dictionary(seed: int, few: bool) -> None:
    network = random_network(seed, few=few)
    assert Network.from_dict(json.loads(json.dumps(network.to_dict()))) == network
