"""Fixed-point updates: the hash against Python's integers, the roundings against rational numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linocut.ops.base import View
from linocut.ops.fixed_point import (
    GOLDEN_64,
    STEP_LIMIT,
    decay_moment,
    dithers,
    move_weights,
    random_bits,
    slow_moment,
    step_factor,
    step_key,
    word_mantissas,
)

M32, M64 = 2**32 - 1, 2**64 - 1


def hashed(index: int, key: int) -> int:
    """The hash of one element, by Python's integers."""
    x = (index * 0x9E3779B1 + key) & M32
    x ^= x >> 16
    x = x * 0x7FEB352D & M32
    x ^= x >> 15
    x = x * 0x846CA68B & M32
    return x ^ x >> 16


def splitmix(state: int) -> int:
    """The output function of Vigna's splitmix64."""
    z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M64
    return z ^ z >> 31


@given(st.integers(0, M32), st.integers(1, 200))
def test_random_bits_are_the_hash_of_each_index(key: int, count: int) -> None:
    numbers = np.arange(count, dtype=np.uint32) * np.uint32(3) + np.uint32(2**32 - 300)
    assert random_bits(numbers, key).tolist() == [hashed(int(number), key) for number in numbers]


@given(st.integers(1, 4), st.integers(1, 200), st.integers(-(2**63), 2**63 - 1), st.integers(0, 300))
def test_dithers_are_halves_of_a_hash_by_word(rows: int, columns: int, state: int, salt: int) -> None:
    """Weight j of word w takes the low (j even) or high half of hash 32 w + j / 2; each row begins a word."""
    per_row, key = -(-columns // 64), step_key(state, salt)
    expected = [
        [hashed(32 * (r * per_row + c // 64) + c % 64 // 2, key) >> (16 * (c % 2)) & 0xFFFF for c in range(columns)]
        for r in range(rows)
    ]
    assert dithers((rows, columns), "q15", state, salt).tolist() == expected


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**20))
def test_step_key_is_splitmix64_of_state_and_salt(state: int, salt: int) -> None:
    assert step_key(state, salt) == splitmix((state + salt * GOLDEN_64) & M64) & M32


def test_splitmix_as_published() -> None:
    """The first outputs of splitmix64 seeded with 1234567: 6457827717110365317, 3203168211198807973."""
    assert splitmix((1234567 + GOLDEN_64) & M64) == 6457827717110365317
    assert step_key(1234567, 1) == 6457827717110365317 & M32
    assert step_key(1234567, 2) == 3203168211198807973 & M32


def test_random_bits_are_uniform_and_every_bit_is_fair() -> None:
    """Chi squared over 256 bins of 2^18 numbers: mean 255, deviation 22.6; each bit's mean within five deviations."""
    count = 2**18
    for key in (0, 1, 0xDEADBEEF):
        x = random_bits(np.arange(count, dtype=np.uint32), key)
        bins = np.bincount(x >> np.uint32(24), minlength=256)
        assert abs(((bins - count / 256) ** 2 / (count / 256)).sum() - 255) < 5 * 22.6
        for bit in range(32):
            assert abs(np.mean((x >> np.uint32(bit)) & 1) - 0.5) < 5 * 0.5 / count**0.5


@pytest.mark.parametrize("form", ["q15", "q7"])
def test_keys_give_unrelated_numbers(form: str) -> None:
    one, other = dithers((4, 2**12), form, 7, 1), dithers((4, 2**12), form, 7, 2)
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(one[:, ::2].ravel(), one[:, 1::2].ravel())[0, 1]) < 0.05


@given(st.integers(-127, 127), st.booleans(), st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.999]))
def test_decay_moment_rounds_the_rational_value(m: int, positive: bool, decay: float) -> None:
    kept = Fraction(round(decay * 2**15), 2**15)
    exact = kept * m + (1 - kept) * (127 if positive else -127)
    found = int(decay_moment(np.array([[m]], np.int8), np.array([[127 if positive else -127]]), decay)[0, 0])
    assert found == (exact + Fraction(1, 2)).__floor__()
    assert -127 <= found <= 127


