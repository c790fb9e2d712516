"""keep_words: the words of pruned binary weights of which something is kept, as lists that products go through.

A tap of an output is `parts` equal parts of its channels, each from a word of its own on; a word of it has a place, the
taps' words in a row. `signs` and `lanes` are those of a kept word: a lane that is pruned is 0 in both. Output n has the
entries from ends[n - 1] on up to ends[n]; entries behind the last are 0. `kept` are the lanes that any output keeps.
With packed = 1 these are joined first, in the order of taps and channels, and words are those of what is left.

Rows of `pruned` are repeated: of complex weights both rows of an output have the same.
"""

from __future__ import annotations

import numpy as np

from linocut.formats import words
from linocut.ops.base import Op, View
from linocut.ops.bits import Array, pack, unpack
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

PARTS = (
    Rule("parts == 1 or parts == 2", "parts is {parts}, must be 1, or 2 of complex channels"),
    Rule("C % parts == 0", "{C} channels are no {parts} equal parts; take a multiple"),
)


def places(shape: tuple[int, ...], parts: int, packed: bool) -> int:
    """How many words an output of weights (..., P, Q, C) may have."""
    rows, columns, channels = shape[-3:]
    return words(rows * columns * channels) if packed else rows * columns * parts * words(channels // parts)


def laid_out(bits: Array, parts: int) -> Array:
    """Booleans (N, P, Q, C) -> words (N, places), each part of a tap from a word of its own on."""
    apart = bits.reshape(*bits.shape[:-1], parts, bits.shape[-1] // parts)
    return pack(apart).reshape(len(bits), -1)


def kept_words(signs: Array, kept: Array, parts: int, packed: bool) -> tuple[Array, Array, Array, Array, Array]:
    """Booleans (N, P, Q, C) -> ends (N,) int32, places int32, signs and lanes uint64 of each kept word, kept (P, Q, C).

    `kept` may have fewer rows, which are repeated.
    """
    kept = np.tile(kept, (len(signs) // len(kept), 1, 1, 1))
    union: Array = np.asarray(kept.any(axis=0))
    if packed:
        chosen = union.ravel()
        of_signs, of_lanes = (pack(bits.reshape(len(signs), -1)[:, chosen]) for bits in (signs & kept, kept))
    else:
        of_signs, of_lanes = laid_out(signs & kept, parts), laid_out(kept, parts)
    output, place = np.nonzero(of_lanes)
    ends = np.cumsum(np.bincount(output, minlength=len(signs))).astype(np.int32)
    return ends, place.astype(np.int32), of_signs[output, place], of_lanes[output, place], union


def reference(
    *,
    weights: View,
    pruned: View,
    ends: View,
    places: View,
    signs: View,
    lanes: View,
    kept: View,
    parts: float,
    packed: float,
) -> None:
    """Weights (N, P, Q, C), pruned (O, P, Q, C) -> ends (N,), places, signs and lanes (K,), kept (P, Q, C)."""
    given = weights.bits().reshape(weights.shape), ~pruned.bits().reshape(pruned.shape)
    found_ends, at, of_signs, of_lanes, union = kept_words(*given, int(parts), bool(packed))
    ends.data[...] = found_ends
    for to, values in ((places.data, at), (signs.data[:, 0], of_signs), (lanes.data[:, 0], of_lanes)):
        to[...] = 0
        to[: len(values)] = values
    kept.store(union.reshape(-1, kept.cols))


def ternary(ends: Array, at: Array, signs: Array, lanes: Array, kept: Array, parts: int, packed: bool) -> Array:
    """The weights -1, 0 and +1 (N, P, Q, C), int64, that lists stand for; `kept` are booleans (P, Q, C)."""
    outputs, count = len(ends), len(at)
    chosen = kept.ravel()
    width = words(int(chosen.sum())) if packed else places(kept.shape, parts, packed=False)
    stops = np.maximum.accumulate(np.clip(ends.astype(np.int64), 0, count))
    owner = np.repeat(np.arange(outputs), np.diff(stops, prepend=0))
    values = np.where(unpack(signs[:, None], 64), 1, -1) * unpack(lanes[:, None], 64)
    found = np.zeros((outputs, max(1, width), 64), np.int64)
    np.add.at(found, (owner, np.clip(at[: len(owner)], 0, max(0, width - 1))), values[: len(owner)])
    if packed:
        kernel = np.zeros((outputs, chosen.size), np.int64)
        kernel[:, chosen] = found.reshape(outputs, -1)[:, : int(chosen.sum())]
        return kernel.reshape(outputs, *kept.shape)
    rows, columns, channels = kept.shape
    apart = found.reshape(outputs, rows, columns, parts, -1)[..., : channels // parts]
    return apart.reshape(outputs, *kept.shape)


OP = Op(
    "keep_words",
    120,
    "<weights:bit[N,P,Q,C] <pruned:bit[O,P,Q,C] >ends:i32[N] >places:i32[K] >signs:bit[K,64] >lanes:bit[K,64] "
    ">kept:bit[P,Q,C]; parts packed",
    reference,
    (
        *PARTS,
        Rule("N % O == 0", "pruned has {O} rows, must have a divisor of {N} outputs"),
        Rule(
            "K == N * (words(P * Q * C) if packed == 1 else P * Q * parts * words(C / parts))",
            "there are {K} places for words, must be all words of the weights",
        ),
    ),
    Amount("N * P * Q * C"),
)
