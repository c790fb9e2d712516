"""More threads than processors, thousands of short sections: no hang, no other bits."""

from __future__ import annotations

import time

import numpy as np
import pytest

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.run import initialise, open_session

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
