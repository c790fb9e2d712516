"""The state that training starts from, decided by a seed, the same on every machine and with every NumPy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.compile.builder import MICRO
from linocut.compile.program import Buffer
from linocut.formats import find_format
from linocut.layers.parameters import Initial
from linocut.ops.bits import Array, pack
from linocut.ops.control import START
from linocut.ops.fixed_point import GOLDEN_64, MASK_64, random_bits, step_key
from linocut.run.session import Session

UNIFORMS = 12  # summed for one normal number: their variance is 1
HASHES = UNIFORMS // 2
AT_ONCE = 1 << 12  # numbers that are drawn together, but for longer rows


def initialise(session: Session, initial: Mapping[str, Initial], seed: int) -> None:
    """Fill every persistent buffer: weights from their distributions, latent ones within [-1, 1], the rest constant."""
    state = (seed * GOLDEN_64) & MASK_64
    # The place among micro-batches comes last, so that a seed means the same weights with and without them.
    for number, buffer in enumerate(sorted(session.program.persistent(), key=lambda buffer: buffer.name == MICRO)):
        rule = initial[buffer.name]
        array = session.array(buffer.name)
        array[...] = 0
        if rule.normal or rule.uniform:
            _draw(buffer, rule, array, step_key(state, number))
        if rule.rows:
            array[...] = np.array(rule.rows, np.float32)[:, None]
        elif rule.values:
            array[...] = np.array(rule.values, np.float32).reshape(array.shape)
    session.array("control")[...] = START
    session.array("random")[...] = np.array([state], np.uint64).view(np.int64)


def normal_numbers(first: int, count: int, key: int) -> Array:
    """`count` numbers of mean 0 and variance 1, float64, of the stream `key` from its place `first` on.

    Each is the sum of 12 uniform numbers of 16 bits (Irwin-Hall): exact, where a library's logarithm differs between
    machines, and its normal generator between versions. None is beyond 6.
    """
    places = np.arange(first, first + count, dtype=np.uint64).astype(np.uint32) * np.uint32(HASHES)
    total = np.zeros(count, np.int64)
    for number in range(HASHES):
        bits = random_bits(places + np.uint32(number), key)
        total += (bits & np.uint32(0xFFFF)) + (bits >> np.uint32(16)).astype(np.int64)
    return (total - UNIFORMS * 65535 / 2) / 65536


def uniform_numbers(first: int, count: int, key: int) -> Array:
    """`count` numbers between -1 and 1, float64, of the stream `key` from its place `first` on."""
    bits = random_bits(np.arange(first, first + count, dtype=np.uint64).astype(np.uint32), key)
    return (bits.astype(np.float64) + 0.5) * 2.0**-31 - 1.0


def _draw(buffer: Buffer, rule: Initial, array: Array, key: int) -> None:
    """A few rows at a time, so that no second copy of the weights exists at any time."""
    form = find_format(buffer.format)
    columns, rows = buffer.shape[-1], array.reshape(-1, array.shape[-1])
    some = max(1, AT_ONCE // columns)
    for begin in range(0, len(rows), some):
        part = rows[begin : begin + some]
        numbers = uniform_numbers if rule.uniform else normal_numbers
        values = numbers(begin * columns, len(part) * columns, key).reshape(-1, columns)
        values *= rule.uniform or rule.normal
        if rule.bounded:
            values = np.clip(values, -1.0, 1.0)
        if form.bits == 1:
            part[...] = pack(values >= 0)
        elif form.one:
            part[...] = np.floor(values * form.one + 0.5)
        else:
            part[...] = values
