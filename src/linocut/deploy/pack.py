"""pack_model: the state of a training session as a packed model."""

from __future__ import annotations

import numpy as np

from linocut.compile.lower import Compiled
from linocut.deploy.packed import FLOAT, INTEGER, PackedModel, expected, is_first
from linocut.formats import words
from linocut.layers.placed import Placed
from linocut.ops.base import View
from linocut.ops.bits import Array, pack
from linocut.ops.norm import NORMS, divisor
from linocut.ops.norm_sign import THRESHOLD_LIMIT
from linocut.ops.real_matmul import U8_SCALE
from linocut.run import Session

ROWS = 64  # outputs whose latent weights that are packed at a time


def pack_model(
    compiled: Compiled, session: Session, classes: tuple[str, ...] = (), data: str | None = None
) -> PackedModel:
    """The packed model of the state that a session of `compiled` holds."""
    network = compiled.network
    arithmetic = INTEGER if network.input.dtype == "u8" or compiled.policy.integer else FLOAT
    layers = {placed.name: placed for placed in network.placed}
    tensors: dict[str, Array] = {}
    for tensor in expected(network, arithmetic):
        layer, part = tensor.name.split(".")
        if part == "weights":
            real = tensor.dtype == np.float32
            kept = session.array(tensor.name) if real else _signs(compiled, session, tensor.name)
            tensors[tensor.name] = kept.astype(tensor.dtype)
            continue
        norm = _norm(compiled, session, layer, _scale(compiled, session, layers[layer], arithmetic))
        values = _threshold(norm, tensor.dtype) if part == "threshold" else norm[part]
        tensors[tensor.name] = values.astype(tensor.dtype)
    return PackedModel(network, arithmetic, tensors, classes, data)


def _scale(compiled: Compiled, session: Session, norm: Placed, arithmetic: str) -> float | Array:
    """How many times larger Y is in prediction than it was in training: its integers were divided, or scaled."""
    if compiled.policy.integer or not norm.producer:
        return 1.0
    divided = is_first(compiled.network, norm) and arithmetic == INTEGER
    scale: float | Array = float(U8_SCALE) if divided else 1.0
    name = f"train.{norm.producer}.scale"
    if name in compiled.program.index:  # the weights were latent, and the scale can be had from them
        weights = session.array(f"{norm.producer}.weights")
        sizes = np.array([np.abs(output.astype(np.float64)).mean() for output in weights])
        scale = scale / np.where(sizes > 0, sizes, 1.0)
    return scale


def _signs(compiled: Compiled, session: Session, name: str) -> Array:
    """Packed signs (outputs, ..., words), by few outputs at a time, so that little is held beside the latent ones."""
    buffer, stored = compiled.program.buffer(name), session.array(name)
    if buffer.format == "bit":
        return np.array(stored)
    packed = np.empty((*buffer.shape[:-1], words(buffer.shape[-1])), np.uint64)
    for begin in range(0, len(packed), ROWS):
        packed[begin : begin + ROWS] = pack(stored[begin : begin + ROWS] >= 0)
    return packed


def _norm(compiled: Compiled, session: Session, name: str, scale: float | Array) -> dict[str, Array]:
    """Mean, spread (what x is divided by) and shift in float64, for a Y that is `scale` times that of training."""
    running = View(session.array(f"{name}.running"), compiled.program.buffer(f"{name}.running").format, 0)
    spread = divisor(running, NORMS[compiled.policy.norm])
    mean = running.data[0].astype(np.float64)
    shift = session.array(f"{name}.beta")[0].astype(np.float64)
    return {"mean": mean * scale, "spread": spread * scale, "shift": shift}


def _threshold(norm: dict[str, Array], dtype: type[np.generic]) -> Array:
    """The least y with x >= 0; for a channel that does not vary, x is the shift, and so is its sign."""
    exact = norm["mean"] - norm["shift"] * norm["spread"]
    least = np.ceil(exact) if dtype == np.int32 else exact
    constant = np.where(norm["shift"] >= 0, -THRESHOLD_LIMIT, THRESHOLD_LIMIT)
    return np.clip(np.where(norm["spread"] > 0, least, constant), -THRESHOLD_LIMIT, THRESHOLD_LIMIT)
