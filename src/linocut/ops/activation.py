"""tanh, sigmoid and their gradients, element by element.

The functions are formed in float64 from our own exp, in a fixed order, and rounded to f32, so that every machine agrees
to the bit (ops/elementary.py). Their gradients need only what they gave, y, and are formed in f32.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import elementary
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.work import Amount

ONE = np.float32(1)


def tanh(*, x: View, y: View) -> None:
    """X (R, C) -> y = tanh x."""
    y.store(elementary.tanh(x.data.astype(np.float64)))


def tanh_gradient(*, dy: View, y: View, dx: View) -> None:
    """Dy, y (R, C) -> dx = dy (1 - y^2)."""
    g, out = _floats(dy), _floats(y)
    dx.store(g * (ONE - out * out))


def sigmoid(*, x: View, y: View) -> None:
    """X (R, C) -> y = 1 / (1 + e^-x)."""
    y.store(elementary.sigmoid(x.data.astype(np.float64)))


def sigmoid_gradient(*, dy: View, y: View, dx: View) -> None:
    """Dy, y (R, C) -> dx = dy (y (1 - y))."""
    g, out = _floats(dy), _floats(y)
    dx.store(g * (out * (ONE - out)))


def _floats(view: View) -> Array:
    return view.data.astype(np.float32)


_FORWARD = "<x:f16|f32[R,C] >y:f16|f32[R,C]"
_BACKWARD = "<dy:f16|f32[R,C] <y:f16|f32[R,C] >dx:f16|f32[R,C]"

TANH = Op("tanh", 41, _FORWARD, tanh, work=Amount("R * C"))
TANH_GRADIENT = Op("tanh_gradient", 42, _BACKWARD, tanh_gradient, work=Amount("R * C"))
SIGMOID = Op("sigmoid", 43, _FORWARD, sigmoid, work=Amount("R * C"))
SIGMOID_GRADIENT = Op("sigmoid_gradient", 44, _BACKWARD, sigmoid_gradient, work=Amount("R * C"))
OPS = (TANH, TANH_GRADIENT, SIGMOID, SIGMOID_GRADIENT)
