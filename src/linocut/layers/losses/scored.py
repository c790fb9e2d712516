"""scored: a loss by the reference of its instruction, for outputs that are at hand in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from linocut.layers.losses.base import Score
from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.control import CORRECT, EXAMPLES

_FORMATS = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64"}


def scored(reference: Callable[..., None], logits: Array, **given: Array | float | None) -> Score:
    """Run `reference` over outputs (n, outputs) float32; the other operands and attributes by name."""
    loss, counters = np.zeros(1, np.float64), np.zeros(4, np.int64)
    operands = {name: _view(value) if isinstance(value, np.ndarray) else value for name, value in given.items()}
    made = {"loss": _view(loss), "counters": _view(counters), "gradient": None, "exponent": None}
    reference(logits=_view(logits), **operands, **made)
    return Score(float(loss[0]), int(counters[CORRECT]), int(counters[EXAMPLES]))


def _view(array: Array) -> View:
    return View(array, _FORMATS[array.dtype.name], array.shape[-1], array.shape)
