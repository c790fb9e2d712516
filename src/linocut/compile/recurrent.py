"""Lowering of products with circulant blocks and of recurrent nodes of an inference graph, in f32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from linocut import roles
from linocut.compile.recorder import Recorder
from linocut.graph.inference import GRU_CELL, CirculantProduct, Recurrent
from linocut.layers.base import Shape
from linocut.layers.circulant import blocks_of
from linocut.layers.circulant_products import as_sequences
from linocut.ops.bits import Array
from linocut.ops.circulant import TILE

FLOAT = "f32"
Constant = Callable[[str, str, Shape, str, Callable[[], Array]], int]


class Lowering(Protocol):
    """What nodes are lowered with."""

    recorder: Recorder
    batch: int
    lengths: int | None

    def constant(self, name: str, role: str, shape: Shape, form: str, make: Callable[[], Array]) -> int:
        """A buffer that holds what `make` gives."""


def product(lowering: Lowering, node: CirculantProduct, x: int) -> int:
    """Emit y = W x + bias; returns the buffer of y, of the node's shape."""
    recorder = lowering.recorder
    sequences = as_sequences(recorder.shape(x))
    given = x if recorder.shape(x) == sequences else recorder.view(x, f"{node.name}.sequences", sequences)
    y = recorder.transient(node.name, roles.Y, (*sequences[:2], node.shape[-1]), FLOAT)
    bias = None if node.bias is None else _row(lowering, f"{node.name}.bias", node.bias)
    spectra = _spectra(lowering, f"{node.name}.weights", node.weights)
    recorder.emit("circulant_product", {"x": given, "spectra": spectra, "bias": bias, "lengths": None, "y": y})
    shape = (lowering.batch, *node.shape)
    return y if recorder.shape(y) == shape else recorder.view(y, f"{node.name}.out", shape)


def direction(lowering: Lowering, node: Recurrent, x: int) -> int:
    """Emit all steps of one direction; returns the buffer of its outputs."""
    recorder, name = lowering.recorder, node.name
    batch, steps = recorder.shape(x)[:2]
    ax = recorder.transient(f"{name}.gates", roles.Y, (batch, steps, len(node.bias)), FLOAT)
    given = {"x": x, "spectra": _spectra(lowering, f"{name}.input_weights", node.input_weights)}
    of_input = {**given, "bias": _row(lowering, f"{name}.bias", node.bias), "lengths": lowering.lengths, "y": ax}
    recorder.emit("circulant_product", of_input)
    y = recorder.transient(name, roles.X, (batch, *node.shape), FLOAT)
    recurrent = _spectra(lowering, f"{name}.recurrent_weights", node.recurrent_weights)
    common = {"ax": ax, "recurrent": recurrent, "lengths": lowering.lengths, "y": y, "gates": None}
    if node.cell == GRU_CELL:
        assert node.candidate_weights is not None, "as the graph's rules say"
        candidate = _spectra(lowering, f"{name}.candidate_weights", node.candidate_weights)
        recorder.emit("gru", {**common, "candidate": candidate, "work": _work(lowering, name, 4 * node.cells)})
        return y
    more = {
        "peepholes": None if node.peepholes is None else _rows(lowering, f"{name}.peepholes", node.peepholes),
        "projection": None if node.projection is None else _spectra(lowering, f"{name}.projection", node.projection),
        "cells": None,
        "work": _work(lowering, name, 6 * node.cells + node.shape[-1]),
    }
    attributes = {"sigmoid": float(node.sigmoid), "bound": node.bound, "backwards": float(node.backwards)}
    recorder.emit("lstm", {**common, **more}, attributes)
    return y


def _work(lowering: Lowering, name: str, columns: int) -> int:
    return lowering.recorder.transient(f"{name}.work", roles.WORKSPACE, (lowering.batch, columns), FLOAT)


def _row(lowering: Lowering, name: str, values: Array) -> int:
    return lowering.constant(name, roles.BETA, (1, len(values)), FLOAT, lambda: values[None])


def _rows(lowering: Lowering, name: str, values: Array) -> int:
    return lowering.constant(name, roles.BETA, values.shape, FLOAT, lambda: values)


def _spectra(lowering: Lowering, name: str, weights: Array) -> int:
    """Spectra of weights, made in each run: by the instruction that training makes them by, for the same bits."""
    into, out, size = weights.shape
    kept = lowering.constant(name, roles.W, weights.shape, FLOAT, lambda: weights)
    shape = (size, blocks_of(out, TILE), into, TILE)
    spectra = lowering.recorder.transient(f"{name}.spectra", roles.WORKSPACE, shape, FLOAT)
    lowering.recorder.emit("circulant_spectra", {"weights": kept, "spectra": spectra}, {"turned": 0.0})
    return spectra
