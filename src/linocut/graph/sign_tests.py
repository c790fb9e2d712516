"""sign_tests: the norm and the sign behind a product's sums as tests of integers that come to prediction's signs.

Thresholds of integers are taken as they are. Norms in floats, real and complex, are rounded step by step, and each step
rises or falls with its operand: so along a row of sums there is one place where the sign changes. It is looked for by
halving, with prediction's own arithmetic; what is found holds for every sum that can occur.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from linocut.graph.inference import (
    FACTOR_BITS,
    Affine,
    Clip,
    ComplexAffine,
    ComplexThreshold,
    InferenceGraph,
    InferenceNode,
    Threshold,
)
from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.complex_map import forward
from linocut.ops.norm import L1, normalised

SCALES = 64  # that factors are tried at
NONE = np.iinfo(np.int64).min  # for a place that there is not
TOGETHER = 8  # channels whose rows of sums are looked through at a time: what they take does not grow with a layer


@dataclass(frozen=True, eq=False)
class SignTest:
    """+1 where factors[..., 0] re + factors[..., 1] im + shift >= 0, for each part and channel.

    `factors` int64 (parts, channels, 2), `shift` int64 (parts, channels); sums of complex layers are halved. Without
    `turned` one factor is +-1 and the other 0. `inexact` counts tests that no factors make exact: of these a sum that
    lies beside the line may come to the other sign.
    """

    factors: Array
    shift: Array
    turned: bool
    inexact: int = 0

    def signs(self, sums: Array) -> Array:
        """Booleans (..., parts, channels) of sums (..., parts, channels)."""
        re, im = sums[..., :1, :], sums[..., -1:, :]
        return re * self.factors[..., 0] + im * self.factors[..., 1] + self.shift >= 0


def test_behind(graph: InferenceGraph, sums: str, parts: int, largest: int) -> tuple[SignTest | None, str]:
    """The test behind sums, of which no part is larger than `largest`, and the name of its signs; None and "" of none.

    Sums of two parts are halved: of complex products of signs each part is even.
    """
    norm = _only_reader(graph, sums)
    if isinstance(norm, ComplexThreshold):
        return _of_lines(norm), norm.name
    if isinstance(norm, Threshold):
        return _of_integers(norm.least.astype(np.int64), parts, largest), norm.name
    if not isinstance(norm, (Affine, ComplexAffine)):
        return None, ""
    if parts == 1 and isinstance(norm, ComplexAffine) and len(norm.gains) > 1:
        return None, ""  # of real sums, two of which it turns
    sign = _only_reader(graph, norm.name)
    if isinstance(sign, Clip):  # which changes no sign
        sign = _only_reader(graph, sign.name)
    if not isinstance(sign, Threshold) or np.any(sign.least != 0):
        return None, ""
    return test_of(norm, parts, largest), sign.name


def test_of(norm: Affine | ComplexAffine, parts: int, largest: int) -> SignTest:
    """The test of a norm in floats and its sign, of sums as in test_behind."""
    if isinstance(norm, ComplexAffine) and len(norm.gains) > 1:
        return _of_turned(norm, largest)
    return _of_floats(norm, parts, largest)


def as_lines(test: SignTest) -> tuple[Array, Array]:
    """Factors and shift of a ComplexThreshold: of sums as they are, not halved."""
    factors = test.factors.transpose(0, 2, 1).reshape(4, -1)
    return factors.astype(np.int32), 2 * test.shift.reshape(-1)


def _of_lines(node: ComplexThreshold) -> SignTest:
    factors = node.factors.astype(np.int64).reshape(2, 2, -1).transpose(0, 2, 1)
    own = factors[[0, 1], :, [0, 1]]
    across = factors[[0, 1], :, [1, 0]]
    turned = bool(across.any() or (np.abs(own) != 1).any())
    return SignTest(factors, node.shift.reshape(2, -1) // 2, turned)


def _only_reader(graph: InferenceGraph, name: str) -> InferenceNode | None:
    readers = graph.readers(name)
    return readers[0] if len(readers) == 1 else None


def _unturned(directions: Array, shift: Array, parts: int, largest: int) -> SignTest:
    """Of +-1 (channels,) and shifts (channels,), both in the order of the graph: real parts first."""
    factors = np.zeros((parts, len(shift) // parts, 2), np.int64)
    for part in range(parts):
        factors[part, :, 0 if part == 0 else 1] = directions.reshape(parts, -1)[part]
    bounded = np.clip(shift, -largest - 1, largest).reshape(parts, -1)
    return SignTest(factors, bounded, False)


def _of_integers(least: Array, parts: int, largest: int) -> SignTest:
    return _unturned(np.ones_like(least), least // -parts, parts, largest)  # minus the ceiling of least / parts


def _of_floats(norm: Affine | ComplexAffine, parts: int, largest: int) -> SignTest:
    """Each channel by itself: rising or falling, or the same for all sums."""
    channels = len(norm.mean)
    ends = [np.full((1, channels), end, np.int64) for end in (-largest, largest)]
    first, last = (_positive(norm, parts * end)[0] for end in ends)
    low, high = ends[0][0], ends[1][0]  # halved until the sign changes between neighbours
    while np.any(high - low > 1):
        middle = (low + high) // 2
        same = _positive(norm, parts * middle[None])[0] == first
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    shift = np.where(first == last, np.where(first, largest, -largest - 1), np.where(last, -high, low))
    return _unturned(np.where(first & ~last, -1, 1), shift, parts, largest)


def _positive(norm: Affine | ComplexAffine, sums: Array) -> Array:
    """Whether prediction's norm of integers (rows, channels) is 0 or more, by the references of its instructions."""
    stats = np.stack([norm.mean, norm.deviation])
    y = View(sums.astype(np.int32), "i32", sums.shape[-1])
    view = View(stats, "f32", stats.shape[-1])
    shift, one_step = norm.shift, isinstance(norm, Affine) and norm.gain is None
    beta = View(shift[None], "f32", len(shift)) if one_step and shift is not None else None
    x = np.asarray(normalised(y, view, beta, L1)).astype(np.float32)
    if isinstance(norm, ComplexAffine):
        z, gains = View(x, "f32", x.shape[-1]), View(norm.gains, "f32", norm.gains.shape[-1])
        made = View(np.empty_like(x), "f32", x.shape[-1])
        forward(x=z, gains=gains, y=made, factor=1.0, transposed=0.0)
        x = made.data
    elif norm.gain is not None:
        x = x * norm.gain
    if not one_step and shift is not None:
        x = x + shift
    return np.asarray(x >= 0)


