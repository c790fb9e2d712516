"""What a device can run: networks that multiply, of layers that it does not lack, in batches of some size."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.devices.device import Device
from linocut.devices.kinds import EDGE_TPU, SYSTOLIC
from linocut.errors import SpecError
from linocut.graph.asked import Asked
from linocut.graph.graph import Graph
from linocut.layers.operations import Circulant

MOST_BATCH = 2**20
SHOWN = 8  # layers that one line names


def check_runs(device: Device, graph: Graph, nodes: Sequence[Asked]) -> None:
    """SpecError, with their names, for layers that the device cannot run, and where nothing multiplies."""
    lacking = [(node.name, node.layer.kind) for node in graph.nodes if node.layer.kind in device.lacks]
    if lacking:
        raise SpecError(f"{device.name} cannot run {_named(lacking)}")
    circulant = [(node.name, node.kind) for node in nodes if isinstance(node.operation, Circulant)]
    if circulant and device.kind in (EDGE_TPU, SYSTOLIC):
        raise SpecError(
            f"{device.name} multiplies dense matrices: what transforms and states of {_shown(circulant)} take on it is "
            "not known; estimate on a microcontroller or on this machine, --on cortex-m7 or this, or see linocut "
            "accelerate"
        )
    if not any(node.macs for node in nodes):
        raise SpecError(f"{graph.name} has no layer that multiplies; there is nothing to estimate")


def _named(layers: Sequence[tuple[str, str]]) -> str:
    """Layers by name and kind, the first of many, and what to do."""
    if len(layers) == 1:
        return f"{layers[0][0]}, a {layers[0][1]}; replace that layer"
    return f"{_shown(layers)}; replace these layers"


def _shown(layers: Sequence[tuple[str, str]]) -> str:
    """Layers by name and kind, the first of many."""
    shown = ", ".join(f"{name} ({kind})" for name, kind in layers[:SHOWN])
    return shown + (f" and {len(layers) - SHOWN:,} more" if len(layers) > SHOWN else "")
