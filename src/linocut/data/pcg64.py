"""The raw numbers of NumPy's PCG64(SeedSequence(...)), bit for bit, without numpy.random.

To import numpy.random costs a process 7 MB, a fifth of what training on MNIST takes.
Sources: O'Neill, PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
Generation, 2014 (pcg64, XSL-RR output); the seeding is that of NumPy's SeedSequence (NEP 19 keeps both
fixed).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
MASK32, MASK64, MASK128 = (1 << 32) - 1, (1 << 64) - 1, (1 << 128) - 1
BLOCK = 1024  # states that step together


def raw(entropy: Sequence[int], count: int) -> NDArray[np.uint64]:
    """The first `count` numbers, uint64 (count,), after seeding with `entropy`, integers of 0 or more."""
    out = np.empty(count, np.uint64)
    state, increment = _seeded(entropy)
    # A state is 128 bits, kept as its high and its low word: BLOCK successive ones, then all BLOCK steps on.
    states, jump, offset = [], 1, 0
    for _ in range(min(BLOCK, count)):
        state = (state * MULTIPLIER + increment) & MASK128
        states.append(state)
        jump, offset = jump * MULTIPLIER & MASK128, (offset * MULTIPLIER + increment) & MASK128
    high = np.array([state >> 64 for state in states], np.uint64)
    low = np.array([state & MASK64 for state in states], np.uint64)
    for start in range(0, count, BLOCK):
        rows = out[start : start + BLOCK]
        rows[:] = _output(high, low)[: len(rows)]
        high, low = _multiply_add(high, low, jump, offset)
    return out


def _output(high: Words, low: Words) -> Words:
    """The two words, xored, and rotated right by the state's top 6 bits."""
    mixed, turn = high ^ low, high >> np.uint64(58)
    back: Words = -turn & np.uint64(63)
    turned: Words = (mixed >> turn) | (mixed << back)
    return turned


def _multiply_add(high: Words, low: Words, factor: int, term: int) -> tuple[Words, Words]:
    """high:low * factor + term, modulo 2**128."""
    half, mask = np.uint64(32), np.uint64(MASK32)
    factor_low = np.uint64(factor & MASK64)
    f0, f1 = np.uint64(factor & MASK32), np.uint64(factor >> 32 & MASK32)
    l0, l1 = low & mask, low >> half
    cross, other = l0 * f1, l1 * f0
    middle = (l0 * f0 >> half) + (cross & mask) + (other & mask)
    carried = l1 * f1 + (cross >> half) + (other >> half) + (middle >> half)  # low * factor_low >> 64
    sum_low = low * factor_low + np.uint64(term & MASK64)
    overflow = sum_low < np.uint64(term & MASK64)
    sum_high = high * factor_low + low * np.uint64(factor >> 64) + carried
    sum_high += np.uint64(term >> 64) + overflow
    return sum_high, sum_low


def _seeded(entropy: Sequence[int]) -> tuple[int, int]:
    """The state before the first number, and the odd increment."""
    a, b, c, d = _seed_words(entropy)
    increment = ((c << 64 | d) << 1 | 1) & MASK128
    return ((increment + (a << 64 | b)) * MULTIPLIER + increment) & MASK128, increment


def _seed_words(entropy: Sequence[int]) -> list[int]:
    """SeedSequence(entropy).generate_state(4, uint64): four 32-bit words are stirred and drawn from."""
    words = [n >> shift & MASK32 for n in entropy for shift in range(0, max(n.bit_length(), 1), 32)]
    constants = _powers(0x43B0D7E5, 0x931E8875)
    pool = [_hash(word, constants) for word in (words + [0] * 4)[:4]]
    for source in range(4):
        for target in range(4):
            if source != target:
                pool[target] = _mix(pool[target], _hash(pool[source], constants))
    for word in words[4:]:
        pool = [_mix(old, _hash(word, constants)) for old in pool]
    constants = _powers(0x8B51F9DD, 0x58F38DED)
    halves = [_hash(pool[i % 4], constants) for i in range(8)]
    return [halves[i] | halves[i + 1] << 32 for i in range(0, 8, 2)]


def _powers(value: int, factor: int) -> Iterator[tuple[int, int]]:
    """Each constant with the next one."""
    while True:
        following = value * factor & MASK32
        yield value, following
        value = following


def _hash(word: int, constants: Iterator[tuple[int, int]]) -> int:
    constant, following = next(constants)
    word = (word ^ constant) * following & MASK32
    return word ^ word >> 16


def _mix(x: int, y: int) -> int:
    word = (0xCA01F9DD * x - 0x4973F715 * y) & MASK32
    return word ^ word >> 16
