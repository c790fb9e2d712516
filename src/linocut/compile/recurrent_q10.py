"""Lowering of the nodes of an inference graph in Q5.10.

A `live` program keeps the states of its layers, and the sums of frames, from run to run: each is one frame of a stream.
"""

from __future__ import annotations

from linocut import roles
from linocut.compile.recurrent import Lowering
from linocut.graph.inference import Q10Gru, Q10Last, Q10Outputs, Q10Recurrent
from linocut.ops.bits import Array

SHORT = "i16"
FRAMES = "frames"  # of a stream so far, which its user writes


def direction(lowering: Lowering, node: Q10Recurrent, x: int, *, live: bool = False) -> int:
    """Emit all steps of one direction; returns the buffer of its outputs."""
    recorder, name, batch = lowering.recorder, node.name, lowering.batch
    outputs, block = node.shape[-1], node.block
    into = node.input_weights.shape[2]

    def work(part: str, *shape: int) -> int:
        return recorder.transient(f"{name}.{part}", roles.WORKSPACE, shape, SHORT)

    def state(part: str, size: int) -> int:
        if live:
            return recorder.persistent(f"{name}.{part}", roles.X, (batch, size), SHORT)
        return work(part, batch, size)

    y = recorder.transient(name, roles.X, (batch, *node.shape), SHORT)
    projected = node.projection is not None
    operands = {
        "x": x,
        "lengths": lowering.lengths,
        "inputs": _constant(lowering, f"{name}.input_weights", node.input_weights),
        "recurrent": _constant(lowering, f"{name}.recurrent_weights", node.recurrent_weights),
        "bias": _constant(lowering, f"{name}.bias", node.bias),
        "peepholes": None if node.peepholes is None else _constant(lowering, f"{name}.peepholes", node.peepholes),
        "projection": None if node.projection is None else _constant(lowering, f"{name}.projection", node.projection),
        "outputs": state("outputs", outputs),
        "cells": state("cells", node.cells),
        "y": y,
        "heard_x": work("heard_x", batch, into, block),
        "heard_y": work("heard_y", batch, outputs // block, block),
        "gates": work("gates", 4, batch, node.cells),
        "heard_m": work("heard_m", batch, node.cells // block, block) if projected else None,
    }
    attributes = {
        "point": float(node.point),
        "projection_point": float(node.projection_point),
        "inverse": float(node.inverse),
        "projection_inverse": float(node.projection_inverse),
        "paper": float(node.paper),
        "sigmoid": float(node.sigmoid),
        "backwards": float(node.backwards),
        "fresh": float(not live),
        "bound": float(node.cut),
    }
    recorder.emit("q10_lstm", operands, attributes)
    return y


def gru(lowering: Lowering, node: Q10Gru, x: int, *, live: bool = False) -> int:
    """Emit all steps; returns the buffer of the outputs."""
    recorder, name, batch = lowering.recorder, node.name, lowering.batch
    into, ours, block = node.input_weights.shape[2], node.cells // node.block, node.block

    def work(part: str, *shape: int) -> int:
        return recorder.transient(f"{name}.{part}", roles.WORKSPACE, shape, SHORT)

    kept = recorder.persistent if live else recorder.transient
    states = kept(f"{name}.states", roles.X if live else roles.WORKSPACE, (batch, node.cells), SHORT)
    y = recorder.transient(name, roles.X, (batch, *node.shape), SHORT)
    operands = {
        "x": x,
        "lengths": lowering.lengths,
        "inputs": _constant(lowering, f"{name}.input_weights", node.input_weights),
        "recurrent": _constant(lowering, f"{name}.recurrent_weights", node.recurrent_weights),
        "candidate": _constant(lowering, f"{name}.candidate_weights", node.candidate_weights),
        "bias": _constant(lowering, f"{name}.bias", node.bias),
        "states": states,
        "y": y,
        "heard_x": work("heard_x", batch, into, block),
        "heard_y": work("heard_y", batch, ours, block),
        "gates": work("gates", 3, batch, node.cells),
    }
    attributes = {
        "point": float(node.point),
        "candidate_point": float(node.candidate_point),
        "inverse": float(node.inverse),
        "paper": float(node.paper),
        "fresh": float(not live),
    }
    recorder.emit("q10_gru", operands, attributes)
    return y


def last(lowering: Lowering, node: Q10Last, x: int) -> int:
    """Emit the last step of each sequence; returns its buffer."""
    y = lowering.recorder.transient(node.name, roles.X, (lowering.batch, *node.shape), SHORT)
    lowering.recorder.emit("q10_last", {"x": x, "lengths": lowering.lengths, "y": y})
    return y


def outputs(lowering: Lowering, node: Q10Outputs, x: int, *, live: bool = False) -> int:
    """Emit the dense layer, of each step or of the sums of all; returns the buffer of floats."""
    recorder, name, batch = lowering.recorder, node.name, lowering.batch
    features = recorder.shape(x)[-1]
    frames = None
    if node.mean:
        sums = recorder.persistent if live else recorder.transient
        total = sums(f"{name}.sums", roles.X, (batch, features), "i32")
        lengths = None if live else lowering.lengths
        recorder.emit("q10_frame_sums", {"x": x, "lengths": lengths, "sums": total}, {"fresh": float(not live)})
        frames = recorder.external(FRAMES, roles.INPUT, (batch,), "i32") if live else lowering.lengths
        x = total
    value = recorder.transient(name, roles.Y, (batch, *node.shape), "f32")
    operands = {
        "x": x,
        "frames": frames,
        "weights": _constant(lowering, f"{name}.weights", node.weights),
        "bias": _constant(lowering, f"{name}.bias", node.bias[None]),
        "y": value,
    }
    recorder.emit("q10_outputs", operands, {"point": float(node.point)})
    return value


def _constant(lowering: Lowering, name: str, values: Array) -> int:
    return lowering.constant(name, roles.W, values.shape, SHORT, lambda: values)
