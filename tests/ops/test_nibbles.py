"""i4: codes of levels in nibbles, the level nearest to a number, and networks whose rows of nibbles are odd."""

from __future__ import annotations

import numpy as np
import pytest

from linocut.compile.lower import compile_network
from linocut.layers import BatchNorm, BinaryConv2D, BinaryDense, Flatten, Input, Network, Sign, SoftmaxCrossEntropy
from linocut.ops.nibbles import LEVELS, nearest_levels, pack_nibbles, unpack_nibbles
from linocut.optimizers import Adam
from linocut.policies import lean4
from linocut.run import NATIVE, REFERENCE, initialise, open_session


@pytest.mark.parametrize("columns", [1, 2, 15, 64])
def test_levels_come_back_from_their_nibbles(columns: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.choice(LEVELS, (3, columns)) * rng.choice([-1, 1], (3, columns))
    packed = pack_nibbles(values)
    assert packed.shape == (3, (columns + 1) // 2) and packed.dtype == np.uint8
    assert np.array_equal(unpack_nibbles(packed, columns), values)
    assert columns % 2 == 0 or not np.any(packed[:, -1] >> 4)


def test_the_even_one_is_in_the_low_nibble() -> None:
    assert pack_nibbles(np.array([1, -1])).tolist() == [0xF1]
    assert pack_nibbles(np.array([30, -30, 12])).tolist() == [0x97, 0x05]


def test_four_levels_sum_to_a_byte() -> None:
    assert 4 * LEVELS[-1] <= 127 and list(LEVELS) == sorted(set(LEVELS)) and len(LEVELS) == 8


def test_numbers_go_to_the_nearest_level() -> None:
    """Given as floor(2 x): of two as near, to the larger; a negative one to the smaller size."""
    halves = np.arange(-80, 81)
    for number, level in zip(halves / 2, nearest_levels(halves), strict=True):
        distances = {sign * size: abs(number - sign * size) for size in LEVELS for sign in (-1, 1)}
        assert distances[int(level)] == min(distances.values()), number
    assert nearest_levels(np.array([1, 11, -11, -12, 200])).tolist() == [1, 7, -4, -7, 30]


def test_rows_of_an_odd_number_of_channels_are_flattened() -> None:
    """Nine pixels of 129 channels: the gradient of the 1,161 inputs has rows that would begin within a byte."""
    layers = (Input((3, 3, 2)), BinaryConv2D(129), BatchNorm(), Sign(), BinaryConv2D(129), BatchNorm(), Sign())
    head = (Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy())
    compiled = compile_network(Network("odd", (*layers, *head)), lean4, Adam(0.01), 6)
    assert {buffer.format for buffer in compiled.program.buffers if buffer.shape == (6, 1161)} >= {"i4"}
    states = set()
    for how in ({"backend": REFERENCE}, {"backend": NATIVE, "threads": 3}):
        session = open_session(compiled.program, **how)  # type: ignore[arg-type]  # keywords of the two
        initialise(session, compiled.initial, seed=3)
        rng = np.random.default_rng(0)
        session.array("control")[0] = 0.01
        for _ in range(4):
            session.array("input")[...] = rng.integers(0, 256, (6, 3, 3, 2))
            session.array("labels")[...] = rng.integers(0, 4, 6)
            session.run("train")
        states.add(session.state_sha256())
    assert len(states) == 1
