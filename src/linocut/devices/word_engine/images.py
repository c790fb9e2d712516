"""images: what the memories of an engine hold, and the words of frames, as lines of hexadecimal digits.

A row's first element is in its lowest bits. Each file ends with a newline: Verilator 5.006 drops a last line without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from linocut.devices.word_engine.layer import Layer
from linocut.devices.word_engine.tiles import Tiles, in_words
from linocut.devices.word_engine.verilog import POINT, STREAM_WIDTH, Engine
from linocut.graph.inference import FACTOR_BITS
from linocut.ops.bits import Array


def hexadecimal(rows: Array) -> str:
    """Booleans (rows, bits), the lowest bit first, a row a line."""
    digits = -(-rows.shape[-1] // 4)
    packed = np.packbits(rows, axis=-1, bitorder="little")[:, ::-1]
    return "".join(f"{row.tobytes().hex()[-digits:]}\n" for row in packed)


def bits_of_numbers(values: Array, bits: int) -> Array:
    """Integers (...) as booleans (..., bits) in two's complement, the lowest bit first."""
    return np.asarray((values.astype(np.int64)[..., None] >> np.arange(bits)) & 1, bool)


def steps(engine: Engine) -> str:
    """A row for each step: word, column and row of the tap; marks of the last of a tile, of a group, tail, idle."""
    lines = [_step(engine, *fields) for one in engine.tiles for fields in _steps_of(one)]
    digits = -(-engine.step_width // 4)
    return "".join(f"{line:0{digits}x}\n" for line in lines)


def _step(engine: Engine, row: int, column: int, word: int, marks: int) -> int:
    at, tap = engine.word_bits, engine.tap_bits
    return word | column << at | row << at + tap | marks << at + 2 * tap


def _steps_of(one: Tiles) -> Iterator[tuple[int, int, int, int]]:
    """Row, column, word and marks of each step of a layer."""
    idle = one.idle // one.layer.windows
    for number, tile in enumerate(one.kept):
        places = np.argwhere(tile).tolist()
        for at, (row, column, word) in enumerate(places):
            ends_tile = at == len(places) - 1
            ends_group = ends_tile and number == len(one.kept) - 1 and not idle
            yield row, column, word, ends_tile | ends_group << 1 | (word == one.words_in - 1) << 2
    for at in range(idle):
        ends = at == idle - 1
        yield 0, 0, 0, ends | ends << 1 | 1 << 3


def weights(engine: Engine) -> str:
    """A row for each step, of every output: bits, of complex ones real, then real xor imaginary, and what counts."""
    return "".join(hexadecimal(_weights_of(engine, one)) for one in engine.tiles)


def _weights_of(engine: Engine, one: Tiles) -> Array:
    lanes = engine.timed.shape.lanes
    rows = in_words(one, one.layer.weights)[one.kept]  # (steps, outputs, parts, lanes)
    if engine.parts == 2:
        rows[:, :, 1] ^= rows[:, :, 0]
    found = [rows.reshape(*rows.shape[:2], -1)]
    if engine.masked:
        kept = one.layer.kept
        there = np.ones_like(one.layer.weights[:, :, :, 0]) if kept is None else kept
        mask = in_words(one, there)[one.kept]
        found += [mask, bits_of_numbers(mask.sum(axis=-1), engine.count_bits)]
    made = np.concatenate(found, axis=-1).reshape(len(rows), -1)
    assert made.shape[-1] == engine.timed.shape.outputs * engine.weight_width, lanes
    return np.concatenate([made, np.zeros((one.idle // one.layer.windows, made.shape[-1]), bool)])


def tests(engine: Engine) -> str:
    """A row for each tile, of every output and part."""
    return "".join(hexadecimal(_tests_of(engine, one)) for one in engine.tiles)


def _tests_of(engine: Engine, one: Tiles) -> Array:
    outputs, layer = engine.timed.shape.outputs, one.layer
    count = len(one.kept)
    rows = np.zeros((count * outputs, engine.parts, engine.test_width), bool)
    if layer.stream is not None or layer.test is not None:
        rows[: layer.outputs] = _turned(engine, *numbers_of(engine, layer)) if engine.turned else _straight(engine, one)
    return rows.reshape(count, -1)


def numbers_of(engine: Engine, layer: Layer) -> tuple[Array, Array]:
    """Factors int64 (parts, outputs, 2) and shift int64 (parts, outputs): of a test, or of what a stream takes.

    What is added to a stream is rounded: half a unit is in its shift.
    """
    if layer.stream is None:
        assert layer.test is not None
        return layer.test.factors, layer.test.shift
    of_one, half = 2.0 ** (POINT + engine.down), (1 << engine.down) >> 1
    slopes, shift = (np.rint(part * of_one).astype(np.int64) for part in (layer.stream.slopes, layer.stream.shift))
    return slopes, shift + half


def _turned(engine: Engine, factors: Array, shift: Array) -> Array:
    """(outputs, parts, width): shift, b, a, the lowest first."""
    fields = [
        bits_of_numbers(shift.T, engine.shift_bits),
        bits_of_numbers(factors[..., 1].T, FACTOR_BITS),
        bits_of_numbers(factors[..., 0].T, FACTOR_BITS),
    ]
    return np.concatenate(fields, axis=-1)


def _straight(engine: Engine, one: Tiles) -> Array:
    """(outputs, parts, width): the bound, and whether signs are turned: -k + shift >= 0 is not k >= shift + 1."""
    test = one.layer.test
    assert test is not None
    falls = test.factors.sum(axis=-1) < 0
    bounds = np.where(falls, test.shift + 1, -test.shift)
    fields = [bits_of_numbers(bounds.T, engine.test_width - 1), falls.T[..., None]]
    return np.concatenate(fields, axis=-1)


def frame(engine: Engine, signs: Array) -> str:
    """A frame's signs, booleans (height, width, channels), a word of a pixel a line."""
    first = engine.tiles[0]
    return hexadecimal(_words(engine, signs.reshape(-1, signs.shape[-1]), first.words_in))


def stream(engine: Engine, numbers: Array) -> str:
    """A stream that the host gives, integers (height, width, parts x channels): of each row and output all pixels."""
    (groups, tiles), shape = engine.stream_shapes[0], engine.timed.shape
    flat = numbers.reshape(-1, engine.parts, numbers.shape[-1] // engine.parts)
    full = np.zeros((groups * shape.pixels, engine.parts, tiles * shape.outputs), np.int64)
    full[: len(flat), :, : flat.shape[-1]] = flat
    cut = full.reshape(groups, shape.pixels, engine.parts, tiles, shape.outputs).transpose(0, 3, 4, 1, 2)
    return hexadecimal(bits_of_numbers(cut, STREAM_WIDTH).reshape(groups * tiles * shape.outputs, -1))


def _words(engine: Engine, pixels: Array, words: int) -> Array:
    """Booleans (pixels, parts x channels) as (pixels x words, parts x lanes)."""
    parts, lanes = engine.parts, engine.timed.shape.lanes
    channels = pixels.shape[-1] // parts
    full = np.zeros((len(pixels), parts, words * lanes), bool)
    full[:, :, :channels] = pixels.reshape(len(pixels), parts, channels)
    cut = full.reshape(len(pixels), parts, words, lanes).transpose(0, 2, 1, 3)
    return cut.reshape(len(pixels) * words, parts * lanes)


def expected_signs(engine: Engine, one: Tiles, signs: Array) -> str:
    """What a layer writes for a frame: of each group and word the signs of all pixels, and above them which count."""
    pixels, words = engine.timed.shape.pixels, one.words_out
    flat = signs.reshape(-1, signs.shape[-1])
    rows = []
    for values in (flat, np.ones_like(flat)):
        full = np.zeros((one.groups * pixels, flat.shape[-1]), bool)
        full[: len(flat)] = values
        cut = _words(engine, full, words).reshape(one.groups, pixels, words, -1)
        rows.append(cut.transpose(0, 2, 1, 3).reshape(one.groups * words, -1))
    return hexadecimal(np.concatenate(rows, axis=-1))


def expected_sums(engine: Engine, sums: Array) -> str:
    """What the last layer gives for a frame, numbers (..., parts x outputs), sums halved; which count above."""
    one, shape = engine.tiles[-1], engine.timed.shape
    flat = sums.reshape(-1, engine.parts, one.layer.outputs)
    rows = []
    for values in (flat, np.full_like(flat, -1)):
        full = np.zeros((one.groups * shape.pixels, engine.parts, len(one.kept) * shape.outputs), np.int64)
        full[: len(flat), :, : one.layer.outputs] = values
        cut = full.reshape(one.groups, shape.pixels, engine.parts, len(one.kept), shape.outputs)
        tiles = bits_of_numbers(cut.transpose(0, 3, 1, 4, 2), engine.out_bits)
        rows.append(tiles.reshape(one.groups * len(one.kept), -1))
    return hexadecimal(np.concatenate(rows, axis=-1))


def memories(engine: Engine) -> dict[str, str]:
    """The files that the engine reads, by name."""
    texts: Sequence[tuple[str, str]] = (
        ("steps", steps(engine)),
        ("weights", weights(engine)),
        ("tests", tests(engine)),
    )
    return {f"{engine.name}_{what}.hex": text for what, text in texts}
