"""A host may set other floating-point modes for its threads: results do not depend on them, and it finds them again."""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.run import initialise, open_session

HERE = (sys.platform, platform.machine())
pytestmark = pytest.mark.skipif(HERE != ("linux", "x86_64"), reason="modes are set as glibc has them on x86-64")

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
NEAREST, DOWN, UP, TO_ZERO = 0x000, 0x400, 0x800, 0xC00
FLUSH = 0x8040  # subnormals to zero, as results and as operands
MXCSR = 28  # its place in the environment, in bytes
IMAGES, LABELS = np.arange(64 * 64).reshape(64, 8, 8, 1) % 251, np.arange(64) % 10
TINY = np.float32(1e-41)  # a subnormal number


def environment() -> ctypes.Array[Any]:
    """The modes of this thread."""
    found = (ctypes.c_uint8 * 64)()
    assert LIBM.fegetenv(found) == 0
    return found


def modes() -> tuple[int, int]:
    """Rounding, and whether subnormal numbers are flushed."""
    return LIBM.fegetround(), int.from_bytes(environment()[MXCSR : MXCSR + 4], "little") & FLUSH


@contextmanager
def set_to(rounding: int, flush: int) -> Iterator[None]:
    """A block with other modes."""
    former, other = environment(), environment()
    word = int.from_bytes(other[MXCSR : MXCSR + 4], "little") & ~FLUSH | flush
    other[MXCSR : MXCSR + 4] = list(word.to_bytes(4, "little"))
    try:
        assert LIBM.fesetenv(other) == 0 and LIBM.fesetround(rounding) == 0
        yield
    finally:
        assert LIBM.fesetenv(former) == 0


COMPILED = {
    policy: compile_network(lc.models.mlp((8, 8, 1), 10, (256, 256)), policy, lc.Adam(), 64)
    for policy in (lc.lean, lc.standard, lc.wang2021)
}


def opened(policy: lc.Policy, threads: int):
    """A session with an example and many subnormal numbers in its moments."""
    compiled = COMPILED[policy]
    session = open_session(compiled.program, threads=threads)
    initialise(session, compiled.initial, 0)
    session.array("control")[0] = 1e-3
    session.array("input")[...] = IMAGES
    session.array("labels")[...] = LABELS
    for place in compiled.layout.moments.values():
        if place.format == "f32":
            session.array(place.buffer)[...] = TINY
    return session


def trained(session) -> str:
    for _ in range(3):
        session.run("train")
    return session.state_sha256()


EXPECTED = {policy: trained(opened(policy, 1)) for policy in COMPILED}


@pytest.mark.parametrize("flush", [0, FLUSH])
@pytest.mark.parametrize("rounding", [NEAREST, DOWN, UP, TO_ZERO])
@pytest.mark.parametrize("policy", COMPILED, ids=lambda policy: policy.name)
def test_modes_of_the_caller(policy, rounding, flush) -> None:
    session = opened(policy, 1)
    with set_to(rounding, flush):
        for _ in range(3):
            session.run("train")
            assert modes() == (rounding, flush)
        with pytest.raises(ValueError, match="no section is called"):
            session.run("nothing")
        assert modes() == (rounding, flush)
    assert session.state_sha256() == EXPECTED[policy]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("rounding", [DOWN, UP])
@pytest.mark.parametrize("policy", [lc.standard, lc.wang2021], ids=lambda policy: policy.name)
def test_modes_that_workers_inherit(policy, rounding) -> None:
    """Threads begin with the modes of the one that starts them: here that opens the session, and runs it."""
    for _ in range(3):
        with set_to(rounding, FLUSH):
            session = opened(policy, 4)
            for _ in range(3):
                session.run("train")
        assert session.state_sha256() == EXPECTED[policy]


def test_the_modes_of_a_predictor_s_caller() -> None:
    one = lc.Trainer(lc.models.mlp((8, 8, 1), 10, (64,)), "standard", batch_size=16, threads=1)
    one.fit((IMAGES.astype(np.uint8), LABELS), 1)
    predictor = lc.Predictor(one.inference_graph(), threads=3)
    images = IMAGES.astype(np.uint8)
    expected = predictor.predict(images).outputs
    with set_to(UP, FLUSH):
        again = lc.Predictor(predictor.graph, threads=3)
        found = again.predict(images).outputs, np.stack([again(image).copy() for image in images])
        assert modes() == (UP, FLUSH)
    assert np.array_equal(found[0], expected)
    assert np.array_equal(found[1], expected)


def in_thread(work: Callable[[], object]) -> object:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_modes_of_a_thread_of_the_host() -> None:
    session = opened(lc.standard, 2)

    def work() -> str:
        with set_to(TO_ZERO, FLUSH):
            return trained(session)

    assert in_thread(work) == EXPECTED[lc.standard]
    assert modes() == (NEAREST, 0)
