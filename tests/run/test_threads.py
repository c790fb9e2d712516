"""More threads than processors, thousands of short sections: no hang, no other bits."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.run import initialise, open_session
from linocut.run.session import MOST_THREADS

RUNS = 400


@pytest.mark.timeout(120)
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_many_sections_on_many_threads(threads: int) -> None:
    compiled = compile_network(lc.models.mlp((8, 8, 1), 10, (128, 128)), lc.lean, lc.Adam(), 8)
    states = []
    for count in (1, threads):
        session = open_session(compiled.program, threads=count)
        initialise(session, compiled.initial, 0)
        session.array("control")[0] = 1e-3
        session.array("input")[...] = np.arange(8 * 64).reshape(session.array("input").shape) % 251
        session.array("labels")[...] = np.arange(8)
        for _ in range(RUNS):
            session.run("train")
        states.append(session.state_sha256())
    assert states[0] == states[1]


def test_threads_that_have_nothing_to_do_sleep() -> None:
    """They spin for some microseconds after a section: of what follows, none of them takes a tenth."""
    compiled = compile_network(lc.models.mlp((8, 8, 1), 10, (128,)), lc.lean, lc.Adam(), 8)
    session = open_session(compiled.program, threads=5)
    initialise(session, compiled.initial, 0)
    session.run("train")
    time.sleep(0.05)
    begin = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - begin < 0.03


def opened(threads: int, batch: int = 64):
    """A session of a perceptron that is given an example."""
    compiled = compile_network(lc.models.mlp((8, 8, 1), 10, (128, 128)), lc.lean, lc.Adam(), batch)
    session = open_session(compiled.program, threads=threads)
    initialise(session, compiled.initial, 0)
    session.array("control")[0] = 1e-3
    session.array("input")[...] = np.arange(batch * 64).reshape(session.array("input").shape) % 251
    session.array("labels")[...] = np.arange(batch) % 10
    return session


@pytest.mark.timeout(120)
def test_as_many_threads_as_there_may_be() -> None:
    alone, many = opened(1), opened(MOST_THREADS)
    assert (many.threads, MOST_THREADS) == (256, 256)
    for session in (alone, many):
        session.run("train")
    assert many.state_sha256() == alone.state_sha256()
    one = lc.Trainer(lc.models.mlp((8, 8, 1), 10, (8,)), threads=256, batch_size=10)
    assert lc.Predictor(one.inference_graph(), threads=256)
    for given in (0, 257):
        with pytest.raises(lc.SpecError, match=f"threads is {given}, must be a whole number from 1 to 256"):
            lc.Trainer(lc.models.mlp((8, 8, 1), 10, (8,)), threads=given)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("threads", [1, 3])
def test_one_session_that_two_threads_run(threads: int) -> None:
    """They take turns, section by section: all of them are whole, and none is lost."""
    alone, shared, barrier = opened(1), opened(threads), threading.Barrier(2)
    for _ in range(2 * RUNS // 4):
        alone.run("train")

    def work() -> None:
        barrier.wait()
        for _ in range(RUNS // 4):
            shared.run("train")

    running = [threading.Thread(target=work) for _ in range(2)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert shared.state_sha256() == alone.state_sha256()
