"""Pruned products and their gradients against PyTorch's convolutions of weights -1, 0 and +1."""

from __future__ import annotations

import numpy as np
import pytest
from operands import view

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.keep_words import places

torch = pytest.importorskip("torch")

SHAPES = [(1, 1, 63, 1, 0), (3, 2, 64, 1, 1), (2, 3, 65, 2, 1), (3, 3, 130, 1, 1)]  # taps, channels, stride, padding


def _drawn(rows: int, columns: int, channels: int, outputs: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng([rows, columns, channels])
    x = rng.random((2, 7, 6, channels)) < 0.5
    weights = rng.random((outputs, rows, columns, channels)) < 0.5
    pruned = rng.random((outputs, rows, columns, channels)) < 0.7
    pruned |= np.repeat(rng.random((-(-outputs // 4), rows, columns, 1)) < 0.5, 4, axis=0)[:outputs]
    return x, weights, pruned


def _bits(values: Array) -> View:
    found = view(values.reshape(-1, values.shape[-1]), "bit")
    return View(found.data, "bit", values.shape[-1], values.shape)


def _ternary(weights: Array, pruned: Array) -> Array:
    return np.where(pruned, 0.0, np.where(weights, 1.0, -1.0))


def _channels_first(values: Array) -> object:
    return torch.tensor(np.ascontiguousarray(np.moveaxis(values, -1, 1)), dtype=torch.float64)


@pytest.mark.parametrize("packed", [0.0, 1.0])
@pytest.mark.parametrize(("rows", "columns", "channels", "stride", "pad"), SHAPES)
def test_products(rows: int, columns: int, channels: int, stride: int, pad: int, packed: float) -> None:
    outputs, parts = 10, 1.0 if channels % 2 else 2.0
    x, weights, pruned = _drawn(rows, columns, channels, outputs)
    room = outputs * places(weights.shape, int(parts), bool(packed))
    lists = {
        "ends": View(np.zeros(outputs, np.int32), "i32", outputs, (outputs,)),
        "places": View(np.zeros(room, np.int32), "i32", room, (room,)),
        "signs": View(np.zeros((room, 1), np.uint64), "bit", 64, (room, 64)),
        "lanes": View(np.zeros((room, 1), np.uint64), "bit", 64, (room, 64)),
        "kept": _bits(np.zeros((rows, columns, channels), bool)),
    }
    how = {"parts": parts, "packed": packed}
    OP_BY_NAME["keep_words"].reference(weights=_bits(weights), pruned=_bits(pruned), **lists, **how)
    signs, kernel = np.where(x, 1.0, -1.0), _ternary(weights, pruned)
    pads = min(pad, rows - 1), min(pad, columns - 1)
    expected = torch.nn.functional.conv2d(
        _channels_first(signs), _channels_first(kernel), stride=stride, padding=pads
    ).numpy()
    expected = np.moveaxis(expected, 1, -1)
    y = View(np.zeros((expected[..., 0].size, outputs), np.int32), "i32", outputs, expected.shape)
    moves = {"stride": float(stride), "pad_top": float(pads[0]), "pad_left": float(pads[1])}
    OP_BY_NAME["pruned_conv2d"].reference(x=_bits(x), **lists, least=None, bits=None, y=y, **moves, **how)
    assert np.array_equal(y.data.reshape(expected.shape), expected)


@pytest.mark.parametrize(("rows", "columns", "channels", "stride", "pad"), SHAPES)
def test_input_gradients(rows: int, columns: int, channels: int, stride: int, pad: int) -> None:
    outputs = 10
    x, weights, pruned = _drawn(rows, columns, channels, outputs)
    pads = min(pad, rows - 1), min(pad, columns - 1)
    inputs = _channels_first(np.where(x, 1.0, -1.0)).requires_grad_()  # type: ignore[attr-defined]
    y = torch.nn.functional.conv2d(inputs, _channels_first(_ternary(weights, pruned)), stride=stride, padding=pads)
    gradient = torch.tensor(np.random.default_rng(0).standard_normal(tuple(y.shape)), dtype=torch.float64)
    y.backward(gradient)
    dy = np.ascontiguousarray(np.moveaxis(gradient.numpy(), 1, -1)).astype(np.float32)
    dx = View(np.zeros((x[..., 0].size, channels), np.float32), "f32", channels, x.shape)
    moves = {"stride": float(stride), "pad_top": float(pads[0]), "pad_left": float(pads[1]), "exact": 0.0}
    OP_BY_NAME["pruned_input_gradient"].reference(
        dy=View(dy.reshape(-1, outputs), "f32", outputs, dy.shape),
        dy_exponent=None,
        weights=_bits(weights),
        dx=dx,
        dx_exponent=None,
        scale=None,
        pruned=_bits(pruned),
        **moves,
    )
    expected = np.moveaxis(inputs.grad.numpy(), 1, -1)
    assert np.allclose(dx.data.reshape(expected.shape), expected, rtol=0, atol=1e-4)
