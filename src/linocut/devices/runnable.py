"""What a device can run: networks that multiply, of layers that it does not lack, in batches of some size."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.devices.device import Device
from linocut.errors import SpecError
from linocut.graph.asked import Asked
from linocut.graph.graph import Graph
from linocut.layers.operations import Product

MOST_BATCH = 2**20
SHOWN = 8  # layers that one line names


def check_runs(device: Device, graph: Graph, nodes: Sequence[Asked]) -> None:
    """SpecError, with their names, for layers that the device cannot run, and where nothing multiplies."""
    lacking = [(node.name, node.layer.kind) for node in graph.nodes if node.layer.kind in device.lacks]
    if lacking:
        raise SpecError(f"{device.name} cannot run {_named(lacking)}")
    if not any(isinstance(node.operation, Product) for node in nodes):
        raise SpecError(f"{graph.name} has no layer that multiplies; there is nothing to estimate")


def _named(layers: Sequence[tuple[str, str]]) -> str:
    """Layers by name and kind, the first of many, and what to do."""
    if len(layers) == 1:
        return f"{layers[0][0]}, a {layers[0][1]}; replace that layer"
    shown = ", ".join(f"{name} ({kind})" for name, kind in layers[:SHOWN])
    more = f" and {len(layers) - SHOWN:,} more" if len(layers) > SHOWN else ""
    return f"{shown}{more}; replace these layers"