def _of_turned(norm: ComplexAffine, largest: int) -> SignTest:
    """Both parts of a complex factor: sums (p, q) with |p| + |q| <= largest, halved, a row of p for each q."""
    channels = len(norm.mean) // 2
    rows = np.arange(-largest, largest + 1)
    ends = largest - np.abs(rows)
    factors, shift = np.zeros((2, channels, 2), np.int64), np.zeros((2, channels), np.int64)
    inexact = 0
    for first in range(0, channels, TOGETHER):
        some = np.arange(first, min(first + TOGETHER, channels))
        own = _of_channels(norm, some)
        for part, (slopes, shifts) in enumerate(zip(*lines_of(own, 2), strict=True)):
            positive, negative = _edges(own, part, _near(slopes, shifts, rows), rows, ends)
            for number, channel in enumerate(some):
                found = _line(slopes[number], rows, positive[:, number], negative[:, number], ends)
                factors[part, channel], shift[part, channel], exact = found
                inexact += not exact
    return SignTest(factors, shift, True, inexact)


def _of_channels(norm: ComplexAffine, some: Array) -> ComplexAffine:
    """A norm of some complex channels alone."""
    both = np.concatenate([some, some + len(norm.mean) // 2])
    shift = None if norm.shift is None else norm.shift[both]
    return replace(norm, mean=norm.mean[both], deviation=norm.deviation[both], gains=norm.gains[:, some], shift=shift)


def _near(slopes: Array, shifts: Array, rows: Array) -> Array:
    """Where lines cross rows (rows, channels), in float64; 0 where they do not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(-(rows[:, None] * slopes[:, 1] + shifts) / slopes[:, 0])


def _edges(norm: ComplexAffine, part: int, near: Array, rows: Array, ends: Array) -> tuple[Array, Array]:
    """Of each row (rows,) and channel the sums p on both sides of the change: the last positive, the last negative.

    int64 (rows, channels); where all of a row has one sign the other is beyond any sum: NONE. It is looked for
    beside `near`, and where it is not there from end to end.
    """
    half = len(norm.mean) // 2

    def positive(p: Array) -> Array:
        q = np.broadcast_to(rows[:, None], p.shape)
        return _positive(norm, 2 * np.hstack([p, q]))[:, part * half : (part + 1) * half]

    low = np.repeat(-ends[:, None], half, axis=1)
    high = np.repeat(ends[:, None], half, axis=1)
    first, last = positive(low), positive(high)
    guess = np.clip(np.floor(near), low, high).astype(np.int64)
    below, above = np.maximum(guess - 1, low), np.minimum(guess + 2, high)
    low = np.where(positive(below) == first, below, low)
    high = np.where(positive(above) == last, above, high)
    while np.any((first != last) & (high - low > 1)):
        middle = (low + high) // 2
        same = positive(middle) == first
        moving = (first != last) & (high - low > 1)
        low, high = np.where(moving & same, middle, low), np.where(moving & ~same, middle, high)
    one = first == last
    ups = np.where(one, np.where(first, 0, NONE), np.where(first, low, high))
    downs = np.where(one, np.where(first, NONE, 0), np.where(first, high, low))
    return ups, downs


def lines_of(norm: Affine | ComplexAffine, parts: int) -> tuple[Array, Array]:
    """A norm as factors of both parts of sums and a shift: float64 (parts, channels, 2) and (parts, channels).

    Of complex sums, which are halved.
    """
    by = norm.deviation.astype(np.float64)
    inverse = np.where(by > 0, 1.0 / np.where(by > 0, by, 1.0), 0.0).reshape(parts, -1)
    mean = norm.mean.astype(np.float64).reshape(parts, -1)
    shift = np.zeros_like(mean) if norm.shift is None else norm.shift.astype(np.float64).reshape(parts, -1)
    matrix = np.zeros((parts, parts, mean.shape[-1]))
    if isinstance(norm, ComplexAffine):
        gains = norm.gains.astype(np.float64)
        forms = {1: (0, None, None, 0), 2: (0, 1, 1, 0), 3: (0, 1, 1, 2), 4: (0, 1, 2, 3)}[len(gains)]
        for place, row in enumerate(forms):
            if row is not None:
                matrix[place // 2, place % 2] = gains[row]
        if len(gains) == 2:
            matrix[0, 1] *= -1
    else:
        ones = np.ones_like(by) if norm.gain is None else norm.gain.astype(np.float64)
        matrix[np.arange(parts), np.arange(parts)] = ones.reshape(parts, -1)
    slopes = matrix * inverse[None]  # (part given, part read, channels)
    found = np.zeros((parts, mean.shape[-1], 2))
    found[..., :parts] = parts * slopes.transpose(0, 2, 1)
    return found, shift - (slopes * mean[None]).sum(axis=1)


def _line(slope: Array, rows: Array, ups: Array, downs: Array, ends: Array) -> tuple[Array, int, bool]:
    """Whole factors and a shift that tell positive from negative sums, and whether they do so without an error."""
    size = np.abs(slope).max()
    if not size > 0 or not np.isfinite(size):
        positive = bool((ups != NONE).any())
        return np.array([0, 0]), 0 if positive else -1, True
    most = 2 ** (FACTOR_BITS - 1) - 1
    best: tuple[float, Array, int] | None = None
    for number in range(SCALES):
        factors = np.rint(slope / size * (most - 7919 * number)).astype(np.int64)
        least, above = _bounds(factors, rows, ups, downs, ends)
        if least <= above:
            return factors, int((least + above) // 2), True
        if best is None or least - above < best[0]:
            best = float(least - above), factors, int((least + above) // 2)
    assert best is not None
    return best[1], best[2], False


def _bounds(factors: Array, rows: Array, ups: Array, downs: Array, ends: Array) -> tuple[int, int]:
    """The least shift that makes all that is to be positive so, and the largest that leaves the rest negative.

    Of a row of one sign the end that is nearest to the other counts.
    """
    a, b = (int(one) for one in factors)
    up, down = ups != NONE, downs != NONE
    mixed = up & down
    near = -np.abs(a) * ends  # the least a p of a row; the largest is its negative
    of_up = np.where(mixed, a * np.where(up, ups, 0), near) + b * rows
    of_down = np.where(mixed, a * np.where(down, downs, 0), -near) + b * rows
    most = int(np.abs(a) + np.abs(b)) * (int(ends.max()) + 1)
    least = -int(of_up[up].min()) if up.any() else -most
    above = -int(of_down[down].max()) - 1 if down.any() else most
    return max(least, -most) if least <= above else least, min(above, most) if least <= above else above
