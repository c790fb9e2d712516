"""pack_model: the state of a training session as a packed model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from linocut.compile.lower import Compiled
from linocut.deploy.packed import FLOAT, INTEGER, PackedModel, expected, is_first
from linocut.layers.batch_norm import norm_name
from linocut.layers.placed import Placed
from linocut.ops.base import View
from linocut.ops.bits import Array, pack
from linocut.ops.norm import NORMS, divisor
from linocut.ops.norm_sign import THRESHOLD_LIMIT
from linocut.ops.real_matmul import U8_SCALE
from linocut.run import Session

AT_ONCE = 1 << 16  # latent weights that are packed together, but for longer outputs


def pack_model(
    compiled: Compiled, session: Session, classes: tuple[str, ...] = (), data: str | None = None
) -> PackedModel:
    """The packed model of the state that a session of `compiled` holds."""
    network, arithmetic = compiled.network, arithmetic_of(compiled)
    made = parts(compiled, session)
    tensors = {t.name: _joined(np.empty(t.shape, t.dtype), made) for t in expected(network, arithmetic)}
    return PackedModel(network, arithmetic, tensors, classes, data)


def arithmetic_of(compiled: Compiled) -> str:
    """The arithmetic of the packed model of a session of `compiled`."""
    return INTEGER if compiled.network.input.dtype == "u8" or compiled.policy.integer else FLOAT


def parts(compiled: Compiled, session: Session) -> Iterator[Array]:
    """The tensors of that model in the order of `expected`, some rows at a time, each made when it is asked for.

    Those that the arena holds as they are are views of it.
    """
    network, arithmetic = compiled.network, arithmetic_of(compiled)
    layers = {placed.name: placed for placed in network.placed}
    for tensor in expected(network, arithmetic):
        layer, part = tensor.name.split(".")
        if part == "weights" and tensor.dtype == np.uint64:
            yield from _signs(compiled, session, tensor.name)
        elif part == "weights":
            yield session.array(tensor.name).astype(tensor.dtype, copy=False)
        else:
            norm = _norm(compiled, session, layers[layer], _scale(compiled, session, layers[layer], arithmetic))
            values = _threshold(norm, tensor.dtype) if part == "threshold" else norm[part]
            yield values.astype(tensor.dtype)


def _joined(whole: Array, made: Iterator[Array]) -> Array:
    """`whole`, filled with the parts of one tensor."""
    rows = 0
    while rows < len(whole):
        part = next(made)
        whole[rows : rows + len(part)] = part
        rows += len(part)
    return whole


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


def _signs(compiled: Compiled, session: Session, name: str) -> Iterator[Array]:
    """Packed signs (outputs, ..., words), by few outputs at a time, so that little is held beside the latent ones."""
    stored = session.array(name)
    if compiled.program.buffer(name).format == "bit":
        yield stored
        return
    some = max(1, AT_ONCE * len(stored) // stored.size)
    for begin in range(0, len(stored), some):
        yield pack(stored[begin : begin + some] >= 0)


def _norm(compiled: Compiled, session: Session, norm: Placed, scale: float | Array) -> dict[str, Array]:
    """Mean, spread (what x is divided by) and shift in float64, for a Y that is `scale` times that of training."""
    name = norm.name
    running = View(session.array(f"{name}.running"), compiled.program.buffer(f"{name}.running").format, 0)
    spread = divisor(running, NORMS[norm_name(compiled.policy, norm)])
    mean = running.data[0].astype(np.float64)
    shift = session.array(f"{name}.beta")[0].astype(np.float64)
    return {"mean": mean * scale, "spread": spread * scale, "shift": shift}


def _threshold(norm: dict[str, Array], dtype: type[np.generic]) -> Array:
    """The least y with x >= 0; for a channel that does not vary, x is the shift, and so is its sign."""
    exact = norm["mean"] - norm["shift"] * norm["spread"]
    least = np.ceil(exact) if dtype == np.int32 else exact
    constant = np.where(norm["shift"] >= 0, -THRESHOLD_LIMIT, THRESHOLD_LIMIT)
    return np.clip(np.where(norm["spread"] > 0, least, constant), -THRESHOLD_LIMIT, THRESHOLD_LIMIT)