@given(st.integers(1, 3), st.integers(1, 150), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_word_mantissas_are_gradients_over_three_deviations(rows: int, columns: int, bits: int, seed: int) -> None:
    """Within the rounding of f32 beside a half; a word of zeros stays so, and what passes the range is its limit."""
    rng = np.random.default_rng(seed)
    exact = np.rint(rng.standard_normal((rows, columns)) * 2.0**bits).astype(np.int64) * rng.choice([0, 1], (rows, 1))
    found = word_mantissas(exact)
    for first in range(0, columns, 64):
        word = exact[:, first : first + 64]
        deviation = np.abs(word).mean(axis=1, keepdims=True) * math.sqrt(math.pi / 2)
        wanted = np.clip(127 * word / np.where(deviation > 0, 3 * deviation, 1), -127, 127)
        assert np.abs(found[:, first : first + 64] - wanted).max() <= 0.5 + 2.0**-15


def test_decay_moment_reaches_its_limit_and_nothing_beyond() -> None:
    """To nearest, so that the last step, of less than a half, is never made: 0.1 (127 - m) < 1/2 from m = 123 on."""
    m = np.zeros((1, 2), np.int8)
    for _ in range(200):
        m = decay_moment(m, np.array([[127, -127]]), 0.9).astype(np.int8)
    assert m.tolist() == [[123, -123]] or m.tolist() == [[123, -122]] or m.tolist() == [[122, -122]]


@pytest.mark.parametrize(
    ("rate", "clip", "form", "factor"),
    [
        *((0.0, 1.0, "q15", 0), (1e-3, 1.0, "q15", 16909), (0.01, 1.0, "q15", 169088)),
        *((1.0, 1.0, "q15", 2**24 - 1), (np.inf, 1.0, "q15", 2**24 - 1), (1e-3, 0.0, "q15", 16909)),
        *((1e-3, 1.0, "q7", 66), (1e-3, 0.25, "q7", 262), (1e-3, 1e-300, "q7", 2**24 - 1)),
    ],
)
def test_step_factor(rate: float, clip: float, form: str, factor: int) -> None:
    """(32767 / 127 or 1) * 2^16 * rate / clip, to nearest, at most what 32 bits can be multiplied with."""
    assert step_factor(rate, clip, form) == factor
    assert 127 * int(STEP_LIMIT) + 2**16 < 2**31


def q15(values: list[int]) -> View:
    return View(np.array([values], np.int16), "q15", len(values))


def q7(values: list[int]) -> View:
    return View(np.array([values], np.int8), "q7", len(values))


def test_move_weights_by_hand() -> None:
    """W - m factor / 2^16 for whole results needs no dither; clipped to 32767; signs counted."""
    w = q15([100, -100, 32767, -32767, 5, 0, -1])
    m = np.array([[10, -10, -127, 127, 5, 1, -1]])
    assert move_weights(w, m, 2 << 16, 12345, 0) == 3  # 5 becomes -5, 0 becomes -2, -1 becomes 1
    assert w.data.tolist() == [[80, -80, 32767, -32767, -5, -2, 1]]


def test_a_zero_weight_is_positive() -> None:
    w = q15([1, 0])
    assert move_weights(w, np.array([[1, 1]]), 1 << 16, 0, 0) == 1  # 1 becomes 0, still +1; 0 becomes -1
    assert w.data.tolist() == [[0, -1]]


def test_dither_is_right_on_average() -> None:
    """Rounding down after adding up to one unit: the mean move is the exact one, each move one of its neighbours."""
    count, factor, moment = 2**16, 20_000, 7  # a move of 2.136 units
    w = q15([1000] * count)
    move_weights(w, np.full((1, count), moment), factor, 99, 0)
    moves = 1000 - w.data.astype(int)
    exact = moment * factor / 2**16
    assert set(np.unique(moves)) == {2, 3}
    assert moves.mean() == pytest.approx(exact, abs=5 * 0.5 / count**0.5)


def test_dithers_of_8_bit_weights_stay_and_turn_with_the_random_state() -> None:
    """The state's 16 high bits are added to a hash that no state changes; from tick to tick they turn by 0.618."""
    still = [hashed(number, step_key(0, 3)) for number in range(2)]
    halves = [half for number in still for half in (number & 0xFFFF, number >> 16)]
    for step in (0, 1, 2, 1000):
        state = (step * GOLDEN_64 + 5) & M64
        expected = [(half + (state >> 48)) & 0xFFFF for half in halves]
        assert dithers((1, 4), "q7", state, 3).tolist() == [expected]
        assert dithers((1, 4), "q7", state - (state >> 63 << 64), 3).tolist() == [expected]
    assert pytest.approx((5**0.5 - 1) / 2) == GOLDEN_64 / 2**64


@pytest.mark.parametrize("move", [0.01, 0.1, 0.31, 0.5, 0.93])
def test_8_bit_weights_follow_a_steady_moment_within_few_units(move: float) -> None:
    """New dithers every step would leave deviations of sqrt(move (1 - move) steps): 5 units in 100 steps of a half."""
    count, steps, factor = 500, 100, round(move * 2**16 / 10)
    w = q7([100] * count)
    for step in range(1, steps + 1):
        move_weights(w, np.full((1, count), 10), factor, step * GOLDEN_64, 7)
        error = 100 - w.data.astype(int) - step * 10 * factor / 2**16
        assert np.abs(error).max() < 2.5
        assert abs(error.mean()) < 0.1


def test_8_bit_weights_stay_within_their_range_and_count_signs() -> None:
    w, moment = q7([100, -100, 127, -127, 5, 0, -1]), np.array([[10, -10, -127, 127, 5, 1, -1]])
    assert move_weights(w, moment, 2 << 16, 12345, 0) == 3
    assert w.data.tolist() == [[80, -80, 127, -127, -5, -2, 1]]


@pytest.mark.parametrize("form", ["q7", "q15"])
def test_slow_moment_drifts_to_its_sign_at_the_rate(form: str) -> None:
    one, count, rate = {"q7": (127, 2**14, 1e-3), "q15": (32767, 2**14, 1e-4)}[form]
    m = View(np.zeros((1, count), np.int8 if form == "q7" else np.int16), form, count)
    positive = np.arange(count)[None] % 2 == 0
    for step in range(100):
        slow_moment(m, positive, rate, step_key(step, 0))
    expected = one * (1 - (1 - rate) ** 100)
    for sign, chosen in ((1, positive), (-1, ~positive)):
        values = m.data[chosen].astype(float) * sign
        assert values.mean() == pytest.approx(expected, abs=0.05 * expected)
    assert np.abs(m.data.astype(int)).max() <= one


def test_slow_moment_never_leaves_its_range() -> None:
    for sign in (True, False):
        m = View(np.full((1, 1000), 127 if sign else -127, np.int8), "q7", 1000)
        slow_moment(m, np.full((1, 1000), sign), 0.3, 5)
        assert (m.data == (127 if sign else -127)).all()
