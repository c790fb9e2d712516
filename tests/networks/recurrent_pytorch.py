"""Recurrent networks in circulant blocks in PyTorch, float64, their matrices made entry by entry: an oracle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from linocut.graph.graph import Node
from linocut.graph.network import Network
from linocut.layers import CTC, GRU, LSTM, BlockCirculantDense, SequencePool
from linocut.layers.recurrent import BACKWARD
from linocut.ops.bits import Array

Parts = Mapping[str, Any]


def matrix(w: Any, inputs: int, outputs: int) -> Any:
    """Weights (input blocks, output blocks, size) as the matrix (outputs, inputs) that they stand for."""
    into, out, size = w.shape
    rows = torch.arange(out * size)
    columns = torch.arange(into * size)
    place = (rows[:, None] % size - columns[None, :] % size) % size
    whole = w[columns[None, :] // size, rows[:, None] // size, place]
    return whole[:outputs, :inputs]


def lstm(layer: LSTM, parts: Parts, x: Any, lengths: Array) -> Any:
    """Outputs (batch, steps, outputs) of one direction, sequence by sequence."""
    cells, outputs = layer.units, layer.outputs
    w = matrix(parts["input_weights"], x.shape[2], 4 * cells)
    r = matrix(parts["recurrent_weights"], outputs, 4 * cells)
    see = parts.get("peepholes", torch.zeros(3, cells, dtype=x.dtype))
    act = torch.tanh if layer.candidate == "tanh" else torch.sigmoid
    rows = []
    for b, length in enumerate(lengths):
        c, y, out = torch.zeros(cells, dtype=x.dtype), torch.zeros(outputs, dtype=x.dtype), []
        for t in range(int(length)):
            i, g, f, o = (w @ x[b, t] + r @ y + parts["bias"][0]).chunk(4)
            i, f = torch.sigmoid(i + see[0] * c), torch.sigmoid(f + 1 + see[1] * c)
            c = f * c + i * act(g)
            if layer.clip:
                c = c.clamp(-layer.clip, layer.clip)
            m = torch.sigmoid(o + see[2] * c) * torch.tanh(c)
            y = matrix(parts["projection"], cells, outputs) @ m if layer.projection else m
            out.append(y)
        rows.append(_filled(out, x.shape[1], outputs, x.dtype))
    return torch.stack(rows)


def gru(layer: GRU, parts: Parts, x: Any, lengths: Array) -> Any:
    """Outputs (batch, steps, units), sequence by sequence."""
    cells = layer.units
    w = matrix(parts["input_weights"], x.shape[2], 3 * cells)
    r = matrix(parts["recurrent_weights"], cells, 2 * cells)
    d = matrix(parts["candidate_weights"], cells, cells)
    rows = []
    for b, length in enumerate(lengths):
        h, out = torch.zeros(cells, dtype=x.dtype), []
        for t in range(int(length)):
            a = w @ x[b, t] + parts["bias"][0]
            reset, update = torch.sigmoid(a[: 2 * cells] + r @ h).chunk(2)
            candidate = torch.tanh(a[2 * cells :] + d @ (reset * h))
            h = update * h + (1 - update) * candidate
            out.append(h)
        rows.append(_filled(out, x.shape[1], cells, x.dtype))
    return torch.stack(rows)


def _filled(out: list[Any], steps: int, width: int, dtype: Any) -> Any:
    return torch.stack(out + [torch.zeros(width, dtype=dtype)] * (steps - len(out)))


def reversed_within(x: Any, lengths: Array) -> Any:
    """Each sequence from its own last step to its first."""
    return torch.stack([torch.cat([one[:n].flip(0), one[n:]]) for one, n in zip(x, lengths.tolist(), strict=True)])


class Recurrent:
    """A network in a chain, its parameters as leaves by `node.part`."""

    def __init__(self, network: Network, values: Mapping[str, Array]) -> None:
        """Of parameters by name."""
        self.network = network
        self.parts = {
            name: torch.tensor(value.astype(np.float64), requires_grad=True) for name, value in values.items()
        }

    def _of(self, node: Node, prefix: str = "") -> dict[str, Any]:
        begin = f"{node.name}.{prefix}"
        return {name[len(begin) :]: part for name, part in self.parts.items() if name.startswith(begin)}

    def outputs(self, x: Array, lengths: Array) -> Any:
        """What the loss is given; x (batch, steps, features)."""
        value = torch.tensor(x.astype(np.float64))
        for node in self.network.graph.nodes[1:-1]:
            value = self._layer(node, value, lengths)
        return value

    def _layer(self, node: Node, x: Any, lengths: Array) -> Any:
        layer = node.layer
        if isinstance(layer, LSTM):
            out = lstm(layer, self._of(node), x, lengths)
            if layer.bidirectional:
                other = lstm(layer, self._of(node, BACKWARD), reversed_within(x, lengths), lengths)
                out = out + reversed_within(other, lengths)
            return out
        if isinstance(layer, GRU):
            return gru(layer, self._of(node), x, lengths)
        if isinstance(layer, BlockCirculantDense):
            parts = self._of(node)
            return x @ matrix(parts["weights"], x.shape[-1], layer.units).T + parts.get("bias", torch.zeros(1))
        assert isinstance(layer, SequencePool)
        ends = [
            (x[b, int(n) - 1] if layer.function == "last" else x[b, : int(n)].mean(0)) for b, n in enumerate(lengths)
        ]
        return torch.stack(ends)

    def loss(self, x: Array, lengths: Array, truth: Array) -> Any:
        """The mean over the batch."""
        out = self.outputs(x, lengths)
        if not isinstance(self.network.loss, CTC):
            return torch.nn.functional.cross_entropy(out, torch.tensor(truth))
        counts = (truth >= 0).sum(axis=1)
        log_p = torch.log_softmax(out, -1).transpose(0, 1)
        given = torch.tensor(np.where(truth < 0, 0, truth).astype(np.int64))
        lost = torch.nn.functional.ctc_loss(
            log_p, given, torch.tensor(lengths), torch.tensor(counts), blank=out.shape[-1] - 1, reduction="sum"
        )
        return lost / len(x)
