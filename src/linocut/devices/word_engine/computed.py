"""computed: what an engine gives for a frame, integer by integer, in NumPy: the judge of residual networks.

Prediction adds a residual network's stream in floats, the engine in 16 bits of which 10 are a fraction; all else is
prediction's.
"""

from __future__ import annotations

import numpy as np

from linocut.devices.word_engine.images import numbers_of
from linocut.devices.word_engine.layer import Layer
from linocut.devices.word_engine.verilog import POINT, Engine
from linocut.graph.inference import MAX
from linocut.ops.bits import Array

MOST, LEAST = 2**15 - 1, -(2**15)


def computed(engine: Engine, signs: Array, stream: Array | None = None) -> dict[str, Array]:
    """What all layers give for frames, by the names of these values: signs as booleans, sums, numbers of a stream.

    `signs` (frames, height, width, channels) are the host's, `stream` its floats of the same shape, where the network
    has one. Each value is (frames, height, width, channels).
    """
    network = engine.timed.network
    found: dict[str, list[Array]] = {}
    for number, own in enumerate(signs):
        values = {network.reads: own}
        if stream is not None:
            values[network.stream] = np.clip(np.rint(stream[number] * 2.0**POINT), LEAST, MOST).astype(np.int64)
        for name, value in _frame(engine, values).items():
            found.setdefault(name, []).append(value)
    return {name: np.stack(values) for name, values in found.items()}


def _frame(engine: Engine, values: dict[str, Array]) -> dict[str, Array]:
    network = engine.timed.network
    now = values.get(network.stream)
    for one in engine.tiles:
        layer = one.layer
        seen = _windows(layer, products(layer, values[layer.reads]))
        sums = seen if layer.pool_function == MAX else seen.sum(axis=2, keepdims=True)
        if layer.stream is not None:
            factors, shift = numbers_of(engine, layer)
            given = _lines(sums, factors, shift)[:, :, 0] >> engine.down
            before = 0 if not layer.stream.adds or now is None else now.reshape(given.shape)
            now = np.clip(given + before, LEAST, MOST)
            signs = now >= 0
            if layer.stream.value:
                values[layer.stream.value] = now.reshape(*layer.given, -1)
        elif layer.test is not None:
            signs = (_lines(sums, layer.test.factors, layer.test.shift) >= 0).any(axis=2)
        else:
            values[layer.sums] = layer.parts * sums[:, :, 0].reshape(*layer.given, -1)
        if layer.signs:
            values[layer.signs] = signs.reshape(*layer.given, -1)
    return values


def products(layer: Layer, signs: Array) -> Array:
    """Sums of all places of the kernel, int64 (height, width, parts, outputs), complex ones halved.

    `signs` are booleans (height, width, channels).
    """
    image = np.where(signs, np.float32(1), np.float32(-1)).reshape(*layer.image, layer.parts, layer.inputs)
    weights = np.where(layer.weights, np.float32(1), np.float32(-1))
    if layer.kept is not None:
        weights = weights * layer.kept[:, :, :, None]
    rows, columns = layer.taps
    made = [(given - 1) * layer.pool_stride + own for given, own in zip(layer.given, layer.pool, strict=True)]
    padded = np.pad(image, ((layer.pads[0], rows), (layer.pads[1], columns), (0, 0), (0, 0)))
    total = np.zeros((*made, layer.parts, layer.outputs), np.float32)
    for r in range(rows):
        for c in range(columns):
            seen = padded[r : r + made[0] * layer.stride : layer.stride, c : c + made[1] * layer.stride : layer.stride]
            x, w = seen[: made[0], : made[1]], weights[:, r, c]
            if layer.parts == 1:
                total[:, :, 0] += x[:, :, 0] @ w[:, 0].T
            else:
                total[:, :, 0] += x[:, :, 0] @ w[:, 0].T - x[:, :, 1] @ w[:, 1].T
                total[:, :, 1] += x[:, :, 0] @ w[:, 1].T + x[:, :, 1] @ w[:, 0].T
    return total.astype(np.int64) // layer.parts


def _windows(layer: Layer, sums: Array) -> Array:
    """(height, width, windows, parts, outputs) of what a pool sees."""
    step, (height, width) = layer.pool_stride, layer.given
    seen = [
        sums[dy : dy + (height - 1) * step + 1 : step, dx : dx + (width - 1) * step + 1 : step]
        for dy in range(layer.pool[0])
        for dx in range(layer.pool[1])
    ]
    return np.stack(seen, axis=2)


def _lines(sums: Array, factors: Array, shift: Array) -> Array:
    """Of both parts of sums (..., parts, outputs)."""
    re, im = sums[..., :1, :], sums[..., -1:, :]
    return np.asarray(re * factors[..., 0] + im * factors[..., 1] + shift)
