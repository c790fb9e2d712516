"""What a device can run: networks that multiply, of layers that it does not lack, in batches of some size."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.devices.device import Device
from linocut.errors import SpecError
from linocut.graph.asked import Asked
from linocut.graph.graph import Graph
from linocut.layers.operations import Product

MOST_BATCH = 2**20


def check_runs(device: Device, graph: Graph, nodes: Sequence[Asked]) -> None:
    """SpecError, with its name, for the first layer that the device cannot run, and where nothing multiplies."""
    for node in graph.nodes:
        if node.layer.kind in device.lacks:
            raise SpecError(f"{device.name} cannot run {node.name}, a {node.layer.kind}; replace that layer")
    if not any(isinstance(node.operation, Product) for node in nodes):
        raise SpecError(f"{graph.name} has no layer that multiplies; there is nothing to estimate")
